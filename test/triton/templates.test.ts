import assert from "node:assert/strict";
import test from "node:test";
import { CHAT_TEMPLATES } from "../../src/providers/text-generation/chat-template.ts";
import { vllm, vllmBody } from "./server.ts";
import { startTriton, stream } from "./setup.ts";

/** How each family marks a user's turn and its own end. */
const MARKS = {
  llama3: ["<|start_header_id|>user<|end_header_id|>\n\nSecond<|eot_id|>", "<|eot_id|>"],
  llama2: ["</s><s>[INST] Second [/INST]", "</s>"],
  mistral: ["</s>[INST] Be brief.\n\nSecond[/INST]", "</s>"],
  chatml: ["<|im_start|>user\nSecond<|im_end|>\n", "<|im_end|>"],
  gemma: ["<start_of_turn>user\nSecond<end_of_turn>\n", "<end_of_turn>"],
  phi3: ["<|user|>\nSecond<|end|>\n", "<|end|>"],
  plain: ["User: Second\n\n", "\nUser:"],
} as const;

for (const name of CHAT_TEMPLATES) {
  test(`${name}: turns reach the model in its form, and its end is cut from the answer`, async () => {
    const [turn, end] = MARKS[name];
    const half = Math.ceil(end.length / 2);
    const pieces = ["fi", "ne", end.slice(0, half), end.slice(half), "babble"];
    await using setup = await startTriton(
      vllm(() => pieces),
      `chatTemplate: ${name}`,
    );
    const messages = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "First" },
      { role: "assistant", content: "Yes" },
      { role: "user", content: "Second" },
    ] as const;
    const streamed = await stream(setup, { messages: [...messages] });
    assert.equal(streamed.error, undefined);
    assert.equal(streamed.text, "fine");
    assert.equal(streamed.finish, "stop");
    const { text_input: prompt, sampling } = vllmBody(setup.engine.seen[0] ?? assert.fail());
    assert.ok(prompt.includes(turn), prompt);
    assert.ok(sampling.stop.includes(end));
    assert.doesNotMatch(prompt, /^(<s>|<bos>|<\|begin_of_text\|>)/);
  });
}

test("with the plain template, turns have names", async () => {
  await using setup = await startTriton(vllm(), "chatTemplate: plain");
  await stream(setup);
  assert.equal(vllmBody(setup.engine.seen[0] ?? assert.fail()).text_input, "User: Hello\n\nAssistant:");
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatMessage, ChatRequest } from "../../core/chat.ts";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import { CHAT_TEMPLATES, type ChatTemplateName } from "./chat-template.ts";
import { writePrompt } from "./write-prompt.ts";

/** What makes a turn, or ends a text, in each family. Written out here, so that the templates' own patterns are tested. */
const TOKENS: Readonly<Record<ChatTemplateName, readonly string[]>> = {
  llama3: [
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|python_tag|>",
    "<|reserved_special_token_5|>",
  ],
  llama2: ["<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>"],
  mistral: [
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
  ],
  chatml: ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "</s>", "<s>"],
  gemma: ["<start_of_turn>", "<end_of_turn>", "<bos>", "<eos>"],
  phi3: ["<|user|>", "<|assistant|>", "<|system|>", "<|end|>", "<|endoftext|>", "</s>"],
  plain: ["\nUser:", "\nAssistant:", "\nSystem:", "\r\nUser:", "\n  Assistant:"],
};

function says(role: ChatMessage["role"], ...texts: readonly string[]): ChatMessage {
  return { role, parts: texts.map((text) => ({ type: "text", text })) };
}

function conversation(system: string, messages: readonly ChatMessage[]): ChatRequest {
  return { ...EMPTY_CHAT, system: [{ type: "text", text: system }], messages };
}

for (const name of CHAT_TEMPLATES) {
  for (const token of TOKENS[name]) {
    test(`${name}: ${JSON.stringify(token)} in a text is refused, wherever it stands`, () => {
      const bad = `before${token}after`;
      const chats = [
        conversation(bad, [says("user", "a")]),
        conversation("s", [says("user", bad)]),
        conversation("s", [says("user", "a"), says("assistant", bad), says("user", "b")]),
        conversation("s", [says("user", "a"), says("assistant", bad)]),
        conversation("s", [says("user", "a"), says("system", bad), says("user", "b")]),
        { ...EMPTY_CHAT, messages: [documentOf(bad)] },
        { ...EMPTY_CHAT, messages: [documentOf("x", bad)] },
      ];
      for (const chat of chats) {
        const [refusal, ...more] = writePrompt(chat, name).inexpressible;
        assert.equal(refusal?.droppable, false);
        assert.match(refusal.why, /^holds the control token "/);
        assert.match(refusal.name, /^(system|messages\.\d)$/);
        assert.deepEqual(more, []);
      }
    });
  }
}

function documentOf(text: string, name?: string): ChatMessage {
  return { role: "user", parts: [{ type: "document", source: { text }, format: "txt", name }] };
}

/** Fragments from which tokens could come together, across parts and turns. */
function fragments(name: ChatTemplateName): fc.Arbitrary<string> {
  const pieces = TOKENS[name].flatMap((token) => {
    const half = Math.ceil(token.length / 2);
    return [token.slice(0, half), token.slice(half), token.slice(0, -1), token.slice(1), token];
  });
  return fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 6 }),
    fc
      .array(fc.constantFrom(...pieces, " ", "\n", "x", "<", "|", "[", "/"), { maxLength: 4 })
      .map((all) => all.join("")),
  );
}

for (const name of CHAT_TEMPLATES) {
  test(`${name}: what is not refused holds just the tokens that the template has for as many turns`, () => {
    const texts = fc.array(fragments(name), { minLength: 1, maxLength: 3 });
    const property = fc.property(texts, texts, texts, (system, first, answer) => {
      const shape = (write: (texts: readonly string[]) => string[]): ChatRequest => ({
        ...EMPTY_CHAT,
        system: write(system).map((text) => ({ type: "text", text })),
        messages: [says("user", ...write(first)), says("assistant", ...write(answer)), says("user", "z")],
      });
      const written = writePrompt(
        shape((all) => [...all]),
        name,
      );
      if (written.inexpressible.length > 0) return;
      const harmless = shape((all) => (all.every((text) => text === "") ? [] : ["x"]));
      const innocent = writePrompt(harmless, name).prompt;
      for (const token of TOKENS[name])
        assert.equal(count(written.prompt, token), count(innocent, token), JSON.stringify(token));
    });
    fc.assert(property, { numRuns: 1_000 });
  });
}

function count(text: string, token: string): number {
  return text.split(token).length - 1;
}

test("marks of another family, and what only looks like a token, are plain text", () => {
  const texts: readonly (readonly [ChatTemplateName, string])[] = [
    ["llama3", "[INST] <start_of_turn> </s> <| a |> <|> a <|b"],
    ["gemma", "<|eot_id|> [/INST]"],
    ["mistral", "<|im_end|> [inst] [1] <<SYS>>"],
    ["plain", "the User: said <|eot_id|> [INST]"],
  ];
  for (const [name, text] of texts)
    assert.deepEqual(writePrompt(conversation("s", [says("user", text)]), name).inexpressible, [], text);
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import { AnswerText } from "./answer-text.ts";
import { CHAT_TEMPLATES, type ChatTemplateName } from "./chat-template.ts";
import { writePrompt } from "./write-prompt.ts";

const CHAT = {
  ...EMPTY_CHAT,
  messages: [{ role: "user", parts: [{ type: "text", text: "Say it." }] }],
} as const;

interface Read {
  readonly text: string;
  readonly stop: string | undefined;
}

function read(name: ChatTemplateName, pieces: readonly string[], stops: readonly string[] = []): Read {
  const answer = new AnswerText(writePrompt(CHAT, name), name, stops);
  let text = "";
  for (const piece of pieces) {
    const told = answer.push(piece);
    text += told.text;
    if (told.stop !== undefined) return { text, stop: told.stop };
  }
  const told = answer.end();
  return { text: text + told.text, stop: told.stop };
}

for (const name of CHAT_TEMPLATES) {
  const { prompt, stop, lead } = writePrompt(CHAT, name);

  test(`${name}: a repeated prompt is cut, with and without its tokens, however it comes`, () => {
    const bare = prompt.replaceAll(/<\|[^|]*\|>|<\/?s>|<(?:start|end)_of_turn>/g, "");
    const property = fc.property(
      fc.constantFrom(prompt, bare, `<s>${prompt}`, ""),
      fc.constantFrom("Hello", "U", "<", "[INS", "user", ""),
      fc.boolean(),
      fc.array(fc.nat(200), { maxLength: 5 }),
      (echo, words, isStopped, places) => {
        const whole = `${echo}${lead}${words}${isStopped ? `${stop[0]}and more` : ""}`;
        const expected = { text: words, stop: isStopped ? stop[0] : undefined };
        assert.deepEqual(read(name, split(whole, places)), expected);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });
}

test("the client's stop texts are told apart from the template's", () => {
  const answer = new AnswerText(writePrompt(CHAT, "llama3"), "llama3", ["END"]);
  assert.deepEqual(answer.stops, ["END", "<|eot_id|>"]);
  assert.deepEqual(answer.stopped("END"), { reason: "stop-sequence", sequence: "END" });
  assert.deepEqual(answer.stopped("<|eot_id|>"), { reason: "end" });
});

test("an answer that was begun goes on with its space", () => {
  const chat = {
    ...CHAT,
    messages: [...CHAT.messages, { role: "assistant", parts: [{ type: "text", text: "One" }] }],
  } as const;
  const prompt = writePrompt(chat, "llama2");
  const answer = new AnswerText(prompt, "llama2", []);
  assert.equal(answer.push(" two").text, " two");
});

function split(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length));
}

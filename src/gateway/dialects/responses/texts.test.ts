import assert from "node:assert/strict";
import test from "node:test";
import type { ChatEvent } from "../../../core/chat.ts";
import { mayHoldMedia } from "./holds-media.ts";
import { factsOf, parse, replyOf, SEAL_KEY } from "../../../../test/support/responses-dialect.ts";
import { responsesReplyText, responsesRequestText } from "./texts.ts";
import { ResponsesWriter } from "./write-chat.ts";

const ASKED = {
  model: "m",
  instructions: "Be brief.",
  input: [
    { role: "user", content: "What is this?" },
    {
      role: "user",
      content: [
        { type: "input_text", text: "And this?" },
        { type: "input_image", image_url: "https://images.example/cat.png" },
      ],
    },
    { type: "reasoning", summary: [], encrypted_content: "gAAAA" },
    { type: "function_call", call_id: "call_abc", name: "look", arguments: '{"at":1}' },
    { type: "function_call_output", call_id: "call_abc", output: "a cat" },
  ],
  tools: [{ type: "function", name: "look", description: "Looks.", parameters: {} }],
};

test("a model reads instructions, texts, calls, results and tools, and no address or seal", () => {
  const { text, scale } = responsesRequestText(parse(ASKED).request);
  for (const part of ["Be brief.", "What is this?", "And this?", "look", '{"at":1}', "a cat", "Looks."])
    assert.ok(text.includes(part), part);
  for (const part of ["cat.png", "gAAAA", "call_abc"]) assert.ok(!text.includes(part), part);
  assert.equal(scale, 1);
  assert.equal(responsesRequestText(parse({ model: "m", input: "hi" }).request).text, "hi");
});

function stream(events: readonly ChatEvent[], asked: object): Buffer {
  const writer = new ResponsesWriter(factsOf(asked), SEAL_KEY);
  return Buffer.concat(events.map((event) => writer.event(event) ?? Buffer.alloc(0)));
}

const SAID: readonly ChatEvent[] = [
  { type: "reasoning", text: "Hm. ", signature: undefined },
  ...["One ", "two ", "three."].map((text) => ({ type: "text", text }) as const),
  { type: "tool-call", id: "c", name: "look" },
  { type: "tool-input", json: '{"at":2}' },
];

test("the text of a stream is what was thought, said and called, once", () => {
  const bytes = stream(SAID, { model: "m", input: "hi" });
  const { text, scale } = responsesReplyText({ bytes, total: bytes.length, isStream: true });
  assert.equal(text, 'Hm. One two three.look{"at":2}');
  assert.equal(scale, 1);
});

test("the beginning of a stream stands for all of it, but for the events that repeat the request", () => {
  const asked = { model: "m", input: "hi", instructions: "word ".repeat(1_000) };
  const begun = stream([], asked).length;
  const many = Array.from({ length: 400 }, () => ({ type: "text", text: "word " }) as const);
  const bytes = stream(many, asked);
  const head = bytes.indexOf("response.output_item.added");
  assert.equal(begun, 0);
  const half = head + Math.floor((bytes.length - head) / 2);
  const { text, scale } = responsesReplyText({
    bytes: bytes.subarray(0, half),
    total: bytes.length,
    isStream: true,
  });
  const told = text.length * scale;
  assert.ok(told > 1_900 && told < 2_200, String(told));
});

test("where what is repeated hides all that was said, a token an event is guessed", () => {
  const asked = { model: "m", input: "hi", instructions: "word ".repeat(10_000) };
  const many = Array.from({ length: 400 }, () => ({ type: "text", text: "word " }) as const);
  const all = stream(many, asked);
  const repeated = all.indexOf("response.output_item.added");
  const sample = { bytes: all.subarray(0, repeated), total: all.length, isStream: true };
  const { text, scale } = responsesReplyText(sample);
  assert.ok(text.length > 0 && scale > 300 && scale < 500, String(scale));
});

test("a whole reply's text is that of its output", () => {
  const bytes = new ResponsesWriter(factsOf(ASKED), SEAL_KEY).whole(
    replyOf({
      parts: [
        { type: "reasoning", text: "Hm.", signature: "sig" },
        { type: "text", text: "A cat." },
        { type: "tool-call", id: "c", name: "look", input: "{}" },
      ],
    }),
  );
  const { text } = responsesReplyText({ bytes, total: bytes.length, isStream: false });
  for (const part of ["Hm.", "A cat.", "look{}"]) assert.ok(text.includes(part), part);
  for (const part of ["Be brief.", "sy1."]) assert.ok(!text.includes(part), part);
});

test("no reply, or one that cannot be read, has no text", () => {
  for (const text of ["", "data: nonsense\n\n", "<html>", "null", '{"output":5}', '{"output":[null]}']) {
    const bytes = Buffer.from(text);
    const isStream = text.startsWith("data:");
    assert.equal(responsesReplyText({ bytes, total: bytes.length, isStream }).text, "", text);
  }
});

test("an input with an image, a file or an item that is elsewhere may hold media; one that speaks of them does not", () => {
  const holds = (input: unknown): boolean => mayHoldMedia(parse({ model: "m", input }).request);
  assert.ok(holds(ASKED.input));
  assert.ok(holds([{ type: "item_reference", id: "msg_1" }]));
  assert.ok(!holds('what is an "input_image"?'));
  assert.ok(!holds([{ role: "user", content: 'what is an "input_image"?' }]));
  const spelled = JSON.stringify({ model: "m", input: ASKED.input }).replace(
    "input_image",
    "\\u0069nput_image",
  );
  assert.ok(mayHoldMedia(parse(spelled).request));
});

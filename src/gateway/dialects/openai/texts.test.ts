import assert from "node:assert/strict";
import test from "node:test";
import { scanObject } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";
import { replyText, requestText } from "./texts.ts";

function request(body: object): WireRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  return { bytes, members: scanObject(bytes), operation: "chat" } as unknown as WireRequest;
}

function reply(text: string, total = Buffer.byteLength(text)): ReturnType<typeof replyText> {
  return replyText({ bytes: Buffer.from(text), total, isStream: text.startsWith("data:") });
}

test("a model reads the messages' texts, their parts, tools and earlier calls, and no address of an image", () => {
  const { text, scale } = requestText(
    request({
      model: "m",
      temperature: 0.5,
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: "https://images.example/cat.png" } },
          ],
        },
        { role: "assistant", tool_calls: [{ function: { name: "look", arguments: '{"at":1}' } }] },
      ],
      tools: [{ type: "function", function: { name: "look", description: "Looks." } }],
    }),
  );
  for (const part of ["Be brief.", "What is this?", "look", "Looks."]) assert.ok(text.includes(part), part);
  for (const part of ["cat.png", "0.5", '"m"']) assert.ok(!text.includes(part), part);
  assert.equal(scale, 1);
});

test("the input of embeddings is read, one text or many", () => {
  assert.equal(requestText(request({ model: "m", input: "one" })).text, "one");
  assert.equal(requestText(request({ model: "m", input: ["one", "two"] })).text, "onetwo");
});

test("of a long text the beginning and the end are read, and stand for the whole", () => {
  const content = "a".repeat(60_000) + "z".repeat(60_000);
  const { text, scale } = requestText(request({ messages: [{ role: "user", content }] }));
  assert.ok(text.length <= 12_000);
  assert.match(text, /a.*z/s);
  assert.ok(Math.abs(text.length * scale - content.length) < 10);
});

test("files in a body too long to be parsed are no text", () => {
  const { text, scale } = requestText(
    request({
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: 'What is \\"this\\"?' },
            {
              type: "image_url",
              image_url: { url: `data:image/png;base64,${"iVBORw0KGgo".repeat(100_000)}` },
            },
            { type: "text", text: "And this? ".repeat(20) },
          ],
        },
      ],
    }),
  );
  assert.ok(text.includes("What is") && text.includes("And this?"));
  assert.ok(text.length * scale < 1_000, String(text.length * scale));
});

test("a plain reply that speaks of data: is a plain reply", () => {
  const said = "some words, then see data: URL";
  assert.equal(reply(JSON.stringify({ choices: [{ message: { content: said } }] })).text, said);
});

test("a body too long to be parsed for it is read by its bytes, and stands for as much", () => {
  const { text, scale } = requestText(
    request({ messages: [{ role: "user", content: "word ".repeat(400_000) }] }),
  );
  assert.ok(text.length <= 12_000);
  assert.ok(text.length * scale > 1_900_000 && text.length * scale < 2_100_000);
});

test("a whole reply's text is what was said, thought and called", () => {
  const { text } = reply(
    JSON.stringify({
      id: "c1",
      choices: [
        {
          message: {
            content: "Yes.",
            reasoning_content: "Hm.",
            tool_calls: [{ function: { name: "f", arguments: "{}" } }],
          },
        },
      ],
    }),
  );
  for (const part of ["Yes.", "Hm.", '"f"']) assert.ok(text.includes(part), part);
  assert.ok(!text.includes("c1"));
});

test("a stream's text is its deltas', and an event that is cut off says nothing", () => {
  const event = (content: string): string =>
    `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
  assert.equal(reply(`${event("one ")}${event("two")}data: {"choices":[{"del`).text, "one two");
  assert.equal(reply(event("one ") + event("two") + "data: [DONE]\n\n").text, "one two");
});

test("the beginning of a stream stands for all of it", () => {
  const event = 'data: {"choices":[{"delta":{"content":"word "}}]}\n\n';
  const { text, scale } = reply(event.repeat(10), event.length * 40);
  assert.equal(text, "word ".repeat(10));
  assert.equal(scale, 4);
});

test("no reply, or one that cannot be read, has no text", () => {
  for (const text of ["", "data: nonsense\n\n", "<html>", "null", '{"choices":5}', '{"choices":[null]}']) {
    assert.equal(reply(text).text, "", text);
  }
});

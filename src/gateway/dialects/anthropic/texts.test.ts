import assert from "node:assert/strict";
import test from "node:test";
import { scanObject } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";
import { anthropic } from "./index.ts";

function request(body: object): WireRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  return { bytes, members: scanObject(bytes), operation: "chat" } as unknown as WireRequest;
}

function reply(
  text: string,
  isStream: boolean,
  total = Buffer.byteLength(text),
): ReturnType<typeof anthropic.replyText> {
  return anthropic.replyText({ bytes: Buffer.from(text), total, isStream });
}

function user(...content: unknown[]): object {
  return { messages: [{ role: "user", content }] };
}

test("a model reads instructions, messages, calls, results and tools, and nothing that is no text", () => {
  const { text, scale } = anthropic.requestText(
    request({
      model: "claude",
      temperature: 0.5,
      system: [{ type: "text", text: "Be brief." }],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?", cache_control: { type: "ephemeral" } },
            { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBOR" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Let me look.", signature: "c2ln" },
            { type: "tool_use", id: "toolu_1", name: "look", input: { at: 1 } },
          ],
        },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "A cat." }],
        },
      ],
      tools: [
        {
          name: "look",
          description: "Looks.",
          input_schema: { type: "object", properties: { at: { type: "integer" } } },
        },
      ],
    }),
  );
  for (const part of [
    "Be brief.",
    "What is this?",
    "Let me look.",
    '{"at":1}',
    "A cat.",
    "Looks.",
    "integer",
  ])
    assert.ok(text.includes(part), part);
  for (const part of ["iVBOR", "c2ln", "toolu_1", "claude", "ephemeral", "0.5"])
    assert.ok(!text.includes(part), part);
  assert.equal(scale, 1);
});

test("a whole reply's text is what was said, thought and called", () => {
  const { text } = reply(
    JSON.stringify({
      id: "msg_1",
      content: [
        { type: "thinking", thinking: "Hm.", signature: "c2ln" },
        { type: "text", text: "So." },
        { type: "tool_use", id: "toolu_1", name: "f", input: { a: 1 } },
      ],
      stop_reason: "tool_use",
    }),
    false,
  );
  assert.equal(text, 'Hm.So.f{"a":1}');
});

test("a stream's text is its pieces', and an event that is cut off says nothing", () => {
  const writer = anthropic.chatWriter({
    exchangeId: "x1",
    model: "m",
    startedAtMs: 0,
    includeUsage: true,
  });
  const pieces = [
    writer.event({ type: "reasoning", text: "Hm. ", signature: "c2ln" }),
    writer.event({ type: "text", text: "So" }),
    writer.event({ type: "text", text: ". " }),
    writer.event({ type: "tool-call", id: "a", name: "f" }),
    writer.event({ type: "tool-input", json: '{"a":1}' }),
    writer.event({ type: "stop", reason: "stop-sequence", sequence: "END" }),
    writer.end(),
  ];
  const bytes = Buffer.concat(pieces.map((piece) => piece ?? Buffer.alloc(0))).toString();
  assert.equal(reply(bytes, true).text, 'Hm. So. f{"a":1}');
  const cut = bytes.slice(0, bytes.indexOf('". "') + 1);
  assert.deepEqual(reply(cut, true, Buffer.byteLength(cut) * 4), { text: "Hm. So", scale: 4 });
});

test("no reply, or one that cannot be read, has no text", () => {
  for (const text of ["", "null", "<html>", '{"content":5}', "[]"]) assert.equal(reply(text, false).text, "");
  for (const text of ["", "data: nonsense\n\n", "data: null\n\n", 'data: {"type":"ping"}\n\n'])
    assert.equal(reply(text, true).text, "");
});

test("pictures and documents are media wherever they stand, and words about them are not", () => {
  const holds = (body: object): boolean => anthropic.holdsMedia(request(body));
  const image = { type: "image", source: { type: "url", url: "https://images.example" } };
  assert.equal(holds(user({ type: "text", text: "x" }, image)), true);
  assert.equal(holds(user({ type: "document", source: { type: "file", file_id: "x" } })), true);
  assert.equal(holds(user({ type: "container_upload", file_id: "x" })), true);
  assert.equal(holds(user({ type: "tool_result", tool_use_id: "a", content: [image] })), true);
  assert.equal(holds(user({ type: "tool_use", id: "a", name: "f", input: { content: image } })), false);
  assert.equal(holds(user({ type: "text", text: '{"type":"image"}' })), false);
  assert.equal(holds({ messages: [{ role: "user", content: "image" }], tools: [{ name: "image" }] }), false);
  const spelt = Buffer.from('{"messages":[{"role":"user","content":[{"type":"im\\u0061ge"}]}]}');
  assert.equal(
    anthropic.holdsMedia({ bytes: spelt, members: scanObject(spelt) } as unknown as WireRequest),
    true,
  );
});

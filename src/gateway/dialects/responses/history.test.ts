import assert from "node:assert/strict";
import test from "node:test";
import type { ChatEvent } from "../../../core/chat.ts";
import { finalResponse, inputItems, outputAsInput } from "./history.ts";
import { readResponsesChat } from "./read-chat.ts";
import { FACTS, replyOf, SEAL_KEY, USAGE } from "../../../../test/support/responses-dialect.ts";
import { ResponsesWriter } from "./write-chat.ts";

const EVENTS: readonly ChatEvent[] = [
  { type: "text", text: 'It says "response.completed"\ndata: {"type":"response.completed"}' },
  { type: "tool-call", id: "call_0", name: "f" },
  { type: "tool-input", json: '{"n":12345678901234567890}' },
  { type: "stop", reason: "tool-calls" },
  { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: undefined },
];

function stream(): Buffer {
  const writer = new ResponsesWriter(FACTS, SEAL_KEY);
  const pieces = EVENTS.map((event) => writer.event(event) ?? Buffer.alloc(0));
  return Buffer.concat([...pieces, writer.end()]);
}

test("of a stream the last event counts, whatever the model speaks of", () => {
  const all = stream();
  const { id, status, output, body } = finalResponse(all, true) ?? assert.fail("nothing was found");
  assert.match(id, /^resp_/);
  assert.equal(status, "completed");
  assert.deepEqual(
    output.map((item) => (item as { type: string }).type),
    ["message", "function_call"],
  );
  assert.equal((JSON.parse(body) as { id: string }).id, id);
  // Its end alone says as much.
  assert.deepEqual(finalResponse(all.subarray(all.lastIndexOf("event:")), true), {
    id,
    status,
    output,
    body,
  });
});

test("events of others, data first and lines that end in CR LF, are read as well", () => {
  const response = { id: "resp_1", object: "response", status: "incomplete", output: [] };
  const event = `data: ${JSON.stringify({ response, sequence_number: 6, type: "response.incomplete" })}`;
  assert.equal(
    finalResponse(Buffer.from(`${event}\r\nevent: response.incomplete\r\n\r\n`), true)?.id,
    "resp_1",
  );
  assert.equal(
    finalResponse(Buffer.from(`${event}\nevent: response.incomplete\n\n`), true)?.status,
    "incomplete",
  );
});

test("a stream without its end, or with one that failed, has no final response", () => {
  const all = stream();
  const end = all.lastIndexOf("event:");
  assert.equal(finalResponse(all.subarray(0, end), true), undefined);
  assert.equal(finalResponse(all.subarray(0, all.length - 40), true), undefined);
  const failed = { type: "response.failed", response: { id: "r", status: "failed", output: [] } };
  assert.equal(finalResponse(Buffer.from(`data: ${JSON.stringify(failed)}\n\n`), true), undefined);
  assert.equal(finalResponse(Buffer.alloc(0), true), undefined);
});

test("a whole reply is kept as its bytes are; an error, or one in progress, is not", () => {
  const whole = new ResponsesWriter(FACTS, SEAL_KEY).whole(
    replyOf({ parts: [{ type: "text", text: "Hi" }] }),
  );
  assert.equal(finalResponse(whole, false)?.body, whole.toString());
  for (const body of [
    "{}",
    "no JSON",
    '{"error":{"message":"no"}}',
    '{"id":"resp_1","status":"in_progress","output":[]}',
    '{"id":"resp_1","status":"completed"}',
  ])
    assert.equal(finalResponse(Buffer.from(body), false), undefined, body);
});

test("what was said goes on as input, but for a call that the model was cut off in", () => {
  const parts = [
    { type: "text", text: "So:" },
    { type: "tool-call", id: "call_0", name: "f", input: '{"a":' },
  ] as const;
  const bytes = new ResponsesWriter(FACTS, SEAL_KEY).whole(replyOf({ parts, stop: "max-tokens" }));
  const { status, output } = finalResponse(bytes, false) ?? assert.fail("nothing was found");
  assert.equal(status, "incomplete");
  const input = [...inputItems("hi"), ...output, ...inputItems([{ role: "user", content: "go on" }])];
  const { messages } = readResponsesChat(Buffer.from(JSON.stringify({ input })), SEAL_KEY);
  assert.deepEqual(messages, [
    { role: "user", parts: [{ type: "text", text: "hi" }] },
    { role: "assistant", parts: [{ type: "text", text: "So:" }] },
    { role: "user", parts: [{ type: "text", text: "go on" }] },
  ]);
});

test("of the rest only thoughts that are kept elsewhere are left out", () => {
  const items = [
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "x" },
    { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
    { type: "something_new" },
    "no object",
  ];
  const bare = { type: "reasoning", id: "rs_2", summary: [{ type: "summary_text", text: "a" }] };
  const shown = { ...bare, content: [{ type: "reasoning_text", text: "a" }] };
  assert.deepEqual(outputAsInput([...items, bare, shown]), [...items, shown]);
});

test("an input that is nothing has no items", () => {
  for (const input of [undefined, null, 5, {}]) assert.deepEqual(inputItems(input), []);
});

import assert from "node:assert/strict";
import test from "node:test";
import { end, event, PING, start, textBlock } from "../../../test/anthropic/engine.ts";
import type { ChatEvent } from "../../core/chat.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readMessagesReply } from "./read-reply.ts";
import { MessagesEvents } from "./read-stream.ts";

const PLAIN: ReadBack = { names: new Map(), schemaTool: undefined };
const FORMED: ReadBack = { names: new Map(), schemaTool: "json_answer" };

function read(stream: string, how = PLAIN): ChatEvent[] {
  const events: ChatEvent[] = [];
  new MessagesEvents(how, (told) => void events.push(told)).push(Buffer.from(stream));
  return events;
}

function block(index: number, begin: object, ...deltas: readonly object[]): string {
  return [
    event("content_block_start", { index, content_block: begin }),
    ...deltas.map((delta) => event("content_block_delta", { index, delta })),
    event("content_block_stop", { index }),
  ].join("");
}

const call = (index: number, name: string, ...pieces: readonly string[]): string =>
  block(
    index,
    { type: "tool_use", id: `toolu_${index}`, name, input: {} },
    ...pieces.map((json) => ({ type: "input_json_delta", partial_json: json })),
  );
const THOUGHT = block(
  0,
  { type: "thinking", thinking: "", signature: "" },
  { type: "thinking_delta", thinking: "hm" },
  { type: "signature_delta", signature: "c2" },
  { type: "signature_delta", signature: "ln" },
);
const USAGE_EVENT = {
  type: "usage",
  usage: {
    inputTokens: 12,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 5,
    reasoningTokens: 0,
  },
  latencyMs: undefined,
  serviceTier: "standard",
};

test("text comes in pieces, then why it ends and what it used", () => {
  assert.deepEqual(read(start() + PING + textBlock(0, "one ", "two") + end()), [
    { type: "text", text: "one " },
    { type: "text", text: "two" },
    { type: "part-end" },
    { type: "stop", reason: "end" },
    USAGE_EVENT,
  ]);
});

test("a thought is closed by its whole signature, and redacted ones stay as they are", () => {
  const redacted = block(1, { type: "redacted_thinking", data: "ZGF0YQ==" });
  assert.deepEqual(read(start() + THOUGHT + redacted + end()).slice(0, 5), [
    { type: "reasoning", text: "hm", signature: undefined },
    { type: "reasoning", text: "", signature: "c2ln" },
    { type: "part-end" },
    { type: "redacted-reasoning", data: "ZGF0YQ==" },
    { type: "part-end" },
  ]);
});

test("calls have the client's names, and the service's own are passed over", () => {
  const how = { ...PLAIN, names: new Map([["look_at_0", "look.at"]]) };
  const own = block(0, { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} });
  const found = block(1, { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] });
  const events = read(
    start() + own + found + call(2, "look_at_0", '{"a"', ":1}") + call(3, "find") + end("tool_use"),
    how,
  );
  assert.deepEqual(events.slice(0, -1), [
    { type: "tool-call", id: "toolu_2", name: "look.at" },
    { type: "tool-input", json: '{"a"' },
    { type: "tool-input", json: ":1}" },
    { type: "part-end" },
    { type: "tool-call", id: "toolu_3", name: "find" },
    { type: "part-end" },
    { type: "stop", reason: "tool-calls" },
  ]);
});

test("an answer by a tool is the only text", () => {
  const events = read(
    start() + textBlock(0, "Here you are:") + call(1, "json_answer", '{"a":1}') + end("tool_use"),
    FORMED,
  );
  assert.deepEqual(events.slice(0, -1), [
    { type: "text", text: '{"a":1}' },
    { type: "part-end" },
    { type: "stop", reason: "end" },
  ]);
});

test("every reason to stop is told in its own word", () => {
  const reasonOf = (word: string): unknown =>
    read(start() + textBlock(0, "a") + end(word)).find(({ type }) => type === "stop");
  for (const [word, reason] of [
    ["max_tokens", "max-tokens"],
    ["refusal", "content-filter"],
    ["model_context_window_exceeded", "context-full"],
    ["pause_turn", "end"],
    ["a_word_of_tomorrow", "end"],
  ] as const)
    assert.deepEqual(reasonOf(word), { type: "stop", reason });
  const delta = { stop_reason: "stop_sequence", stop_sequence: "END" };
  assert.deepEqual(read(start() + event("message_delta", { delta }) + event("message_stop"))[0], {
    type: "stop",
    reason: "stop-sequence",
    sequence: "END",
  });
});

test("a stream that does not say why it ends, or has pieces of no block, is none", () => {
  const fault = (stream: string): void => assert.throws(() => read(stream), ReplyFault);
  fault(start() + textBlock(0, "a") + event("message_stop"));
  fault(start() + event("content_block_delta", { index: 0, delta: { type: "text_delta", text: "a" } }));
  fault("data: {nonsense\n\n");
  fault(start() + call(0, "").replace('"name":"",', "") + end());
});

test("a whole reply says the same as its stream", () => {
  const body = {
    type: "message",
    content: [
      { type: "thinking", thinking: "hm", signature: "c2ln" },
      { type: "text", text: "I look.", citations: null },
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} },
      { type: "tool_use", id: "toolu_1", name: "look", input: { a: 1 } },
    ],
    stop_reason: "tool_use",
    stop_sequence: null,
    usage: { input_tokens: 12, output_tokens: 5, service_tier: "standard" },
  };
  assert.deepEqual(readMessagesReply(Buffer.from(JSON.stringify(body)), PLAIN), {
    parts: [
      { type: "reasoning", text: "hm", signature: "c2ln" },
      { type: "text", text: "I look." },
      { type: "tool-call", id: "toolu_1", name: "look", input: '{"a":1}' },
    ],
    stop: "tool-calls",
    usage: USAGE_EVENT.usage,
    latencyMs: undefined,
    serviceTier: "standard",
  });
});

test("arguments in a whole reply keep every digit", () => {
  const body =
    '{"content":[{"type":"tool_use","id":"a","name":"look","input":{"n":12345678901234567890,"x":1.0}}],"stop_reason":"tool_use"}';
  const [part] = readMessagesReply(Buffer.from(body), PLAIN).parts;
  assert.deepEqual(part, {
    type: "tool-call",
    id: "a",
    name: "look",
    input: '{"n":12345678901234567890,"x":1.0}',
  });
});

test("a whole reply that is none is a fault", () => {
  for (const body of ["", "[]", "{}", '{"type":"error","error":{}}', '{"content":[],"stop_reason":null}'])
    assert.throws(() => readMessagesReply(Buffer.from(body), PLAIN), ReplyFault, body);
});

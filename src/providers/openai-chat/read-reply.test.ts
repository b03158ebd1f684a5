import assert from "node:assert/strict";
import test from "node:test";
import type { ChatReply, StopReason } from "../../core/chat.ts";
import { readOpenAiReply } from "./read-reply.ts";
import { ReplyFault } from "../reply-fault.ts";

function read(message: object, rest: object = {}, choice: object = {}): ChatReply {
  const choices = [{ index: 0, message, finish_reason: "stop", ...choice }];
  return readOpenAiReply(Buffer.from(JSON.stringify({ object: "chat.completion", choices, ...rest })));
}

test("a reply as OpenAI writes it", () => {
  const usage = {
    prompt_tokens: 20,
    completion_tokens: 5,
    prompt_tokens_details: { cached_tokens: 8 },
    completion_tokens_details: { reasoning_tokens: 2 },
  };
  assert.deepEqual(
    read({ role: "assistant", content: "Hi", refusal: null }, { usage, service_tier: "default" }),
    {
      parts: [{ type: "text", text: "Hi" }],
      stop: "end",
      usage: {
        inputTokens: 20,
        cachedInputTokens: 8,
        cacheWriteInputTokens: 0,
        outputTokens: 5,
        reasoningTokens: 2,
      },
      latencyMs: undefined,
      serviceTier: "default",
    } satisfies ChatReply,
  );
});

test("thoughts come first, under either name; then what was said, a refusal too; then the calls", () => {
  for (const name of ["reasoning_content", "reasoning"])
    assert.deepEqual(
      read({
        content: null,
        refusal: "No.",
        [name]: "Hm.",
        tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: '{"n":1.10}' } }],
      }).parts,
      [
        { type: "reasoning", text: "Hm.", signature: undefined },
        { type: "text", text: "No." },
        { type: "tool-call", id: "a", name: "f", input: '{"n":1.10}' },
      ],
    );
});

test("signed thoughts of another gateway keep their signatures", () => {
  const blocks = [
    { type: "thinking", thinking: "Hm.", signature: "s" },
    { type: "redacted_thinking", data: "d" },
    { type: "thinking", thinking: "", signature: "" },
  ];
  assert.deepEqual(read({ content: "So.", reasoning_content: "Hm.", thinking_blocks: blocks }).parts, [
    { type: "reasoning", text: "Hm.", signature: "s" },
    { type: "redacted-reasoning", data: "d" },
    { type: "text", text: "So." },
  ]);
});

test("engines' own ways: content in parts, arguments as an object, calls without ids or in the old form", () => {
  assert.deepEqual(
    read({
      content: [
        { type: "text", text: "A" },
        { type: "text", text: "B" },
      ],
      tool_calls: [{ function: { name: "f", arguments: { x: 1 } } }, { function: { name: "g" } }],
    }).parts,
    [
      { type: "text", text: "AB" },
      { type: "tool-call", id: "call_1", name: "f", input: '{"x":1}' },
      { type: "tool-call", id: "call_2", name: "g", input: "" },
    ],
  );
  assert.deepEqual(read({ content: null, function_call: { name: "f", arguments: "{}" } }).parts, [
    { type: "tool-call", id: "call_0", name: "f", input: "{}" },
  ]);
});

const REASONS: readonly (readonly [choice: object, stop: StopReason])[] = [
  [{ finish_reason: "stop" }, "end"],
  [{ finish_reason: null }, "end"],
  [{ finish_reason: "eos_token" }, "end"],
  [{ finish_reason: "something new" }, "end"],
  [{ finish_reason: "stop", stop_reason: "END" }, "stop-sequence"],
  [{ finish_reason: "stop_sequence" }, "stop-sequence"],
  [{ finish_reason: "length" }, "max-tokens"],
  [{ finish_reason: "tool_calls" }, "tool-calls"],
  [{ finish_reason: "function_call" }, "tool-calls"],
  [{ finish_reason: "content_filter" }, "content-filter"],
];

test("every finish reason has its meaning", () => {
  for (const [choice, stop] of REASONS)
    assert.equal(read({ content: "Hi" }, {}, choice).stop, stop, JSON.stringify(choice));
});

test("a reply with calls that stops waits for their results", () => {
  const calls = [{ id: "a", function: { name: "f", arguments: "{}" } }];
  assert.equal(read({ content: null, tool_calls: calls }).stop, "tool-calls");
  assert.equal(
    read({ content: null, tool_calls: calls }, {}, { finish_reason: "length" }).stop,
    "max-tokens",
  );
});

test("a usage that cannot be is left out", () => {
  assert.equal(read({ content: "Hi" }, { usage: { prompt_tokens: -1 } }).usage, undefined);
});

test("what is no reply is a fault", () => {
  for (const text of ["", "[]", "{}", '{"choices":[]}', '{"choices":[{}]}', '{"error":{"message":"x"}}'])
    assert.throws(() => readOpenAiReply(Buffer.from(text)), ReplyFault);
  assert.throws(() => read({ tool_calls: [{ id: "a", function: {} }] }), ReplyFault);
  for (const word of ["error", "abort"])
    assert.throws(() => read({ content: "Hi" }, {}, { finish_reason: word }), ReplyFault);
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatEvent } from "../../core/chat.ts";
import { OpenAiStream } from "../openai-compatible/stream.ts";
import { OpenAiEvents } from "./read-stream.ts";
import { ReplyFault } from "../reply-fault.ts";

function sse(...chunks: readonly object[]): string {
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
}

function delta(value: object, finish: string | null = null, rest: object = {}): object {
  return { choices: [{ index: 0, delta: value, finish_reason: finish }], ...rest };
}

function read(text: string): ChatEvent[] {
  const events: ChatEvent[] = [];
  new OpenAiEvents((event) => events.push(event)).push(Buffer.from(text));
  return events;
}

function eventsOf(...chunks: readonly object[]): ChatEvent[] {
  return read(sse(...chunks));
}

function call(index: number | undefined, id: string | undefined, name?: string, json?: string): object {
  return { tool_calls: [{ index, id, type: "function", function: { name, arguments: json } }] };
}

const USAGE = { prompt_tokens: 3, completion_tokens: 2 };
const READ_USAGE = {
  inputTokens: 3,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 2,
  reasoningTokens: 0,
};

test("a stream as OpenAI writes it", () => {
  assert.deepEqual(
    eventsOf(
      delta({ role: "assistant", content: "", refusal: null }, null, { service_tier: "default" }),
      delta({ content: "Hi" }),
      delta({}, "stop"),
      { choices: [], usage: USAGE },
    ),
    [
      { type: "text", text: "Hi" },
      { type: "stop", reason: "end" },
      { type: "usage", usage: READ_USAGE, latencyMs: undefined, serviceTier: "default" },
    ],
  );
});

test("thoughts under either name, refusals as text, and the last words beside the finish reason", () => {
  assert.deepEqual(
    eventsOf(
      delta({ reasoning_content: "Hm" }),
      delta({ reasoning: "." }),
      delta({ refusal: "No" }),
      delta({ content: "." }, "length"),
    ),
    [
      { type: "reasoning", text: "Hm", signature: undefined },
      { type: "reasoning", text: ".", signature: undefined },
      { type: "text", text: "No" },
      { type: "text", text: "." },
      { type: "stop", reason: "max-tokens" },
    ],
  );
});

test("calls come by their index, with their arguments in pieces", () => {
  assert.deepEqual(
    eventsOf(
      delta(call(0, "a", "f", "")),
      delta(call(0, undefined, undefined, '{"x":')),
      delta(call(0, undefined, undefined, "1}")),
      delta(call(1, "b", "g", "{}")),
      delta({}, "tool_calls"),
    ),
    [
      { type: "tool-call", id: "a", name: "f" },
      { type: "tool-input", json: '{"x":' },
      { type: "tool-input", json: "1}" },
      { type: "tool-call", id: "b", name: "g" },
      { type: "tool-input", json: "{}" },
      { type: "stop", reason: "tool-calls" },
    ],
  );
});

test("engines' own ways of telling calls apart", () => {
  const two = [
    { type: "tool-call", id: "a", name: "f" },
    { type: "tool-input", json: "{}" },
    { type: "tool-call", id: "b", name: "f" },
    { type: "tool-input", json: "{}" },
  ];
  // All counted as 0, with ids.
  assert.deepEqual(eventsOf(delta(call(0, "a", "f", "{}")), delta(call(0, "b", "f", "{}"))), two);
  // Id and name in every piece.
  assert.deepEqual(
    eventsOf(delta(call(0, "a", "f", "{")), delta(call(0, "a", "f", "}")), delta(call(1, "b", "f", "{}"))),
    [two[0], { type: "tool-input", json: "{" }, { type: "tool-input", json: "}" }, two[2], two[3]],
  );
  // No index and no ids.
  assert.deepEqual(
    eventsOf(delta(call(undefined, undefined, "f", "{}")), delta(call(undefined, undefined, "f", "{}"))).map(
      (event) => (event.type === "tool-call" ? event.id : event.type),
    ),
    ["call_0", "tool-input", "call_1", "tool-input"],
  );
  // The old form.
  assert.deepEqual(
    eventsOf(
      delta({ function_call: { name: "f", arguments: "" } }),
      delta({ function_call: { arguments: "{}" } }),
      delta({}, "function_call"),
    ),
    [
      { type: "tool-call", id: "call_0", name: "f" },
      { type: "tool-input", json: "{}" },
      { type: "stop", reason: "tool-calls" },
    ],
  );
});

test("a stream with calls that stops waits for their results", () => {
  assert.deepEqual(eventsOf(delta(call(0, "a", "f", "{}")), delta({}, "stop")).at(-1), {
    type: "stop",
    reason: "tool-calls",
  });
});

test("arguments of a call that is over, or never began, are a fault", () => {
  const interleaved = [
    delta(call(0, "a", "f", "{")),
    delta(call(1, "b", "g", "{")),
    delta(call(0, undefined, undefined, "}")),
  ];
  assert.throws(() => eventsOf(...interleaved), ReplyFault);
  assert.throws(() => eventsOf(delta(call(0, "a", undefined, "{}"))), ReplyFault);
  assert.throws(
    () =>
      eventsOf(
        delta(call(0, "a", "f", "{")),
        delta({ content: "x" }),
        delta(call(0, undefined, undefined, "}")),
      ),
    ReplyFault,
  );
});

test("a usage in every chunk is told once, after the end", () => {
  assert.deepEqual(
    eventsOf(
      delta({ content: "Hi" }, null, { usage: { ...USAGE, completion_tokens: 1 } }),
      delta({}, "stop", { usage: USAGE }),
    ),
    [
      { type: "text", text: "Hi" },
      { type: "stop", reason: "end" },
      { type: "usage", usage: READ_USAGE, latencyMs: undefined, serviceTier: undefined },
    ],
  );
});

test("only the first choice is read, and nothing after its end", () => {
  assert.deepEqual(
    eventsOf(
      { choices: [{ index: 1, delta: { content: "other" } }] },
      delta({ content: "Hi" }, "stop"),
      delta({ content: "late" }, "stop"),
    ),
    [
      { type: "text", text: "Hi" },
      { type: "stop", reason: "end" },
    ],
  );
});

test("a signed thought is told once: in pieces with its signature, or whole at its end", () => {
  const signed = (thinking: string, signature: string): object => ({
    thinking_blocks: [{ type: "thinking", thinking, signature }],
  });
  const told = [
    { type: "reasoning", text: "Hm", signature: undefined },
    { type: "reasoning", text: ".", signature: undefined },
    { type: "reasoning", text: "", signature: "s" },
  ];
  // As LiteLLM writes it.
  assert.deepEqual(
    eventsOf(
      delta({ reasoning_content: "Hm", ...signed("Hm", "") }),
      delta({ reasoning_content: ".", ...signed(".", "") }),
      delta(signed("", "s")),
    ),
    told,
  );
  // As this gateway writes it.
  assert.deepEqual(
    eventsOf(
      delta({ reasoning_content: "Hm" }),
      delta({ reasoning_content: "." }),
      delta(signed("Hm.", "s")),
    ),
    told,
  );
  assert.deepEqual(
    eventsOf(
      delta(signed("", "only")),
      delta({ thinking_blocks: [{ type: "redacted_thinking", data: "d" }] }),
      delta(signed("Hm", "s2")),
    ),
    [
      { type: "reasoning", text: "", signature: "only" },
      { type: "redacted-reasoning", data: "d" },
      { type: "reasoning", text: "Hm", signature: "s2" },
    ],
  );
});

test("comments, names of events, both line ends and the end mark are read over", () => {
  const text = `: hello\r\n\r\nevent: message\r\ndata: ${JSON.stringify(delta({ content: "Hi" }))}\r\n\r\ndata:${JSON.stringify(delta({}, "stop"))}\n\ndata: [DONE]\n\n`;
  assert.deepEqual(read(text), [
    { type: "text", text: "Hi" },
    { type: "stop", reason: "end" },
  ]);
});

test("what is no event of this API is a fault", () => {
  for (const text of ["data: {\n\n", "data: 1\n\n", 'data: {"error":{"message":"x"}}\n\n'])
    assert.throws(() => read(text), ReplyFault);
  assert.throws(() => eventsOf(delta({}, "error")), ReplyFault);
});

test("cut anywhere and put together by the stream's reader, it tells the same", () => {
  const text = `: working\n\n${sse(
    delta({ role: "assistant", content: "" }),
    delta({ reasoning_content: "Hm 🦊" }),
    delta({ content: "größer\n\n" }),
    delta(call(0, "a", "f", "")),
    delta(call(0, undefined, undefined, '{"x":"é"}')),
    delta({}, "tool_calls"),
    { choices: [], usage: USAGE },
  )}data: [DONE]\n\n`;
  const bytes = Buffer.from(text);
  const expected = read(text);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 6 });
  fc.assert(
    fc.property(cuts, (places) => {
      const events: ChatEvent[] = [];
      const reader = new OpenAiEvents((event) => events.push(event));
      const push = (piece: Buffer): void => reader.push(piece);
      const stream = new OpenAiStream(
        {
          chunk: push,
          end: push,
          head() {},
          whole: () => assert.fail(),
          usage() {},
          dropped() {},
          alive() {},
          fail: () => assert.fail(),
        },
        false,
      );
      const ends = [...places.toSorted((a, b) => a - b), bytes.length];
      let from = 0;
      for (const end of ends) {
        stream.push(bytes.subarray(from, end));
        from = end;
      }
      stream.finish();
      assert.deepEqual(events, expected);
    }),
  );
});

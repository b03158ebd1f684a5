import assert from "node:assert/strict";
import test from "node:test";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import { converseWriter } from "./write-chat.ts";

const FACTS = { exchangeId: "0190-ab", model: "m", startedAtMs: Date.now(), includeUsage: true };
const USAGE: Usage = {
  inputTokens: 1_324,
  cachedInputTokens: 1_322,
  cacheWriteInputTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
};
/** Amazon's own reader of frames. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

interface Told {
  readonly type: unknown;
  readonly payload: Record<string, unknown>;
}

function framesOf(bytes: Buffer): Told[] {
  const told: Told[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + bytes.readUInt32BE(at);
    const { headers, body } = codec.decode(bytes.subarray(at, end));
    assert.equal(headers[":message-type"]?.value, "event");
    assert.equal(headers[":content-type"]?.value, "application/json");
    const payload = JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>;
    assert.match(String(payload["p"]), /^abc?[a-zA-Z0-9]*$|^a$/);
    delete payload["p"];
    told.push({ type: headers[":event-type"]?.value, payload });
    at = end;
  }
  return told;
}

function stream(events: readonly ChatEvent[]): Told[] {
  const writer = converseWriter(FACTS);
  const pieces = events.map((event) => writer.event(event) ?? Buffer.alloc(0));
  return framesOf(Buffer.concat([...pieces, writer.end()]));
}

function bytesOf(reply: Partial<ChatReply>): Buffer {
  return converseWriter(FACTS).whole({
    parts: [],
    stop: "end",
    usage: undefined,
    latencyMs: 7,
    serviceTier: undefined,
    ...reply,
  });
}

interface Whole {
  readonly output: { readonly message: { readonly content: Record<string, Record<string, unknown>>[] } };
  readonly stopReason: string;
  readonly usage: Record<string, unknown>;
  readonly metrics: { readonly latencyMs: number };
}

function whole(reply: Partial<ChatReply>): Whole {
  return JSON.parse(bytesOf(reply).toString()) as Whole;
}

test("a whole reply has Converse's shape, its members in the service's order", () => {
  const text = bytesOf({
    parts: [{ type: "text", text: "Hi" }],
    usage: USAGE,
    serviceTier: "flex",
  }).toString();
  assert.equal(
    text,
    '{"metrics":{"latencyMs":7},"output":{"message":{"content":[{"text":"Hi"}],"role":"assistant"}},"serviceTier":{"type":"flex"},"stopReason":"end_turn","usage":{"cacheReadInputTokens":1322,"cacheWriteInputTokens":0,"inputTokens":2,"outputTokens":5,"totalTokens":1329}}',
  );
});

test("parts are blocks, in order, but for text that is empty", () => {
  assert.deepEqual(
    whole({
      parts: [
        { type: "reasoning", text: "Hm.", signature: "s" },
        { type: "reasoning", text: "Hm?", signature: undefined },
        { type: "redacted-reasoning", data: "RXRr" },
        { type: "text", text: "" },
        { type: "text", text: "So." },
        { type: "tool-call", id: "call_2f9QxW7bTz41", name: "f", input: "" },
      ],
    }).output.message.content,
    [
      { reasoningContent: { reasoningText: { signature: "s", text: "Hm." } } },
      { reasoningContent: { reasoningText: { text: "Hm?" } } },
      { reasoningContent: { redactedContent: Buffer.from("RXRr").toString("base64") } },
      { text: "So." },
      { toolUse: { input: {}, name: "f", toolUseId: "call_2f9QxW7bTz41" } },
    ],
  );
});

test("arguments stand in the body as they came; what is no object stands there as one text", () => {
  const input = '{"id": 12345678901234567890, "2":1, "1":2}';
  const parts = [
    { type: "tool-call", id: "call_2f9QxW7bTz41", name: "f", input },
    { type: "tool-call", id: "b", name: "f", input: '{"cut' },
  ] as const;
  assert.ok(bytesOf({ parts }).includes(`"toolUse":{"input":${input},`));
  assert.equal(whole({ parts }).output.message.content[1]?.["toolUse"]?.["input"], '{"cut');
});

test("every reason to stop has Bedrock's word", () => {
  const words: Record<StopReason, string> = {
    end: "end_turn",
    "stop-sequence": "stop_sequence",
    "max-tokens": "max_tokens",
    "context-full": "model_context_window_exceeded",
    "tool-calls": "tool_use",
    "content-filter": "content_filtered",
    guardrail: "guardrail_intervened",
  };
  for (const [stop, word] of Object.entries(words))
    assert.equal(whole({ stop: stop as StopReason }).stopReason, word);
});

test("input tokens are those that no cache had; writes are told by how long they are kept, the longer first", () => {
  const usage = {
    ...USAGE,
    cachedInputTokens: 1_000,
    cacheWriteInputTokens: 300,
    cacheWrite1hInputTokens: 100,
  };
  assert.deepEqual(whole({ usage }).usage, {
    cacheDetails: [
      { inputTokens: 100, ttl: "1h" },
      { inputTokens: 200, ttl: "5m" },
    ],
    cacheReadInputTokens: 1_000,
    cacheWriteInputTokens: 300,
    inputTokens: 24,
    outputTokens: 5,
    totalTokens: 1_329,
  });
  assert.equal(whole({ usage: { ...USAGE, cachedInputTokens: 2_000 } }).usage["inputTokens"], 0);
});

test("usage and latency are always there: clients rely on numbers", () => {
  const { usage, metrics } = whole({ latencyMs: undefined });
  assert.equal(usage["totalTokens"], 0);
  assert.ok(Number.isInteger(metrics.latencyMs) && metrics.latencyMs >= 0);
});

test("a stream has the service's order: no start of text and thoughts, one of tools, a stop of each", () => {
  assert.deepEqual(
    stream([
      { type: "reasoning", text: "Hm", signature: undefined },
      { type: "reasoning", text: ".", signature: undefined },
      { type: "reasoning", text: "", signature: "s" },
      { type: "text", text: "So" },
      { type: "text", text: "." },
      { type: "tool-call", id: "call_2f9QxW7bTz41", name: "f" },
      { type: "tool-input", json: '{"x":' },
      { type: "tool-input", json: "1}" },
      { type: "stop", reason: "tool-calls" },
      { type: "usage", usage: USAGE, latencyMs: 9.4, serviceTier: "priority" },
    ]).map(({ type, payload }) => [type, payload]),
    [
      ["messageStart", { role: "assistant" }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "Hm" } } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { text: "." } } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { reasoningContent: { signature: "s" } } }],
      ["contentBlockStop", { contentBlockIndex: 0 }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "So" } }],
      ["contentBlockDelta", { contentBlockIndex: 1, delta: { text: "." } }],
      ["contentBlockStop", { contentBlockIndex: 1 }],
      [
        "contentBlockStart",
        { contentBlockIndex: 2, start: { toolUse: { name: "f", toolUseId: "call_2f9QxW7bTz41" } } },
      ],
      ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: '{"x":' } } }],
      ["contentBlockDelta", { contentBlockIndex: 2, delta: { toolUse: { input: "1}" } } }],
      ["contentBlockStop", { contentBlockIndex: 2 }],
      ["messageStop", { stopReason: "tool_use" }],
      [
        "metadata",
        {
          metrics: { latencyMs: 9 },
          serviceTier: { type: "priority" },
          usage: {
            cacheReadInputTokens: 1_322,
            cacheWriteInputTokens: 0,
            inputTokens: 2,
            outputTokens: 5,
            totalTokens: 1_329,
          },
        },
      ],
    ],
  );
});

test("a call without arguments yields an empty object, so that clients can parse it", () => {
  const inputs = stream([
    { type: "tool-call", id: "call_2f9QxW7bTz41", name: "f" },
    { type: "tool-input", json: "" },
    { type: "tool-call", id: "b", name: "g" },
    { type: "stop", reason: "tool-calls" },
  ]).filter(({ type }) => type === "contentBlockDelta");
  assert.deepEqual(
    inputs.map(({ payload }) => payload),
    [0, 1].map((index) => ({ contentBlockIndex: index, delta: { toolUse: { input: "{}" } } })),
  );
});

test("an end of a part divides two texts", () => {
  const told = stream([
    { type: "text", text: "A" },
    { type: "part-end" },
    { type: "part-end" },
    { type: "text", text: "B" },
    { type: "stop", reason: "end" },
  ]);
  const texts = told.filter(({ type }) => type === "contentBlockDelta");
  assert.deepEqual(
    texts.map(({ payload }) => payload["contentBlockIndex"]),
    [0, 1],
  );
});

test("an empty piece opens no block", () => {
  const told = stream([
    { type: "text", text: "" },
    { type: "reasoning", text: "", signature: undefined },
    { type: "stop", reason: "end" },
  ]);
  assert.deepEqual(
    told.map(({ type }) => type),
    ["messageStart", "messageStop", "metadata"],
  );
});

test("ids that Converse would refuse, that came before, or that engines count anew in each reply are replaced", () => {
  const id = (number: number): string => `tooluse_0190ab_${number}`;
  const long = "call_2f9QxW7bTz41";
  const ids = [long, long, "a b", "", "x".repeat(65), "functions.f:0", "call_0"];
  const parts = ids.map((each) => ({ type: "tool-call", id: each, name: "f", input: "" }) as const);
  const given = whole({ parts }).output.message.content.map((block) => block["toolUse"]?.["toolUseId"]);
  assert.deepEqual(given, [long, ...[1, 2, 3, 4, 5, 6].map(id)]);
});

test("the padding has many lengths", () => {
  const writer = converseWriter(FACTS);
  const lengths = new Set(
    Array.from({ length: 500 }, () => writer.event({ type: "text", text: "A" })?.length),
  );
  assert.ok(lengths.size > 40, `${lengths.size} lengths`);
});

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { APIError } from "@anthropic-ai/sdk";
import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages";
import { AnthropicSdk } from "../../../../test/support/anthropic-sdk.ts";
import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import type { Usage } from "../../../core/usage.ts";
import type { ReplyFacts } from "../chat-writer.ts";
import { anthropic } from "./index.ts";

const FACTS: ReplyFacts = { exchangeId: "0190-ab", model: 'a "model"', startedAtMs: 0, includeUsage: true };
const USAGE: Usage = {
  inputTokens: 1_324,
  cachedInputTokens: 1_000,
  cacheWriteInputTokens: 300,
  cacheWrite1hInputTokens: 100,
  outputTokens: 50,
  reasoningTokens: 20,
};
const USED = {
  input_tokens: 24,
  cache_creation_input_tokens: 300,
  cache_read_input_tokens: 1_000,
  output_tokens: 50,
  output_tokens_details: { thinking_tokens: 20 },
};
const LONG_ID = "call_2f9QxW7bTz41";

let sdk: AnthropicSdk;
before(async () => {
  sdk = await AnthropicSdk.start();
});
after(() => sdk[Symbol.asyncDispose]());

function bodyOf(reply: Partial<ChatReply>): Buffer {
  const all = { parts: [], stop: "end", usage: undefined, latencyMs: 7, serviceTier: undefined } as const;
  return anthropic.chatWriter(FACTS).whole({ ...all, ...reply });
}

/** What Anthropic's own SDK makes of a whole reply. */
function whole(reply: Partial<ChatReply>): Promise<Message> {
  return sdk.whole(bodyOf(reply));
}

function bytesOf(events: readonly ChatEvent[]): Buffer {
  const writer = anthropic.chatWriter(FACTS);
  return Buffer.concat([...events.map((event) => writer.event(event) ?? Buffer.alloc(0)), writer.end()]);
}

/** What Anthropic's own SDK puts together of a stream. */
function streamed(bytes: Buffer): Promise<Message> {
  return sdk.streamed(bytes);
}

function told(events: readonly ChatEvent[]): Promise<RawMessageStreamEvent[]> {
  return sdk.told(bytesOf(events));
}

function plain(message: Message): unknown {
  return JSON.parse(JSON.stringify(message));
}

test("a whole reply has the shape that the SDK's types promise", async () => {
  const { usage, ...message } = await whole({
    parts: [{ type: "text", text: "Hi" }],
    usage: USAGE,
    serviceTier: "priority",
  });
  assert.deepEqual(message, {
    id: "msg_0190-ab",
    type: "message",
    role: "assistant",
    model: 'a "model"',
    content: [{ type: "text", text: "Hi" }],
    stop_reason: "end_turn",
    stop_sequence: null,
  });
  assert.deepEqual(usage, {
    ...USED,
    cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
    service_tier: "priority",
  });
});

test("parts are blocks, in order, but for text that is empty", async () => {
  const { content } = await whole({
    parts: [
      { type: "reasoning", text: "Hm.", signature: "s" },
      { type: "reasoning", text: "Hm?", signature: undefined },
      { type: "redacted-reasoning", data: "xyz" },
      { type: "text", text: "" },
      { type: "text", text: "So." },
      { type: "tool-call", id: LONG_ID, name: "f", input: "" },
    ],
    stop: "tool-calls",
  });
  assert.deepEqual(content, [
    { type: "thinking", thinking: "Hm.", signature: "s" },
    { type: "thinking", thinking: "Hm?", signature: "" },
    { type: "redacted_thinking", data: "xyz" },
    { type: "text", text: "So." },
    { type: "tool_use", id: LONG_ID, name: "f", input: {} },
  ]);
});

test("arguments stand in the body as they came; what is no object stands there as one text", async () => {
  const input = '{"id": 12345678901234567890, "2":1, "1":2}';
  const parts = [
    { type: "tool-call", id: LONG_ID, name: "f", input },
    { type: "tool-call", id: "b", name: "f", input: '{"cut' },
  ] as const;
  assert.ok(bodyOf({ parts }).includes(`"input":${input}}`));
  const { content } = await whole({ parts });
  assert.equal(content[1]?.type === "tool_use" && content[1].input, '{"cut');
});

const STOPS: Record<StopReason, string> = {
  end: "end_turn",
  "stop-sequence": "stop_sequence",
  "max-tokens": "max_tokens",
  "context-full": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  guardrail: "refusal",
};

test("every reason to stop has the API's word, whole and streamed", async () => {
  for (const [reason, word] of Object.entries(STOPS) as [StopReason, string][]) {
    assert.equal((await whole({ stop: reason })).stop_reason, word);
    assert.equal((await streamed(bytesOf([{ type: "stop", reason }]))).stop_reason, word);
  }
});

test("which sequence stopped it is told, whole and streamed", async () => {
  assert.equal((await whole({ stop: "stop-sequence", stopSequence: "END" })).stop_sequence, "END");
  const events: ChatEvent[] = [{ type: "stop", reason: "stop-sequence", sequence: "END" }];
  assert.equal((await streamed(bytesOf(events))).stop_sequence, "END");
});

test("usage has numbers where nothing is known, and never fewer than none", async () => {
  const { usage } = await whole({});
  assert.deepEqual([usage.input_tokens, usage.output_tokens], [0, 0]);
  const more = await whole({ usage: { ...USAGE, cachedInputTokens: 2_000 } });
  assert.equal(more.usage.input_tokens, 0);
  const { cacheWrite1hInputTokens: _long, ...unknown } = USAGE;
  assert.equal((await whole({ usage: unknown })).usage.cache_creation, undefined);
  assert.deepEqual((await whole({ usage: { ...unknown, cacheWriteInputTokens: 0 } })).usage.cache_creation, {
    ephemeral_5m_input_tokens: 0,
    ephemeral_1h_input_tokens: 0,
  });
});

test("tiers have the API's names, and one that it does not know is not told", async () => {
  const tier = async (serviceTier: string): Promise<unknown> =>
    (await whole({ usage: USAGE, serviceTier })).usage.service_tier;
  assert.equal(await tier("default"), "standard");
  assert.equal(await tier("batch"), "batch");
  assert.equal(await tier("flex"), undefined);
});

test("a stream has the API's order: a start and a stop of every block, and the true usage at its end", async () => {
  const events = await told([
    { type: "reasoning", text: "Hm", signature: undefined },
    { type: "reasoning", text: ".", signature: undefined },
    { type: "reasoning", text: "", signature: "s" },
    { type: "redacted-reasoning", data: "xyz" },
    { type: "text", text: "So" },
    { type: "text", text: "." },
    { type: "tool-call", id: LONG_ID, name: "f" },
    { type: "tool-input", json: '{"x":' },
    { type: "tool-input", json: "1}" },
    { type: "stop", reason: "tool-calls" },
    { type: "usage", usage: USAGE, latencyMs: 9, serviceTier: "priority" },
  ]);
  const start = (index: number, content_block: object): object => ({
    type: "content_block_start",
    index,
    content_block,
  });
  const delta = (index: number, rest: object): object => ({
    type: "content_block_delta",
    index,
    delta: rest,
  });
  const stop = (index: number): object => ({ type: "content_block_stop", index });
  assert.deepEqual(events, [
    {
      type: "message_start",
      message: {
        id: "msg_0190-ab",
        type: "message",
        role: "assistant",
        model: 'a "model"',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: {
          input_tokens: 0,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 0,
          cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
          output_tokens: 0,
        },
      },
    },
    start(0, { type: "thinking", thinking: "", signature: "" }),
    delta(0, { type: "thinking_delta", thinking: "Hm" }),
    delta(0, { type: "thinking_delta", thinking: "." }),
    delta(0, { type: "signature_delta", signature: "s" }),
    stop(0),
    start(1, { type: "redacted_thinking", data: "xyz" }),
    stop(1),
    start(2, { type: "text", text: "" }),
    delta(2, { type: "text_delta", text: "So" }),
    delta(2, { type: "text_delta", text: "." }),
    stop(2),
    start(3, { type: "tool_use", id: LONG_ID, name: "f", input: {} }),
    delta(3, { type: "input_json_delta", partial_json: '{"x":' }),
    delta(3, { type: "input_json_delta", partial_json: "1}" }),
    stop(3),
    {
      type: "message_delta",
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: {
        ...USED,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
        service_tier: "priority",
      },
    },
    { type: "message_stop" },
  ]);
});

test("an upstream that tells its usage first has it in the message's start too", async () => {
  const [first] = await told([
    { type: "usage", usage: USAGE, latencyMs: undefined, serviceTier: undefined },
    { type: "text", text: "Hi" },
    { type: "stop", reason: "end" },
  ]);
  assert.equal(first?.type === "message_start" && first.message.usage.cache_read_input_tokens, 1_000);
});

test("a call without arguments is an empty object to the SDK", async () => {
  const { content } = await streamed(
    bytesOf([
      { type: "tool-call", id: LONG_ID, name: "f" },
      { type: "tool-input", json: "" },
      { type: "tool-call", id: "b", name: "g" },
      { type: "stop", reason: "tool-calls" },
    ]),
  );
  assert.deepEqual(
    content.map((block) => block.type === "tool_use" && block.input),
    [{}, {}],
  );
});

test("an end of a part divides two texts, and an empty piece opens no block", async () => {
  const { content } = await streamed(
    bytesOf([
      { type: "text", text: "" },
      { type: "reasoning", text: "", signature: undefined },
      { type: "text", text: "A" },
      { type: "part-end" },
      { type: "part-end" },
      { type: "text", text: "B" },
      { type: "stop", reason: "end" },
    ]),
  );
  assert.deepEqual(
    content.map((block) => block.type === "text" && block.text),
    ["A", "B"],
  );
});

test("a signature that comes alone is a thought that is not shown", async () => {
  const { content } = await streamed(
    bytesOf([
      { type: "text", text: "A" },
      { type: "reasoning", text: "", signature: "s" },
      { type: "stop", reason: "end" },
    ]),
  );
  assert.deepEqual(plain({ content } as Message), {
    content: [
      { type: "text", text: "A" },
      { type: "thinking", thinking: "", signature: "s" },
    ],
  });
});

test("ids that the API would refuse, that came before, or that engines count anew in each reply are replaced", async () => {
  const id = (number: number): string => `toolu_0190ab_${number}`;
  const ids = [LONG_ID, LONG_ID, "a b", "", "x".repeat(65), "functions.get_weather:0", "call_0"];
  const given = [LONG_ID, ...[1, 2, 3, 4, 5, 6].map(id)];
  const parts = ids.map((each) => ({ type: "tool-call", id: each, name: "f", input: "" }) as const);
  const idsIn = ({ content }: Message): unknown =>
    content.map((block) => block.type === "tool_use" && block.id);
  assert.deepEqual(idsIn(await whole({ parts })), given);
  const events = ids.map((each) => ({ type: "tool-call", id: each, name: "f" }) as const);
  assert.deepEqual(
    idsIn(await streamed(bytesOf([...events, { type: "stop", reason: "tool-calls" }]))),
    given,
  );
});

test("SDKs skip what keeps a silent stream open, also before the message begins", async () => {
  const ping = anthropic.keepAliveComment ?? Buffer.alloc(0);
  const bytes = bytesOf([
    { type: "text", text: "Hi" },
    { type: "stop", reason: "end" },
  ]);
  const { content } = await streamed(Buffer.concat([ping, ping, bytes]));
  assert.deepEqual(content, [{ type: "text", text: "Hi" }]);
});

test("an error in mid-stream is the SDK's error, and not the end of a message", async () => {
  const writer = anthropic.chatWriter(FACTS);
  const begun = writer.event({ type: "text", text: "Hi" }) ?? Buffer.alloc(0);
  const error = anthropic.errorEvent(new AppError("upstream_error", "it broke off"), "x1", "chat");
  await assert.rejects(streamed(Buffer.concat([begun, error])), (thrown) => {
    assert.ok(thrown instanceof APIError);
    assert.equal(thrown.type, "api_error");
    assert.match(thrown.message, /it broke off/);
    return true;
  });
});

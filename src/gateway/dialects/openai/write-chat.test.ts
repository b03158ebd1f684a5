import assert from "node:assert/strict";
import test from "node:test";
import { Stream } from "openai/streaming";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import type { ReplyFacts } from "../chat-writer.ts";
import { openAiChatWriter } from "./write-chat.ts";

const FACTS: ReplyFacts = {
  exchangeId: "x1",
  model: 'a "model"',
  startedAtMs: 1_700_000_000_999,
  includeUsage: true,
};
const USAGE: Usage = {
  inputTokens: 1_324,
  cachedInputTokens: 1_322,
  cacheWriteInputTokens: 0,
  outputTokens: 5,
  reasoningTokens: 0,
};

function whole(reply: Partial<ChatReply>): ChatCompletion {
  const all = {
    parts: [],
    stop: "end",
    usage: undefined,
    latencyMs: 7,
    serviceTier: undefined,
    ...reply,
  } as const;
  return JSON.parse(openAiChatWriter(FACTS).whole(all).toString()) as ChatCompletion;
}

function text(events: readonly ChatEvent[], facts = FACTS): string {
  const writer = openAiChatWriter(facts);
  const pieces = events.map((event) => writer.event(event)?.toString() ?? "");
  return pieces.join("") + writer.end().toString();
}

/** As OpenAI's own SDK reads it. */
async function chunks(events: readonly ChatEvent[], facts = FACTS): Promise<ChatCompletionChunk[]> {
  const response = new Response(text(events, facts), { headers: { "content-type": "text/event-stream" } });
  return Array.fromAsync(Stream.fromSSEResponse<ChatCompletionChunk>(response, new AbortController()));
}

async function deltas(events: readonly ChatEvent[]): Promise<unknown[]> {
  const all = await chunks(events);
  return all.flatMap(({ choices }) => choices.map(({ delta }) => delta));
}

test("a whole reply has the shape that OpenAI's types promise", () => {
  assert.deepEqual(whole({ parts: [{ type: "text", text: "Hi" }], usage: USAGE, serviceTier: "flex" }), {
    id: "chatcmpl-x1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: 'a "model"',
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hi", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: {
      prompt_tokens: 1_324,
      completion_tokens: 5,
      total_tokens: 1_329,
      prompt_tokens_details: { cached_tokens: 1_322 },
    },
    service_tier: "flex",
  } satisfies ChatCompletion);
});

test("texts are one content; with calls and no text it is null, with neither it is empty", () => {
  const call = { type: "tool-call", id: "a", name: "f", input: "" } as const;
  const said = (parts: ChatReply["parts"]): unknown => whole({ parts }).choices[0]?.message.content;
  assert.equal(
    said([
      { type: "text", text: "A" },
      { type: "text", text: "B" },
    ]),
    "AB",
  );
  assert.equal(said([call]), null);
  assert.equal(said([{ type: "text", text: "" }, call]), null);
  assert.equal(said([]), "");
});

test("a call without arguments has an empty object, others have their text as it was", () => {
  const parts = [
    { type: "tool-call", id: "a", name: "f", input: "" },
    { type: "tool-call", id: "b", name: "g", input: '{"n": 12345678901234567890}' },
  ] as const;
  assert.deepEqual(whole({ parts, stop: "tool-calls" }).choices[0]?.message.tool_calls, [
    { id: "a", type: "function", function: { name: "f", arguments: "{}" } },
    { id: "b", type: "function", function: { name: "g", arguments: '{"n": 12345678901234567890}' } },
  ]);
});

test("thoughts are told as a text, and signed ones once more as they must come back", () => {
  const message = whole({
    parts: [
      { type: "reasoning", text: "One. ", signature: "s1" },
      { type: "redacted-reasoning", data: "d" },
      { type: "reasoning", text: "Two.", signature: undefined },
      { type: "text", text: "So." },
    ],
  }).choices[0]?.message as object as Record<string, unknown>;
  assert.equal(message["reasoning_content"], "One. Two.");
  assert.deepEqual(message["thinking_blocks"], [
    { type: "thinking", thinking: "One. ", signature: "s1" },
    { type: "redacted_thinking", data: "d" },
  ]);
});

test("every reason to stop has OpenAI's word", () => {
  const words: Record<StopReason, string> = {
    end: "stop",
    "stop-sequence": "stop",
    "max-tokens": "length",
    "context-full": "length",
    "tool-calls": "tool_calls",
    "content-filter": "content_filter",
    guardrail: "content_filter",
  };
  for (const [stop, word] of Object.entries(words))
    assert.equal(whole({ stop: stop as StopReason }).choices[0]?.finish_reason, word);
});

test("tokens written to a cache and tokens of thought are told where there are some", () => {
  const usage = { ...USAGE, cacheWriteInputTokens: 2, reasoningTokens: 3 };
  assert.deepEqual(whole({ usage }).usage?.prompt_tokens_details, {
    cached_tokens: 1_322,
    cache_write_tokens: 2,
  });
  assert.deepEqual(whole({ usage }).usage?.completion_tokens_details, { reasoning_tokens: 3 });
});

test("a tier that OpenAI does not know is left out", () => {
  assert.equal(whole({ serviceTier: "reserved" }).service_tier, undefined);
});

test("a stream begins with the role and ends with the reason, the usage and the mark", async () => {
  const events: ChatEvent[] = [
    { type: "text", text: "Hi" },
    { type: "stop", reason: "end" },
    { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: "default" },
  ];
  const head = {
    id: "chatcmpl-x1",
    object: "chat.completion.chunk",
    created: 1_700_000_000,
    model: 'a "model"',
  };
  const chunk = (delta: object, reason: string | null = null): object => ({
    ...head,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    usage: null,
  });
  assert.deepEqual(await chunks(events), [
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Hi" }),
    chunk({}, "stop"),
    {
      ...head,
      choices: [],
      usage: {
        prompt_tokens: 1_324,
        completion_tokens: 5,
        total_tokens: 1_329,
        prompt_tokens_details: { cached_tokens: 1_322 },
      },
      service_tier: "default",
    },
  ]);
  assert.ok(text(events).endsWith("data: [DONE]\n\n"));
});

test("a usage that nobody asked for is not told", async () => {
  const events: ChatEvent[] = [
    { type: "text", text: "Hi" },
    { type: "stop", reason: "end" },
    { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: undefined },
  ];
  const all = await chunks(events, { ...FACTS, includeUsage: false });
  assert.ok(all.every((chunk) => !("usage" in chunk)));
});

test("calls count from 0 whatever stands between them, and the choice is always 0", async () => {
  const events: ChatEvent[] = [
    { type: "reasoning", text: "Hm.", signature: undefined },
    { type: "text", text: "So." },
    { type: "tool-call", id: "a", name: "f" },
    { type: "tool-input", json: '{"x":' },
    { type: "tool-input", json: "1}" },
    { type: "part-end" },
    { type: "tool-call", id: "b", name: "g" },
    { type: "stop", reason: "tool-calls" },
  ];
  const all = await chunks(events);
  assert.ok(all.every(({ choices }) => choices.every(({ index }) => index === 0)));
  assert.deepEqual(await deltas(events), [
    { role: "assistant", content: "" },
    { reasoning_content: "Hm." },
    { content: "So." },
    { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] },
    { tool_calls: [{ index: 0, function: { arguments: '{"x":' } }] },
    { tool_calls: [{ index: 0, function: { arguments: "1}" } }] },
    { tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "g", arguments: "" } }] },
    { tool_calls: [{ index: 1, function: { arguments: "{}" } }] },
    {},
  ]);
});

test("a signature comes with all that it signs", async () => {
  const events: ChatEvent[] = [
    { type: "reasoning", text: "One ", signature: undefined },
    { type: "reasoning", text: "two.", signature: undefined },
    { type: "reasoning", text: "", signature: "s1" },
    { type: "reasoning", text: "Three.", signature: "s2" },
    { type: "redacted-reasoning", data: "d" },
    { type: "stop", reason: "end" },
  ];
  assert.deepEqual(await deltas(events), [
    { role: "assistant", content: "" },
    { reasoning_content: "One " },
    { reasoning_content: "two." },
    { thinking_blocks: [{ type: "thinking", thinking: "One two.", signature: "s1" }] },
    { reasoning_content: "Three." },
    { thinking_blocks: [{ type: "thinking", thinking: "Three.", signature: "s2" }] },
    { thinking_blocks: [{ type: "redacted_thinking", data: "d" }] },
    {},
  ]);
});

test("a piece without text shows the client nothing, but for the role before the first", () => {
  const writer = openAiChatWriter(FACTS);
  assert.match(
    writer.event({ type: "text", text: "" })?.toString() ?? "",
    /^data: [^\n]*"role":"assistant"[^\n]*\n\n$/,
  );
  for (const event of [
    { type: "text", text: "" },
    { type: "part-end" },
    { type: "reasoning", text: "", signature: undefined },
    { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: undefined },
  ] as const)
    assert.equal(writer.event(event), undefined);
});

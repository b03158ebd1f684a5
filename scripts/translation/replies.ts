import type { ChatReply, StopReason } from "../../src/core/chat.ts";
import { DIALECTS, type Dialect } from "../../src/core/wire.ts";
import { DIALECT_OF } from "./verdicts.ts";

/** What a reply may hold, and how each dialect tells it: found by writing it. */
export interface ReplyRow {
  readonly what: string;
  readonly told: readonly string[];
}

const STOPS: Readonly<Record<StopReason, string>> = {
  end: "the model is done",
  "stop-sequence": "a stop sequence",
  "max-tokens": "no more output allowed",
  "context-full": "no more room in the context",
  "tool-calls": "it waits for tools",
  "content-filter": "the provider's filter, or a refusal",
  guardrail: "a guardrail",
};

const USAGE = {
  inputTokens: 1_000,
  cachedInputTokens: 300,
  cacheWriteInputTokens: 200,
  cacheWrite1hInputTokens: 50,
  outputTokens: 70,
  reasoningTokens: 20,
};

const PLAIN: ChatReply = {
  parts: [{ type: "text", text: "T" }],
  stop: "end",
  usage: USAGE,
  latencyMs: 5,
  serviceTier: "flex",
};

export function replyRows(): ReplyRow[] {
  const stops = Object.entries(STOPS).map(([reason, title]) => ({
    what: `end: ${title}`,
    told: tell({ ...PLAIN, stop: reason as StopReason }, STOP_OF),
  }));
  const usages = [
    {
      what: "1,000 input tokens, 300 of them read from a cache, 200 written to one",
      told: tell(PLAIN, INPUT_OF),
    },
    { what: "70 output tokens, 20 of them thought", told: tell(PLAIN, OUTPUT_OF) },
    { what: "the service tier", told: tell(PLAIN, TIER_OF) },
  ];
  return [...stops, ...usages];
}

type Look = Readonly<Record<Dialect, (reply: Body) => unknown>>;
// oxlint-disable-next-line typescript/no-explicit-any -- bodies of four APIs, looked into by hand
type Body = any;

const STOP_OF: Look = {
  openai: (reply) => ({ finish_reason: reply.choices[0].finish_reason }),
  responses: (reply) => ({ status: reply.status, ...reply.incomplete_details }),
  anthropic: (reply) => ({ stop_reason: reply.stop_reason }),
  bedrock: (reply) => ({ stopReason: reply.stopReason }),
};

const INPUT_OF: Look = {
  openai: ({ usage }) => ({ prompt_tokens: usage.prompt_tokens, ...usage.prompt_tokens_details }),
  responses: ({ usage }) => ({ input_tokens: usage.input_tokens, ...usage.input_tokens_details }),
  anthropic: ({ usage: { output_tokens: _out, output_tokens_details: _details, ...input } }) => input,
  bedrock: ({ usage: { outputTokens: _out, totalTokens: _total, ...input } }) => input,
};

const OUTPUT_OF: Look = {
  openai: ({ usage }) => ({ completion_tokens: usage.completion_tokens, ...usage.completion_tokens_details }),
  responses: ({ usage }) => ({ output_tokens: usage.output_tokens, ...usage.output_tokens_details }),
  anthropic: ({ usage }) => ({ output_tokens: usage.output_tokens, ...usage.output_tokens_details }),
  bedrock: ({ usage }) => ({ outputTokens: usage.outputTokens }),
};

const TIER_OF: Look = {
  openai: (reply) => ({ service_tier: reply.service_tier }),
  responses: (reply) => ({ service_tier: reply.service_tier }),
  anthropic: ({ usage }) => ({ service_tier: usage.service_tier }),
  bedrock: (reply) => ({ serviceTier: reply.serviceTier }),
};

function tell(reply: ChatReply, look: Look): string[] {
  return DIALECTS.map((dialect) => {
    const bytes = Buffer.from('{"model":"m","input":"x","messages":[],"max_tokens":1}');
    const { request } = DIALECT_OF[dialect].parse({
      operation: "chat",
      address: { model: "m" },
      bytes,
      headers: {},
      metadataWords: false,
    });
    const facts = { exchangeId: "x", model: "m", startedAtMs: 0, includeUsage: true, request };
    const body: unknown = JSON.parse(DIALECT_OF[dialect].chatWriter(facts).whole(reply).toString());
    return written(look[dialect](body));
  });
}

/** `{"a":1,"b":{"c":2}}` as `a: 1, b.c: 2`. */
function written(value: unknown, path = ""): string {
  if (typeof value !== "object" || value === null) return `\`${path}: ${String(value)}\``;
  const parts = Object.entries(value).flatMap(([key, inner]) =>
    inner === undefined ? [] : [written(inner, path === "" ? key : `${path}.${key}`)],
  );
  return parts.length === 0 ? "not told" : parts.join(", ");
}

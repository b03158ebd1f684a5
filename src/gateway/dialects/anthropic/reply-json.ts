import type { ChatReply, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import type { ReplyFacts } from "../chat-writer.ts";
import { isObjectText } from "../json-text.ts";
import type { CallIds } from "./call-ids.ts";

/** Why a reply ended, as Messages says it. https://platform.claude.com/docs/en/api/handling-stop-reasons */
const STOP_REASONS: Readonly<Record<StopReason, string>> = {
  end: "end_turn",
  "stop-sequence": "stop_sequence",
  "max-tokens": "max_tokens",
  "context-full": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  guardrail: "refusal",
};

/** The names of tiers that the API knows, and what others call its own. https://platform.claude.com/docs/en/api/service-tiers */
const SERVICE_TIERS: ReadonlyMap<string, string> = new Map([
  ["standard", "standard"],
  ["default", "standard"],
  ["priority", "priority"],
  ["batch", "batch"],
]);

/**
 * The body of a plain reply. It is put together as text, so that the arguments of calls stand in it as they came.
 * https://platform.claude.com/docs/en/api/messages#response-id
 */
export function messageJson(reply: ChatReply, facts: ReplyFacts, ids: CallIds): string {
  const content = reply.parts.map((part) => blockJson(part, ids)).filter((block) => block !== "");
  return `{${headJson(facts)},"content":[${content.join(",")}],${stopJson(reply.stop, reply.stopSequence)},"usage":${usageJson(reply.usage, reply.serviceTier)}}`;
}

/** What a message has in every form. */
export function headJson(facts: ReplyFacts): string {
  return `"id":${JSON.stringify(`msg_${facts.exchangeId}`)},"type":"message","role":"assistant","model":${JSON.stringify(facts.model)}`;
}

/** @param reason  undefined while the reply goes on */
export function stopJson(reason: StopReason | undefined, sequence: string | undefined): string {
  const why = reason === undefined ? "null" : `"${STOP_REASONS[reason]}"`;
  return `"stop_reason":${why},"stop_sequence":${sequence === undefined ? "null" : JSON.stringify(sequence)}`;
}

function blockJson(part: ChatReply["parts"][number], ids: CallIds): string {
  switch (part.type) {
    case "text":
      // Clients send a reply back as it is, and empty text is refused then.
      return part.text === "" ? "" : `{"type":"text","text":${JSON.stringify(part.text)}}`;
    case "reasoning":
      return `{"type":"thinking","thinking":${JSON.stringify(part.text)},"signature":${JSON.stringify(part.signature ?? "")}}`;
    case "redacted-reasoning":
      return redactedJson(part.data);
    case "tool-call":
      return callJson(ids.give(part.id), part.name, inputJson(part.input));
  }
}

export function redactedJson(data: string): string {
  return `{"type":"redacted_thinking","data":${JSON.stringify(data)}}`;
}

/** @param input  JSON */
export function callJson(id: string, name: string, input: string): string {
  return `{"type":"tool_use","id":"${id}","name":${JSON.stringify(name)},"input":${input}}`;
}

/**
 * Arguments that are no object, such as those of a model that ran out of tokens while it wrote them, go as one text: a
 * tool must not be called with an empty object in their place.
 */
function inputJson(input: string): string {
  if (input === "") return "{}";
  return isObjectText(input) ? input : JSON.stringify(input);
}

/**
 * Tokens read from a cache or written to one are not among the input tokens here. SDKs rely on numbers, so they are there
 * where nothing is known too. https://platform.claude.com/docs/en/api/messages#response-usage
 */
export function usageJson(usage: Usage | undefined, tier: string | undefined): string {
  const { inputTokens = 0, cachedInputTokens: read = 0, cacheWriteInputTokens: written = 0 } = usage ?? {};
  const known = tier === undefined ? undefined : SERVICE_TIERS.get(tier);
  return JSON.stringify({
    input_tokens: Math.max(0, inputTokens - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    cache_creation: cacheCreation(written, usage?.cacheWrite1hInputTokens),
    output_tokens: usage?.outputTokens ?? 0,
    ...(usage !== undefined &&
      usage.reasoningTokens > 0 && {
        output_tokens_details: { thinking_tokens: usage.reasoningTokens },
      }),
    ...(known !== undefined && { service_tier: known }),
  });
}

/** For how long what was written is kept; nothing where a provider knows no such thing. */
function cacheCreation(written: number, long: number | undefined): object | undefined {
  if (long === undefined && written > 0) return undefined;
  const hour = Math.min(long ?? 0, written);
  return { ephemeral_5m_input_tokens: written - hour, ephemeral_1h_input_tokens: hour };
}

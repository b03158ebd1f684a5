import { redactedBytes } from "../../../core/bedrock-redacted.ts";
import type { ChatReply, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import { isObjectText } from "../json-text.ts";
import type { CallIds } from "./call-ids.ts";

/** Why a reply ended, as Bedrock says it. */
export const STOP_REASONS: Readonly<Record<StopReason, string>> = {
  end: "end_turn",
  "stop-sequence": "stop_sequence",
  "max-tokens": "max_tokens",
  "context-full": "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "content_filtered",
  guardrail: "guardrail_intervened",
};

const SERVICE_TIERS: ReadonlySet<string> = new Set(["priority", "default", "flex", "reserved"]);

/**
 * The body of a plain reply, its members in the order of the real service's. It is put together as text, so that the
 * arguments of calls stand in it as they came.
 */
export function converseReply(reply: ChatReply, latencyMs: number, ids: CallIds): string {
  const content = reply.parts.map((part) => blockJson(part, ids)).filter((block) => block !== "");
  return `{"metrics":{"latencyMs":${latencyMs}},"output":{"message":{"content":[${content.join(",")}],"role":"assistant"}},${tierJson(reply.serviceTier)}"stopReason":"${STOP_REASONS[reply.stop]}","usage":${usageJson(reply.usage)}}`;
}

function blockJson(part: ChatReply["parts"][number], ids: CallIds): string {
  switch (part.type) {
    case "text":
      // Clients send a reply back as it is, and blank text is refused then.
      return part.text === "" ? "" : `{"text":${JSON.stringify(part.text)}}`;
    case "reasoning": {
      const { text, signature } = part;
      return `{"reasoningContent":{"reasoningText":${JSON.stringify({ signature, text })}}}`;
    }
    case "redacted-reasoning":
      return `{"reasoningContent":{"redactedContent":"${redactedBytes(part.data).toString("base64")}"}}`;
    case "tool-call":
      return `{"toolUse":{"input":${inputJson(part.input)},"name":${JSON.stringify(part.name)},"toolUseId":"${ids.give(part.id)}"}}`;
  }
}

/**
 * Arguments that are no object, such as those of a model that ran out of tokens while it wrote them, go as one text: a
 * tool must not be called with an empty object in their place.
 */
function inputJson(input: string): string {
  if (input === "") return "{}";
  return isObjectText(input) ? input : JSON.stringify(input);
}

export function tierJson(tier: string | undefined): string {
  return tier !== undefined && SERVICE_TIERS.has(tier) ? `"serviceTier":{"type":"${tier}"},` : "";
}

/** Tokens read from a cache or written to one are not among the input tokens here. */
export function usageJson(usage: Usage | undefined): string {
  const { inputTokens = 0, cachedInputTokens: read = 0, cacheWriteInputTokens: written = 0 } = usage ?? {};
  const outputTokens = usage?.outputTokens ?? 0;
  const uncached = Math.max(0, inputTokens - read - written);
  return JSON.stringify({
    cacheDetails: cacheDetails(written, usage?.cacheWrite1hInputTokens),
    cacheReadInputTokens: read,
    cacheWriteInputTokens: written,
    inputTokens: uncached,
    outputTokens,
    totalTokens: uncached + read + written + outputTokens,
  });
}

/** How long what was written is kept, the longer first; nothing where the provider knows no such thing. */
function cacheDetails(written: number, long: number | undefined): object | undefined {
  if (long === undefined || written === 0) return undefined;
  const details = [
    { inputTokens: Math.min(long, written), ttl: "1h" },
    { inputTokens: Math.max(0, written - long), ttl: "5m" },
  ];
  return details.filter(({ inputTokens }) => inputTokens > 0);
}

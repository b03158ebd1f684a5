import type { ReportedUsage } from "../../core/usage.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";

/**
 * The usage object of an OpenAI reply.
 * https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 *
 * @returns undefined where it is absent, "invalid" where it is there and not made of counts: nothing of such a usage can
 *   be trusted
 */
export function readUsage(value: unknown): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined || usage["prompt_tokens"] === undefined) return undefined;
  const inputTokens = count(usage["prompt_tokens"]);
  // Embeddings have no output.
  const outputTokens = count(usage["completion_tokens"] ?? 0);
  if (inputTokens === undefined || outputTokens === undefined) return "invalid";
  const input = asRecord(usage["prompt_tokens_details"]);
  return {
    inputTokens,
    cachedInputTokens: count(input?.["cached_tokens"]) ?? 0,
    // Not OpenAI's own: what OpenRouter and LiteLLM call it in front of providers that charge for it.
    cacheWriteInputTokens: count(input?.["cache_write_tokens"] ?? input?.["cache_creation_tokens"]) ?? 0,
    outputTokens,
    reasoningTokens: count(asRecord(usage["completion_tokens_details"])?.["reasoning_tokens"]) ?? 0,
  };
}

/**
 * The usage of a plain reply, found without building the rest of it.
 *
 * @throws JsonFault where the body is no JSON object, and so no reply of this API
 */
export function usageOfBody(body: Buffer): ReportedUsage | undefined {
  const member = scanTrusted(body).findLast(({ key }) => key === "usage");
  return member === undefined ? undefined : readUsage(memberValue(body, member));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

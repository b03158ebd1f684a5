import type { Usage } from "../../core/usage.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";

/**
 * The usage object of an OpenAI reply.
 * https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 *
 * @returns undefined where it is absent or not made of counts: what is not understood is not counted
 */
export function readUsage(value: unknown): Usage | undefined {
  const usage = asRecord(value);
  const inputTokens = count(usage?.["prompt_tokens"]);
  // Embeddings have no output; where a count is there and is none, nothing of it can be trusted.
  const outputTokens = count(usage?.["completion_tokens"] ?? 0);
  if (usage === undefined || inputTokens === undefined || outputTokens === undefined) return undefined;
  return {
    inputTokens,
    cachedInputTokens: count(asRecord(usage["prompt_tokens_details"])?.["cached_tokens"]) ?? 0,
    outputTokens,
    reasoningTokens: count(asRecord(usage["completion_tokens_details"])?.["reasoning_tokens"]) ?? 0,
  };
}

/**
 * The usage of a plain reply, found without building the rest of it.
 *
 * @throws JsonFault where the body is no JSON object, and so no reply of this API
 */
export function usageOfBody(body: Buffer): Usage | undefined {
  const member = scanTrusted(body).findLast(({ key }) => key === "usage");
  return member === undefined ? undefined : readUsage(memberValue(body, member));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

import type { ReportedUsage } from "../../../core/usage.ts";
import { usageBesideCache } from "../../anthropic-messages/usage.ts";
import { asRecord } from "../../json-value.ts";

/**
 * `usage` of a Converse reply. Its inputTokens leaves cached tokens out: of a recorded 1,329 in all, 2 were input, 1,322
 * read from the cache and 5 output. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 *
 * @returns undefined where it tells no input, "invalid" where what is there is not made of counts
 */
export function readConverseUsage(value: unknown): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  return usageBesideCache({
    input: usage["inputTokens"],
    output: usage["outputTokens"],
    // The service sends these under two names.
    cacheRead: usage["cacheReadInputTokens"] ?? usage["cacheReadInputTokenCount"],
    cacheWrite: usage["cacheWriteInputTokens"] ?? usage["cacheWriteInputTokenCount"],
    cacheWrite1h: hourOf(usage["cacheDetails"]),
  });
}

/** `amazon-bedrock-invocationMetrics` of the last chunk of an InvokeModel stream. */
export function readInvocationMetrics(value: unknown): ReportedUsage | undefined {
  const metrics = asRecord(value);
  if (metrics === undefined) return undefined;
  return usageBesideCache({
    input: metrics["inputTokenCount"],
    output: metrics["outputTokenCount"],
    cacheRead: metrics["cacheReadInputTokenCount"],
    cacheWrite: metrics["cacheWriteInputTokenCount"],
    cacheWrite1h: undefined,
  });
}

const HEADER = "x-amzn-bedrock-";

/** The headers of a plain InvokeModel reply, which alone tell what embeddings cost. */
export function readTokenHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): ReportedUsage | undefined {
  const count = (name: string): unknown => countText(headers[`${HEADER}${name}-token-count`]);
  return usageBesideCache({
    input: count("input"),
    // Embeddings have no output.
    output: count("output") ?? 0,
    cacheRead: count("cache-read-input"),
    cacheWrite: count("cache-write-input"),
    cacheWrite1h: undefined,
  });
}

/** Tokens of `cacheDetails` that were written for an hour. */
function hourOf(details: unknown): unknown {
  if (!Array.isArray(details)) return undefined;
  return details
    .map(asRecord)
    .filter((detail) => detail?.["ttl"] === "1h")
    .reduce((sum: number, detail) => sum + Number(detail?.["inputTokens"] ?? Number.NaN), 0);
}

function countText(value: string | string[] | undefined): unknown {
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  return /^\d+$/.test(text) ? Number(text) : text;
}

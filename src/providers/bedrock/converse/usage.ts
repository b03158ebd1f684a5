import type { ReportedUsage } from "../../../core/usage.ts";
import { asRecord } from "./json-value.ts";

/** Tokens as AWS and Anthropic count them: those of the cache stand beside the input, not in it. */
interface Counts {
  readonly input: unknown;
  readonly output: unknown;
  readonly cacheRead: unknown;
  readonly cacheWrite: unknown;
  readonly cacheWrite1h: unknown;
}

/**
 * `usage` of a Converse reply. Its inputTokens leaves cached tokens out: of a recorded 1,329 in all, 2 were input, 1,322
 * read from the cache and 5 output. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html
 *
 * @returns undefined where it tells no input, "invalid" where what is there is not made of counts
 */
export function readConverseUsage(value: unknown): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  return usageOf({
    input: usage["inputTokens"],
    output: usage["outputTokens"],
    // The service sends these under two names.
    cacheRead: usage["cacheReadInputTokens"] ?? usage["cacheReadInputTokenCount"],
    cacheWrite: usage["cacheWriteInputTokens"] ?? usage["cacheWriteInputTokenCount"],
    cacheWrite1h: hourOf(usage["cacheDetails"]),
  });
}

/** `usage` of a reply in Anthropic's Messages. https://platform.claude.com/docs/en/api/messages */
export function readAnthropicUsage(value: unknown): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  return usageOf({
    input: usage["input_tokens"],
    output: usage["output_tokens"],
    cacheRead: usage["cache_read_input_tokens"],
    cacheWrite: usage["cache_creation_input_tokens"],
    cacheWrite1h: asRecord(usage["cache_creation"])?.["ephemeral_1h_input_tokens"],
  });
}

/** `amazon-bedrock-invocationMetrics` of the last chunk of an InvokeModel stream. */
export function readInvocationMetrics(value: unknown): ReportedUsage | undefined {
  const metrics = asRecord(value);
  if (metrics === undefined) return undefined;
  return usageOf({
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
  return usageOf({
    input: count("input"),
    // Embeddings have no output.
    output: count("output") ?? 0,
    cacheRead: count("cache-read-input"),
    cacheWrite: count("cache-write-input"),
    cacheWrite1h: undefined,
  });
}

function usageOf({ input, output, ...cache }: Counts): ReportedUsage | undefined {
  if (input === undefined || input === null) return undefined;
  const counts = [input, output, cache.cacheRead ?? 0, cache.cacheWrite ?? 0, cache.cacheWrite1h ?? 0];
  if (!counts.every(isCount)) return "invalid";
  const [fresh = 0, outputTokens = 0, read = 0, written = 0, long = 0] = counts;
  const inputTokens = fresh + read + written;
  if (!isCount(inputTokens)) return "invalid";
  const usage = {
    inputTokens,
    cachedInputTokens: read,
    cacheWriteInputTokens: written,
    outputTokens,
    // Thoughts are part of the output, and nobody says which.
    reasoningTokens: 0,
  };
  const long1h = Math.min(long, written);
  return long1h === 0 ? usage : { ...usage, cacheWrite1hInputTokens: long1h };
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

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

import { addUsage, type ReportedUsage } from "../../core/usage.ts";
import { asRecord, type Json } from "../json-value.ts";

/** Tokens as AWS and Anthropic count them: those of the cache stand beside the input, not in it. */
export interface CountsBesideCache {
  readonly input: unknown;
  readonly output: unknown;
  readonly cacheRead: unknown;
  readonly cacheWrite: unknown;
  readonly cacheWrite1h: unknown;
  /** Part of the output; absent where nobody says. */
  readonly thoughts?: unknown;
}

/**
 * `usage` of a reply in Anthropic's Messages. https://platform.claude.com/docs/en/api/messages
 *
 * @returns undefined where it tells no input, "invalid" where what is there is not made of counts
 */
export function readAnthropicUsage(value: unknown): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined) return undefined;
  const own = readCounts(usage);
  if (own === undefined || own === "invalid") return own;
  let all: ReportedUsage = own;
  for (const iteration of compactions(usage["iterations"])) all = together(all, readCounts(iteration));
  return all;
}

function readCounts(usage: Json): ReportedUsage | undefined {
  return usageBesideCache({
    input: usage["input_tokens"],
    output: usage["output_tokens"],
    cacheRead: usage["cache_read_input_tokens"],
    cacheWrite: usage["cache_creation_input_tokens"],
    cacheWrite1h: asRecord(usage["cache_creation"])?.["ephemeral_1h_input_tokens"],
    thoughts: asRecord(usage["output_tokens_details"])?.["thinking_tokens"],
  });
}

/**
 * Where the service sums a long conversation up before it answers, that is another reading of all of it, charged like the
 * answer and not in its counts. https://platform.claude.com/docs/en/build-with-claude/compaction#understanding-usage
 */
function compactions(iterations: unknown): readonly Json[] {
  if (!Array.isArray(iterations)) return NONE;
  return iterations.flatMap((iteration) => {
    const counts = asRecord(iteration);
    return counts?.["type"] === "compaction" ? [counts] : [];
  });
}

const NONE: readonly Json[] = [];

function together(a: ReportedUsage, b: ReportedUsage | undefined): ReportedUsage {
  return a === "invalid" || b === undefined || b === "invalid" ? "invalid" : addUsage(a, b);
}

/**
 * What a stream has said of its usage so far: `message_start` counts the input, each `message_delta` all that there is up to
 * then, and may leave out what has not changed. https://platform.claude.com/docs/en/build-with-claude/streaming
 *
 * @returns the usage as one object, in the form of the API
 */
export function mergedUsage(before: Json | undefined, next: unknown): Json | undefined {
  const later = asRecord(next);
  if (before === undefined || later === undefined) return later ?? before;
  const merged: Record<string, unknown> = { ...before };
  for (const name in later) if (later[name] !== null) merged[name] = later[name];
  return merged;
}

/** @returns as `readAnthropicUsage` does */
export function usageBesideCache({
  input,
  output,
  thoughts,
  ...cache
}: CountsBesideCache): ReportedUsage | undefined {
  if (input === undefined || input === null) return undefined;
  const counts = [
    input,
    output,
    cache.cacheRead ?? 0,
    cache.cacheWrite ?? 0,
    cache.cacheWrite1h ?? 0,
    thoughts ?? 0,
  ];
  if (!counts.every(isCount)) return "invalid";
  const [fresh = 0, outputTokens = 0, read = 0, written = 0, long = 0, reasoningTokens = 0] = counts;
  const inputTokens = fresh + read + written;
  if (!isCount(inputTokens)) return "invalid";
  const usage = {
    inputTokens,
    cachedInputTokens: read,
    cacheWriteInputTokens: written,
    outputTokens,
    reasoningTokens: Math.min(reasoningTokens, outputTokens),
  };
  const long1h = Math.min(long, written);
  return long1h === 0 ? usage : { ...usage, cacheWrite1hInputTokens: long1h };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

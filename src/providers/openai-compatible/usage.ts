import type { ReportedUsage } from "../../core/usage.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";

/** How an API calls its counts. */
interface Names {
  readonly input: string;
  readonly output: string;
}

const CHAT: Names = { input: "prompt_tokens", output: "completion_tokens" };
const RESPONSES: Names = { input: "input_tokens", output: "output_tokens" };

/**
 * The usage object of an OpenAI reply.
 * https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage
 *
 * @returns undefined where it is absent, "invalid" where it is there and not made of counts: nothing of such a usage can
 *   be trusted
 */
export function readUsage(value: unknown): ReportedUsage | undefined {
  return read(value, CHAT);
}

/** The same of a response. https://platform.openai.com/docs/api-reference/responses/object#responses/object-usage */
export function readResponsesUsage(value: unknown): ReportedUsage | undefined {
  return read(value, RESPONSES);
}

function read(value: unknown, names: Names): ReportedUsage | undefined {
  const usage = asRecord(value);
  if (usage === undefined || usage[names.input] === undefined) return undefined;
  const inputTokens = count(usage[names.input]);
  // Embeddings have no output.
  const outputTokens = count(usage[names.output] ?? 0);
  if (inputTokens === undefined || outputTokens === undefined) return "invalid";
  const input = asRecord(usage[`${names.input}_details`]);
  return {
    inputTokens,
    cachedInputTokens: count(input?.["cached_tokens"]) ?? 0,
    // In chat completions not OpenAI's own: what OpenRouter and LiteLLM call it in front of providers that charge for it.
    cacheWriteInputTokens: count(input?.["cache_write_tokens"] ?? input?.["cache_creation_tokens"]) ?? 0,
    outputTokens,
    reasoningTokens: count(asRecord(usage[`${names.output}_details`])?.["reasoning_tokens"]) ?? 0,
  };
}

/**
 * Whether a usage has tokens of sound, which cost several times what text does and have no price of their own here: what
 * they cost is a guess then. https://platform.openai.com/docs/pricing
 */
export function countsSound(value: unknown): boolean {
  const usage = asRecord(value);
  return [CHAT, RESPONSES].some(({ input, output }) =>
    [input, output].some((name) => (count(asRecord(usage?.[`${name}_details`])?.["audio_tokens"]) ?? 0) > 0),
  );
}

/**
 * The usage of a plain reply, found without building the rest of it.
 *
 * @throws JsonFault where the body is no JSON object, and so no reply of this API
 */
export function usageOfBody(body: Buffer): ReportedUsage | undefined {
  return readUsage(usageMember(body));
}

/** `usage` of a plain reply as it stands there. @throws as `usageOfBody` */
export function usageMember(body: Buffer): unknown {
  const member = scanTrusted(body).findLast(({ key }) => key === "usage");
  return member === undefined ? undefined : memberValue(body, member);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

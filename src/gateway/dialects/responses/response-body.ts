import type { StopReason } from "../../../core/chat.ts";
import { memberValue } from "../../../core/json-scan.ts";
import type { Usage } from "../../../core/usage.ts";
import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyFacts } from "../chat-writer.ts";
import { isFields } from "../fields.ts";
import { createdAt, tierBody } from "../openai/reply-body.ts";

/** How far a response is, and what is in it. */
export interface ResponseState {
  readonly status: "in_progress" | "completed" | "incomplete";
  /** Items, as JSON text. */
  readonly output: readonly string[];
  readonly stop: StopReason | undefined;
  readonly usage: Usage | undefined;
  readonly serviceTier: string | undefined;
}

/** Why a response is incomplete; undefined where it is not. */
export function incompleteReason(stop: StopReason): "max_output_tokens" | "content_filter" | undefined {
  if (stop === "max-tokens" || stop === "context-full") return "max_output_tokens";
  return stop === "content-filter" || stop === "guardrail" ? "content_filter" : undefined;
}

/**
 * The response object, which repeats what was asked for. https://platform.openai.com/docs/api-reference/responses/object
 *
 * @param echo  see `requestEcho`
 * @returns JSON on one line
 */
export function responseBody(id: string, facts: ReplyFacts, echo: string, state: ResponseState): string {
  const { status, output, stop, usage, serviceTier } = state;
  const reason = stop === undefined ? undefined : incompleteReason(stop);
  const head = {
    id,
    object: "response",
    created_at: createdAt(facts),
    status,
    background: false,
    completed_at: status === "completed" ? Math.max(createdAt(facts), Math.floor(Date.now() / 1000)) : null,
    error: null,
    incomplete_details: reason === undefined ? null : { reason },
    model: facts.model,
    service_tier: tierBody(serviceTier).service_tier ?? null,
    usage: usage === undefined ? null : usageBody(usage),
    access_programs: null,
  };
  return `${JSON.stringify(head).slice(0, -1)},"output":[${output.join(",")}],${echo}}`;
}

function usageBody(usage: Usage): object {
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      cache_write_tokens: usage.cacheWriteInputTokens,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

/** Parameters that a response repeats as they were written, and what it says where they were not. */
const REPEATED: readonly (readonly [string, string])[] = [
  ["instructions", "null"],
  ["max_output_tokens", "null"],
  ["max_tool_calls", "null"],
  ["parallel_tool_calls", "true"],
  ["prompt_cache_key", "null"],
  ["safety_identifier", "null"],
  ["temperature", "null"],
  ["tool_choice", '"auto"'],
  ["tools", "[]"],
  ["top_logprobs", "0"],
  ["top_p", "null"],
  ["truncation", '"disabled"'],
  ["user", "null"],
];

/** The members of the response object that repeat the request, as JSON text on one line without braces. */
export function requestEcho({ request, previousResponse }: ReplyFacts): string {
  const repeated = REPEATED.map(([key, otherwise]) => `"${key}":${memberText(request, key) ?? otherwise}`);
  const text = objectOf(request, "text");
  const reasoning = objectOf(request, "reasoning");
  const put = {
    previous_response_id: previousResponse ?? null,
    reasoning: { effort: null, summary: null, ...reasoning },
    store: request?.store ?? true,
    text: { verbosity: "medium", ...text, format: text?.["format"] ?? { type: "text" } },
  };
  return `${repeated.join(",")},"metadata":${metadataText(request)},${JSON.stringify(put).slice(1, -1)}`;
}

/** The words of the context are the gateway's, and not repeated. */
function metadataText(request: WireRequest | undefined): string {
  if (request?.wordEdits.has("metadata") === true) return oneLine(request.wordEdits.get("metadata") ?? "{}");
  return memberText(request, "metadata") ?? "{}";
}

/** A member's JSON text; undefined where it is not there or null. */
function memberText(request: WireRequest | undefined, key: string): string | undefined {
  const member = request?.members.find((one) => one.key === key);
  if (request === undefined || member === undefined) return undefined;
  const text = request.bytes.toString("utf8", member.start, member.end);
  return text === "null" ? undefined : oneLine(text);
}

/** In JSON a line's end stands between values alone, where a space does as well; in an event it would end the data. */
function oneLine(json: string): string {
  return json.replaceAll(/[\r\n]/g, " ");
}

function objectOf(request: WireRequest | undefined, key: string): Record<string, unknown> | undefined {
  const value = memberOf(request, key);
  return isFields(value) ? value : undefined;
}

/** A small member's value. */
export function memberOf(request: WireRequest | undefined, key: string): unknown {
  const member = request?.members.find((one) => one.key === key);
  return request === undefined || member === undefined ? undefined : memberValue(request.bytes, member);
}

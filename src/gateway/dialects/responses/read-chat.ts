import type { ChatRequest, OtherParameter } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import {
  isAbsent,
  isFields,
  optionalBoolean,
  optionalCount,
  optionalNumber,
  optionalText,
  parseFields,
  refusal,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { possibleChoice } from "../openai/read-tools.ts";
import { readItems } from "./read-items.ts";
import { readReasoning, readText } from "./read-settings.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

/**
 * A Responses request in no dialect. Model, stream, metadata, user and store are the gateway's own business.
 * https://platform.openai.com/docs/api-reference/responses/create
 *
 * @param sealKey  opens thoughts that were sealed here
 * @throws AppError invalid_request that names the place; unsupported_parameter for what is kept elsewhere
 */
export function readResponsesChat(body: Buffer, sealKey: Buffer): ChatRequest {
  return read(parseFields(body), sealKey, true);
}

/** The same for counting tokens, where an input need not be. */
export function readResponsesCount(body: Buffer, sealKey: Buffer): ChatRequest {
  return read(parseFields(body), sealKey, false);
}

function read(fields: Fields, sealKey: Buffer, needsInput: boolean): ChatRequest {
  if (!isAbsent(fields["previous_response_id"]))
    throw new AppError(
      "unsupported_parameter",
      "previous_response_id: what came before is not at hand; send all of it as input",
    );
  const others: OtherParameter[] = [];
  const tier = optionalText(fields, "service_tier", "");
  const instructions = optionalText(fields, "instructions", "") ?? "";
  const { system, messages } = readItems(inputOf(fields, needsInput), others, sealKey);
  const tools = readTools(fields, others);
  return {
    system: instructions === "" ? system : [{ type: "text", text: instructions }, ...system],
    messages,
    tools,
    toolChoice: possibleChoice(readToolChoice(fields, others), tools, "tool_choice"),
    parallelToolCalls: optionalBoolean(fields, "parallel_tool_calls", ""),
    maxOutputTokens: optionalCount(fields, "max_output_tokens", ""),
    temperature: optionalNumber(fields, "temperature", ""),
    topP: optionalNumber(fields, "top_p", ""),
    // None of OpenAI's, but what vLLM and others take; -1 and 0 are all tokens there.
    topK: readTopK(optionalNumber(fields, "top_k", "")),
    stop: [],
    output: readText(fields, others),
    reasoningEffort: readReasoning(fields, others),
    thinkingTokens: undefined,
    // The default, written out.
    serviceTier: tier === "auto" ? undefined : tier,
    cacheKey: optionalText(fields, "prompt_cache_key", ""),
    others: tellRest(fields, others),
  };
}

function inputOf(fields: Fields, isNeeded: boolean): readonly unknown[] {
  const { input } = fields;
  if (typeof input === "string") return [{ role: "user", content: input }];
  if (isAbsent(input) && !isNeeded) return [];
  if (!Array.isArray(input)) throw refusal("", "input", "a text or a list of items");
  if (input.length === 0 && isNeeded) throw refusal("", "input", "at least one item");
  return input as unknown[];
}

function readTopK(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : Math.round(value);
}

/** What is read above, and what the gateway handles. */
const KNOWN: ReadonlySet<string> = new Set([
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_output_tokens",
  "temperature",
  "top_p",
  "top_k",
  "text",
  "reasoning",
  "service_tier",
  "prompt_cache_key",
  "include",
  "model",
  "stream",
  "stream_options",
  "store",
  "metadata",
  "user",
  "safety_identifier",
  // Labels of OpenAI's Codex, which no model reads.
  "client_metadata",
  // It counts calls of tools that run at OpenAI, and there are none.
  "max_tool_calls",
]);

const isFalse = (value: unknown): boolean => value === false;
const isZero = (value: unknown): boolean => value === 0;

/** When a parameter says only what holds without it. */
const ASKS_NOTHING: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["background", isFalse],
  ["truncation", (value) => value === "disabled"],
  ["top_logprobs", isZero],
  ["presence_penalty", isZero],
  ["frequency_penalty", isZero],
  ["prompt_cache_retention", (value) => value === "in_memory"],
  ["context_management", (value) => Array.isArray(value) && value.length === 0],
]);

function tellRest(fields: Fields, others: OtherParameter[]): OtherParameter[] {
  const rest = Object.entries(fields).filter(([name, value]) => ASKS_NOTHING.get(name)?.(value) !== true);
  tellOthers(Object.fromEntries(rest), KNOWN, "", others);
  tellIncluded(fields["include"], others);
  return others;
}

/** Thoughts to send back are given wherever there are some; whatever else a reply shall include nobody else has. */
function tellIncluded(include: unknown, others: OtherParameter[]): void {
  if (isAbsent(include)) return;
  if (!Array.isArray(include)) throw refusal("", "include", "a list of names");
  const rest = include.filter((name) => name !== ENCRYPTED_CONTENT);
  if (rest.length > 0) others.push({ name: "include", value: rest });
}

const ENCRYPTED_CONTENT = "reasoning.encrypted_content";

/** Whether a request asks for its thoughts in a form that can be sent back. */
export function asksForSealed(include: unknown): boolean {
  return Array.isArray(include) && include.includes(ENCRYPTED_CONTENT);
}

/** Whether a request asks for a summary of thoughts. */
export function asksForSummary(reasoning: unknown): boolean {
  return isFields(reasoning) && !isAbsent(reasoning["summary"] ?? reasoning["generate_summary"]);
}

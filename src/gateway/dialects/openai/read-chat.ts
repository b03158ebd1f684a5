import type { ChatRequest, OtherParameter, OutputFormat } from "../../../core/chat.ts";
import {
  isAbsent,
  isFields,
  optionalBoolean,
  optionalCount,
  optionalFields,
  optionalNumber,
  optionalText,
  parseFields,
  refusal,
  requiredFields,
  requiredList,
  requiredText,
  requiredWord,
  type Fields,
} from "../fields.ts";
import { readMessages } from "./read-messages.ts";
import { readToolChoice, readTools } from "./read-tools.ts";

/**
 * A chat completions request in no dialect. Model, stream, metadata and `user` are the gateway's own business.
 * https://platform.openai.com/docs/api-reference/chat/create
 *
 * @throws AppError invalid_request that names the place
 */
export function readOpenAiChat(body: Buffer): ChatRequest {
  const fields = parseFields(body);
  const others: OtherParameter[] = [];
  const tier = optionalText(fields, "service_tier", "");
  const conversation = readMessages(requiredList(fields, "messages", ""), others);
  const tools = readTools(fields, others);
  return {
    ...conversation,
    tools,
    toolChoice: readToolChoice(fields, tools, others),
    parallelToolCalls: optionalBoolean(fields, "parallel_tool_calls", ""),
    // The older name counts only where the newer does not stand; OpenAI refuses the two together.
    maxOutputTokens:
      optionalCount(fields, "max_completion_tokens", "") ?? optionalCount(fields, "max_tokens", ""),
    temperature: optionalNumber(fields, "temperature", ""),
    topP: optionalNumber(fields, "top_p", ""),
    // None of OpenAI's, but what vLLM and others take; -1 and 0 are all tokens there.
    topK: readTopK(optionalNumber(fields, "top_k", "")),
    stop: readStop(fields["stop"]),
    output: readOutput(fields, others),
    reasoningEffort: optionalText(fields, "reasoning_effort", ""),
    thinkingTokens: undefined,
    // The default, written out.
    serviceTier: tier === "auto" ? undefined : tier,
    cacheKey: optionalText(fields, "prompt_cache_key", ""),
    others: tellRest(fields, others),
  };
}

/** What is read above, and what the gateway handles. */
const KNOWN: ReadonlySet<string> = new Set([
  "messages",
  "tools",
  "functions",
  "tool_choice",
  "function_call",
  "parallel_tool_calls",
  "max_completion_tokens",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop",
  "response_format",
  "reasoning_effort",
  "service_tier",
  "prompt_cache_key",
  "model",
  "stream",
  "stream_options",
  "metadata",
  "user",
  "safety_identifier",
]);

const isZero = (value: unknown): boolean => value === 0;
const isFalse = (value: unknown): boolean => value === false;

/** When a parameter says only what holds without it. */
const ASKS_NOTHING: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["n", (value) => value === 1],
  ["logprobs", isFalse],
  ["top_logprobs", isZero],
  ["presence_penalty", isZero],
  ["frequency_penalty", isZero],
  ["store", isFalse],
  ["logit_bias", (value) => isFields(value) && Object.keys(value).length === 0],
  ["modalities", (value) => Array.isArray(value) && value.every((item) => item === "text")],
  ["verbosity", (value) => value === "medium"],
  ["prompt_cache_retention", (value) => value === "in_memory"],
]);

function tellRest(fields: Fields, others: OtherParameter[]): OtherParameter[] {
  for (const name in fields) {
    const value = fields[name];
    if (KNOWN.has(name) || isAbsent(value) || ASKS_NOTHING.get(name)?.(value) === true) continue;
    others.push({ name, value });
  }
  return others;
}

function readTopK(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : Math.round(value);
}

function readStop(value: unknown): readonly string[] {
  if (isAbsent(value)) return [];
  const stops: readonly unknown[] = Array.isArray(value) ? value : [value];
  return stops.map((stop, index) => {
    if (typeof stop === "string" && stop !== "") return stop;
    throw refusal("", Array.isArray(value) ? `stop[${index}]` : "stop", "a text that is not empty");
  });
}

function readOutput(fields: Fields, others: OtherParameter[]): OutputFormat | undefined {
  const format = optionalFields(fields, "response_format", "");
  if (format === undefined) return undefined;
  const type = requiredText(format, "type", "response_format");
  if (type === "json_schema") return readSchema(requiredFields(format, "json_schema", "response_format"));
  if (type === "json_object") return { type: "json" };
  // Grammars and the like, which some engines take.
  if (type !== "text") others.push({ name: "response_format", value: format });
  return undefined;
}

function readSchema(fields: Fields): OutputFormat {
  const place = "response_format.json_schema";
  return {
    type: "json-schema",
    name: requiredWord(fields, "name", place),
    description: optionalText(fields, "description", place),
    // Without a schema any JSON will do.
    schema: optionalFields(fields, "schema", place) ?? {},
    strict: optionalBoolean(fields, "strict", place),
  };
}

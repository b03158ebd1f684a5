import type { OtherParameter } from "../../../core/chat.ts";
import { isAbsent, isFields, type Fields } from "../fields.ts";

/** What the model's own parameters say that the neutral form knows. */
export interface ModelFields {
  readonly reasoningEffort: string | undefined;
  readonly parallelToolCalls: boolean | undefined;
  readonly topK: number | undefined;
  readonly thinkingTokens: number | undefined;
}

const PLACE = "additionalModelRequestFields";
/** Tokens of thought at an effort, as LiteLLM counts them. https://docs.litellm.ai/docs/reasoning_content */
const HIGH_TOKENS = 4_096;
const MEDIUM_TOKENS = 2_048;

/**
 * `additionalModelRequestFields`, where each maker's parameters stand under the maker's names. How hard the model is to
 * think is understood in the forms of Claude, Nova, gpt-oss and Qwen; the rest is its own dialect's alone.
 */
export function readModelFields(fields: Fields, others: OtherParameter[]): ModelFields {
  let effort: string | undefined;
  let thinking: string | undefined;
  let parallelToolCalls: boolean | undefined;
  let topK: number | undefined;
  let thinkingTokens: number | undefined;
  for (const name in fields) {
    const value = fields[name];
    if (isAbsent(value)) continue;
    const isEffort = name === "reasoning_effort" || name === "reasoning_config";
    if (isEffort && typeof value === "string") effort = value;
    else if (name === "thinking" && isFields(value)) {
      thinking = thinkingEffort(value);
      thinkingTokens = countOf(value["budget_tokens"]);
    } else if (name === "top_k" && countOf(value) !== undefined) topK = countOf(value);
    else if (name === "inferenceConfig" && isFields(value) && isTopKAlone(value))
      topK = countOf(value["topK"]);
    else if (name === "reasoningConfig" && isFields(value)) thinking = novaEffort(value);
    else if (name === "output_config" && isFields(value)) effort = readOutputConfig(value, others) ?? effort;
    else if (name === "tool_choice" && isParallelChoice(value))
      parallelToolCalls = value.disable_parallel_tool_use !== true;
    else others.push({ name: `${PLACE}.${name}`, value });
  }
  return {
    reasoningEffort: thinking === "none" ? thinking : (effort ?? thinking),
    parallelToolCalls,
    topK,
    thinkingTokens,
  };
}

function countOf(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

/** Where Nova has it. https://docs.aws.amazon.com/nova/latest/userguide/using-converse-api.html */
function isTopKAlone(config: Fields): boolean {
  return countOf(config["topK"]) !== undefined && Object.keys(config).length === 1;
}

/** https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking; "high" is the effort where none is named. */
export function thinkingEffort(thinking: Fields): string | undefined {
  if (thinking["type"] === "disabled") return "none";
  const budget = thinking["budget_tokens"];
  if (typeof budget !== "number" || budget >= HIGH_TOKENS) return "high";
  return budget >= MEDIUM_TOKENS ? "medium" : "low";
}

/** https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html */
function novaEffort(config: Fields): string | undefined {
  if (config["type"] !== "enabled") return "none";
  const effort = config["maxReasoningEffort"];
  return typeof effort === "string" ? effort : "medium";
}

function readOutputConfig(config: Fields, others: OtherParameter[]): string | undefined {
  const { effort, ...rest } = config;
  for (const name in rest)
    if (!isAbsent(rest[name])) others.push({ name: `${PLACE}.output_config.${name}`, value: rest[name] });
  return typeof effort === "string" ? effort : undefined;
}

/** Claude's choice of tools in its own form, where it says nothing but whether several calls may come at once. */
function isParallelChoice(value: unknown): value is { readonly disable_parallel_tool_use: unknown } {
  return (
    isFields(value) &&
    typeof value["disable_parallel_tool_use"] === "boolean" &&
    (isAbsent(value["type"]) || value["type"] === "auto")
  );
}

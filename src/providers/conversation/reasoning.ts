import type { BedrockReasoning } from "../../catalog/bedrock-model.ts";
import { brief } from "../../core/text.ts";
import type { Turn } from "./block.ts";
import type { Losses } from "./losses.ts";
import type { Writing } from "./writing.ts";

const NAME = "reasoning_effort";
const BY_STRENGTH = ["minimal", "low", "medium", "high", "xhigh", "max"];

/** Thoughts in tokens, for models that take a budget instead of a word; their least is 1,024. */
const BUDGETS: ReadonlyMap<string, number> = new Map([
  ["minimal", 1_024],
  ["low", 2_048],
  ["medium", 8_192],
  ["high", 16_384],
  ["xhigh", 24_576],
  ["max", 32_768],
]);
const LEAST_BUDGET = 1_024;

/** What of the request bears on how hard a model may think. */
export interface ThinkingConditions {
  /** Tokens to think in, where the client counts them. */
  readonly thinkingTokens: number | undefined;
  readonly maxTokens: number | undefined;
  /** Whether some tool must be called. */
  readonly isForced: boolean;
  readonly turns: readonly Turn[];
}

export interface Thinking {
  /** The model's own fields, by their names. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** For Converse's outputConfig. */
  readonly effort: string | undefined;
  /** Whether it was told to think in a way that leaves no say in sampling. */
  readonly rulesSampling: boolean;
}

const SILENCE: Thinking = { fields: {}, effort: undefined, rulesSampling: false };

export function writeThinking(
  wanted: string | undefined,
  conditions: ThinkingConditions,
  writing: Writing,
): Thinking {
  const { reasoning } = writing.model;
  const effort = wanted === undefined ? undefined : knownEffort(wanted, reasoning, writing.losses);
  if (effort === undefined) return SILENCE;
  switch (reasoning.kind) {
    case "none":
      return SILENCE;
    case "claude-budget":
    case "claude-adaptive":
      return claudeThinking(effort, conditions, writing);
    case "effort":
      return { ...SILENCE, effort };
    case "gpt-oss":
      return { ...SILENCE, fields: { reasoning_effort: effort } };
    case "gpt-5":
      return { ...SILENCE, fields: { reasoning: { effort } } };
    case "qwen":
      return { ...SILENCE, fields: { reasoning_config: effort } };
    case "nova":
      return novaThinking(effort, conditions, writing.losses);
    default:
      return reasoning.kind satisfies never;
  }
}

/** The word that is sent; undefined where nothing is said. */
function knownEffort(
  wanted: string,
  { kind, efforts, off }: BedrockReasoning,
  losses: Losses,
): string | undefined {
  if (efforts.includes(wanted)) return wanted;
  if (wanted === "none") {
    if (off === "never") losses.drop(NAME, "cannot be none: this model always thinks");
    return off === "disabled" ? "none" : undefined;
  }
  const strength = BY_STRENGTH.indexOf(wanted);
  if (kind === "none" || strength === -1) {
    const why = kind === "none" ? "cannot be chosen for this model" : `has no meaning: ${brief(wanted, 20)}`;
    losses.drop(NAME, why);
    return undefined;
  }
  const nearest = efforts.toSorted((a, b) => distance(a, strength) - distance(b, strength))[0];
  losses.drop(NAME, `${wanted} is not known to this model, which gets ${nearest}`);
  return nearest;
}

/** Of two as near as each other, the weaker one counts as nearer. */
function distance(effort: string, strength: number): number {
  return Math.abs(BY_STRENGTH.indexOf(effort) - strength + 0.1);
}

function claudeThinking(
  effort: string,
  conditions: ThinkingConditions,
  { model, losses }: Writing,
): Thinking {
  if (effort === "none") return { ...SILENCE, fields: { thinking: { type: "disabled" } } };
  const isBudget = model.reasoning.kind === "claude-budget";
  const obstacle = claudeObstacle(conditions, isBudget);
  if (obstacle !== undefined) {
    losses.drop(NAME, obstacle);
    return SILENCE;
  }
  if (!isBudget)
    return {
      ...SILENCE,
      fields: { thinking: { type: "adaptive" }, output_config: { effort } },
      rulesSampling: true,
    };
  const most = conditions.maxTokens === undefined ? Infinity : Math.floor(conditions.maxTokens * 0.8);
  const counted = conditions.thinkingTokens ?? BUDGETS.get(effort) ?? LEAST_BUDGET;
  const budget = Math.max(LEAST_BUDGET, Math.min(counted, most));
  return {
    ...SILENCE,
    fields: { thinking: { type: "enabled", budget_tokens: budget } },
    rulesSampling: true,
  };
}

/** https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
function claudeObstacle(
  { maxTokens, isForced, turns }: ThinkingConditions,
  isBudget: boolean,
): string | undefined {
  if (isForced) return "has no place where a tool must be called";
  if (turns.at(-1)?.role === "assistant") return "has no place where the answer has begun";
  if (!isBudget) return undefined;
  if (maxTokens !== undefined && maxTokens <= LEAST_BUDGET)
    return `has no room in ${maxTokens} tokens of output`;
  // "Expected `thinking` … but found `tool_use`": the thoughts before these calls did not come back.
  const blocks = turns.findLast(({ role }) => role === "assistant")?.blocks ?? [];
  const isUnthought = blocks.some(({ kind }) => kind === "tool-use") && blocks[0]?.kind !== "reasoning";
  return isUnthought ? "needs the thoughts before the last calls, which are not there" : undefined;
}

/**
 * https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html: with `high`, no maxTokens, temperature or
 * topP may be set. A limit of output is worth more than the last bit of thought.
 */
function novaThinking(effort: string, { maxTokens }: ThinkingConditions, losses: Losses): Thinking {
  const isCapped = effort === "high" && maxTokens !== undefined;
  if (isCapped) losses.drop(NAME, "cannot be high where output is limited; it is medium");
  return {
    ...SILENCE,
    fields: { reasoningConfig: { type: "enabled", maxReasoningEffort: isCapped ? "medium" : effort } },
    rulesSampling: effort === "high" && !isCapped,
  };
}

import { type BedrockModel, type BedrockRow, type Differences, row } from "./bedrock-model.ts";

const claude: Differences = {
  family: "claude",
  apis: { converse: true, openai: false, invokeBody: "anthropic" },
  toolChoice: { any: true, tool: true },
  // [?] Forbidden by tool_choice in additionalModelRequestFields, as @ai-sdk/amazon-bedrock does.
  parallelToolSwitch: true,
  // [live] Documents other than PDF are refused beside a result.
  toolResults: { images: true, documents: "all", status: true, beside: ["text", "image"] },
  images: true,
  documents: true,
  jsonSchema: "tool",
  topK: "flat",
  prefill: true,
  contextWindow: 200_000,
};
const caching = (minTokens: number, ttl1h: boolean): NonNullable<BedrockModel["cache"]> => ({
  minTokens,
  ttl1h,
  // [?] Anthropic's own limit.
  maxPoints: 4,
  tools: true,
});
const thinking: Differences = {
  ...claude,
  reasoning: {
    kind: "claude-budget",
    efforts: ["minimal", "low", "medium", "high", "xhigh", "max"],
    off: "silence",
  },
  acceptsReasoningBack: true,
  burndown: 5,
  profileOnly: true,
  countTokens: "base-only",
  cache: caching(1_024, false),
  maxOutputTokens: 64_000,
};
// [aws] structured outputs begin with 4.5; [rec] with Sonnet 4.5.
const v45: Differences = {
  ...thinking,
  jsonSchema: "native",
  strictTools: true,
  sampling: { temperature: "yes", topP: "yes", temperatureWithTopP: false },
  cache: caching(1_024, true),
};
const v46: Differences = {
  ...v45,
  reasoning: { kind: "claude-adaptive", efforts: ["low", "medium", "high", "max"], off: "silence" },
  prefill: false,
  // [?] Launched in profiles alone.
  countTokens: "no",
  contextWindow: 1_000_000,
  maxOutputTokens: 128_000,
  cache: caching(4_096, true),
};
const words = ["low", "medium", "high", "xhigh", "max"];
// [live] outputConfig.textFormat and strict are refused: maximhq/bifrost#3184, @ai-sdk/amazon-bedrock.
const v47: Differences = {
  ...v46,
  reasoning: { kind: "claude-adaptive", efforts: words, off: "silence" },
  jsonSchema: "tool",
  strictTools: false,
  sampling: { temperature: "deprecated", topP: "deprecated", temperatureWithTopP: false },
};
// [aws] With Opus 4.8; others say which later ones.
const v48: Differences = { ...v47, midSystem: true };
// [?] Thinks unless told not to.
const v5: Differences = {
  ...v48,
  reasoning: { kind: "claude-adaptive", efforts: words, off: "disabled" },
};
const alwaysThinks: Differences = {
  ...v5,
  reasoning: { kind: "claude-adaptive", efforts: words, off: "never" },
};
const neverForced: Differences = {
  ...alwaysThinks,
  toolChoice: { any: false, tool: false },
  jsonSchema: "none",
};
export const CLAUDE_ROWS: readonly BedrockRow[] = [
  row(/^anthropic\.claude-3-5-haiku/, claude, {
    // [aws] No vision; models.dev says otherwise.
    images: false,
    cache: caching(2_048, false),
    countTokens: "base-only",
    maxOutputTokens: 8_192,
    profileOnly: true,
  }),
  row(/^anthropic\.claude-3-5-sonnet-20240620/, claude, {
    countTokens: "base-only",
    maxOutputTokens: 8_192,
  }),
  row(/^anthropic\.claude-3-5-sonnet/, claude, {
    cache: caching(1_024, false),
    countTokens: "base-only",
    maxOutputTokens: 8_192,
    profileOnly: true,
  }),
  row(/^anthropic\.claude-3-7-sonnet/, thinking),
  row(/^anthropic\.claude-3-(haiku|sonnet|opus)/, claude),
  row(/^anthropic\.claude-sonnet-4-20/, thinking),
  row(/^anthropic\.claude-opus-4-20/, thinking, { maxOutputTokens: 32_000 }),
  row(/^anthropic\.claude-opus-4-1\b/, thinking, {
    sampling: { temperature: "yes", topP: "yes", temperatureWithTopP: false },
    maxOutputTokens: 32_000,
  }),
  row(/^anthropic\.claude-sonnet-4-5/, v45),
  // [live] Whether Haiku 4.5 has structured outputs is said to differ by account.
  row(/^anthropic\.claude-(haiku|opus)-4-5/, v45, { cache: caching(4_096, true) }),
  row(/^anthropic\.claude-opus-4-6/, v46),
  row(/^anthropic\.claude-sonnet-4-6/, v46, { maxOutputTokens: 64_000, cache: caching(2_048, true) }),
  row(/^anthropic\.claude-opus-4-7/, v47),
  row(/^anthropic\.claude-opus-4-8/, v48),
  row(/^anthropic\.claude-(sonnet|opus|haiku)-5-5/, neverForced),
  row(/^anthropic\.claude-fable-5-1/, neverForced),
  row(/^anthropic\.claude-fable-5/, alwaysThinks),
  row(/^anthropic\.claude-sonnet-5/, v5, { cache: caching(2_048, true) }),
  row(/^anthropic\.claude-(opus|haiku)-5/, v5),
  // A Claude that is not listed is newer than the list.
  row(/^anthropic\.claude-(opus|sonnet|haiku|fable|mythos)-/, neverForced, { known: false }),
];

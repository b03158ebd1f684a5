import { type BedrockRow, type Differences, row } from "./bedrock-model.ts";

const openAiApis = { converse: true, openai: true, invokeBody: "openai" } as const;
// [live] stopSequences are refused, and that thoughts come back leaks them into the answer: @ai-sdk/amazon-bedrock.
const oss: Differences = {
  family: "gpt-oss",
  apis: openAiApis,
  stopSequences: false,
  reasoning: { kind: "gpt-oss", efforts: ["low", "medium", "high"], off: "never" },
  maxOutputTokens: 128_000,
};
export const OPENAI_ROWS: readonly BedrockRow[] = [
  row(/^openai\.gpt-oss-safeguard/, oss, { tools: false }),
  row(/^openai\.gpt-oss/, oss),
  // [live] temperature, topP and stopSequences are refused; the rest [?], for /openai/v1 is its own way in.
  row(/^openai\.gpt-[56]/, {
    family: "gpt",
    apis: openAiApis,
    toolChoice: { any: true, tool: true },
    images: true,
    jsonSchema: "tool",
    reasoning: {
      kind: "gpt-5",
      efforts: ["none", "low", "medium", "high", "xhigh"],
      off: "disabled",
    },
    sampling: { temperature: "deprecated", topP: "deprecated", temperatureWithTopP: false },
    stopSequences: false,
    maxOutputTokens: 128_000,
    contextWindow: 400_000,
    profileOnly: true,
  }),
];

// [?] The body of open weights in InvokeModel.
const apis = { converse: true, openai: false, invokeBody: "openai" } as const;
const structured: Differences = { apis, jsonSchema: "native", strictTools: true };
const chosen: Differences = { ...structured, toolChoice: { any: true, tool: true } };
const always = { kind: "none", efforts: [], off: "never" } as const;
const textResults = { images: false, documents: "none", status: true } as const;
const cohere: Differences = { family: "cohere", documents: true, maxOutputTokens: 4_000 };
const cohereEmbedding: Differences = {
  family: "cohere",
  streaming: false,
  system: false,
  tools: false,
  maxOutputTokens: 0,
};
const qwen: Differences = {
  ...structured,
  family: "qwen",
  // langgenius/dify-official-plugins#1767
  stopSequences: false,
  toolResults: { ...textResults, beside: ["text", "image"] },
  maxOutputTokens: 16_384,
};
export const OTHER_ROWS: readonly BedrockRow[] = [
  row(/^cohere\.embed-v4/, cohereEmbedding, {
    apis: { converse: false, openai: false, invokeBody: "cohere-embed-v4" },
    embeddings: { dimensions: [256, 512, 1_024, 1_536], maxTexts: 96 },
    contextWindow: 128_000,
  }),
  row(/^cohere\.embed-/, cohereEmbedding, {
    apis: { converse: false, openai: false, invokeBody: "cohere-embed-v3" },
    embeddings: { dimensions: [1_024], maxTexts: 96 },
    contextWindow: 512,
  }),
  row(/^cohere\.command-r/, cohere),
  row(/^ai21\.jamba-instruct/, { family: "jamba", tools: false, contextWindow: 70_000 }),
  row(/^ai21\.jamba/, { family: "jamba", documents: true, contextWindow: 256_000 }),
  // "This model doesn't support tool use": langchain-aws#447
  row(/^deepseek\.r1/, {
    family: "deepseek",
    tools: false,
    documents: true,
    reasoning: always,
    maxOutputTokens: 32_768,
    profileOnly: true,
  }),
  row(/^deepseek\.v3/, structured, {
    family: "deepseek",
    maxOutputTokens: 81_920,
    contextWindow: 163_840,
  }),
  // [rec] `high`; [live] `low`.
  row(/^qwen\.qwen3-32b/, qwen, {
    reasoning: { kind: "qwen", efforts: ["low", "high"], off: "silence" },
    contextWindow: 32_768,
  }),
  row(/^qwen\.qwen3-vl/, qwen, { images: true, contextWindow: 262_144 }),
  row(/^qwen\.qwen3-/, qwen, { contextWindow: 262_144 }),
  row(/^moonshot(ai)?\.kimi-k2-thinking/, chosen, {
    family: "kimi",
    toolResults: { ...textResults, beside: ["text"] },
    reasoning: always,
    maxOutputTokens: 256_000,
    contextWindow: 256_000,
  }),
  row(/^moonshot(ai)?\.kimi-/, chosen, {
    family: "kimi",
    images: true,
    toolResults: { ...textResults, beside: ["text", "image"] },
    maxOutputTokens: 16_384,
    contextWindow: 256_000,
  }),
  row(/^zai\.glm-/, chosen, {
    family: "glm",
    toolResults: { ...textResults, beside: ["text"] },
    maxOutputTokens: 131_072,
    contextWindow: 202_752,
  }),
  row(/^minimax\.minimax-m2/, structured, {
    family: "minimax",
    reasoning: always,
    maxOutputTokens: 128_000,
    contextWindow: 196_608,
  }),
  row(/^nvidia\.nemotron-nano-12b/, structured, { family: "nemotron", images: true }),
  row(/^nvidia\.nemotron-nano/, structured, { family: "nemotron" }),
  row(/^nvidia\.nemotron/, { family: "nemotron", apis, maxOutputTokens: 8_192 }),
  // [?] Whether it calls tools.
  row(/^google\.gemma-3-4b/, { family: "gemma", apis, tools: false, images: true }),
  row(/^google\.gemma-3-/, structured, {
    family: "gemma",
    tools: false,
    images: true,
    maxOutputTokens: 8_192,
  }),
  row(/^writer\.palmyra/, {
    family: "palmyra",
    toolResults: { images: false, documents: "none", status: false, beside: [] },
    maxOutputTokens: 8_192,
    profileOnly: true,
  }),
  // [live] Neither temperature nor topP (hermes-agent#111438); [?] effort.
  row(/^xai\.grok/, {
    family: "grok",
    apis: { ...apis, openai: true },
    images: true,
    reasoning: { kind: "effort", efforts: ["low", "medium", "high"], off: "silence" },
    sampling: { temperature: "deprecated", topP: "deprecated", temperatureWithTopP: false },
    maxOutputTokens: 128_000,
    contextWindow: 1_000_000,
    profileOnly: true,
  }),
];

import { type BedrockRow, type Differences, row } from "./bedrock-model.ts";

const llama: Differences = {
  family: "llama",
  apis: { converse: true, openai: false, invokeBody: "llama" },
  streamingTools: false,
  documents: true,
  // [live] A result stands alone in its message; [rec] documents inside it, and a status.
  toolResults: { images: true, documents: "all", status: true, beside: [] },
  maxOutputTokens: 8_192,
  profileOnly: true,
};
export const META_ROWS: readonly BedrockRow[] = [
  row(/^meta\.llama3-(8b|70b)/, llama, {
    tools: false,
    contextWindow: 8_192,
    maxOutputTokens: 2_048,
    profileOnly: false,
  }),
  row(/^meta\.llama3-1-(8b|70b)/, llama, { profileOnly: false }),
  row(/^meta\.llama3-2-(1b|3b)/, llama, { tools: false }),
  row(/^meta\.llama3-2-(11b|90b)/, llama, { images: true }),
  row(/^meta\.llama3-/, llama),
  row(/^meta\.llama4-scout/, llama, { images: true, contextWindow: 3_500_000 }),
  row(/^meta\.llama4-/, llama, { images: true, contextWindow: 1_000_000 }),
];

const mistral: Differences = {
  family: "mistral",
  // [live] Mistral's own format of ids; [rec] Pixtral took others too.
  toolIds: "nine",
  // [live] Pixtral's.
  toolResults: { images: false, documents: "all", status: true, beside: [] },
  maxOutputTokens: 8_192,
};
const prompted: Differences = {
  ...mistral,
  apis: { converse: true, openai: false, invokeBody: "mistral" },
  contextWindow: 32_000,
};
// [?] Chat of the newer ones by InvokeModel is OpenAI's.
const open: Differences = { ...mistral, apis: { converse: true, openai: false, invokeBody: "openai" } };
const structured: Differences = { ...open, jsonSchema: "native", strictTools: true };
export const MISTRAL_ROWS: readonly BedrockRow[] = [
  row(/^mistral\.(mistral-7b|mixtral)/, prompted, { system: false, tools: false }),
  row(/^mistral\.mistral-small-2402/, prompted),
  // ToolChoice of the SDK's model: Mistral Large has `any`.
  row(/^mistral\.mistral-large-24/, prompted, {
    documents: true,
    toolChoice: { any: true, tool: false },
    jsonSchema: "tool",
    contextWindow: 128_000,
  }),
  row(/^mistral\.pixtral/, open, { images: true, documents: true, profileOnly: true }),
  row(/^mistral\.mistral-large-3/, structured, { images: true, documents: true, contextWindow: 256_000 }),
  row(/^mistral\.ministral-3/, structured, { images: true }),
  row(/^mistral\.magistral-small/, structured, { images: true, maxOutputTokens: 40_000 }),
  row(/^mistral\.voxtral/, structured, { audio: true }),
  row(/^mistral\.devstral/, open, { contextWindow: 256_000 }),
];

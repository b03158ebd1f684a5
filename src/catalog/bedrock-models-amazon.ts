import { type BedrockRow, type Differences, row } from "./bedrock-model.ts";

const nova: Differences = {
  family: "nova",
  apis: { converse: true, openai: false, invokeBody: "nova" },
  toolChoice: { any: true, tool: true },
  // [live] Text documents alone stand inside a result, anything beside it.
  toolResults: {
    images: true,
    documents: "text",
    status: true,
    beside: ["text", "image", "document", "video"],
  },
  images: true,
  documents: true,
  video: true,
  s3Location: true,
  jsonSchema: "tool",
  topK: "nova",
  prefill: true,
  // [aws] No points among the tools.
  cache: { minTokens: 1_536, ttl1h: false, maxPoints: 4, tools: false },
  maxOutputTokens: 10_000,
  contextWindow: 300_000,
};
const other = { converse: false, openai: false } as const;
const embedding: Differences = {
  family: "titan",
  streaming: false,
  system: false,
  tools: false,
  maxOutputTokens: 0,
  contextWindow: 8_192,
};
export const AMAZON_ROWS: readonly BedrockRow[] = [
  row(/^amazon\.nova-micro/, nova, {
    images: false,
    documents: false,
    video: false,
    contextWindow: 128_000,
  }),
  row(/^amazon\.nova-lite/, nova),
  row(/^amazon\.nova-pro/, nova, { cache: { minTokens: 1_024, ttl1h: false, maxPoints: 4, tools: false } }),
  row(/^amazon\.nova-premier/, nova, {
    // [?] Its least prefix.
    cache: { minTokens: 1_024, ttl1h: false, maxPoints: 4, tools: false },
    contextWindow: 1_000_000,
    profileOnly: true,
  }),
  row(/^amazon\.nova-2-multimodal-embeddings/, embedding, {
    family: "nova",
    apis: { ...other, invokeBody: "nova-embed" },
    embeddings: { dimensions: [256, 384, 1_024, 3_072], maxTexts: 1 },
  }),
  row(/^amazon\.nova-2-(lite|pro|omni)/, nova, {
    reasoning: { kind: "nova", efforts: ["low", "medium", "high"], off: "silence" },
    maxOutputTokens: 65_536,
    contextWindow: 1_000_000,
    profileOnly: true,
  }),
  row(/^amazon\.titan-embed-text-v1|^amazon\.titan-e1t/, embedding, {
    apis: { ...other, invokeBody: "titan-embed-v1" },
    embeddings: { dimensions: [1_536], maxTexts: 1 },
  }),
  row(/^amazon\.titan-embed-text-v2/, embedding, {
    apis: { ...other, invokeBody: "titan-embed-v2" },
    embeddings: { dimensions: [256, 512, 1_024], maxTexts: 1 },
  }),
  row(/^amazon\.titan-(text|tg1)/, { family: "titan", system: false, tools: false, documents: true }),
  // Speech, images, films, ranking: none of it is chat.
  row(/^amazon\.(nova(-2)?-sonic|nova-canvas|nova-reel|titan-image|rerank)/, embedding, {
    family: "other",
    apis: { ...other, invokeBody: undefined },
  }),
];

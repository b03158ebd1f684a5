import { AMAZON } from "./amazon.ts";
import { CLAUDE } from "./claude.ts";
import { embedding, type Model } from "./model.ts";
import { OPEN_WEIGHTS } from "./open-weights.ts";

const EMBEDDINGS: readonly Model[] = [
  embedding("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", "titan-embedding-1"),
  embedding("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", "titan-embedding-2"),
  embedding("cohere.embed-english-v3", "Embed English", "cohere-embedding-3", { contextTokens: 512 }),
  embedding("cohere.embed-multilingual-v3", "Embed Multilingual", "cohere-embedding-3", {
    contextTokens: 512,
  }),
  embedding("cohere.embed-v4:0", "Embed v4", "cohere-embedding-4", {
    scopes: ["us", "eu", "global"],
    contextTokens: 128_000,
  }),
  embedding("amazon.nova-2-multimodal-embeddings-v1:0", "Nova Multimodal Embeddings", "nova-embedding"),
];

/** Every model that the emulator knows, by its id without region prefix. */
export const MODELS: ReadonlyMap<string, Model> = new Map(
  [...CLAUDE, ...AMAZON, ...OPEN_WEIGHTS, ...EMBEDDINGS].map((model) => [model.id, model]),
);

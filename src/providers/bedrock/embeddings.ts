import type { EmbeddingsRequest, Inexpressible } from "../../core/chat.ts";
import { ReplyFault } from "../reply-fault.ts";

/** What is sent for a part of the texts, and what its reply means. */
export interface EmbeddingBody {
  /** Texts a call at most. */
  readonly perCall: number;
  body(texts: readonly string[]): string;
  /** @throws ReplyFault where the reply is no such thing */
  vectors(reply: Readonly<Record<string, unknown>>): number[][];
  readonly inexpressible: readonly Inexpressible[];
}

/** As many texts as Cohere takes. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html */
const COHERE_TEXTS = 96;

/** What Nova calls the purposes that others name. https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html */
const NOVA_PURPOSES: Readonly<Record<string, string>> = {
  search_document: "GENERIC_INDEX",
  search_query: "GENERIC_RETRIEVAL",
  classification: "CLASSIFICATION",
  clustering: "CLUSTERING",
};

/**
 * How a family of models wants embeddings asked for. Where the client says nothing, Cohere and Nova, which must be told,
 * are told that texts are to be searched.
 *
 * @param family  of the model's InvokeModel body
 * @returns undefined where it makes no embeddings
 */
export function embeddingBody(
  family: string | undefined,
  wish: EmbeddingsRequest,
): EmbeddingBody | undefined {
  const { dimensions } = wish;
  switch (family) {
    case "titan-embed-v1":
      return {
        perCall: 1,
        body: ([inputText]) => JSON.stringify({ inputText }),
        vectors: (reply) => [numbers(reply["embedding"])],
        inexpressible: [...others(wish), ...noPurpose(wish), ...noDimensions(wish)],
      };
    case "titan-embed-v2":
      return {
        perCall: 1,
        body: ([inputText]) => JSON.stringify({ inputText, dimensions, normalize: true }),
        vectors: (reply) => [numbers(reply["embedding"])],
        inexpressible: [...others(wish), ...noPurpose(wish)],
      };
    case "cohere-embed-v3":
      return cohere(wish, {}, [...others(wish), ...noDimensions(wish)]);
    case "cohere-embed-v4":
      return cohere(wish, { output_dimension: dimensions, embedding_types: ["float"] }, others(wish));
    case "nova-embed":
      return nova(wish);
    default:
      return undefined;
  }
}

function cohere(
  wish: EmbeddingsRequest,
  more: Readonly<Record<string, unknown>>,
  inexpressible: readonly Inexpressible[],
): EmbeddingBody {
  return {
    perCall: COHERE_TEXTS,
    body: (texts) =>
      JSON.stringify({ texts, input_type: wish.purpose ?? "search_document", truncate: "NONE", ...more }),
    vectors: ({ embeddings }) => {
      // Version 3 answers with a list, version 4 with an object by type.
      const list = Array.isArray(embeddings)
        ? embeddings
        : (embeddings as { float?: unknown } | undefined)?.float;
      if (!Array.isArray(list)) throw new ReplyFault("it has no embeddings");
      return list.map(numbers);
    },
    inexpressible,
  };
}

function nova(wish: EmbeddingsRequest): EmbeddingBody {
  const { purpose } = wish;
  const embeddingPurpose = purpose === undefined ? "GENERIC_INDEX" : NOVA_PURPOSES[purpose];
  return {
    perCall: 1,
    body: ([value]) =>
      JSON.stringify({
        taskType: "SINGLE_EMBEDDING",
        singleEmbeddingParams: {
          embeddingPurpose: embeddingPurpose ?? "GENERIC_INDEX",
          embeddingDimension: wish.dimensions,
          text: { value, truncationMode: "NONE" },
        },
      }),
    vectors: ({ embeddings }) => {
      const first = Array.isArray(embeddings)
        ? (embeddings[0] as { embedding?: unknown } | null | undefined)
        : undefined;
      return [numbers(first?.embedding)];
    },
    inexpressible: embeddingPurpose === undefined ? [...others(wish), ...noPurpose(wish)] : others(wish),
  };
}

function others({ others: all }: EmbeddingsRequest): Inexpressible[] {
  return all.map(({ name }) => ({
    name,
    why: "is not known to embedding models of Bedrock",
    droppable: true,
  }));
}

function noPurpose({ purpose }: EmbeddingsRequest): Inexpressible[] {
  return purpose === undefined
    ? []
    : [{ name: "input_type", why: "is not known to this model", droppable: true }];
}

function noDimensions({ dimensions }: EmbeddingsRequest): Inexpressible[] {
  return dimensions === undefined
    ? []
    : [{ name: "dimensions", why: "cannot be chosen with this model", droppable: false }];
}

function numbers(value: unknown): number[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "number"))
    throw new ReplyFault("it has no embedding");
  return value;
}

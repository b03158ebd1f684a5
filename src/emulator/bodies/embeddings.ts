import { Random } from "../answer/random.ts";
import { countTokens } from "../answer/tokens.ts";
import { numberOf, objectOf, textOf, type Json, type JsonObject } from "../json.ts";
import type { BodyForm } from "../models/model.ts";
import { checkMembers, malformed } from "./malformed.ts";

/** What an embedding model gives for a body. */
export interface Embedded {
  readonly json: JsonObject;
  readonly inputTokens: number;
}

/**
 * Embeddings in their makers' four shapes. A vector is made from its text's words, so that texts which share words lie
 * closer together than others; it has length 1.
 *
 * @param id  for the shapes that have one
 * @throws ServiceError
 */
export const EMBEDDERS: Partial<Record<BodyForm, (body: JsonObject, id: string) => Embedded>> = {
  "titan-embedding-1": (body) => {
    checkMembers(body, { inputText: "string" }, ["inputText"]);
    const text = someText(body["inputText"], "inputText");
    const tokens = countTokens(text);
    return { json: { embedding: vector(text, 1_536), inputTextTokenCount: tokens }, inputTokens: tokens };
  },

  "titan-embedding-2": (body) => {
    checkMembers(
      body,
      { inputText: "string", dimensions: "number", normalize: "boolean", embeddingTypes: "array" },
      ["inputText"],
    );
    const text = someText(body["inputText"], "inputText");
    const made = vector(text, chosen(body, "dimensions", [256, 512, 1_024], 1_024));
    const types = (body["embeddingTypes"] as readonly Json[] | undefined) ?? ["float"];
    const tokens = countTokens(text);
    return {
      json: {
        ...(types.includes("float") && { embedding: made }),
        embeddingsByType: {
          ...(types.includes("binary") && { binary: binary(made) }),
          ...(types.includes("float") && { float: made }),
        },
        inputTextTokenCount: tokens,
      },
      inputTokens: tokens,
    };
  },

  "cohere-embedding-3": (body, id) => {
    const { texts, inputTokens } = cohereTexts(body, {});
    return {
      json: {
        embeddings: texts.map((text) => vector(text, 1_024)),
        id,
        response_type: "embeddings_floats",
        texts,
      },
      inputTokens,
    };
  },

  "cohere-embedding-4": (body, id) => {
    const { texts, inputTokens } = cohereTexts(body, {
      output_dimension: "number",
      max_tokens: "number",
      inputs: "array",
    });
    const dimensions = chosen(body, "output_dimension", [256, 512, 1_024, 1_536], 1_536);
    return {
      json: {
        embeddings: { float: texts.map((text) => vector(text, dimensions)) },
        id,
        response_type: "embeddings_by_type",
        texts,
      },
      inputTokens,
    };
  },

  "nova-embedding": (body) => {
    checkMembers(body, { schemaVersion: "string", taskType: "string", singleEmbeddingParams: "object" }, [
      "taskType",
      "singleEmbeddingParams",
    ]);
    if (body["taskType"] !== "SINGLE_EMBEDDING")
      throw malformed(`${JSON.stringify(body["taskType"])} is not a valid enum value`, "/taskType");
    const parameters = objectOf(body["singleEmbeddingParams"]) ?? {};
    const place = "/singleEmbeddingParams";
    const purpose = textOf(parameters["embeddingPurpose"]);
    if (purpose === undefined) throw malformed("required key [embeddingPurpose] not found", place);
    if (!NOVA_PURPOSES.includes(purpose))
      throw malformed(`${purpose} is not a valid enum value`, `${place}/embeddingPurpose`);
    const dimensions = chosen(parameters, "embeddingDimension", [256, 384, 1_024, 3_072], 3_072);
    const text = objectOf(parameters["text"]);
    const value =
      text === undefined ? "an image" : someText(text["value"], "singleEmbeddingParams/text/value");
    return {
      json: {
        embeddings: [
          { embedding: vector(value, dimensions), embeddingType: text === undefined ? "IMAGE" : "TEXT" },
        ],
      },
      inputTokens: countTokens(value) + 2,
    };
  },
};

const NOVA_PURPOSES = [
  "GENERIC_INDEX",
  "GENERIC_RETRIEVAL",
  "TEXT_RETRIEVAL",
  "IMAGE_RETRIEVAL",
  "VIDEO_RETRIEVAL",
  "DOCUMENT_RETRIEVAL",
  "AUDIO_RETRIEVAL",
  "CLASSIFICATION",
  "CLUSTERING",
];
const COHERE_INPUTS = ["search_document", "search_query", "classification", "clustering"];
const MOST_TEXTS = 96;

type MemberTypes = Parameters<typeof checkMembers>[1];

function cohereTexts(body: JsonObject, more: MemberTypes): { texts: readonly string[]; inputTokens: number } {
  checkMembers(
    body,
    {
      texts: "array",
      images: "array",
      input_type: "string",
      truncate: "string",
      embedding_types: "array",
      ...more,
    },
    ["input_type"],
  );
  const kind = textOf(body["input_type"]) ?? "";
  if (!COHERE_INPUTS.includes(kind)) throw malformed(`${kind} is not a valid enum value`, "/input_type");
  const truncate = body["truncate"];
  if (truncate !== undefined && !["NONE", "START", "END", "LEFT", "RIGHT"].includes(textOf(truncate) ?? ""))
    throw malformed(`${textOf(truncate) ?? ""} is not a valid enum value`, "/truncate");
  const texts = (body["texts"] ?? []) as readonly Json[];
  if (texts.length === 0) throw malformed("required key [texts] not found");
  if (texts.length > MOST_TEXTS)
    throw malformed(`expected maximum item count: ${MOST_TEXTS}, found: ${texts.length}`, "/texts");
  const read = texts.map((text, at) => someText(text, `texts/${at}`));
  return { texts: read, inputTokens: read.reduce((sum, text) => sum + countTokens(text), 0) };
}

function someText(value: Json | undefined, place: string): string {
  if (typeof value !== "string") throw malformed("expected type: String", `/${place}`);
  if (value === "") throw malformed("expected minLength: 1, actual: 0", `/${place}`);
  return value;
}

function chosen(body: JsonObject, name: string, from: readonly number[], otherwise: number): number {
  const value = numberOf(body[name]) ?? otherwise;
  if (!from.includes(value)) throw malformed(`${value} is not a valid enum value`, `/${name}`);
  return value;
}

/** The sum of a vector for each word, of length 1. */
function vector(text: string, dimensions: number): number[] {
  const sum = Array.from({ length: dimensions }, () => 0);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
    const random = new Random(word);
    for (let at = 0; at < dimensions; at++) sum[at] = (sum[at] ?? 0) + random.next() - 0.5;
  }
  const length = Math.hypot(...sum);
  return sum.map((value) => Number((value / length).toPrecision(9)));
}

function binary(values: readonly number[]): number[] {
  return values.map((value) => (value >= 0 ? 1 : 0));
}

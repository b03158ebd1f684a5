import { json } from "./frames.ts";
import { seededRandom } from "./random.ts";
import { tokensOf } from "./answer.ts";

const DIMENSIONS = 1_536;
const MAX_DIMENSIONS = 4_096;

export interface EmbeddingsRequest {
  readonly input?: unknown;
  readonly dimensions?: unknown;
  readonly encoding_format?: unknown;
}

/** @returns body and input tokens, or a sentence that says why the request cannot be answered */
export function embeddingsBody(
  request: EmbeddingsRequest,
  model: string,
): { readonly body: Buffer; readonly inputTokens: number } | string {
  const inputs = toInputs(request.input);
  if (inputs === undefined || inputs.length === 0) return "input: expected a text, a list of texts or tokens";
  const dimensions = request.dimensions ?? DIMENSIONS;
  if (
    typeof dimensions !== "number" ||
    !Number.isInteger(dimensions) ||
    dimensions < 1 ||
    dimensions > MAX_DIMENSIONS
  ) {
    return `dimensions: expected a whole number from 1 to ${MAX_DIMENSIONS}`;
  }
  const data = inputs.map((input, index) => {
    const vector = unitVector(`${model}\n${input}`, dimensions);
    const embedding = request.encoding_format === "base64" ? base64(vector) : [...vector];
    return { object: "embedding", index, embedding };
  });
  const inputTokens = inputs.reduce((sum, input) => sum + tokensOf(input), 0);
  const usage = { prompt_tokens: inputTokens, total_tokens: inputTokens };
  return { body: json({ object: "list", data, model, usage }), inputTokens };
}

/** The same text has the same vector; different texts are nearly orthogonal. */
function unitVector(text: string, dimensions: number): Float32Array {
  const random = seededRandom(text);
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

function toInputs(input: unknown): string[] | undefined {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return undefined;
  if (input.every((item) => typeof item === "string")) return input;
  if (input.every((item) => typeof item === "number")) return [input.join(" ")];
  return input.every(Array.isArray) ? input.map((tokens) => tokens.join(" ")) : undefined;
}

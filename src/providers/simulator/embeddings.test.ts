import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { embeddingsBody, type EmbeddingsRequest } from "./embeddings.ts";

interface Reply {
  readonly object: string;
  readonly model: string;
  readonly data: readonly { readonly object: string; readonly index: number; readonly embedding: unknown }[];
  readonly usage: { readonly prompt_tokens: number; readonly total_tokens: number };
}

function embed(request: EmbeddingsRequest): { readonly reply: Reply; readonly inputTokens: number } {
  const result = embeddingsBody(request, "sim-embed");
  if (typeof result === "string") throw new Error(result);
  return { reply: JSON.parse(result.body.toString()) as Reply, inputTokens: result.inputTokens };
}

function vectors(request: EmbeddingsRequest): number[][] {
  return embed(request).reply.data.map(({ embedding }) => embedding as number[]);
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? Number.NaN), 0);
}

test("every vector has the length 1 and the dimensions asked for", () => {
  const dimensions = fc.constantFrom(1, 2, 3, 256, 1_536, 4_096);
  fc.assert(
    fc.property(fc.string(), dimensions, (input, wanted) => {
      const [vector = []] = vectors({ input, dimensions: wanted });
      assert.equal(vector.length, wanted);
      assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-5);
    }),
    { numRuns: 20 },
  );
  assert.equal(vectors({ input: "x" })[0]?.length, 1_536);
});

test("the base64 form holds the same 32-bit floats, little end first", () => {
  const request = { input: ["one", "two"], dimensions: 64 };
  const asFloats = vectors(request);
  const asText = embed({ ...request, encoding_format: "base64" }).reply.data;
  for (const [index, { embedding }] of asText.entries()) {
    const bytes = Buffer.from(embedding as string, "base64");
    const decoded = Array.from({ length: bytes.length / 4 }, (_, place) => bytes.readFloatLE(place * 4));
    assert.deepEqual(decoded, asFloats[index]);
  }
});

test("the same text has the same vector, different texts are nearly at right angles", () => {
  const [a = [], b = [], again = []] = vectors({ input: ["a", "b", "a"] });
  assert.deepEqual(again, a);
  assert.ok(Math.abs(dot(a, b)) < 0.2);
});

test("a text, a list of texts, tokens and lists of tokens are taken, each in its place", () => {
  assert.equal(vectors({ input: "x", dimensions: 2 }).length, 1);
  assert.equal(vectors({ input: [1, 2, 3], dimensions: 2 }).length, 1);
  assert.equal(vectors({ input: [[1, 2], [3]], dimensions: 2 }).length, 2);
  const { reply, inputTokens } = embed({ input: ["aaaa", "bbbbbbbb"], dimensions: 2 });
  assert.deepEqual(
    reply.data.map(({ index, object }) => [index, object]),
    [
      [0, "embedding"],
      [1, "embedding"],
    ],
  );
  assert.deepEqual(reply.usage, { prompt_tokens: 3, total_tokens: 3 });
  assert.equal(inputTokens, 3);
  assert.equal(reply.model, "sim-embed");
});

function refusal(request: EmbeddingsRequest): string {
  const result = embeddingsBody(request, "m");
  return typeof result === "string" ? result : "";
}

test("what cannot be embedded is refused in a sentence that names it", () => {
  for (const input of [undefined, null, [], {}, 5, ["a", 1], [null]]) {
    assert.match(refusal({ input }), /^input: /, JSON.stringify(input));
  }
  for (const dimensions of [0, -1, 1.5, 4_097, "2"]) {
    assert.match(refusal({ input: "x", dimensions }), /^dimensions: /, String(dimensions));
  }
  assert.equal(refusal({ input: "x", dimensions: null }), "");
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { AppError, type ErrorCode } from "../../../core/errors.ts";
import type { EmbeddingsReply, EmbeddingsRequest } from "../../../core/chat.ts";
import { readOpenAiEmbeddings, writeOpenAiEmbeddings } from "./embeddings.ts";

const FACTS = { exchangeId: "x", model: "m", startedAtMs: 0, includeUsage: false };

function read(rest: object): EmbeddingsRequest {
  return readOpenAiEmbeddings(Buffer.from(JSON.stringify({ model: "m", input: "one", ...rest })));
}

function refuses(rest: object, code: ErrorCode, expected: RegExp): void {
  assert.throws(
    () => read(rest),
    (error) => error instanceof AppError && error.code === code && expected.test(error.message),
  );
}

interface Written {
  readonly data: { readonly index: number; readonly object: string; readonly embedding: unknown }[];
  readonly usage: unknown;
}

function write(reply: EmbeddingsReply, encoding: "float" | "base64"): Written {
  const bytes = writeOpenAiEmbeddings(reply, { ...read({}), encoding }, FACTS);
  return JSON.parse(bytes.toString()) as Written;
}

test("one text or many, with what is wanted of the numbers", () => {
  assert.deepEqual(read({ user: "u", encoding_format: null }), {
    texts: ["one"],
    dimensions: undefined,
    encoding: "float",
    purpose: undefined,
    others: [],
  } satisfies EmbeddingsRequest);
  const all = read({
    input: ["one", "two"],
    dimensions: 256,
    encoding_format: "base64",
    input_type: "search_query",
    truncate: "END",
  });
  assert.deepEqual(all, {
    texts: ["one", "two"],
    dimensions: 256,
    encoding: "base64",
    purpose: "search_query",
    others: [{ name: "truncate", value: "END" }],
  } satisfies EmbeddingsRequest);
});

test("tokens instead of texts are refused as what no other model understands", () => {
  refuses({ input: [1, 2] }, "unsupported_parameter", /send texts/);
  refuses({ input: [[1], [2]] }, "unsupported_parameter", /send texts/);
});

test("nothing, empty texts, too many and other types are refused", () => {
  refuses({ input: [] }, "invalid_request", /^input: expected at least one text/);
  refuses({ input: null }, "invalid_request", /^input: expected a text/);
  refuses({ input: "" }, "invalid_request", /^input: expected a text/);
  refuses({ input: ["a", ""] }, "invalid_request", /^input\[1\]: expected a text/);
  refuses({ input: Array.from({ length: 2_049 }, () => "a") }, "invalid_request", /at most 2048/);
  refuses({ encoding_format: "int8" }, "invalid_request", /^encoding_format: expected float or base64/);
  refuses({ dimensions: 0 }, "invalid_request", /^dimensions: expected a whole number/);
});

test("the reply has OpenAI's shape, with zeros where the upstream told no usage", () => {
  assert.deepEqual(write({ vectors: [[0.5, -1]], usage: undefined }, "float"), {
    object: "list",
    data: [{ object: "embedding", index: 0, embedding: [0.5, -1] }],
    model: "m",
    usage: { prompt_tokens: 0, total_tokens: 0 },
  });
  const usage = {
    inputTokens: 9,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
  };
  assert.deepEqual(write({ vectors: [], usage }, "float").usage, { prompt_tokens: 9, total_tokens: 9 });
});

test("numbers in base64 are 32 bits each, the lowest byte first", () => {
  assert.equal(write({ vectors: [[1, -2]], usage: undefined }, "base64").data[0]?.embedding, "AACAPwAAAMA=");
  fc.assert(
    fc.property(fc.array(fc.array(fc.float({ noNaN: true }), { minLength: 1, maxLength: 8 })), (vectors) => {
      const { data } = write({ vectors, usage: undefined }, "base64");
      const read32 = (text: string): number[] => {
        const bytes = Buffer.from(text, "base64");
        return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
      };
      assert.deepEqual(
        data.map(({ embedding }) => read32(embedding as string)),
        vectors,
      );
    }),
  );
});

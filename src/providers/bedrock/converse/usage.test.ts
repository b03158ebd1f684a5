import assert from "node:assert/strict";
import test from "node:test";
import { readAnthropicUsage } from "../../anthropic-messages/usage.ts";
import { readConverseUsage, readInvocationMetrics, readTokenHeaders } from "./usage.ts";

const NONE = { cachedInputTokens: 0, cacheWriteInputTokens: 0, reasoningTokens: 0 };

test("cached tokens, which Bedrock counts beside the input, are part of it", () => {
  const read = {
    inputTokens: 2,
    cacheReadInputTokens: 1322,
    cacheWriteInputTokens: 0,
    outputTokens: 5,
    totalTokens: 1329,
  };
  assert.deepEqual(readConverseUsage(read), {
    ...NONE,
    inputTokens: 1324,
    cachedInputTokens: 1322,
    outputTokens: 5,
  });
  const written = { inputTokens: 2, cacheReadInputTokens: 0, cacheWriteInputTokens: 1322, outputTokens: 5 };
  assert.deepEqual(readConverseUsage(written), {
    ...NONE,
    inputTokens: 1324,
    cacheWriteInputTokens: 1322,
    outputTokens: 5,
  });
});

test("the other names of the cache's counts are understood, and both together count once", () => {
  assert.deepEqual(
    readConverseUsage({
      inputTokens: 1,
      outputTokens: 1,
      cacheReadInputTokenCount: 7,
      cacheWriteInputTokenCount: 3,
    }),
    { inputTokens: 11, cachedInputTokens: 7, cacheWriteInputTokens: 3, outputTokens: 1, reasoningTokens: 0 },
  );
  assert.deepEqual(
    readConverseUsage({
      inputTokens: 1,
      outputTokens: 1,
      cacheReadInputTokens: 7,
      cacheReadInputTokenCount: 7,
    }),
    { ...NONE, inputTokens: 8, cachedInputTokens: 7, outputTokens: 1 },
  );
});

test("what was written for an hour is told apart", () => {
  const usage = readConverseUsage({
    inputTokens: 1,
    outputTokens: 1,
    cacheWriteInputTokens: 30,
    cacheDetails: [
      { ttl: "1h", inputTokens: 20 },
      { ttl: "5m", inputTokens: 10 },
    ],
  });
  assert.ok(usage !== undefined && usage !== "invalid");
  assert.equal(usage.cacheWrite1hInputTokens, 20);
  assert.equal(usage.inputTokens, 31);
});

test("more for an hour than was written at all cannot be, and the whole counts", () => {
  const usage = readConverseUsage({
    inputTokens: 1,
    outputTokens: 1,
    cacheWriteInputTokens: 5,
    cacheDetails: [{ ttl: "1h", inputTokens: 20 }],
  });
  assert.ok(usage !== undefined && usage !== "invalid");
  assert.equal(usage.cacheWrite1hInputTokens, 5);
});

test("no usage is undefined, and one that is not made of counts is invalid", () => {
  for (const value of [undefined, null, 5, [], {}, { totalTokens: 3 }])
    assert.equal(readConverseUsage(value), undefined, JSON.stringify(value));
  for (const bad of [-1, 1.5, "3", {}, 2 ** 60]) {
    assert.equal(readConverseUsage({ inputTokens: bad, outputTokens: 1 }), "invalid", JSON.stringify(bad));
    assert.equal(readConverseUsage({ inputTokens: 1, outputTokens: bad }), "invalid");
    assert.equal(
      readConverseUsage({ inputTokens: 1, outputTokens: 1, cacheReadInputTokens: bad }),
      "invalid",
    );
  }
  for (const cacheDetails of [[{ ttl: "1h" }], [{ ttl: "1h", inputTokens: "x" }]])
    assert.equal(
      readConverseUsage({ inputTokens: 1, outputTokens: 1, cacheWriteInputTokens: 1, cacheDetails }),
      "invalid",
    );
  assert.equal(readConverseUsage({ inputTokens: 1 }), "invalid");
});

test("Messages' usage is understood with its parts of the cache", () => {
  assert.deepEqual(
    readAnthropicUsage({
      input_tokens: 4,
      output_tokens: 6,
      cache_read_input_tokens: 10,
      cache_creation_input_tokens: 20,
      cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
    }),
    {
      inputTokens: 34,
      cachedInputTokens: 10,
      cacheWriteInputTokens: 20,
      cacheWrite1hInputTokens: 15,
      outputTokens: 6,
      reasoningTokens: 0,
    },
  );
  const nulls = { input_tokens: 4, output_tokens: 6, cache_read_input_tokens: null, cache_creation: null };
  assert.deepEqual(readAnthropicUsage(nulls), { ...NONE, inputTokens: 4, outputTokens: 6 });
});

test("a stream's last chunk and a plain reply's headers tell the same", () => {
  const expected = {
    inputTokens: 18,
    cachedInputTokens: 5,
    cacheWriteInputTokens: 3,
    outputTokens: 7,
    reasoningTokens: 0,
  };
  assert.deepEqual(
    readInvocationMetrics({
      inputTokenCount: 10,
      outputTokenCount: 7,
      invocationLatency: 3,
      cacheReadInputTokenCount: 5,
      cacheWriteInputTokenCount: 3,
    }),
    expected,
  );
  assert.deepEqual(
    readTokenHeaders({
      "x-amzn-bedrock-input-token-count": "10",
      "x-amzn-bedrock-output-token-count": ["7"],
      "x-amzn-bedrock-cache-read-input-token-count": "5",
      "x-amzn-bedrock-cache-write-input-token-count": "3",
    }),
    expected,
  );
});

test("embeddings have input alone, and headers without counts tell nothing", () => {
  assert.deepEqual(readTokenHeaders({ "x-amzn-bedrock-input-token-count": "8" }), {
    ...NONE,
    inputTokens: 8,
    outputTokens: 0,
  });
  assert.equal(readTokenHeaders({}), undefined);
  assert.equal(readTokenHeaders({ "x-amzn-bedrock-input-token-count": "eight" }), "invalid");
});

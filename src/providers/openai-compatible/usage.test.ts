import assert from "node:assert/strict";
import test from "node:test";
import { JsonFault } from "../../core/json-scan.ts";
import { readUsage, usageOfBody } from "./usage.ts";

test("counts are read with their details", () => {
  assert.deepEqual(
    readUsage({
      prompt_tokens: 12,
      completion_tokens: 30,
      total_tokens: 42,
      prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 7 },
    }),
    { inputTokens: 12, cachedInputTokens: 4, cacheWriteInputTokens: 0, outputTokens: 30, reasoningTokens: 7 },
  );
});

test("details that are absent, null or no counts are none", () => {
  const none = {
    inputTokens: 12,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 3,
    reasoningTokens: 0,
  };
  for (const details of [undefined, null, 5, "x", [], { cached_tokens: null, reasoning_tokens: -1 }]) {
    const usage = {
      prompt_tokens: 12,
      completion_tokens: 3,
      prompt_tokens_details: details,
      completion_tokens_details: details,
    };
    assert.deepEqual(readUsage(usage), none, JSON.stringify(details));
  }
});

test("embeddings have no output, which costs nothing", () => {
  assert.deepEqual(readUsage({ prompt_tokens: 8, total_tokens: 8 }), {
    inputTokens: 8,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
  });
});

test("without input tokens there is no usage, and with ones that are no count it is invalid", () => {
  for (const value of [undefined, null, 5, "12", [], {}, { completion_tokens: 3 }]) {
    assert.equal(readUsage(value), undefined, JSON.stringify(value));
  }
  for (const prompt of [-1, 1.5, "12", null, Number.NaN, 2 ** 60]) {
    assert.equal(readUsage({ prompt_tokens: prompt, completion_tokens: 3 }), "invalid", String(prompt));
  }
});

test("a count of output tokens that is there and is no count makes the usage invalid, never free", () => {
  for (const completion of [-1, 1.5, "30", 2 ** 60, {}]) {
    assert.equal(
      readUsage({ prompt_tokens: 12, completion_tokens: completion }),
      "invalid",
      JSON.stringify(completion),
    );
  }
});

test("a plain reply's usage is found beside anything else, and only at its top", () => {
  const usage = '{"prompt_tokens":1,"completion_tokens":2}';
  const found = {
    inputTokens: 1,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 2,
    reasoningTokens: 0,
  };
  assert.deepEqual(
    usageOfBody(Buffer.from(`{"choices":[{"message":{"content":"\\"usage\\""}}], "usage" : ${usage} }`)),
    found,
  );
  assert.deepEqual(usageOfBody(Buffer.from(`{"usage":${usage},"x_seed":12345678901234567890}`)), found);
  assert.equal(usageOfBody(Buffer.from(`{"x_engine":{"usage":${usage}}}`)), undefined);
});

test("of two usages the last counts, as every JSON reader has it", () => {
  const body =
    '{"usage":{"prompt_tokens":9,"completion_tokens":9},"usage":{"prompt_tokens":1,"completion_tokens":2}}';
  const usage = usageOfBody(Buffer.from(body));
  assert.equal(usage === "invalid" ? undefined : usage?.inputTokens, 1);
});

test("a reply without a usage that can be read has none", () => {
  for (const body of ["{}", '{"usage":null}', '{"usage":[]}']) {
    assert.equal(usageOfBody(Buffer.from(body)), undefined, body);
  }
});

test("a body that is no JSON object is no reply of this API", () => {
  for (const body of ["", "null", "[]", "<html>", '{"usage":', "\ufeff{}", '{"usage":{"prompt_tokens":1}']) {
    assert.throws(() => usageOfBody(Buffer.from(body)), JsonFault, body);
  }
});

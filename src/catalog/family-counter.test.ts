import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { countTokens, familyCounter } from "./count-tokens.ts";
import { TokenCounter } from "./token-counter.ts";
import { TOKEN_FAMILIES, type TokenFamily } from "./token-family.ts";

const FAMILIES = Object.keys(TOKEN_FAMILIES) as TokenFamily[];
const ENGLISH = "The quick brown fox jumps over the lazy dog, and nobody minds. ".repeat(20);

// https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken, section 5
const PUBLISHED: readonly (readonly [string, { readonly cl100k: number; readonly o200k: number }])[] = [
  ["antidisestablishmentarianism", { cl100k: 6, o200k: 6 }],
  ["2 + 2 = 4", { cl100k: 7, o200k: 7 }],
  ["お誕生日おめでとう", { cl100k: 9, o200k: 8 }],
];

for (const [text, { cl100k, o200k }] of PUBLISHED)
  test(`${text} has as many tokens as OpenAI publishes`, async () => {
    assert.equal((await familyCounter("openai-cl100k"))(text), cl100k);
    assert.equal((await familyCounter("openai-o200k"))(text), o200k);
  });

test("Llama 3 counts English as its own vocabulary does", async () => {
  // Its package's own example, without the two control tokens: https://github.com/belladoreai/llama3-tokenizer-js
  assert.equal((await familyCounter("llama-3"))("Hello world!"), 3);
});

test("an unknown family counts in o200k", async () => {
  assert.equal((await familyCounter("unknown"))(ENGLISH), countTokens(ENGLISH));
});

test("text in another script is counted by its own measure", async () => {
  const count = await familyCounter("llama-3");
  const russian = "Быстрая лиса прыгает через ленивую собаку.";
  assert.equal(count(russian), Math.round(countTokens(russian) * 1.07));
});

test("no family makes nothing of text, something of none, or nonsense of any text", async () => {
  for (const family of FAMILIES) {
    const count = await familyCounter(family);
    assert.equal(count(""), 0);
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (text) => {
        const tokens = count(text);
        assert.ok(Number.isInteger(tokens) && tokens >= 0);
      }),
      { numRuns: 20 },
    );
    assert.ok(count(ENGLISH) >= countTokens(ENGLISH) * 0.95, family);
  }
});

test("an unbroken text of 100,000 letters is counted piece by piece", async () => {
  const count = await familyCounter("llama-2");
  const tokens = count("ก".repeat(100_000));
  assert.ok(tokens > 0 && tokens <= 400_000);
});

test("one thread counts for several families, many at once", async () => {
  const counter = new TokenCounter();
  const texts = ["hello world", ENGLISH, "お誕生日おめでとう"];
  const answers = await Promise.all(FAMILIES.map((family) => counter.count(texts, 60_000, family)));
  const expected = await Promise.all(
    FAMILIES.map(async (family) => {
      const count = await familyCounter(family);
      return texts.map(count);
    }),
  );
  assert.deepEqual(answers, expected);
  await counter.close();
});

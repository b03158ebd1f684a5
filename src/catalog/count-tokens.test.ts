import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { countTokens } from "./count-tokens.ts";
import { TokenCounter } from "./token-counter.ts";

test("known texts have their known numbers of tokens", () => {
  // As the tokenizer of o200k_base itself has them.
  assert.equal(countTokens(""), 0);
  assert.equal(countTokens("hello world"), 2);
  assert.equal(countTokens("tiktoken is great!"), 6);
});

test("text that looks like a control token is text", () => {
  assert.ok(countTokens("<|endoftext|>") > 1);
});

test("windows cost little: a long text has about as many tokens as its sentences together", () => {
  const sentence = " The quick brown fox jumps over the lazy dog, and nobody minds.";
  const one = countTokens(sentence);
  const many = countTokens(sentence.repeat(200));
  assert.ok(Math.abs(many - one * 200) <= one * 200 * 0.02, `${many} against ${one * 200}`);
});

test("any text is counted, whatever is in it, and has no more tokens than bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 1_500 }), (text) => {
      const count = countTokens(text);
      assert.ok(Number.isInteger(count) && count >= 0);
      assert.ok(count <= Buffer.byteLength(text.toWellFormed()));
    }),
    { numRuns: 200 },
  );
});

test("a thread counts the same, many at once", async () => {
  const counter = new TokenCounter();
  const texts = Array.from({ length: 50 }, (_, index) => `text number ${index} `.repeat(index));
  const answers = await Promise.all(texts.map((text) => counter.count([text, "hello world"], 30_000)));
  assert.deepEqual(
    answers,
    texts.map((text) => [countTokens(text), 2]),
  );
  assert.deepEqual(await counter.count(["hello world", ""], 30_000), [2, 0]);
  await counter.close();
});

test("who cannot wait has a guess by length, and what comes later is counted all the same", async () => {
  const counter = new TokenCounter();
  const [guess] = await counter.count(["x".repeat(400)], 0);
  assert.equal(guess, 100);
  assert.deepEqual(await counter.count(["hello world"], 30_000), [2]);
  await counter.close();
});

test("more than can wait have a guess at once", async () => {
  const counter = new TokenCounter();
  const all = Array.from({ length: 500 }, () => counter.count(["hello world"], 30_000));
  const counts = (await Promise.all(all)).map(([count]) => count);
  assert.equal(
    counts.filter((count) => count === 3).length,
    300,
    "eleven characters are guessed as three tokens",
  );
  assert.equal(counts.filter((count) => count === 2).length, 200);
  await counter.close();
});

test("whoever waits for a thread that is given up has a guess", async () => {
  const counter = new TokenCounter();
  const waiting = counter.count(["x".repeat(400)], 30_000);
  await counter.close();
  const [guess = 0] = await waiting;
  assert.ok(guess > 0);
});

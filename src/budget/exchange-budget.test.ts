import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { costOfUsage, type Price } from "../core/usage.ts";
import { dearest, withinExchangeBudget, type ExchangeBudgetQuestion } from "./exchange-budget.ts";

const PRICE: Price = {
  fromMs: 0,
  input: 1_000_000_000n,
  output: 2_000_000_000n,
  cacheRead: 1_000_000_000n,
  cacheWrite: 1_000_000_000n,
  reasoning: 2_000_000_000n,
};

function ask(parts: Partial<ExchangeBudgetQuestion>): ReturnType<typeof withinExchangeBudget> {
  return withinExchangeBudget({
    budget: 0n,
    inputBytes: 0,
    price: PRICE,
    outputTokens: undefined,
    choices: 1,
    ...parts,
  });
}

test("a limit that fits the budget needs no cap, one token more does", () => {
  // 100 bytes cost 100,000 nano-dollars at most, each output token 2,000.
  assert.deepEqual(ask({ budget: 120_000n, inputBytes: 100, outputTokens: 10 }), {
    fits: true,
    outputCap: undefined,
  });
  assert.deepEqual(ask({ budget: 120_000n, inputBytes: 100, outputTokens: 11 }), {
    fits: true,
    outputCap: 10,
  });
  assert.deepEqual(ask({ budget: 119_999n, inputBytes: 100, outputTokens: 10 }), {
    fits: true,
    outputCap: 9,
  });
});

test("without a limit the cap is what the budget pays for", () => {
  assert.deepEqual(ask({ budget: 120_000n, inputBytes: 100 }), { fits: true, outputCap: 10 });
});

test("the choices of a request share its budget", () => {
  assert.deepEqual(ask({ budget: 120_000n, inputBytes: 100, choices: 3 }), { fits: true, outputCap: 3 });
  assert.deepEqual(ask({ budget: 120_000n, inputBytes: 100, choices: 11 }), { fits: false });
});

test("a budget that does not pay for the input, or for one token of output, does not fit", () => {
  assert.deepEqual(ask({ budget: 99_999n, inputBytes: 100, outputTokens: 1 }), { fits: false });
  assert.deepEqual(ask({ budget: 100_000n, inputBytes: 100, outputTokens: 1 }), { fits: false });
  assert.deepEqual(ask({ budget: 101_999n, inputBytes: 100 }), { fits: false });
});

test("an exchange without output, such as embeddings, needs only its input paid", () => {
  assert.deepEqual(ask({ budget: 100_000n, inputBytes: 100, outputTokens: 0 }), {
    fits: true,
    outputCap: undefined,
  });
  assert.deepEqual(ask({ budget: 99_999n, inputBytes: 100, outputTokens: 0 }), { fits: false });
});

test("output that costs nothing needs no cap, and a budget of nothing pays for what costs nothing", () => {
  const price = { ...PRICE, output: 0n, reasoning: 0n };
  assert.deepEqual(ask({ budget: 100_000n, inputBytes: 100, price }), { fits: true, outputCap: undefined });
  const free = { fromMs: 0, input: 0n, output: 0n, cacheRead: 0n, cacheWrite: 0n, reasoning: 0n };
  assert.deepEqual(ask({ inputBytes: 1_000, price: free }), { fits: true, outputCap: undefined });
  assert.deepEqual(ask({ inputBytes: 1 }), { fits: false });
});

test("input is reckoned at the dearer of its two prices", () => {
  const price = { ...PRICE, cacheRead: 3_000_000_000n };
  assert.deepEqual(ask({ budget: 300_000n, inputBytes: 100, outputTokens: 0, price }), {
    fits: true,
    outputCap: undefined,
  });
  assert.deepEqual(ask({ budget: 299_999n, inputBytes: 100, outputTokens: 0, price }), { fits: false });
});

test("a cap is a number that an engine can read, however large the budget", () => {
  assert.deepEqual(ask({ budget: 10n ** 21n }), { fits: true, outputCap: 100_000_000 });
});

const rate = fc.oneof(
  fc.constantFrom(0n, 1n, 499_999n, 500_000n, 500_001n),
  fc.bigInt({ min: 0n, max: 10n ** 14n }),
);
const asked = fc.record({
  budget: fc.oneof(fc.bigInt({ min: 0n, max: 2_000n }), fc.bigInt({ min: 0n, max: 10n ** 12n })),
  inputBytes: fc.oneof(fc.nat(100), fc.nat(26_214_400)),
  price: fc.record({
    fromMs: fc.constant(0),
    input: rate,
    output: rate,
    cacheRead: rate,
    cacheWrite: rate,
    reasoning: rate,
  }),
  outputTokens: fc.option(fc.oneof(fc.nat(10), fc.nat(1_000_000)), { nil: undefined }),
  choices: fc.integer({ min: 1, max: 128 }),
});
const shares = fc.tuple(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 1, noNaN: true }),
);

test("an admitted exchange whose output stays within its limit and its cap never costs more than its budget", () => {
  fc.assert(
    fc.property(asked, shares, (question, [inputShare, cachedShare]) => {
      const answer = withinExchangeBudget(question);
      if (!answer.fits) return;
      const perChoice = Math.min(
        question.outputTokens ?? 100_000,
        answer.outputCap ?? Number.MAX_SAFE_INTEGER,
      );
      const inputTokens = Math.round(question.inputBytes * inputShare);
      for (const input of [inputTokens, question.inputBytes]) {
        const usage = {
          inputTokens: input,
          cachedInputTokens: Math.round(input * cachedShare),
          cacheWriteInputTokens: input - Math.round(input * cachedShare),
          outputTokens: perChoice * question.choices,
          reasoningTokens: Math.round(perChoice * question.choices * cachedShare),
        };
        const isFreeOutput = question.price.output === 0n && question.price.reasoning === 0n;
        assert.ok(answer.outputCap !== undefined || question.outputTokens !== undefined || isFreeOutput);
        assert.ok(costOfUsage(usage, question.price) <= question.budget);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("nothing that would fit is refused, and no cap is tighter than it must be", () => {
  fc.assert(
    fc.property(asked, (question) => {
      const answer = withinExchangeBudget(question);
      const { price } = question;
      const dearestInput = dearest(price.input, price.cacheRead, price.cacheWrite);
      const dearestOutput = dearest(price.output, price.reasoning);
      /** The exact worst cost in millionths of a nano-dollar. */
      const worst = (outputTokens: number): bigint =>
        BigInt(question.inputBytes) * dearestInput +
        BigInt(outputTokens) * BigInt(question.choices) * dearestOutput;
      const limit = question.budget * 1_000_000n;
      if (!answer.fits) assert.ok(worst(question.outputTokens === 0 ? 0 : 1) > limit);
      else if (answer.outputCap !== undefined) {
        assert.ok(worst(answer.outputCap) <= limit);
        assert.ok(answer.outputCap === 100_000_000 || worst(answer.outputCap + 1) > limit);
        assert.ok(answer.outputCap < (question.outputTokens ?? Number.POSITIVE_INFINITY));
      }
    }),
    { numRuns: 1_000 },
  );
});

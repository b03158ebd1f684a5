import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { chargeOfUsage, costOfUsage, priceAt, savedByCaches, type Price, type Usage } from "./usage.ts";

function price(fromMs: number, input = 1n, output = 2n, cacheRead = input): Price {
  return { fromMs, input, output, cacheRead, cacheWrite: input, reasoning: output };
}

function usage(counts: Partial<Usage>): Usage {
  return {
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    ...counts,
  };
}

test("a price holds from its instant on, until the next begins", () => {
  const rows = [price(100), price(200), price(300)];
  assert.equal(priceAt(rows, 99), undefined);
  assert.equal(priceAt(rows, 100), rows[0]);
  assert.equal(priceAt(rows, 199), rows[0]);
  assert.equal(priceAt(rows, 200), rows[1]);
  assert.equal(priceAt(rows, 299), rows[1]);
  assert.equal(priceAt(rows, 300), rows[2]);
  assert.equal(priceAt(rows, Number.MAX_SAFE_INTEGER), rows[2]);
});

test("a price from the beginning of time holds always, and without a row there is none", () => {
  const always = [price(Number.NEGATIVE_INFINITY)];
  assert.equal(priceAt(always, 0), always[0]);
  assert.equal(priceAt(always, -8.64e15), always[0]);
  assert.equal(priceAt([], 0), undefined);
});

test("the row in force is the latest that has begun", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: -50, max: 50 })),
      fc.integer({ min: -60, max: 60 }),
      (starts, at) => {
        const rows = starts.toSorted((a, b) => a - b).map((start) => price(start));
        const begun = starts.filter((start) => start <= at);
        assert.equal(priceAt(rows, at)?.fromMs, begun.length === 0 ? undefined : Math.max(...begun));
      },
    ),
  );
});

test("cached input is charged at its own price and once", () => {
  const prices = price(0, 1_000_000n, 0n, 100_000n);
  assert.equal(costOfUsage(usage({ inputTokens: 10, cachedInputTokens: 4 }), prices), 6n);
  assert.equal(costOfUsage(usage({ inputTokens: 10, cachedInputTokens: 0 }), prices), 10n);
  assert.equal(costOfUsage(usage({ inputTokens: 10, cachedInputTokens: 10 }), prices), 1n);
});

test("more cached tokens than input tokens are charged as the input", () => {
  const prices = price(0, 1_000_000n, 0n, 500_000n);
  assert.equal(costOfUsage(usage({ inputTokens: 4, cachedInputTokens: 9 }), prices), 2n);
});

test("reasoning tokens are part of the output and cost nothing more", () => {
  const prices = price(0, 0n, 1_000_000n);
  assert.equal(costOfUsage(usage({ outputTokens: 7, reasoningTokens: 5 }), prices), 7n);
});

test("the cost is rounded once over input, cached input and output", () => {
  const count = fc.nat(10_000_000);
  const rate = fc.bigInt({ min: 0n, max: 100_000_000_000n });
  fc.assert(
    fc.property(
      count,
      count,
      count,
      rate,
      rate,
      rate,
      (input, cached, output, inputRate, cachedRate, outputRate) => {
        const part = Math.min(cached, input);
        const exact =
          BigInt(input - part) * inputRate + BigInt(part) * cachedRate + BigInt(output) * outputRate;
        const cost = costOfUsage(
          usage({
            inputTokens: input,
            cachedInputTokens: cached,
            cacheWriteInputTokens: 0,
            outputTokens: output,
          }),
          price(0, inputRate, outputRate, cachedRate),
        );
        // Half up: twice the distance is in (-1, 1] nano-dollars.
        const twice = 2n * (cost * 1_000_000n - exact);
        assert.ok(twice > -1_000_000n && twice <= 1_000_000n, `${cost} for ${exact} millionths`);
      },
    ),
  );
});

test("what caches save and what was paid add up to what the input costs without any", () => {
  const tokens = fc.integer({ min: 0, max: 1_000_000 });
  const nano = fc.bigInt({ min: 0n, max: 100_000_000_000n });
  fc.assert(
    fc.property(
      fc.record({ plain: tokens, cached: tokens, written: tokens, long: tokens, outputTokens: tokens }),
      fc.record({
        input: nano,
        output: nano,
        cacheRead: nano,
        cacheWrite: nano,
        cacheWrite1h: nano,
        reasoning: nano,
      }),
      ({ plain, cached, written, long, outputTokens }, prices) => {
        const row: Price = { fromMs: 0, ...prices };
        const told = usage({
          inputTokens: plain + cached + written + long,
          cachedInputTokens: cached,
          cacheWriteInputTokens: written + long,
          cacheWrite1hInputTokens: long,
          outputTokens,
        });
        const uncached = usage({ inputTokens: told.inputTokens, outputTokens });
        assert.equal(savedByCaches(told, row) + chargeOfUsage(told, row), chargeOfUsage(uncached, row));
      },
    ),
  );
});

test("without caches nothing is saved", () => {
  assert.equal(savedByCaches(usage({ inputTokens: 1_000, outputTokens: 7 }), price(0, 5n, 9n, 1n)), 0n);
});

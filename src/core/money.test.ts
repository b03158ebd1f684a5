import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { costOf, formatUsd, parseUsd, roundedDifference } from "./money.ts";

test("a USD decimal is read exactly", () => {
  assert.equal(parseUsd("0"), 0n);
  assert.equal(parseUsd("1"), 1_000_000_000n);
  assert.equal(parseUsd("0.0375"), 37_500_000n);
  assert.equal(parseUsd("0.000000001"), 1n);
  assert.equal(parseUsd("000.10"), 100_000_000n);
  assert.equal(parseUsd("999999999999.999999999"), 999_999_999_999_999_999_999n);
});

for (const text of [
  "",
  " 1",
  "1 ",
  "1\n",
  "-1",
  "+1",
  "1e3",
  ".5",
  "1.",
  "1,5",
  "0.0000000001",
  "1234567890123",
  "0x1",
  "NaN",
  "Infinity",
  "١",
]) {
  test(`${JSON.stringify(text)} is no amount`, () => assert.equal(parseUsd(text), undefined));
}

test("an amount is written without trailing zeros and without a point that nothing follows", () => {
  assert.equal(formatUsd(0n), "0");
  assert.equal(formatUsd(94_590n), "0.00009459");
  assert.equal(formatUsd(1_500_000_000n), "1.5");
  assert.equal(formatUsd(2_000_000_000n), "2");
  assert.equal(formatUsd(1_000_000_000_000n), "1000");
  assert.equal(formatUsd(-1n), "-0.000000001");
  assert.equal(formatUsd(-2_050_000_000n), "-2.05");
});

test("what is written is read back as the same amount", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 21n - 1n }), (amount) => {
      assert.equal(parseUsd(formatUsd(amount)), amount);
    }),
  );
});

test("what is read is whole digits and decimals put together by integers", () => {
  const digits = fc.string({
    unit: fc.constantFrom(...Array.from("0123456789")),
    minLength: 1,
    maxLength: 12,
  });
  const decimals = fc.string({
    unit: fc.constantFrom(...Array.from("0123456789")),
    minLength: 1,
    maxLength: 9,
  });
  fc.assert(
    fc.property(digits, decimals, (whole, fraction) => {
      const amount = parseUsd(`${whole}.${fraction}`);
      assert.equal(amount, (BigInt(whole + fraction) * 10n ** 9n) / 10n ** BigInt(fraction.length));
    }),
  );
});

test("text that is read at all is digits with at most nine decimals", () => {
  const near = fc.string({ unit: fc.constantFrom(...Array.from("0123456789.-+e ,")), maxLength: 24 });
  fc.assert(
    fc.property(near, (text) => {
      const [whole = "", fraction, ...more] = text.split(".");
      const isDigits = (part: string, most: number): boolean =>
        part.length > 0 && part.length <= most && Array.from(part).every((one) => one >= "0" && one <= "9");
      const isDecimal =
        isDigits(whole, 12) && (fraction === undefined || isDigits(fraction, 9)) && more.length === 0;
      assert.equal(parseUsd(text) !== undefined, isDecimal);
    }),
    { numRuns: 500 },
  );
});

/** The nearest nano-dollar to `numerator / 10^6`, a tie going up, found without dividing half up. */
function nearest(numerator: bigint): bigint {
  const floor = numerator / 1_000_000n;
  const rest = numerator - floor * 1_000_000n;
  const isBelowHalf = rest < 1_000_000n - rest;
  return isBelowHalf ? floor : floor + 1n;
}

test("a cost is rounded half up once for all parts", () => {
  const part = fc.tuple(fc.nat({ max: Number.MAX_SAFE_INTEGER }), fc.bigInt({ min: 0n, max: 10n ** 21n }));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const exact = parts.reduce((sum, [count, price]) => sum + BigInt(count) * price, 0n);
      assert.equal(costOf(parts), nearest(exact));
    }),
  );
});

test("small counts at small prices, where every cost is a tie or near one, are rounded half up", () => {
  for (let count = 0; count <= 30; count++) {
    for (const price of [0n, 1n, 49_999n, 50_000n, 499_999n, 500_000n, 500_001n, 999_999n, 1_000_000n]) {
      assert.equal(costOf([[count, price]]), nearest(BigInt(count) * price), `${count} at ${price}`);
    }
  }
});

test("half a nano-dollar goes up, less goes down, and two halves of two parts are one", () => {
  assert.equal(costOf([[1, 500_000n]]), 1n);
  assert.equal(costOf([[1, 499_999n]]), 0n);
  assert.equal(
    costOf([
      [1, 500_000n],
      [1, 500_000n],
    ]),
    1n,
  );
  assert.equal(
    costOf([
      [1, 400_000n],
      [1, 400_000n],
    ]),
    1n,
  );
  assert.equal(costOf([]), 0n);
});

test("120 input tokens at 0.0375 USD and 30 output tokens at 3.003 USD a million cost 94,590 nano-dollars", () => {
  const input = parseUsd("0.0375");
  const output = parseUsd("3.003");
  assert.ok(input !== undefined && output !== undefined);
  assert.equal(
    costOf([
      [120, input],
      [30, output],
    ]),
    94_590n,
  );
  assert.equal(formatUsd(94_590n), "0.00009459");
});

for (const count of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
  test(`a count of ${count} is refused, also at no price`, () => {
    assert.throws(() => costOf([[count, 0n]]), RangeError);
  });
}

test("a difference is rounded to the nearest nano-dollar, halves up, below 0 as above", () => {
  const cases: readonly (readonly [charge: bigint, nano: bigint])[] = [
    [0n, 0n],
    [499_999n, 0n],
    [500_000n, 1n],
    [1_499_999n, 1n],
    [-500_000n, 0n],
    [-500_001n, -1n],
    [-1_000_000n, -1n],
    [-1_500_000n, -1n],
    [-1_500_001n, -2n],
  ];
  for (const [charge, nano] of cases) assert.equal(roundedDifference(charge), nano, String(charge));
});

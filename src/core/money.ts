/** An amount in nano-dollars: 1 USD = 1_000_000_000n. An integer, so that sums are exact. */
export type Nanodollars = bigint;

const NANO = 1_000_000_000n;
const DECIMAL = /^(\d{1,12})(?:\.(\d{1,9}))?$/;

/**
 * Reads a USD decimal exactly.
 *
 * @param text  digits with at most 9 decimals, such as "0.0375"; no sign, no exponent, at most 12 digits before the point
 * @returns nano-dollars, or undefined where `text` is no such decimal
 */
export function parseUsd(text: string): Nanodollars | undefined {
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  return BigInt(match[1] ?? "0") * NANO + BigInt((match[2] ?? "").padEnd(9, "0"));
}

/** The exact decimal of an amount in USD, without trailing zeros: 94_590n is "0.00009459". */
export function formatUsd(amount: Nanodollars): string {
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(10, "0");
  const fraction = digits.slice(-9).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -9)}${fraction === "" ? "" : `.${fraction}`}`;
}

/** What one token class costs: nano-dollars per 1,000,000 tokens, which is how prices are published. */
export type NanodollarsPerMillion = bigint;

/** A charge before it is rounded: millionths of a nano-dollar, in which every count times its price is whole. */
export type Charge = bigint;

/**
 * The charge for counted tokens.
 *
 * @param parts  pairs of a token count (integer >= 0) and its price
 * @throws RangeError where a count is negative or no integer
 */
export function chargeOf(parts: readonly (readonly [count: number, price: NanodollarsPerMillion])[]): Charge {
  let charge = 0n;
  for (const [count, price] of parts) {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new RangeError(`token count ${count} is no integer >= 0`);
    if (count !== 0) charge += BigInt(count) * price;
  }
  return charge;
}

/** Rounds half up to the nano-dollar: once an exchange, never by part. */
export function rounded(charge: Charge): Nanodollars {
  return (charge + 500_000n) / 1_000_000n;
}

/** The same for differences, which may be less than nothing: halves go up. */
export function roundedDifference(charge: Charge): Nanodollars {
  const raised = charge + 500_000n;
  const whole = raised / 1_000_000n;
  return raised < 0n && raised % 1_000_000n !== 0n ? whole - 1n : whole;
}

/** The cost of counted tokens. @throws RangeError as `chargeOf` */
export function costOf(
  parts: readonly (readonly [count: number, price: NanodollarsPerMillion])[],
): Nanodollars {
  return rounded(chargeOf(parts));
}

import { chargeOf, rounded, type Charge, type Nanodollars, type NanodollarsPerMillion } from "./money.ts";

/**
 * Tokens as the upstream reported them, each counted once. `inputTokens` includes those read from a cache and those
 * written to one, and `outputTokens` includes reasoning, as in the OpenAI dialect.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  /** Those of the written ones that are kept for an hour; absent where a provider knows no such thing. */
  readonly cacheWrite1hInputTokens?: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** What an upstream says of its tokens; "invalid" where it says something that cannot be. */
export type ReportedUsage = Usage | "invalid";

/** The price of a target from an instant on, in nano-dollars per 1,000,000 tokens. */
export interface Price {
  /** Unix milliseconds from which the row holds; the first row of a target holds from the beginning of time. */
  readonly fromMs: number;
  readonly input: NanodollarsPerMillion;
  readonly output: NanodollarsPerMillion;
  /** Input tokens read from a cache; where a price names none, they cost what input costs. */
  readonly cacheRead: NanodollarsPerMillion;
  /** Input tokens written to a cache; where a price names none, they cost what input costs. */
  readonly cacheWrite: NanodollarsPerMillion;
  /** Those kept for an hour; absent where they cost what other writes cost. */
  readonly cacheWrite1h?: NanodollarsPerMillion | undefined;
  /** Output tokens that were thought and not said; where a price names none, they cost what output costs. */
  readonly reasoning: NanodollarsPerMillion;
}

export const NO_USAGE: Usage = Object.freeze({
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
});

/**
 * The price row in force.
 *
 * @param prices  sorted by `fromMs`, ascending
 * @returns undefined where every row begins later: the target is unpriced at that time
 */
export function priceAt(prices: readonly Price[], atMs: number): Price | undefined {
  return prices.findLast((price) => price.fromMs <= atMs);
}

/**
 * What the tokens of a usage cost. Cached tokens are part of the input and reasoning is part of the output; each is
 * charged once, at its own price. Where a part says more than its whole, the whole counts.
 */
export function chargeOfUsage(usage: Usage, price: Price): Charge {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteInputTokens, usage.inputTokens - cached);
  const long = Math.min(usage.cacheWrite1hInputTokens ?? 0, written);
  const reasoning = Math.min(usage.reasoningTokens, usage.outputTokens);
  return chargeOf([
    [usage.inputTokens - cached - written, price.input],
    [cached, price.cacheRead],
    [written - long, price.cacheWrite],
    [long, price.cacheWrite1h ?? price.cacheWrite],
    [usage.outputTokens - reasoning, price.output],
    [reasoning, price.reasoning],
  ]);
}

/**
 * What prompt caches saved: the input at its plain price, less what it cost. Below 0 where writing to a cache cost more
 * than reading from it saved.
 */
export function savedByCaches(usage: Usage, price: Price): Charge {
  if (usage.cachedInputTokens === 0 && usage.cacheWriteInputTokens === 0) return 0n;
  const uncached = { ...usage, cachedInputTokens: 0, cacheWriteInputTokens: 0, cacheWrite1hInputTokens: 0 };
  return chargeOfUsage(uncached, price) - chargeOfUsage(usage, price);
}

/** The same, rounded. */
export function costOfUsage(usage: Usage, price: Price): Nanodollars {
  return rounded(chargeOfUsage(usage, price));
}

/** Two usages together. */
export function addUsage(a: Usage, b: Usage): Usage {
  const long = (a.cacheWrite1hInputTokens ?? 0) + (b.cacheWrite1hInputTokens ?? 0);
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
    cacheWriteInputTokens: a.cacheWriteInputTokens + b.cacheWriteInputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
    ...(long > 0 && { cacheWrite1hInputTokens: long }),
  };
}

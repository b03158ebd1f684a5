import { costOf, type Nanodollars, type NanodollarsPerMillion } from "./money.ts";

/**
 * Tokens as the upstream reported them, each counted once.
 * `inputTokens` includes cached ones and `outputTokens` includes reasoning, as in the OpenAI dialect.
 */
export interface Usage {
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** The price of a target from an instant on, in nano-dollars per 1,000,000 tokens. */
export interface Price {
  /** Unix milliseconds from which the row holds; the first row of a target holds from the beginning of time. */
  readonly fromMs: number;
  readonly input: NanodollarsPerMillion;
  readonly output: NanodollarsPerMillion;
  /** Cached input tokens; where a price names none, they cost what input costs. */
  readonly cacheRead: NanodollarsPerMillion;
}

/**
 * The price row in force.
 *
 * @param prices  sorted by `fromMs`, ascending
 * @returns undefined where every row begins later: the target is unpriced at that time
 */
export function priceAt(prices: readonly Price[], atMs: number): Price | undefined {
  return prices.findLast((price) => price.fromMs <= atMs);
}

/** What the reported tokens cost. Cached tokens are part of the input and are charged at their own price. */
export function costOfUsage(usage: Usage, price: Price): Nanodollars {
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  return costOf([
    [usage.inputTokens - cached, price.input],
    [cached, price.cacheRead],
    [usage.outputTokens, price.output],
  ]);
}

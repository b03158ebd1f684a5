import { costOf, type Nanodollars } from "../core/money.ts";
import type { Price } from "../core/usage.ts";
import { dearest, dearestInput } from "./exchange-budget.ts";

/** Output tokens that count where neither the client nor the target names a limit. */
export const UNNAMED_OUTPUT_TOKENS = 4_096;

/** More than any model writes in one reply; limits above it are written by people who want none. */
export const MOST_OUTPUT_TOKENS = 1_000_000;

export interface CeilingQuestion {
  /** Bytes of the request; no tokenizer makes more than a token of a byte. What it refers to by address is not in them. */
  readonly inputBytes: number;
  /** Output tokens a choice; undefined where nobody named a limit. */
  readonly outputTokens: number | undefined;
  readonly choices: number;
  readonly price: Price;
}

/** The most that one attempt is taken to cost before it is made. */
export function ceilingOf({ inputBytes, outputTokens, choices, price }: CeilingQuestion): Nanodollars {
  return costOf([
    [inputBytes, dearestInput(price)],
    [
      Math.min(outputTokens ?? UNNAMED_OUTPUT_TOKENS, MOST_OUTPUT_TOKENS) * choices,
      dearest(price.output, price.reasoning),
    ],
  ]);
}

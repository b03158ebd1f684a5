import type { Nanodollars } from "../core/money.ts";
import type { Price } from "../core/usage.ts";

export interface ExchangeBudgetQuestion {
  /** The most the exchange may cost. */
  readonly budget: Nanodollars;
  /** Bytes of the request; no tokenizer makes more than a token of a byte, so this bounds the input. */
  readonly inputBytes: number;
  readonly price: Price;
  /** Output tokens a choice asked for, where anybody named a limit. */
  readonly outputTokens: number | undefined;
  readonly choices: number;
}

export type ExchangeBudgetAnswer =
  /** It fits; `outputCap` is what each choice may have, undefined where the limit asked for already fits. */
  { readonly fits: true; readonly outputCap: number | undefined } | { readonly fits: false };

const MILLION = 1_000_000n;
/** More output than any model makes; above it a cap says nothing. */
const MAX_CAP = 100_000_000;

/** Whether an exchange can be kept within its own budget at a price, and the output cap that keeps it there. */
export function withinExchangeBudget(question: ExchangeBudgetQuestion): ExchangeBudgetAnswer {
  const { price } = question;
  const left = question.budget * MILLION - BigInt(question.inputBytes) * dearestInput(price);
  if (left < 0n) return { fits: false };
  const perToken = dearest(price.output, price.reasoning) * BigInt(question.choices);
  if (perToken === 0n || question.outputTokens === 0) return { fits: true, outputCap: undefined };
  const affordable = left / perToken;
  if (affordable < 1n) return { fits: false };
  if (question.outputTokens !== undefined && BigInt(question.outputTokens) <= affordable)
    return { fits: true, outputCap: undefined };
  return { fits: true, outputCap: affordable > BigInt(MAX_CAP) ? MAX_CAP : Number(affordable) };
}

/** The most that a token of input may cost. */
export function dearestInput(price: Price): bigint {
  return dearest(price.input, price.cacheRead, price.cacheWrite, price.cacheWrite1h ?? 0n);
}

export function dearest(...prices: readonly bigint[]): bigint {
  return prices.reduce((most, price) => (price > most ? price : most), 0n);
}

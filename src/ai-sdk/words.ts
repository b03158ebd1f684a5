import {
  CONTEXT_WORDS,
  isContextWord,
  wordFault,
  type ContextWord,
  type LatencyClass,
  type Sensitivity,
} from "../core/context.ts";

/** A value, or a function that is called for each request; undefined says nothing of the word. */
type Said<Value> = Value | undefined | (() => Value | undefined);

/** What requests say about themselves, in the words of docs/guides/context.md. */
export interface SwitchyardWords {
  readonly user?: Said<string>;
  readonly app?: Said<string>;
  readonly feature?: Said<string>;
  readonly workflow?: Said<string>;
  readonly journey?: Said<string>;
  /** A task of the configuration; it wins over the model's name. */
  readonly task?: Said<string>;
  readonly latency?: Said<LatencyClass>;
  /** May raise what the key and the tenant say, never lower it. */
  readonly sensitivity?: Said<Sensitivity>;
  /** The most that one request may cost: a USD decimal such as "0.05". */
  readonly budget?: Said<string>;
  /** `name@version` */
  readonly prompt?: Said<string>;
}

// Above it `fetch` refuses a header, with words that name neither the header nor what to do.
const BEYOND_HEADERS = /[^\u0000-\u00ff]/; // oxlint-disable-line no-control-regex

/** @throws TypeError where a name is no word, or a value that is already there is impossible */
export function checkWords(words: SwitchyardWords): void {
  for (const [word, said] of Object.entries(words) as [string, Said<string>][]) {
    if (!isContextWord(word))
      throw invalid(`"${word}" is no word of the context; there are: ${CONTEXT_WORDS.join(", ")}`);
    if (typeof said !== "function" && said !== undefined) checkValue(word, said);
  }
}

/**
 * The words as headers of one request.
 *
 * @returns `{ "x-switchyard-user": "u-17" }`
 * @throws TypeError where a function gives an impossible value
 */
export function wordHeaders(words: SwitchyardWords): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [word, said] of Object.entries(words) as [ContextWord, Said<string>][]) {
    const value = typeof said === "function" ? said() : said;
    if (value === undefined) continue;
    checkValue(word, value);
    headers[`x-switchyard-${word}`] = value;
  }
  return headers;
}

function checkValue(word: ContextWord, value: unknown): void {
  if (typeof value !== "string") throw invalid(`${word}: write a text, not ${typeof value}`);
  const fault = wordFault(word, value);
  if (fault !== undefined) throw invalid(fault);
  if (BEYOND_HEADERS.test(value))
    throw invalid(
      `${word}: holds a character that no HTTP header can carry; encode it, with encodeURIComponent for one`,
    );
}

/** It is a fault of the program that calls, whose author wants the stack, which an AppError has not. */
function invalid(message: string): TypeError {
  return new TypeError(`switchyardContext: ${message}`);
}

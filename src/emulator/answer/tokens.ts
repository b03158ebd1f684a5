import { canonicalJson, type Json } from "../json.ts";

/**
 * Tokens as this emulator counts them: a run of at most four letters or digits with the blank before it, or a single
 * other sign. English comes out at a little over four characters a token, as with the real tokenizers, which are not
 * public.
 */
const TOKEN = /\s?[\p{L}\p{N}]{1,4}|\s?[^\s\p{L}\p{N}]|\s/gu;

export function tokensOf(text: string): string[] {
  return text.match(TOKEN) ?? [];
}

export function countTokens(text: string): number {
  let count = 0;
  for (const _ of text.matchAll(TOKEN)) count++;
  return count;
}

export function countJsonTokens(value: Json | undefined): number {
  return value === undefined ? 0 : countTokens(canonicalJson(value));
}

/** The first tokens of a text. */
export function firstTokens(text: string, most: number): string {
  return tokensOf(text).slice(0, most).join("");
}

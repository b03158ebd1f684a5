import { countTokens as countO200k, setMergeCacheSize } from "gpt-tokenizer/encoding/o200k_base";
import { TOKEN_FAMILIES, type FamilyFacts, type TokenFamily, type Vocabulary } from "./token-family.ts";

/**
 * Characters that are counted at a time. Byte-pair encoding takes time in the square of an unbroken piece (32,000
 * characters of Thai: 2 s whole, 50 ms in windows); cutting costs at most 0.6 % of accuracy.
 */
const WINDOW = 256;
const SPACE = /\s/;
/** Letters of other scripts. */
const BEYOND_LATIN = /(?!\p{Script=Latin})\p{L}/gu;
/** A window in which so many of the characters are such letters is text in another script. */
const BEYOND_SHARE = 0.3;

// The library would keep pieces of prompts.
setMergeCacheSize(0);

/** Tokens of a text; >= 0, and 0 for no text alone. */
export type CountText = (text: string) => number;

/** Text that looks like a control token is text. */
const PLAIN = { disallowedSpecial: new Set<string>() };

/** Loaded when a family needs them, each in some 100 ms. */
const VOCABULARIES: Readonly<Record<Vocabulary, () => Promise<CountText>>> = {
  o200k: () => Promise.resolve(pieceInO200k),
  cl100k: async () => {
    const cl100k = await import("gpt-tokenizer/encoding/cl100k_base");
    cl100k.setMergeCacheSize(0);
    return (text) => cl100k.countTokens(text, PLAIN);
  },
};

/** Tokens of a text in o200k_base, the vocabulary of OpenAI's models since GPT-4o. For other families it is an estimate. */
export function countTokens(text: string): number {
  let tokens = 0;
  for (const window of windows(text)) tokens += pieceInO200k(window);
  return tokens;
}

/** Counts as a family does, or as near to it as is known. */
export async function familyCounter(family: TokenFamily): Promise<CountText> {
  const { latin, beyond }: FamilyFacts = TOKEN_FAMILIES[family];
  const [countLatin, countBeyond] = await Promise.all([
    VOCABULARIES[latin.vocabulary](),
    VOCABULARIES[beyond.vocabulary](),
  ]);
  const isOne = latin.vocabulary === beyond.vocabulary && latin.factor === beyond.factor;
  return (text) => {
    let tokens = 0;
    for (const window of windows(text))
      tokens +=
        !isOne && isBeyondLatin(window)
          ? countBeyond(window) * beyond.factor
          : countLatin(window) * latin.factor;
    return Math.round(tokens);
  };
}

function pieceInO200k(text: string): number {
  return countO200k(text, PLAIN);
}

function isBeyondLatin(window: string): boolean {
  return (window.match(BEYOND_LATIN)?.length ?? 0) > window.length * BEYOND_SHARE;
}

function* windows(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = windowEnd(text, start);
    yield text.slice(start, end);
    start = end;
  }
}

/** Just before a space in the window's second half, else its full length; never within a surrogate pair. */
function windowEnd(text: string, start: number): number {
  const most = start + WINDOW;
  if (most >= text.length) return text.length;
  for (let end = most; end > start + WINDOW / 2; end--) if (SPACE.test(text[end] ?? "")) return end;
  const isPair = (text.charCodeAt(most - 1) & 0xfc00) === 0xd800;
  return isPair ? most - 1 : most;
}

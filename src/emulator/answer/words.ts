import type { Random } from "./random.ts";

const WORDS =
  "the a this each every river harbour signal window letter garden bridge morning station paper silver quiet open small bright careful early distant steady carries follows answers keeps turns reaches holds marks crosses opens between under beside after before near with without into toward along".split(
    " ",
  );

/** Sentences of made-up words. */
export function madeUpText(random: Random, words: number): string {
  let text = "";
  let left = words;
  while (left > 0) {
    const length = Math.min(left, random.between(5, 12));
    left -= length;
    const sentence = Array.from({ length }, () => random.pick(WORDS)).join(" ");
    text += `${text === "" ? "" : " "}${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
  }
  return text;
}

import { FILTER_WORDS, type FilterWord } from "../core/ledger-words.ts";
import type { ExchangeStatus } from "../core/status.ts";
import { UsageError, type Option } from "./command.ts";

export const whereOption: Option = {
  type: "string",
  multiple: true,
  value: "WORD=VALUE",
  describe: `Only exchanges with this word; an empty value means without it. Words: ${FILTER_WORDS.join(", ")}. May be repeated.`,
};

/** @throws UsageError where a pair is none, or names no word */
export function whereOf(
  pairs: readonly string[],
): { [word in Exclude<FilterWord, "status">]?: string } & { status?: ExchangeStatus } {
  // Whether a value is one that the word can have is the control API's to say.
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      const word = pair.slice(0, at);
      if (at < 1) throw new UsageError(`--where: "${pair}" is no WORD=VALUE`);
      if (!(FILTER_WORDS as readonly string[]).includes(word))
        throw new UsageError(`--where: there is no word "${word}"; there are ${FILTER_WORDS.join(", ")}`);
      return [word, pair.slice(at + 1)];
    }),
  );
}

import { brief } from "../../core/text.ts";

const MOST_TOLD = 16;

/** Texts of a client's as an error message may list them: each short, and not too many. */
export function briefList(texts: Iterable<string>): string {
  const told: string[] = [];
  for (const text of texts) {
    if (told.length === MOST_TOLD) return `${told.join(", ")}, …`;
    told.push(brief(text));
  }
  return told.join(", ");
}

import { CONTEXT_WORDS } from "./context.ts";

/** Words by which exchanges are found and usage is divided: the context's, and what served an exchange and how it ended. */
export const FILTER_WORDS = [
  "tenant",
  ...CONTEXT_WORDS,
  "key",
  "target",
  "provider",
  "model",
  "dialect",
  "operation",
  "status",
  "code",
] as const;
export type FilterWord = (typeof FILTER_WORDS)[number];

/** Stretches of time by which usage can be divided, in UTC. */
export const TIME_WORDS = ["hour", "day", "month"] as const;
export type TimeWord = (typeof TIME_WORDS)[number];

/** The empty text asks for what has no such word: no word has an empty value. */
export type Filters = { readonly [word in FilterWord]?: string | undefined };

/** The words with which a request tells what it is about. `tenant` is not among them: it comes from the key. */
export const CONTEXT_WORDS = [
  "user",
  "app",
  "feature",
  "workflow",
  "journey",
  "task",
  "latency",
  "sensitivity",
  "budget",
  "prompt",
] as const;

export type ContextWord = (typeof CONTEXT_WORDS)[number];

export const LATENCY_CLASSES = ["interactive", "standard", "batch"] as const;
export type LatencyClass = (typeof LATENCY_CLASSES)[number];

/** From harmless to most secret; the order is used. */
export const SENSITIVITIES = ["public", "internal", "confidential", "restricted"] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

export const TIERS = ["premium", "dedicated", "small", "batch"] as const;
export type Tier = (typeof TIERS)[number];

/** What a request says about itself, resolved from key, metadata and headers. Absent words are undefined. */
export interface Context {
  readonly tenant: string;
  readonly user: string | undefined;
  readonly app: string | undefined;
  readonly feature: string | undefined;
  readonly workflow: string | undefined;
  readonly journey: string | undefined;
  readonly task: string | undefined;
  readonly latency: LatencyClass;
  readonly sensitivity: Sensitivity;
  /** The most this exchange may cost, as the request wrote it: a USD decimal. */
  readonly budget: string | undefined;
  /** `name@version` */
  readonly prompt: string | undefined;
}

/** Words and their values as somebody wrote them, not yet checked against each other. */
export type WordValues = { readonly [word in ContextWord]?: string };

export function isContextWord(text: string): text is ContextWord {
  return (CONTEXT_WORDS as readonly string[]).includes(text);
}

/** The more secret of two. */
export function moreSensitive(a: Sensitivity, b: Sensitivity): Sensitivity {
  return SENSITIVITIES.indexOf(a) >= SENSITIVITIES.indexOf(b) ? a : b;
}

const WORD_MAX = 256;
const PROMPT = /^[^@\s]+@[^@\s]+$/;
const BUDGET = /^\d{1,12}(\.\d{1,9})?$/;
// oxlint-disable-next-line no-control-regex -- control characters are just what is looked for
const UNPRINTABLE = /[\u0000-\u001f\u007f]/;

/**
 * What is wrong with a word's value.
 *
 * @returns a sentence that says what to write instead, or undefined where nothing is wrong
 */
export function wordFault(word: ContextWord, value: string): string | undefined {
  if (value === "") return `${word}: is empty; give it a value or leave it out`;
  if (value.length > WORD_MAX) return `${word}: is longer than ${WORD_MAX} characters`;
  if (UNPRINTABLE.test(value)) return `${word}: holds a control character`;
  switch (word) {
    case "latency":
      return oneOf(word, value, LATENCY_CLASSES);
    case "sensitivity":
      return oneOf(word, value, SENSITIVITIES);
    case "budget":
      return BUDGET.test(value) ? undefined : `budget: write a USD decimal such as 0.05, not "${value}"`;
    case "prompt":
      return PROMPT.test(value) ? undefined : `prompt: write name@version, not "${value}"`;
    case "user":
    case "app":
    case "feature":
    case "workflow":
    case "journey":
    case "task":
      return undefined;
  }
}

function oneOf(word: string, value: string, allowed: readonly string[]): string | undefined {
  return allowed.includes(value) ? undefined : `${word}: write one of ${allowed.join(", ")}, not "${value}"`;
}

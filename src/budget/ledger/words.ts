import type { FilterWord } from "../../core/ledger-words.ts";

/** The columns that hold the words. */
export const FILTER_COLUMNS = {
  tenant: "tenant",
  user: "end_user",
  app: "app",
  feature: "feature",
  workflow: "workflow",
  journey: "journey",
  task: "task",
  latency: "latency",
  sensitivity: "sensitivity",
  budget: "budget",
  prompt: "prompt",
  key: "key_id",
  target: "target",
  provider: "provider",
  model: "model",
  dialect: "dialect",
  operation: "operation",
  status: "status",
  code: "code",
} as const satisfies Record<FilterWord, string>;

/** Not in the sums by hour: too many values, or nobody's question. Usage by them reads the exchanges themselves. */
const UNSUMMED: ReadonlySet<FilterWord> = new Set<FilterWord>(["user", "journey", "budget", "code"]);

/** Whether the sums by hour can answer for a word. */
export function isSummed(word: FilterWord): boolean {
  return !UNSUMMED.has(word);
}

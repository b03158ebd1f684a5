import { AppError } from "../../../core/errors.ts";
import type { Envelope } from "../envelope.ts";

/**
 * How often a completions request is answered: each of its prompts `n` times, or `best_of` times, of which the best `n`
 * come back. https://platform.openai.com/docs/api-reference/completions/create
 *
 * @param most  for `n` and for `best_of`
 * @throws AppError invalid_request
 */
export function completionChoices(envelope: Envelope, most: number): number {
  const wanted = envelope.count("n", 1, most) ?? 1;
  const made = envelope.count("best_of", 1, most) ?? 1;
  return Math.max(wanted, made) * promptsIn(envelope.value("prompt"));
}

/** A text, its tokens as numbers, or a list of either. */
function promptsIn(prompt: unknown): number {
  if (prompt === undefined || prompt === null || typeof prompt === "string") return 1;
  if (!Array.isArray(prompt))
    throw new AppError("invalid_request", "prompt: expected a text, a list of tokens, or a list of these");
  return typeof prompt[0] === "number" ? 1 : Math.max(1, prompt.length);
}

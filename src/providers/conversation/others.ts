import type { OtherParameter } from "../../core/chat.ts";
import type { Writing } from "./writing.ts";

/** What a request means about the same without; what is not here it may not go without. */
const DROPPABLE: ReadonlySet<string> = new Set([
  "seed",
  "logit_bias",
  "logprobs",
  "top_logprobs",
  "presence_penalty",
  "frequency_penalty",
  "repetition_penalty",
  "prediction",
  "verbosity",
  "text.verbosity",
  "store",
  "user",
  "safety_identifier",
  "metadata",
  "include",
  "truncation",
  "stream_options",
  "prompt_cache_retention",
  "prompt_cache_options",
  "top_a",
  "min_p",
  "thinking",
  "reasoning.summary",
  "reasoning.generate_summary",
  "context_management",
  "inference_geo",
  "performanceConfig",
]);
/** A name of who speaks, of a message. */
const SPEAKER = /^messages\.\d+\.name$/;

/**
 * What other dialects have and the upstream has not.
 *
 * @returns fields of the model's own, where it has a place for it
 */
export function writeOthers(
  others: readonly OtherParameter[],
  topK: number | undefined,
  rulesSampling: boolean,
  { model, losses, form }: Writing,
): Readonly<Record<string, unknown>> {
  const noPlace = `has no place in ${form.api}`;
  let fields: Readonly<Record<string, unknown>> = {};
  if (topK !== undefined) {
    if (rulesSampling || !canTopK(model)) losses.drop("top_k", `has no place in ${form.api} for this model`);
    else fields = model.topK === "nova" ? { inferenceConfig: { topK } } : { top_k: topK };
  }
  for (const { name, value } of others) {
    if (name === "n") {
      if (value !== 1) losses.refuse(name, `has no place in ${form.api}: it gives one answer`);
    } else if (DROPPABLE.has(name) || SPEAKER.test(name)) losses.drop(name, noPlace);
    else losses.refuse(name, noPlace);
  }
  return fields;
}

function canTopK({ topK, sampling }: Writing["model"]): boolean {
  return topK !== undefined && sampling.temperature === "yes";
}

import type { OtherParameter } from "../../core/chat.ts";
import type { Losses } from "../conversation/losses.ts";

/** A request means about the same without these; without others it does not. */
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
 * What a client's dialect has beside all this, and the engine has not.
 *
 * @param expressed  names of those that the engine takes, which the caller writes
 */
export function leaveOthers(
  others: readonly OtherParameter[],
  expressed: ReadonlySet<string>,
  losses: Losses,
): void {
  for (const { name, value } of others) {
    if (expressed.has(name) || (name === "n" && value === 1)) continue;
    if (DROPPABLE.has(name) || SPEAKER.test(name)) losses.drop(name, "is not known to this engine");
    else losses.refuse(name, "is not known to this engine");
  }
}

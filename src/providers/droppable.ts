/**
 * Parameters of any dialect without which a request still means about the same: hints, and wishes about how the reply is
 * told. By their own names, wherever they stand in a body.
 */
const HINTS: ReadonlySet<string> = new Set([
  "additionalModelResponseFieldPaths",
  "detail",
  "display",
  "frequency_penalty",
  "generate_summary",
  "include",
  "inference_geo",
  "input_examples",
  "logit_bias",
  "logprobs",
  "metadata",
  "min_p",
  "name",
  "performanceConfig",
  "prediction",
  "presence_penalty",
  "repetition_penalty",
  "safety_identifier",
  "seed",
  "store",
  "stream_options",
  "summary",
  "top_a",
  "top_logprobs",
  "truncation",
  "user",
  "verbosity",
]);
/**
 * Without them the very same is asked and answered: at another cost, or told in other pieces. Vercel's AI SDK asks for the
 * latter with every tool of a stream.
 */
const SAME_ANSWER: ReadonlySet<string> = new Set([
  "cache_control",
  "context_management",
  "eager_input_streaming",
  "prompt_cache_key",
  "prompt_cache_options",
  "prompt_cache_retention",
]);
/** A wish to think in a form that only its own maker knows. */
const THINKING = "thinking";

/**
 * Whether a target's policy may leave a parameter out.
 *
 * @param name  as the client's dialect calls it, with the path where it is not at the top: `messages.2.name`
 */
export function isDroppable(name: string): boolean {
  return name === THINKING || HINTS.has(ownName(name)) || keepsTheAnswer(name);
}

/**
 * Whether a parameter changes at most what it costs or in which pieces it is told: left out and told whatever the policy, as a
 * refusal would cost more than it saves.
 */
export function keepsTheAnswer(name: string): boolean {
  return SAME_ANSWER.has(ownName(name));
}

function ownName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

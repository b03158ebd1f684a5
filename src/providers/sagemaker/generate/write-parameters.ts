import type { ChatRequest } from "../../../core/chat.ts";
import type { Losses } from "../../conversation/losses.ts";
import { leaveOthers } from "../../text-generation/leave-others.ts";

/** Whose names and rules hold: TGI's, or LMI's (DJL Serving). */
export type Generator = "tgi" | "djl";

/** Output tokens that are asked for where nobody names a limit: LMI alone would give 30, and TGI as many as fit. */
export const DEFAULT_MAX_NEW_TOKENS = 512;
/** TGI takes no more stop texts unless it is told to. */
const MOST_TGI_STOPS = 4;

/** What other dialects have and these engines, too; all are numbers. TGI knows no presence penalty. */
const OTHERS: Readonly<Record<Generator, ReadonlySet<string>>> = {
  tgi: new Set(["seed", "repetition_penalty", "frequency_penalty"]),
  djl: new Set(["seed", "repetition_penalty", "frequency_penalty", "presence_penalty"]),
};

/** What parameters are made from beside the request. */
export interface ParameterNeeds {
  readonly generator: Generator;
  /** Output tokens at most, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  /** What ends the model's turn in the prompt's template. */
  readonly templateStops: readonly string[];
}

/**
 * The `parameters` of a request. Details are always asked for: they tell tokens and why a reply ended.
 * https://huggingface.co/docs/text-generation-inference/reference/api_reference,
 * https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/lmi_input_output_schema.html#generationparameters
 */
export function writeParameters(
  chat: ChatRequest,
  { generator, outputCap, templateStops }: ParameterNeeds,
  losses: Losses,
): Readonly<Record<string, unknown>> {
  const stops = stopTexts(chat.stop, templateStops, generator);
  return {
    max_new_tokens: outputCap ?? chat.maxOutputTokens ?? DEFAULT_MAX_NEW_TOKENS,
    ...sampling(chat),
    ...(stops.length > 0 && { [generator === "tgi" ? "stop" : "stop_sequences"]: stops }),
    ...others(chat, OTHERS[generator], losses),
    return_full_text: false,
    details: true,
  };
}

/** Those that the client wants in any case; the template's only save tokens, because answers are cut there anyway. */
function stopTexts(
  own: readonly string[],
  template: readonly string[],
  generator: Generator,
): readonly string[] {
  const all = [...new Set([...own, ...template])];
  return generator === "tgi" ? all.slice(0, Math.max(own.length, MOST_TGI_STOPS)) : all;
}

/**
 * TGI refuses a temperature of 0, and a `top_p` that is not between 0 and 1; either says the same without. LMI samples only
 * where it is told to.
 */
function sampling({ temperature, topP, topK }: ChatRequest): Readonly<Record<string, unknown>> {
  if (temperature === 0 || topP === 0 || topK === 1) return { do_sample: false };
  const said = {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && topP < 1 && { top_p: topP }),
    ...(topK !== undefined && topK > 0 && { top_k: topK }),
  };
  return temperature === undefined && topP === undefined && topK === undefined
    ? {}
    : { ...said, do_sample: true };
}

function others(
  chat: ChatRequest,
  known: ReadonlySet<string>,
  losses: Losses,
): Readonly<Record<string, unknown>> {
  const written = new Map(
    chat.others
      .filter(({ name, value }) => known.has(name) && typeof value === "number")
      .map(({ name, value }) => [name, value]),
  );
  leaveOthers(chat.others, new Set(written.keys()), losses);
  return Object.fromEntries(written);
}

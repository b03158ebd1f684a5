import type { ChatRequest } from "../../core/chat.ts";
import type { Losses } from "../conversation/losses.ts";
import { leaveOthers } from "../text-generation/leave-others.ts";

/** Output tokens that are asked for where neither client nor target say: backends stop at 16 or refuse. */
export const DEFAULT_MAX_TOKENS = 512;

export interface GenerateRequest {
  readonly chat: ChatRequest;
  readonly prompt: string;
  readonly stops: readonly string[];
  readonly maxTokens: number;
  readonly stream: boolean;
  /** The tensor that holds the prompt. */
  readonly input: string;
}

type Body = Readonly<Record<string, unknown>>;

/** Of other dialects' parameters, those that the backends have under the same name. */
const SHARED = ["presence_penalty", "frequency_penalty", "repetition_penalty"] as const;
const BY_VLLM = [...SHARED, "seed", "min_p"] as const;
const BY_TRTLLM = [...SHARED, "seed"] as const;

export function writeGenerate(request: GenerateRequest, backend: "vllm" | "trtllm", losses: Losses): string {
  const names = backend === "vllm" ? BY_VLLM : BY_TRTLLM;
  const numbers = numbersOf(request.chat, names);
  leaveOthers(request.chat.others, new Set(Object.keys(numbers)), losses);
  return JSON.stringify(backend === "vllm" ? vllm(request, numbers) : trtllm(request, numbers));
}

/** Output tokens to ask for. */
export function maxTokensOf({ maxOutputTokens }: ChatRequest, outputCap: number | undefined): number {
  const limits = [maxOutputTokens, outputCap].filter((limit) => limit !== undefined);
  return limits.length === 0 ? DEFAULT_MAX_TOKENS : Math.min(...limits);
}

/**
 * Sampling parameters are said twice. `sampling_parameters`, JSON in a tensor, is what the backend reads first; only there
 * can several stop sequences stand, and where it is given, `return_…` flags that an older version does not know do no harm.
 * `parameters` is what the generate extension documents, with nothing but numbers, texts and booleans in it.
 *
 * A stop text is asked for in the answer, which tells it from the model's own end; it is cut out again.
 * https://github.com/triton-inference-server/vllm_backend/blob/main/docs/additional_outputs.md and src/utils/request.py
 */
function vllm({ chat, prompt, stops, maxTokens, stream, input }: GenerateRequest, numbers: Body): Body {
  const parameters = {
    max_tokens: maxTokens,
    temperature: chat.temperature,
    top_p: chat.topP,
    // All tokens are 0 in other dialects, and -1 in every version of vLLM.
    top_k: chat.topK === 0 ? -1 : chat.topK,
    ...numbers,
    include_stop_str_in_output: true,
  };
  return {
    [input]: prompt,
    stream,
    exclude_input_in_output: true,
    return_finish_reason: true,
    return_num_input_tokens: true,
    return_num_output_tokens: true,
    sampling_parameters: JSON.stringify({ ...parameters, stop: stops }),
    parameters: { ...parameters, ...(stops.length === 1 && { stop: stops[0] }) },
  };
}

/**
 * Flat, and the two lists of words always: without them older versions refuse. The seed has changed its name, and what a
 * model has no tensor for does nothing. How counts of tokens add up in streams is not told, so there they are not asked for.
 * https://github.com/NVIDIA/TensorRT-LLM/blob/main/triton_backend/all_models/inflight_batcher_llm/ensemble/config.pbtxt
 */
function trtllm({ chat, prompt, stops, maxTokens, stream, input }: GenerateRequest, numbers: Body): Body {
  return {
    [input]: prompt,
    stream,
    max_tokens: maxTokens,
    bad_words: "",
    stop_words: stops.length === 0 ? "" : stops,
    temperature: chat.temperature,
    top_p: chat.topP,
    top_k: chat.topK,
    ...numbers,
    random_seed: numbers["seed"],
    exclude_input_in_output: true,
    ...(!stream && { return_num_input_tokens: true, return_num_output_tokens: true }),
  };
}

function numbersOf({ others }: ChatRequest, names: readonly string[]): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const { name, value } of others) {
    if (names.includes(name) && typeof value === "number") numbers[name] = value;
  }
  return numbers;
}

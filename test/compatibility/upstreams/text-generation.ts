import type { Answer, Asked, Failure } from "./model.ts";
import { known, number, object, refuse, text, type Api, type ErrorReply, type Json } from "./api.ts";
import { readPrompt, type PromptForm } from "./prompt.ts";

/** What both read of a prompt: no tools, no pictures, no schema; the text is all. */
const NO_MORE = {
  tools: [],
  toolChoice: undefined,
  schema: undefined,
  thinks: false,
  cachePoints: 0,
} as const;

/** The text with the stop text at its end, as these engines leave it in. */
function tokensOf({ text: pieces, sequence }: Answer): string[] {
  return sequence === undefined ? [...pieces] : [...pieces, sequence];
}

const TGI_PARAMETERS = [
  "max_new_tokens temperature do_sample top_p top_k stop seed repetition_penalty frequency_penalty return_full_text",
  "details decoder_input_details truncate typical_p watermark best_of top_n_tokens grammar",
]
  .join(" ")
  .split(" ");

/** https://huggingface.co/docs/text-generation-inference/reference/api_reference */
export function tgi(form: PromptForm): Omit<Api, "paths" | "admits"> {
  const last = (answer: Answer): object => ({
    finish_reason:
      answer.sequence !== undefined ? "stop_sequence" : answer.stop === "length" ? "length" : "eos_token",
    generated_tokens: answer.usage.output,
  });
  return {
    read: (body, path) => readTgi(body, form, path.endsWith("invocations-response-stream")),
    whole: (answer) => [
      { generated_text: tokensOf(answer).join(""), details: { ...last(answer), prefill: [], tokens: [] } },
    ],
    pieces(answer) {
      const tokens = tokensOf(answer);
      return tokens.map((token, index) => {
        const isLast = index === tokens.length - 1;
        const event = {
          index,
          token: { id: 1, text: token, logprob: -0.1, special: false },
          generated_text: isLast ? tokens.join("") : null,
          details: isLast ? { ...last(answer), input_length: answer.usage.input, seed: null } : null,
        };
        return `data:${JSON.stringify(event)}\n\n`;
      });
    },
    beforeBreak: 3,
    streamType: "text/event-stream",
    error: (failure, said) => tgiError(failure, said),
    streamError: () => `data:${JSON.stringify({ error: "CUDA error", error_type: "generation" })}\n\n`,
  };
}

function readTgi(body: Json, form: PromptForm, stream: boolean): Asked {
  known(body, ["inputs", "parameters", "stream"], (name) => `unknown field \`${name}\``);
  const parameters = object(body["parameters"] ?? {}, "parameters");
  known(parameters, TGI_PARAMETERS, (name) => `parameters: unknown field \`${name}\``);
  const temperature = number(parameters["temperature"], "temperature");
  refuse(temperature === undefined || temperature > 0, "`temperature` must be strictly positive");
  const stop = (parameters["stop"] ?? []) as readonly string[];
  refuse(stop.length <= 4, "`stop` supports up to 4 stop sequences");
  refuse((body["stream"] === true) === stream, "stream and the endpoint's operation do not fit");
  return {
    ...NO_MORE,
    ...readPrompt(text(body["inputs"], "inputs"), form),
    stream,
    maxTokens: number(parameters["max_new_tokens"], "max_new_tokens"),
    temperature,
    stop: stop.filter((each) => each !== form.stop),
  };
}

const WORDS: Readonly<Record<Failure, string>> = {
  "bad-request": "Input validation error: `top_p` must be > 0.0 and < 1.0",
  authentication: "Unauthorized",
  permission: "Forbidden",
  "not-found": "Request for unknown model: 'llm' is not found",
  "too-large": "Payload too large",
  "rate-limit": "Model is overloaded",
  overloaded: "Model is overloaded",
  "server-error": "CUDA error",
  timeout: "timed out",
  context: "Input validation error: `inputs` must have less than 4095 tokens. Given: 5000",
  "mid-stream": "CUDA error",
  cut: "CUDA error",
  "no-end": "CUDA error",
};
const STATUS: Readonly<Record<Failure, number>> = {
  "bad-request": 422,
  authentication: 401,
  permission: 403,
  "not-found": 404,
  "too-large": 413,
  "rate-limit": 429,
  overloaded: 503,
  "server-error": 500,
  timeout: 504,
  context: 422,
  "mid-stream": 500,
  cut: 500,
  "no-end": 500,
};

function tgiError(failure: Failure, said?: string): ErrorReply {
  return { status: STATUS[failure], body: { error: said ?? WORDS[failure], error_type: "validation" } };
}

/** Triton with the vLLM backend. https://github.com/triton-inference-server/vllm_backend */
export function triton(form: PromptForm, admits: Api["admits"]): Api {
  const counts = (answer: Answer, tokens: number, finish: string): object => ({
    model_name: "llm",
    model_version: "1",
    finish_reason: finish,
    num_input_tokens: answer.usage.input,
    num_output_tokens: tokens,
  });
  const finishOf = ({ stop }: Answer): string => (stop === "length" ? "length" : "stop");
  return {
    paths: /^\/v2\/models\/llm\/generate(_stream)?$/,
    admits,
    read: (body, path) => readTriton(body, form, path.endsWith("_stream")),
    whole: (answer) => ({
      text_output: tokensOf(answer).join(""),
      ...counts(answer, answer.usage.output, finishOf(answer)),
    }),
    pieces(answer) {
      const tokens = tokensOf(answer);
      return tokens.map((token, index) => {
        const isLast = index === tokens.length - 1;
        // A stop text is no token of its own.
        const told = isLast && answer.sequence !== undefined ? 0 : 1;
        const members = counts(answer, told, isLast ? finishOf(answer) : "None");
        return `data: ${JSON.stringify({ ...members, text_output: token })}\n\n`;
      });
    },
    beforeBreak: 3,
    streamType: "text/event-stream",
    error: (failure, said) => tritonError(failure, said),
    streamError: () => `data: ${JSON.stringify({ error: "CUDA error" })}\n\n`,
  };
}

function readTriton(body: Json, form: PromptForm, stream: boolean): Asked {
  const sampling = JSON.parse(text(body["sampling_parameters"], "sampling_parameters")) as Json;
  for (const [name, value] of Object.entries(object(body["parameters"] ?? {}, "parameters")))
    refuse(typeof value !== "object", `Invalid type for parameter '${name}'`);
  refuse(body["stream"] === undefined || body["stream"] === stream, "stream does not fit the path");
  return {
    ...NO_MORE,
    ...readPrompt(text(body["text_input"], "text_input"), form),
    stream,
    maxTokens: number(sampling["max_tokens"], "max_tokens"),
    temperature: number(sampling["temperature"], "temperature"),
    stop: ((sampling["stop"] ?? []) as readonly string[]).filter((each) => each !== form.stop),
  };
}

/** Nearly everything is 400 there. */
function tritonError(failure: Failure, said?: string): ErrorReply {
  const is400 = ["bad-request", "not-found", "context"].includes(failure);
  const words =
    failure === "context"
      ? "prompt (length 5000) is longer than the maximum model length of 4096"
      : WORDS[failure];
  return { status: is400 ? 400 : STATUS[failure], body: { error: said ?? words } };
}

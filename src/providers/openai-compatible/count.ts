import type { ChatRequest } from "../../core/chat.ts";
import { NO_USAGE } from "../../core/usage.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { writeOpenAiChat } from "../openai-chat/write-request.ts";
import { writeResponse, type WrittenRequest } from "../openai-responses/write-request.ts";
import type { CountCall, CountSink, UpstreamHandle } from "../provider.ts";
import { ask, type Asking } from "./ask.ts";
import type { Vendor } from "./vendors.ts";

interface Counting {
  readonly call: CountCall;
  readonly sink: CountSink;
  readonly vendor: Vendor;
  readonly asking: Asking;
}

/** Counts the tokens of a prompt by the engine's own tokenizer and template. It costs nothing. */
export function countTokens(
  call: CountCall,
  sink: CountSink,
  vendor: Vendor,
  asking: Asking,
): UpstreamHandle {
  const counting = { call, sink, vendor, asking };
  switch (vendor.counter) {
    case "responses":
      return countByResponses(counting);
    case "vllm":
      return countByVllm(counting);
    case "llamacpp":
      return countByLlama(counting);
    default:
      throw new Error("an upstream without a counter was asked to count");
  }
}

/** What of a response request is counted. https://platform.openai.com/docs/api-reference/responses/input-tokens */
const COUNTED = [
  "model",
  "instructions",
  "input",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
];

function countByResponses(counting: Counting): UpstreamHandle {
  const { call, vendor, asking } = counting;
  const written = writeResponse(inputOf(call.chat), {
    model: call.model,
    stream: false,
    outputCap: undefined,
    leastOutput: 1,
    encryptsReasoning: false,
    withoutThoughts: call.withoutThoughts,
  });
  return counted(counting, written, (body) => {
    const path = asking.prefix + (vendor.responsesCountPath ?? vendor.responsesPath);
    return askForCount(counting, path, pick(body, COUNTED), "input_tokens");
  });
}

/** https://docs.vllm.ai/en/stable/serving/openai_compatible_server#tokenizer-api, beside /v1 */
function countByVllm(counting: Counting): UpstreamHandle {
  return counted(counting, chatOf(counting), (body) => {
    const prompt = { ...pick(body, ["model", "messages", "tools"]), add_generation_prompt: true };
    return askForCount(counting, `${rootOf(counting.asking)}/tokenize`, prompt, "count");
  });
}

/** In two steps: the prompt as the model's template has it, then its tokens. https://github.com/ggml-org/llama.cpp/tree/master/tools/server */
function countByLlama(counting: Counting): UpstreamHandle {
  const { call, sink, asking } = counting;
  const root = rootOf(asking);
  const { connectTimeoutMs } = call;
  return counted(counting, chatOf(counting), (body) => {
    const asked = {
      path: `${root}/apply-template`,
      body: pick(body, ["messages", "tools"]),
      connectTimeoutMs,
    };
    const steps = new Steps();
    steps.take(
      ask(asking, asked, sink, ({ prompt }) => {
        if (typeof prompt !== "string") return noCount(sink);
        const text = { content: prompt, add_special: true, parse_special: true };
        steps.take(
          ask(asking, { path: `${root}/tokenize`, body: text, connectTimeoutMs }, sink, ({ tokens }) =>
            tell(sink, Array.isArray(tokens) ? tokens.length : undefined),
          ),
        );
      }),
    );
    return steps;
  });
}

/** Several questions one after the other. */
class Steps implements UpstreamHandle {
  #current: UpstreamHandle = NOTHING_SENT;

  take(handle: UpstreamHandle): void {
    this.#current = handle;
  }

  cancel(): void {
    this.#current.cancel();
  }

  pause(): void {
    this.#current.pause();
  }

  resume(): void {
    this.#current.resume();
  }
}

function askForCount(
  { call, sink, asking }: Counting,
  path: string,
  body: object,
  name: string,
): UpstreamHandle {
  const question = { path, body, connectTimeoutMs: call.connectTimeoutMs };
  return ask(asking, question, sink, (answer) => tell(sink, answer[name]));
}

function tell(sink: CountSink, count: unknown): void {
  if (!Number.isSafeInteger(count) || (count as number) < 0) return noCount(sink);
  sink.usage(NO_USAGE);
  sink.whole(count as number);
}

function noCount(sink: CountSink): void {
  sink.fail({ kind: "protocol", message: "the upstream's count of tokens is no count" });
}

/** Refuses what cannot be written: a count of the rest would be wrong. */
function counted(
  { sink }: Counting,
  { body, inexpressible }: WrittenRequest,
  send: (body: Readonly<Record<string, unknown>>) => UpstreamHandle,
): UpstreamHandle {
  const failure = refuseOrDrop(inexpressible, false, sink);
  if (failure === undefined) return send(JSON.parse(body) as Record<string, unknown>);
  sink.fail(failure);
  return NOTHING_SENT;
}

function chatOf({ call, vendor }: Counting): WrittenRequest {
  const { chat, model } = call;
  const { outputCap: outputParam, topK } = vendor;
  const written = writeOpenAiChat(inputOf(chat), {
    model,
    stream: false,
    outputCap: undefined,
    outputParam,
    topK,
  });
  // Their tokenizers see a place where a file stands, and no file.
  const media = chat.messages.some(({ parts }) => parts.some((part) => "source" in part));
  const file = { name: "a file", why: "is not counted by this engine's tokenizer", droppable: false };
  return media ? { ...written, inexpressible: [...written.inexpressible, file] } : written;
}

/** A request without what says how to answer: that is no input, and is not counted. */
function inputOf(chat: ChatRequest): ChatRequest {
  return {
    ...chat,
    maxOutputTokens: undefined,
    temperature: undefined,
    topP: undefined,
    topK: undefined,
    stop: [],
    serviceTier: undefined,
    cacheKey: undefined,
    others: [],
  };
}

function pick(body: Readonly<Record<string, unknown>>, names: readonly string[]): object {
  return Object.fromEntries(names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]]])));
}

/** Where the engine's own API begins: its OpenAI API stands below /v1. */
function rootOf({ prefix }: Asking): string {
  return prefix.replace(/\/v1$/, "");
}

import type OpenAI from "openai";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { CITY, costOf, type Lab, type TargetName } from "./setup.ts";

type Message = OpenAI.ChatCompletionMessageParam;
type Request = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream">;

/** What models think, as LiteLLM made it known; the SDK's types have no such thing, and its objects keep it. */
export interface Thoughts {
  readonly reasoning_content?: string;
  readonly thinking_blocks?: readonly {
    readonly type: string;
    readonly thinking?: string;
    readonly signature?: string;
    readonly data?: string;
  }[];
}

export function ask(content: string): Message[] {
  return [{ role: "user", content }];
}

export function cityFunction(name: string): OpenAI.ChatCompletionFunctionTool {
  return { type: "function", function: { name, description: `Tells ${name}.`, parameters: CITY } };
}

export interface Answered {
  readonly message: OpenAI.ChatCompletionMessage & Thoughts;
  readonly finish: string;
  readonly usage: OpenAI.CompletionUsage;
  readonly headers: Headers;
  readonly record: ExchangeRecord;
}

/** Asks plainly or for a stream, and puts the stream's message together as the SDK's users do. */
export async function chat(lab: Lab, request: Request, streaming: boolean): Promise<Answered> {
  return streaming ? streamed(lab, request) : whole(lab, request);
}

async function whole(lab: Lab, request: Request): Promise<Answered> {
  const { data, response } = await lab.openai.chat.completions.create(request).withResponse();
  const [choice, another] = data.choices;
  if (choice === undefined || another !== undefined || data.usage === undefined)
    throw new Error(`not one choice with its usage: ${JSON.stringify(data)}`);
  return {
    message: choice.message,
    finish: choice.finish_reason,
    usage: data.usage,
    headers: response.headers,
    record: await recordOf(lab, response),
  };
}

async function streamed(lab: Lab, request: Request): Promise<Answered> {
  const { data, response } = await lab.openai.chat.completions
    .create({ ...request, stream: true, stream_options: { include_usage: true } })
    .withResponse();
  let content: string | null = null;
  let finish: string | undefined;
  let usage: OpenAI.CompletionUsage | undefined;
  let reasoning = "";
  const thinking: NonNullable<Thoughts["thinking_blocks"]>[number][] = [];
  const calls: OpenAI.ChatCompletionMessageFunctionToolCall[] = [];
  for await (const { choices, usage: told } of data) {
    usage = told ?? usage;
    const [choice] = choices;
    if (choice === undefined) continue;
    if (choice.index !== 0) throw new Error(`a choice of index ${choice.index}`);
    if (finish !== undefined) throw new Error("something came after the finish reason");
    finish = choice.finish_reason ?? finish;
    const delta = choice.delta as typeof choice.delta & Thoughts;
    if (delta.content) content = (content ?? "") + delta.content;
    reasoning += delta.reasoning_content ?? "";
    thinking.push(...(delta.thinking_blocks ?? []));
    for (const { index, id, function: called } of delta.tool_calls ?? []) {
      if (id !== undefined) {
        if (index !== calls.length) throw new Error(`the call ${id} has the index ${index}`);
        calls.push({ id, type: "function", function: { name: called?.name ?? "", arguments: "" } });
      }
      const call = calls[index];
      if (call === undefined) throw new Error(`pieces of a call ${index} that did not begin`);
      call.function.arguments += called?.arguments ?? "";
    }
  }
  if (finish === undefined || usage === undefined) throw new Error("no finish reason or no usage");
  return {
    message: {
      role: "assistant",
      content,
      refusal: null,
      ...(reasoning !== "" && { reasoning_content: reasoning }),
      ...(thinking.length > 0 && { thinking_blocks: thinking }),
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    finish,
    usage,
    headers: response.headers,
    record: await recordOf(lab, response),
  };
}

function recordOf(lab: Lab, { headers }: Response): Promise<ExchangeRecord> {
  return lab.gateway.record(headers.get("x-switchyard-exchange") ?? "");
}

/** The function calls of a message. */
export function callsOf(message: Answered["message"]): OpenAI.ChatCompletionMessageFunctionToolCall[] {
  return (message.tool_calls ?? []).filter((call) => call.type === "function");
}

/** A result for each call. */
export function resultsOf(message: Answered["message"]): Message[] {
  return callsOf(message).map(({ id, function: { name } }) => ({
    role: "tool",
    tool_call_id: id,
    content: `${name} is 21`,
  }));
}

/** What the client is told of tokens costs what the record says. */
export function costOfUsage(target: TargetName, usage: OpenAI.CompletionUsage): bigint {
  const details = usage.prompt_tokens_details;
  const read = details?.cached_tokens ?? 0;
  const written = details?.cache_write_tokens ?? 0;
  return costOf(target, {
    inputTokens: usage.prompt_tokens - read - written,
    outputTokens: usage.completion_tokens,
    cacheReadInputTokens: read,
    cacheWriteInputTokens: written,
  });
}

import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import {
  AIMessage,
  AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type BaseMessage,
  type ContentBlock,
  type UsageMetadata,
} from "@langchain/core/messages";
import type { Ask, AskMessage, AskPart, Finish, Seen } from "../ask.ts";
import type { Client, ErrorTable, Failed, Outcome, Where } from "../client.ts";
import { Calls, cannot, outcome, resultOf, textsOf, Thrown } from "./shared.ts";

/** One of LangChain's chat models. */
export interface LangChainModel {
  readonly name: string;
  readonly packages: readonly string[];
  readonly dialect: Client["dialect"];
  readonly errors: ErrorTable;
  /** With all of the request that the model's own settings say. */
  model(where: Where, calls: Calls, ask: Ask): BaseChatModel;
  /** Options of a call. */
  options?(ask: Ask): object;
  readonly failure: (error: unknown) => Omit<Failed, "text" | "requests"> | undefined;
  part(part: Exclude<AskPart, { type: "text" }>): ContentBlock | Record<string, unknown>;
  /** The system prompt marked for the cache; absent where the model has no way. */
  cached?(text: string): SystemMessage;
  /** Settings of a call that goes on from a response. */
  next?(responseId: string): object;
  readonly developer?: boolean;
  /** How it says that some tool must be called; `any` where absent. */
  readonly anyTool?: string;
  readonly hidesThoughts?: boolean;
  readonly quirks?: Client["quirks"];
}

export function langChainClient(spec: LangChainModel): Client {
  return {
    name: spec.name,
    packages: ["@langchain/core", ...spec.packages],
    dialect: spec.dialect,
    errors: spec.errors,
    ...(spec.hidesThoughts === true && { hidesThoughts: true }),
    ...(spec.quirks && { quirks: spec.quirks }),
    ask(where, ask): Promise<Outcome> {
      const calls = new Calls();
      return outcome(calls, () => run(spec, where, calls, ask), spec.failure);
    },
  };
}

async function run(
  spec: LangChainModel,
  where: Where,
  calls: Calls,
  ask: Ask,
): Promise<Omit<Seen, "requests">> {
  if (ask.count === true) cannot("has no counting by the provider");
  const messages = [...systemOf(spec, ask), ...ask.messages.map((message) => messageOf(spec, message))];
  const llm = spec.model(where, calls, ask);
  const invoke = (input: BaseMessage[], more: object = {}): Promise<AIMessage> =>
    answer(llm, input, { ...optionsOf(ask, spec), ...spec.options?.(ask), ...more }, ask);
  const first = await invoke(messages);
  if (ask.next !== undefined) {
    if (spec.next === undefined) return cannot("has no responses to go on from");
    return seenOf(await invoke([new HumanMessage(ask.next)], spec.next(first.id ?? "")));
  }
  const called = first.tool_calls ?? [];
  if (ask.results === undefined || called.length === 0) return seenOf(first);
  const results = called.map(({ id = "", name }) => {
    const { text, error } = resultOf(ask, name);
    return new ToolMessage({ content: text, tool_call_id: id, name, status: error ? "error" : "success" });
  });
  return seenOf(await invoke([...messages, first, ...results]));
}

function optionsOf({ tools, toolChoice, stop }: Ask, { anyTool = "any" }: LangChainModel): object {
  return {
    ...(tools && {
      tools: tools.map(({ name, description, schema }) => ({
        type: "function",
        function: { name, description, parameters: schema },
      })),
    }),
    ...(toolChoice !== undefined && { tool_choice: toolChoice === "any" ? anyTool : toolChoice.tool }),
    ...(stop && { stop: [...stop] }),
  };
}

function systemOf(spec: LangChainModel, ask: Ask): BaseMessage[] {
  if (ask.systemRole !== undefined && spec.developer !== true) cannot("has no role of developers");
  return (ask.system ?? []).map((text) => {
    if (ask.cache === true) return spec.cached?.(text) ?? cannot("marks nothing for caches");
    if (ask.systemRole === undefined) return new SystemMessage(text);
    return new SystemMessage({ content: text, additional_kwargs: { __openai_role__: "developer" } });
  });
}

function messageOf(spec: LangChainModel, { role, parts }: AskMessage): BaseMessage {
  if (role === "assistant") return new AIMessage(textsOf(parts));
  if (role === "system") return new SystemMessage(textsOf(parts));
  if (parts.every(({ type }) => type === "text")) return new HumanMessage(textsOf(parts));
  const content = parts.map((part) => (part.type === "text" ? part : spec.part(part)));
  return new HumanMessage({ content: content as ContentBlock[] });
}

/** Images and files in LangChain's own blocks, which are the same for every provider. */
export function standardPart(part: Exclude<AskPart, { type: "text" }>): Record<string, unknown> {
  switch (part.type) {
    case "image":
      return { type: "image", source_type: "base64", mime_type: part.mediaType, data: part.base64 };
    case "image-url":
      return { type: "image", source_type: "url", url: part.url };
    case "document":
      return {
        type: "file",
        source_type: "base64",
        mime_type: part.mediaType,
        data: part.base64,
        metadata: { filename: part.name, name: "report" },
      };
    case "text-document":
      return {
        type: "file",
        source_type: "text",
        mime_type: "text/plain",
        text: part.text,
        metadata: { title: part.name, name: "notes" },
      };
    default:
      return part satisfies never;
  }
}

/** The same in the blocks of LangChain 1; ChatAnthropic sends the older ones twice. */
export function newerPart(part: Exclude<AskPart, { type: "text" }>): Record<string, unknown> {
  switch (part.type) {
    case "image":
      return { type: "image", mimeType: part.mediaType, data: part.base64 };
    case "image-url":
      return { type: "image", url: part.url };
    case "document":
      return { type: "file", mimeType: part.mediaType, data: part.base64, metadata: { title: part.name } };
    case "text-document":
      return { type: "text-plain", mimeType: "text/plain", text: part.text, title: part.name };
    default:
      return part satisfies never;
  }
}

type Runnable = { invoke: BaseChatModel["invoke"]; stream: BaseChatModel["stream"] };

async function answer(
  llm: BaseChatModel,
  input: BaseMessage[],
  options: object,
  ask: Ask,
): Promise<AIMessage> {
  const {
    tools,
    tool_choice: choice,
    ...rest
  } = options as { tools?: Parameters<NonNullable<BaseChatModel["bindTools"]>>[0]; tool_choice?: string };
  const bound = (
    tools === undefined ? llm : llm.bindTools?.(tools, choice === undefined ? {} : { tool_choice: choice })
  ) as Runnable;
  if (ask.stream !== true) return bound.invoke(input, rest);
  const abort = new AbortController();
  let whole: AIMessageChunk | undefined;
  try {
    for await (const chunk of await bound.stream(input, { ...rest, signal: abort.signal })) {
      whole = whole === undefined ? chunk : whole.concat(chunk);
      if (ask.abort === true && whole.text !== "") abort.abort();
    }
  } catch (error) {
    if (ask.abort !== true) throw new Thrown(error, whole?.text ?? "");
  }
  return whole ?? new AIMessageChunk("");
}

const FINISHES: Readonly<Record<string, Finish>> = {
  stop: "end",
  end_turn: "end",
  completed: "end",
  length: "length",
  max_tokens: "length",
  incomplete: "length",
  tool_calls: "calls",
  tool_use: "calls",
  stop_sequence: "stop",
};

function seenOf(message: AIMessage): Omit<Seen, "requests"> {
  const usage = message.usage_metadata as UsageMetadata | undefined;
  const meta = { ...message.additional_kwargs, ...message.response_metadata };
  const told =
    meta["finish_reason"] ?? meta["stop_reason"] ?? meta["stopReason"] ?? streamStop(meta) ?? meta["status"];
  const calls = (message.tool_calls ?? []).map(({ name, args }) => ({ name, input: args as unknown }));
  const finish = FINISHES[String(told)] ?? "other";
  return {
    text: message.text,
    thoughts: thoughtsOf(message),
    calls,
    // A response that calls tools is complete, too.
    finish: finish === "end" && told === "completed" && calls.length > 0 ? "calls" : finish,
    usage:
      typeof usage?.input_tokens !== "number"
        ? undefined
        : {
            input: usage.input_tokens,
            output: usage.output_tokens,
            cached: usage.input_token_details?.cache_read,
            reasoning: usage.output_token_details?.reasoning,
          },
  };
}

function streamStop(meta: Readonly<Record<string, unknown>>): unknown {
  return (meta["messageStop"] as { stopReason?: string } | undefined)?.stopReason;
}

function thoughtsOf({ contentBlocks, additional_kwargs: more }: AIMessage): string {
  const blocks = contentBlocks.map((block) => (block.type === "reasoning" ? block.reasoning : "")).join("");
  const told = more["reasoning_content"];
  return blocks === "" && typeof told === "string" ? told : blocks;
}

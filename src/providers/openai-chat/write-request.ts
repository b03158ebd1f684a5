import type { ChatRequest, Inexpressible, OutputFormat } from "../../core/chat.ts";
import { isDroppable } from "../droppable.ts";
import { missing } from "./missing.ts";
import { writeTier } from "./service-tier.ts";
import { writeMessages } from "./write-messages.ts";

/** What the request does not say itself. */
export interface WriteOptions {
  readonly model: string;
  readonly stream: boolean;
  /** Output tokens at most, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  /** How the engine calls that limit. */
  readonly outputParam: "max_tokens" | "max_completion_tokens";
  /** Whether the engine knows `top_k`, which OpenAI does not. */
  readonly topK: boolean;
}

export interface WrittenRequest {
  readonly body: string;
  /** What the body does not say. */
  readonly inexpressible: readonly Inexpressible[];
}

/**
 * A chat request for engines that speak chat completions. What it cannot say is left out and told, but for two things
 * without which a request means the same: cache points, which these engines set themselves, and thoughts of an earlier
 * turn, whose proof is another maker's. https://platform.openai.com/docs/api-reference/chat/create
 */
export function writeOpenAiChat(chat: ChatRequest, how: WriteOptions): WrittenRequest {
  const left: Inexpressible[] = chat.others.map(({ name }) => missing(name, isDroppable(name)));
  if (chat.topK !== undefined && !how.topK) left.push(missing("top_k", true));
  const body = {
    model: how.model,
    messages: writeMessages(chat, left),
    ...writeTools(chat, left),
    ...writeLimit(chat, how),
    temperature: chat.temperature,
    top_p: chat.topP,
    top_k: how.topK ? chat.topK : undefined,
    stop: chat.stop.length === 0 ? undefined : chat.stop,
    response_format: writeOutput(chat.output),
    reasoning_effort: chat.reasoningEffort,
    service_tier: writeTier(chat.serviceTier, left, missing),
    prompt_cache_key: chat.cacheKey,
    ...(how.stream && { stream: true, stream_options: { include_usage: true } }),
  };
  return { body: JSON.stringify(body), inexpressible: left };
}

function writeLimit(chat: ChatRequest, { outputCap, outputParam }: WriteOptions): object {
  const limits = [chat.maxOutputTokens, outputCap].filter((limit) => limit !== undefined);
  return limits.length === 0 ? {} : { [outputParam]: Math.min(...limits) };
}

/** A choice of tools is legal only beside tools; without any, only one that must call asks for something. */
function writeTools(chat: ChatRequest, left: Inexpressible[]): object {
  const tools: object[] = [];
  for (const tool of chat.tools) {
    if (tool.type === "opaque") left.push(missing(tool.name, false));
    else if (tool.type === "tool") {
      const { name, description, schema, strict } = tool;
      tools.push({ type: "function", function: { name, description, parameters: schema, strict } });
    }
  }
  if (tools.length > 0)
    return {
      tools,
      tool_choice: writeChoice(chat.toolChoice),
      parallel_tool_calls: chat.parallelToolCalls,
    };
  if (chat.toolChoice === "any" || typeof chat.toolChoice === "object")
    left.push({ name: "the choice of a tool", why: "has no tool to choose", droppable: false });
  return {};
}

function writeChoice(choice: ChatRequest["toolChoice"]): unknown {
  if (choice === "any") return "required";
  if (typeof choice === "object") return { type: "function", function: { name: choice.tool } };
  return choice;
}

function writeOutput(output: OutputFormat | undefined): object | undefined {
  if (output === undefined) return undefined;
  if (output.type === "json") return { type: "json_object" };
  const { name, description, schema, strict } = output;
  return { type: "json_schema", json_schema: { name, description, schema, strict } };
}

import type { ChatRequest, Inexpressible, OutputFormat } from "../../core/chat.ts";
import { isDroppable } from "../droppable.ts";
import { writeTier } from "../openai-chat/service-tier.ts";
import { ENCRYPTED_REASONING } from "./encrypted-reasoning.ts";
import { missing } from "./missing.ts";
import { writeInput, writeInstructions } from "./write-input.ts";

/** What the request does not say itself. */
export interface WriteOptions {
  readonly model: string;
  readonly stream: boolean;
  /** Output tokens at most, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  /** The least that the upstream lets the output be limited to. */
  readonly leastOutput: number;
  /** Whether to ask for thoughts that can be sent back. */
  readonly encryptsReasoning: boolean;
  /** Another model made the conversation's thoughts. */
  readonly withoutThoughts: boolean;
}

export interface WrittenRequest {
  readonly body: string;
  /** What the body does not say. */
  readonly inexpressible: readonly Inexpressible[];
}

/**
 * A chat request for upstreams that speak Responses. Nothing is kept there: the whole conversation stands in each request.
 * What it cannot say is left out and told, but for cache points, which these upstreams set themselves, and for thoughts
 * that others made. https://platform.openai.com/docs/api-reference/responses/create
 */
export function writeResponse(chat: ChatRequest, how: WriteOptions): WrittenRequest {
  const left: Inexpressible[] = [];
  const { verbosity, prompt_cache_retention: retention } = readOthers(chat, left);
  if (chat.stop.length > 0) left.push(missing("stop", false));
  if (chat.topK !== undefined) left.push(missing("top_k", true));
  const format = writeFormat(chat.output);
  const body = {
    model: how.model,
    instructions: writeInstructions(chat, left),
    input: writeInput(chat, left, how),
    ...writeTools(chat, left),
    max_output_tokens: writeLimit(chat, how, left),
    temperature: chat.temperature,
    top_p: chat.topP,
    text: format === undefined && verbosity === undefined ? undefined : { format, verbosity },
    reasoning: chat.reasoningEffort === undefined ? undefined : { effort: chat.reasoningEffort },
    service_tier: writeTier(chat.serviceTier, left, missing),
    prompt_cache_key: chat.cacheKey,
    prompt_cache_retention: retention,
    store: false,
    include: how.encryptsReasoning ? [ENCRYPTED_REASONING] : undefined,
    stream: how.stream ? true : undefined,
  };
  return { body: JSON.stringify(body), inexpressible: left };
}

/** Parameters of chat completions that Responses have as well. */
const SHARED: ReadonlySet<string> = new Set(["verbosity", "prompt_cache_retention"]);

function readOthers(chat: ChatRequest, left: Inexpressible[]): Readonly<Record<string, unknown>> {
  const shared: Record<string, unknown> = {};
  for (const { name, value } of chat.others) {
    if (SHARED.has(name)) shared[name] = value;
    // Whether the exchange is kept changes nothing in the reply.
    else left.push(missing(name, isDroppable(name)));
  }
  return shared;
}

function writeLimit(chat: ChatRequest, how: WriteOptions, left: Inexpressible[]): number | undefined {
  const { outputCap, leastOutput } = how;
  if (outputCap !== undefined && outputCap < leastOutput) {
    const why = `is ${outputCap} tokens, and this upstream takes no limit below ${leastOutput}`;
    left.push({ name: "the limit of output", why, droppable: false });
  }
  const asked = chat.maxOutputTokens;
  if (asked !== undefined && asked < leastOutput)
    left.push({
      name: "max_tokens",
      why: `is ${asked}, and this upstream takes no limit below ${leastOutput}`,
      droppable: true,
    });
  const limits = [asked, outputCap].filter((limit) => limit !== undefined);
  return limits.length === 0 ? undefined : Math.max(leastOutput, Math.min(...limits));
}

/** A choice of tools is legal only beside tools; without any, only one that must call asks for something. */
function writeTools(chat: ChatRequest, left: Inexpressible[]): object {
  const tools: object[] = [];
  for (const tool of chat.tools) {
    if (tool.type === "opaque") left.push(missing(tool.name, false));
    else if (tool.type === "tool") {
      const { name, description, schema, strict } = tool;
      const parameters = schema ?? { type: "object", properties: {} };
      // Unlike in chat completions, what is not said is strict here.
      tools.push({ type: "function", name, description, parameters, strict: strict === true });
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
  if (typeof choice === "object") return { type: "function", name: choice.tool };
  return choice;
}

function writeFormat(output: OutputFormat | undefined): object | undefined {
  if (output === undefined) return undefined;
  if (output.type === "json") return { type: "json_object" };
  const { name, description, schema, strict } = output;
  return { type: "json_schema", name, description, schema, strict };
}

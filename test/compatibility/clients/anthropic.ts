import Anthropic, { type APIError } from "@anthropic-ai/sdk";
import type { Ask, AskMessage, AskPart, Finish, Seen } from "../ask.ts";
import type { Client, ErrorTable, Failed } from "../client.ts";
import { Calls, cannot, collect, outcome, resultOf, seconds, textsOf } from "./shared.ts";

type Params = Anthropic.MessageCreateParamsNonStreaming;
type Block = Anthropic.ContentBlockParam;

/** https://github.com/anthropics/anthropic-sdk-typescript#handling-errors */
export const ANTHROPIC_ERRORS: ErrorTable = {
  "bad-request": { name: "BadRequestError|UnprocessableEntityError" },
  authentication: { name: "AuthenticationError", status: 401 },
  permission: { name: "PermissionDeniedError", status: 403 },
  "not-found": { name: "NotFoundError", status: 404 },
  "too-large": { name: "ContentTooLargeError|BadRequestError" },
  "rate-limit": { name: "RateLimitError", status: 429 },
  "server-error": { name: "InternalServerError", status: 502 },
  overloaded: { name: "OverloadedError|InternalServerError|ServiceUnavailableError" },
  timeout: { name: "GatewayTimeoutError", status: 504 },
  stream: { name: "APIError|AnthropicError|InternalServerError" },
};

/** Anthropic's SDK, Messages. */
export const anthropicMessages: Client = {
  name: "@anthropic-ai/sdk",
  packages: ["@anthropic-ai/sdk"],
  dialect: "anthropic",
  errors: ANTHROPIC_ERRORS,
  ask({ url, key, model }, ask) {
    const calls = new Calls();
    const client = new Anthropic({
      baseURL: `${url}/anthropic`,
      apiKey: key,
      maxRetries: 0,
      fetch: calls.fetch,
    });
    return outcome(calls, () => run(client, model, ask), anthropicFailure);
  },
};

export function anthropicFailure(error: unknown): Omit<Failed, "text" | "requests"> | undefined {
  if (!isOfTheSdk(error)) return undefined;
  const { status, headers, error: body } = error as Partial<APIError>;
  const { error: told } = (body ?? {}) as { error?: { code?: string; message?: string } };
  return {
    name: error.constructor.name,
    status,
    code: told?.code ?? "",
    // The SDK's own message is the body as it came.
    message: told?.message ?? error.message,
    retryAfter: seconds(headers?.get("retry-after")),
  };
}

/** Packages bring copies of the SDK, of versions of their own. */
function isOfTheSdk(error: unknown): error is Error {
  for (let at: unknown = error; at !== null && typeof at === "object"; at = Object.getPrototypeOf(at))
    if (at.constructor.name === "AnthropicError") return true;
  return false;
}

async function run(client: Anthropic, model: string, ask: Ask): Promise<Omit<Seen, "requests">> {
  if (ask.next !== undefined) cannot("has no responses to go on from");
  const params = anthropicParams(model, ask);
  if (ask.count === true) {
    const { messages, system = "" } = params;
    const counted = await client.messages.countTokens({ model, messages, system });
    return { text: "", thoughts: "", calls: [], finish: "none", counted: counted.input_tokens };
  }
  const first = await answer(client, params, ask);
  const results = anthropicResults(first, ask);
  if (results === undefined) return anthropicSeen(first);
  return anthropicSeen(await answer(client, { ...params, messages: [...params.messages, ...results] }, ask));
}

/** The reply and the results of its calls, for the history; undefined where there are none. */
export function anthropicResults(reply: Anthropic.Message, ask: Ask): Anthropic.MessageParam[] | undefined {
  const called = reply.content.filter((block) => block.type === "tool_use");
  if (ask.results === undefined || called.length === 0) return undefined;
  const content = called.map(({ id, name }): Block => {
    const { text, error } = resultOf(ask, name);
    return { type: "tool_result", tool_use_id: id, content: text, ...(error && { is_error: true }) };
  });
  return [
    { role: "assistant", content: reply.content as Block[] },
    { role: "user", content },
  ];
}

export function anthropicParams(model: string, ask: Ask): Params {
  const { system, toolChoice, schema } = ask;
  if (ask.systemRole !== undefined) cannot("has no role of developers");
  return {
    model,
    max_tokens: ask.maxTokens ?? 1_024,
    ...(system && { system: systemOf(system, ask.cache === true) }),
    messages: ask.messages.map(messageOf),
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema: input }) => ({
        name,
        description,
        input_schema: input as unknown as Anthropic.Tool.InputSchema,
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice: toolChoice === "any" ? { type: "any" } : { type: "tool", name: toolChoice.tool },
    }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.stop && { stop_sequences: [...ask.stop] }),
    ...(ask.thinking === true && { thinking: { type: "enabled", budget_tokens: 2_048 } }),
    ...(schema && { output_config: { format: { type: "json_schema", schema: { ...schema } } } }),
  };
}

function systemOf(system: readonly string[], isCached: boolean): string | Anthropic.TextBlockParam[] {
  const [only] = system;
  if (system.length === 1 && only !== undefined && !isCached) return only;
  return system.map((text) => ({
    type: "text",
    text,
    ...(isCached && { cache_control: { type: "ephemeral" } }),
  }));
}

function messageOf({ role, parts }: AskMessage): Anthropic.MessageParam {
  if (role === "system") return cannot("has system prompts in front only");
  if (parts.every(({ type }) => type === "text")) return { role, content: textsOf(parts) };
  return { role, content: parts.map(partOf) };
}

function partOf(part: AskPart): Block {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "image", source: { type: "base64", media_type: part.mediaType, data: part.base64 } };
    case "image-url":
      return { type: "image", source: { type: "url", url: part.url } };
    case "document":
      return {
        type: "document",
        title: part.name,
        source: { type: "base64", media_type: part.mediaType, data: part.base64 },
      };
    case "text-document":
      return {
        type: "document",
        title: part.name,
        source: { type: "text", media_type: "text/plain", data: part.text },
      };
    default:
      return part satisfies never;
  }
}

async function answer(client: Anthropic, params: Params, ask: Ask): Promise<Anthropic.Message> {
  if (ask.stream !== true) return client.messages.create(params);
  const stream = client.messages.stream(params);
  let text = "";
  const read = collect(
    stream,
    (event) => {
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
      if (ask.abort === true && text !== "") stream.abort();
    },
    () => text,
  );
  if (ask.abort === true) {
    await read.catch(() => undefined);
    return { content: [{ type: "text", text, citations: null }] } as unknown as Anthropic.Message;
  }
  await read;
  return stream.finalMessage();
}

const FINISHES: Readonly<Record<string, Finish>> = {
  end_turn: "end",
  max_tokens: "length",
  tool_use: "calls",
  stop_sequence: "stop",
};

/** What was cached is no part of Anthropic's input. */
export function anthropicSeen(message: Anthropic.Message): Omit<Seen, "requests"> {
  const { usage } = message as Partial<Anthropic.Message>;
  const cached = usage?.cache_read_input_tokens ?? 0;
  return {
    text: message.content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    thoughts: message.content.map((block) => (block.type === "thinking" ? block.thinking : "")).join(""),
    calls: message.content.flatMap((block) =>
      block.type === "tool_use" ? [{ name: block.name, input: block.input }] : [],
    ),
    finish: FINISHES[message.stop_reason ?? ""] ?? "other",
    usage: usage && {
      input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
      output: usage.output_tokens,
      cached,
    },
  };
}

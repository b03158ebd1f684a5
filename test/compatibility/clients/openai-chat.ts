import OpenAI, { APIError } from "openai";
import type { Ask, AskMessage, AskPart, Finish, Seen } from "../ask.ts";
import type { Client, ErrorTable, Failed, Where } from "../client.ts";
import { Calls, cannot, collect, dataUrl, outcome, resultOf, seconds, textsOf } from "./shared.ts";

type Params = OpenAI.ChatCompletionCreateParams;
type Message = OpenAI.ChatCompletionMessageParam;

/** https://github.com/openai/openai-node#handling-errors */
export const OPENAI_ERRORS: ErrorTable = {
  "bad-request": { name: "BadRequestError|UnprocessableEntityError" },
  authentication: { name: "AuthenticationError", status: 401 },
  permission: { name: "PermissionDeniedError", status: 403 },
  "not-found": { name: "NotFoundError", status: 404 },
  "too-large": { name: "APIError|BadRequestError" },
  "rate-limit": { name: "RateLimitError", status: 429 },
  "server-error": { name: "InternalServerError", status: 502 },
  overloaded: { name: "InternalServerError" },
  timeout: { name: "InternalServerError", status: 504 },
  stream: { name: "APIError" },
};

/** OpenAI's SDK, chat completions. */
export const openAiChat: Client = {
  name: "openai (npm), chat",
  packages: ["openai"],
  dialect: "openai",
  errors: OPENAI_ERRORS,
  ask(where, ask) {
    const calls = new Calls();
    return outcome(calls, () => run(openAiClient(where, calls), where.model, ask), openAiFailure);
  },
};

export function openAiClient({ url, key }: Where, calls: Calls): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: calls.fetch });
}

export function openAiFailure(error: unknown): Omit<Failed, "text" | "requests"> | undefined {
  if (!(error instanceof APIError)) return undefined;
  const { status, code, message, headers } = error as APIError;
  return {
    name: error.constructor.name,
    status,
    code: code ?? "",
    message,
    retryAfter: seconds(headers?.get("retry-after")),
  };
}

async function run(client: OpenAI, model: string, ask: Ask): Promise<Omit<Seen, "requests">> {
  if (ask.count === true) cannot("has no counting");
  if (ask.next !== undefined) cannot("has no responses to go on from");
  const params = paramsOf(model, ask);
  const first = await answer(client, params, ask);
  const called = first.message.tool_calls ?? [];
  if (ask.results === undefined || called.length === 0) return first.seen;
  const results = called.map((call): Message => {
    const name = call.type === "function" ? call.function.name : "";
    return { role: "tool", tool_call_id: call.id, content: resultOf(ask, name).text };
  });
  const messages = [...params.messages, first.message, ...results];
  return (await answer(client, { ...params, messages }, ask)).seen;
}

function paramsOf(model: string, ask: Ask): Params {
  const { toolChoice, schema } = ask;
  return {
    model,
    messages: [...systemOf(ask), ...ask.messages.map(messageOf)],
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema: parameters }) => ({
        type: "function" as const,
        function: { name, description, parameters },
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice:
        toolChoice === "any" ? "required" : { type: "function", function: { name: toolChoice.tool } },
    }),
    ...(ask.maxTokens !== undefined && { max_completion_tokens: ask.maxTokens }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.stop && { stop: [...ask.stop] }),
    ...(schema && {
      response_format: { type: "json_schema", json_schema: { name: "place", schema, strict: true } },
    }),
    ...(ask.thinking === true && { reasoning_effort: "low" }),
  };
}

function systemOf({ system = [], systemRole, cache }: Ask): Message[] {
  return system.map((text) => {
    const part = { type: "text" as const, text };
    // Not OpenAI's own, but what its clients send for Claude.
    const marked = { ...part, cache_control: { type: "ephemeral" } };
    const content = cache === true ? [marked] : text;
    return systemRole === undefined ? { role: "system", content } : { role: systemRole, content };
  });
}

function messageOf({ role, parts }: AskMessage): Message {
  if (role !== "user") return { role, content: textsOf(parts) };
  if (parts.every(({ type }) => type === "text")) return { role, content: textsOf(parts) };
  return { role, content: parts.map(partOf) };
}

function partOf(part: AskPart): OpenAI.ChatCompletionContentPart {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "image_url", image_url: { url: dataUrl(part.mediaType, part.base64) } };
    case "image-url":
      return { type: "image_url", image_url: { url: part.url } };
    case "document":
      return { type: "file", file: { filename: part.name, file_data: dataUrl(part.mediaType, part.base64) } };
    case "text-document":
      return cannot("has no documents of plain text");
    default:
      return part satisfies never;
  }
}

interface Answered {
  readonly seen: Omit<Seen, "requests">;
  readonly message: OpenAI.ChatCompletionMessage;
}

async function answer(client: OpenAI, params: Params, ask: Ask): Promise<Answered> {
  if (ask.stream === true) return streamed(client, params, ask);
  const completion = await client.chat.completions.create({ ...params, stream: false });
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("there is no choice");
  return { message: choice.message, seen: seenOf(choice.message, choice.finish_reason, completion.usage) };
}

async function streamed(client: OpenAI, params: Params, ask: Ask): Promise<Answered> {
  const stream = client.chat.completions.stream({
    ...params,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let thoughts = "";
  const read = collect(
    stream,
    ({ choices }) => {
      const delta: Thinking | undefined = choices[0]?.delta;
      text += delta?.content ?? "";
      thoughts += delta?.reasoning_content ?? delta?.reasoning ?? "";
      if (ask.abort === true && text !== "") stream.abort();
    },
    () => text,
  );
  if (ask.abort === true) {
    await read.catch(() => undefined);
    return {
      message: { role: "assistant", content: text, refusal: null },
      seen: { text, thoughts, calls: [], finish: "none" },
    };
  }
  await read;
  const completion = await stream.finalChatCompletion();
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error("there is no choice");
  const message = choice.message as OpenAI.ChatCompletionMessage;
  return { message, seen: { ...seenOf(message, choice.finish_reason, completion.usage), text, thoughts } };
}

/** OpenAI has no place for thoughts; engines have two. */
interface Thinking {
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly reasoning?: string;
}

const FINISHES: Readonly<Record<string, Finish>> = { stop: "end", length: "length", tool_calls: "calls" };

function seenOf(
  message: OpenAI.ChatCompletionMessage,
  finish: string | null,
  usage: OpenAI.CompletionUsage | undefined,
): Omit<Seen, "requests"> {
  const { reasoning_content: thoughts, reasoning } = message as Thinking;
  return {
    text: message.content ?? "",
    thoughts: thoughts ?? reasoning ?? "",
    calls: (message.tool_calls ?? []).flatMap((call) =>
      call.type === "function"
        ? [{ name: call.function.name, input: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
    finish: FINISHES[finish ?? ""] ?? "other",
    usage: usage && {
      input: usage.prompt_tokens,
      output: usage.completion_tokens,
      cached: usage.prompt_tokens_details?.cached_tokens,
      reasoning: usage.completion_tokens_details?.reasoning_tokens,
    },
  };
}

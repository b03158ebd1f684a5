import { digest, type Answer, type Asked, type Part, type Turn } from "./model.ts";
import { openAiError, openAiStreamError } from "./openai-errors.ts";
import {
  halves,
  known,
  list,
  number,
  object,
  propertiesOf,
  refuse,
  sse,
  text,
  type Api,
  type Json,
} from "./api.ts";

/** Whether it is OpenAI's own service or an engine that speaks its API. */
export interface ChatFlavour {
  /** Engines show thoughts in a member of their own, and take `top_k`. */
  readonly engine: boolean;
  readonly paths: RegExp;
  readonly admits: Api["admits"];
}

const MEMBERS = [
  "model messages stream stream_options tools tool_choice parallel_tool_calls max_tokens max_completion_tokens",
  "temperature top_p stop response_format reasoning_effort n seed user logprobs top_logprobs metadata store",
  "service_tier prompt_cache_key presence_penalty frequency_penalty logit_bias verbosity",
]
  .join(" ")
  .split(" ");
const OF_ENGINES = ["top_k", "min_p", "chat_template_kwargs"];

/** https://platform.openai.com/docs/api-reference/chat */
export function openAiChat(flavour: ChatFlavour): Api {
  return {
    paths: flavour.paths,
    admits: flavour.admits,
    read: (body) => readChat(body, flavour),
    whole: (answer) => whole(answer, flavour),
    pieces: (answer, asked) => pieces(answer, asked, flavour),
    beforeBreak: 4,
    streamType: "text/event-stream; charset=utf-8",
    error: openAiError,
    streamError: openAiStreamError,
    other: (path, body) => (path.endsWith("/tokenize") ? tokenize(body, flavour) : undefined),
  };
}

export function readChat(body: Json, { engine }: Pick<ChatFlavour, "engine">): Asked {
  known(
    body,
    engine ? [...MEMBERS, ...OF_ENGINES] : MEMBERS,
    (name) => `Unrecognized request argument supplied: ${name}`,
  );
  refuse(
    engine || body["metadata"] === undefined || body["store"] === true,
    "The 'metadata' parameter is only allowed when 'store' is enabled.",
  );
  refuse(
    body["stream"] === true || body["stream_options"] === undefined,
    "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
  );
  const messages = list(body["messages"], "messages").map((each, index) =>
    object(each, `messages[${index}]`),
  );
  checkCalls(messages);
  const { tools, toolChoice } = readTools(body);
  const stop = body["stop"] ?? [];
  // Its instructions are messages like all others; only those before the conversation count as first here.
  const turns = messages.map(readMessage);
  const first = turns.findIndex(({ role }) => role !== "system");
  return {
    stream: body["stream"] === true,
    system: turns
      .slice(0, first)
      .flatMap((turn) => turn.parts.map((part) => ("text" in part ? part.text : ""))),
    turns: turns.slice(first),
    tools,
    toolChoice,
    maxTokens: number(body["max_completion_tokens"] ?? body["max_tokens"], "max_tokens"),
    temperature: number(body["temperature"], "temperature"),
    stop: (Array.isArray(stop) ? stop : [stop]) as string[],
    schema: readFormat(body["response_format"]),
    thinks: readEffort(body["reasoning_effort"]),
    cachePoints: 0,
    wantsUsage: (body["stream_options"] as Json | undefined)?.["include_usage"] === true,
  };
}

function readEffort(effort: unknown): boolean {
  if (effort === undefined || effort === null) return false;
  refuse(
    typeof effort === "string" && ["none", "minimal", "low", "medium", "high", "xhigh"].includes(effort),
    "Invalid value of 'reasoning_effort'",
  );
  return effort !== "none";
}

function readFormat(format: unknown): object | undefined {
  if (format === undefined || format === null) return undefined;
  const { type, json_schema: schema } = object(format, "response_format");
  if (type !== "json_schema") return undefined;
  const named = object(schema, "response_format.json_schema");
  refuse(/^[\w-]{1,64}$/.test(text(named["name"], "response_format.json_schema.name")), "Invalid name");
  return object(named["schema"], "response_format.json_schema.schema");
}

function readTools(body: Json): Pick<Asked, "tools" | "toolChoice"> {
  const tools = list(body["tools"] ?? [], "tools").map((each, index) => {
    const tool = object(each, `tools[${index}]`);
    refuse(tool["type"] === "function", `tools[${index}].type must be 'function'`);
    const { name, description, parameters } = object(tool["function"], `tools[${index}].function`);
    return {
      name: text(name, "function.name"),
      description: description as string | undefined,
      properties: propertiesOf(parameters),
    };
  });
  refuse(body["tools"] === undefined || tools.length > 0, "[] is too short - 'tools'");
  const choice = body["tool_choice"];
  refuse(
    choice === undefined || tools.length > 0,
    "'tool_choice' is only allowed when 'tools' are specified.",
  );
  refuse(
    body["parallel_tool_calls"] === undefined || tools.length > 0,
    "'parallel_tool_calls' is only allowed when 'tools' are specified.",
  );
  const name = (choice as { function?: { name: string } } | undefined)?.function?.name;
  return { tools, toolChoice: name ?? (choice === "required" ? "any" : (choice as string | undefined)) };
}

/** Every call must be answered right after it, and every answer must have its call. */
function checkCalls(messages: readonly Json[]): void {
  let waiting = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const { role } = message;
    if (role === "tool") {
      const id = text(message["tool_call_id"], `messages[${index}].tool_call_id`);
      refuse(
        waiting.delete(id),
        `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.`,
      );
      continue;
    }
    refuse(
      waiting.size === 0,
      `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${[...waiting].join(", ")}`,
    );
    waiting = new Set(((message["tool_calls"] ?? []) as { id: string }[]).map(({ id }) => id));
  }
  refuse(waiting.size === 0, "An assistant message with 'tool_calls' must be followed by tool messages");
}

function readMessage(message: Json, index: number): Turn {
  const { role, content } = message;
  const place = `messages[${index}]`;
  if (role === "system" || role === "developer")
    return { role: "system", parts: readParts(content, place, ["text"]) };
  if (role === "user")
    return { role, parts: readParts(content, place, ["text", "image_url", "file", "input_audio"]) };
  if (role === "tool") {
    const told = readParts(content, place, ["text"]).map((part) => ("text" in part ? part.text : ""));
    return {
      role: "user",
      parts: [{ type: "result", id: String(message["tool_call_id"]), text: told.join(""), isError: false }],
    };
  }
  refuse(
    role === "assistant",
    `Invalid value: '${String(role)}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
  );
  const calls = (message["tool_calls"] ?? []) as {
    id: string;
    function: { name: string; arguments: string };
  }[];
  refuse(
    calls.length > 0 || typeof content === "string" || Array.isArray(content),
    `Invalid value for 'content': expected a string, got null.`,
  );
  for (const call of calls) JSON.parse(call.function.arguments);
  const thought = message["reasoning_content"] ?? message["reasoning"];
  return {
    role,
    parts: [
      ...(typeof thought === "string" && thought !== "" ? [{ type: "thought" } as const] : []),
      ...(content === null || content === undefined ? [] : readParts(content, place, ["text", "refusal"])),
      ...calls.map(
        (call) =>
          ({ type: "call", id: call.id, name: call.function.name, input: call.function.arguments }) as const,
      ),
    ],
  };
}

function readParts(content: unknown, place: string, allowed: readonly string[]): Part[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return list(content, `${place}.content`).map((each, index): Part => {
    const part = object(each, `${place}.content[${index}]`);
    const type = text(part["type"], `${place}.content[${index}].type`);
    refuse(allowed.includes(type), `Invalid value: '${type}'. Supported values are: ${allowed.join(", ")}.`);
    if (type === "image_url")
      return {
        type: "image",
        digest: imageDigest(text(object(part["image_url"], "image_url")["url"], "url")),
      };
    if (type === "file") return readFile(object(part["file"], "file"));
    return { type: "text", text: text(part["text"], `${place}.content[${index}].text`) };
  });
}

/** Of what a data: address holds, or `fetched` where the service would fetch it. */
export function imageDigest(url: string): string {
  if (/^https?:/.test(url)) return `fetched ${url}`;
  const [, data] = /^data:image\/(?:png|jpeg|gif|webp);base64,([A-Za-z0-9+/]+=*)$/.exec(url) ?? [];
  refuse(data, "Invalid MIME type or data of an image");
  return digest(Buffer.from(data, "base64"));
}

/** @param types  a pattern of what is taken: chat completions take PDFs alone */
export function readFile(file: Json, types = "application/pdf"): Part {
  const data = text(file["file_data"], "file.file_data");
  const [, base64] = new RegExp(`^data:${types};base64,([A-Za-z0-9+/]+=*)$`).exec(data) ?? [];
  refuse(base64, `Invalid file data: expected a base64-encoded data URL with the MIME type ${types}`);
  return {
    type: "document",
    name: text(file["filename"], "file.filename"),
    digest: digest(Buffer.from(base64, "base64")),
  };
}

function tokenize(body: Json, { engine }: ChatFlavour): object | undefined {
  if (!engine) return undefined;
  const { messages } = body;
  const count = 10 * list(messages, "messages").length;
  return { count, max_model_len: 32_768, tokens: Array.from({ length: count }, (_, index) => index) };
}

const HEAD = { id: "chatcmpl-1", created: 1_760_000_000, model: "model-up" };

export function usageOf({ usage }: Answer): object {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cached },
    completion_tokens_details: { reasoning_tokens: usage.reasoning },
  };
}

const FINISH = { end: "stop", stop: "stop", length: "length", calls: "tool_calls" } as const;

export function whole(answer: Answer, { engine }: Pick<ChatFlavour, "engine">): object {
  const { thought, calls } = answer;
  const message = {
    role: "assistant",
    content: answer.text.length === 0 && calls.length > 0 ? null : answer.text.join(""),
    ...(engine && thought !== undefined && { reasoning_content: thought }),
    ...(calls.length > 0 && {
      tool_calls: calls.map(({ id, name, input }) => ({
        id,
        type: "function",
        function: { name, arguments: JSON.stringify(input) },
      })),
    }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: FINISH[answer.stop] };
  return { ...HEAD, object: "chat.completion", choices: [choice], usage: usageOf(answer) };
}

export function pieces(answer: Answer, asked: Asked, { engine }: Pick<ChatFlavour, "engine">): string[] {
  const chunk = (delta: object, finish: string | null = null): string =>
    sse({
      ...HEAD,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    });
  const calls = answer.calls.flatMap(({ id, name, input }, index) => [
    chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
    ...halves(JSON.stringify(input)).map((json) =>
      chunk({ tool_calls: [{ index, function: { arguments: json } }] }),
    ),
  ]);
  return [
    chunk({ role: "assistant", content: "" }),
    ...(engine && answer.thought !== undefined ? [chunk({ reasoning_content: answer.thought })] : []),
    ...answer.text.map((content) => chunk({ content })),
    ...calls,
    chunk({}, FINISH[answer.stop]),
    ...(asked.wantsUsage === true
      ? [sse({ ...HEAD, object: "chat.completion.chunk", choices: [], usage: usageOf(answer) })]
      : []),
    "data: [DONE]\n\n",
  ];
}

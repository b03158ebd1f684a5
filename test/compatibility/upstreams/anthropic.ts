import { digest, signatureOf, type Answer, type Asked, type Failure, type Part, type Turn } from "./model.ts";
import {
  halves,
  known,
  list,
  named,
  number,
  object,
  propertiesOf,
  refuse,
  text,
  type Api,
  type ErrorReply,
  type Json,
} from "./api.ts";

const MEMBERS = [
  "model max_tokens messages system stream tools tool_choice temperature top_p top_k stop_sequences thinking metadata",
  "service_tier output_config container context_management mcp_servers cache_control",
]
  .join(" ")
  .split(" ");

/** https://platform.claude.com/docs/en/api/messages, as Claude Sonnet 4.5 takes it. */
export function anthropicMessages(admits: Api["admits"]): Api {
  return {
    paths: /^\/v1\/messages(\/count_tokens)?(\?.*)?$/,
    admits,
    read,
    whole,
    pieces,
    beforeBreak: 5,
    streamType: "text/event-stream; charset=utf-8",
    error,
    streamError: () => named("error", { error: { type: "overloaded_error", message: "Overloaded" } }),
    other: (path, body) =>
      path.includes("count_tokens")
        ? { input_tokens: 10 * list(body["messages"], "messages").length }
        : undefined,
  };
}

function read(body: Json): Asked {
  known(body, MEMBERS, (name) => `${name}: Extra inputs are not permitted`);
  const maxTokens = number(body["max_tokens"], "max_tokens");
  refuse(maxTokens, "max_tokens: Field required");
  let cachePoints = 0;
  const onCache = (): void => void cachePoints++;
  const system = readSystem(body["system"], onCache);
  const thinking = readThinking(body, maxTokens);
  const turns = list(body["messages"], "messages").map((each, index) =>
    readMessage(object(each, `messages.${index}`), `messages.${index}`, onCache),
  );
  refuse(turns.length > 0, "messages: at least one message is required");
  checkCalls(turns);
  if (thinking) checkThoughts(turns);
  const tools = readTools(body, onCache);
  const choice = body["tool_choice"] as { type: string; name?: string } | undefined;
  refuse(
    choice === undefined || tools.length > 0,
    "tool_choice: Can only specify tool_choice when tools are provided",
  );
  refuse(
    !thinking || choice === undefined || choice.type === "auto" || choice.type === "none",
    "Thinking may not be enabled when tool_choice forces tool use.",
  );
  const config = body["output_config"] as { format?: { type: string; schema: object } } | undefined;
  if (config?.format !== undefined) checkClosed(config.format.schema);
  refuse(cachePoints <= 4, "A maximum of 4 blocks with cache_control may be provided.");
  return {
    stream: body["stream"] === true,
    system,
    turns,
    tools,
    toolChoice: choice?.name ?? choice?.type,
    maxTokens,
    temperature: number(body["temperature"], "temperature"),
    stop: list(body["stop_sequences"] ?? [], "stop_sequences") as string[],
    schema: config?.format?.schema,
    thinks: thinking,
    cachePoints,
  };
}

/** Every object of a schema must be closed. */
function checkClosed(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  const { type, additionalProperties } = schema as { type?: string; additionalProperties?: unknown };
  refuse(
    type !== "object" || additionalProperties === false,
    "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
  );
  for (const value of Object.values(schema)) checkClosed(value);
}

function readThinking(body: Json, maxTokens: number): boolean {
  const thinking = body["thinking"] as { type: string; budget_tokens?: number } | undefined;
  if (thinking === undefined || thinking.type === "disabled") return false;
  refuse(thinking.type === "enabled", "adaptive thinking is not supported on this model");
  const budget = number(thinking.budget_tokens, "thinking.enabled.budget_tokens");
  refuse(
    budget !== undefined && budget >= 1_024,
    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
  );
  refuse(budget < maxTokens, "`max_tokens` must be greater than `thinking.budget_tokens`.");
  refuse(
    body["temperature"] === undefined || body["temperature"] === 1,
    "`temperature` may only be set to 1 when thinking is enabled.",
  );
  refuse(body["top_k"] === undefined, "`top_k` must be unset when thinking is enabled.");
  return true;
}

function readSystem(system: unknown, onCache: () => void): string[] {
  if (system === undefined) return [];
  if (typeof system === "string") return [system];
  return list(system, "system").map((each, index) => {
    const block = object(each, `system.${index}`);
    refuse(block["type"] === "text", `system.${index}.type: Input should be 'text'`);
    if (block["cache_control"] !== undefined) onCache();
    return text(block["text"], `system.${index}.text`);
  });
}

function readTools(body: Json, onCache: () => void): Asked["tools"] {
  return list(body["tools"] ?? [], "tools").map((each, index) => {
    const tool = object(each, `tools.${index}`);
    known(
      tool,
      ["type", "name", "description", "input_schema", "cache_control", "strict", "eager_input_streaming"],
      (name) => `tools.${index}.custom.${name}: Extra inputs are not permitted`,
    );
    if (tool["cache_control"] !== undefined) onCache();
    const schema = object(tool["input_schema"], `tools.${index}.custom.input_schema`);
    refuse(schema["type"] === "object", `tools.${index}.custom.input_schema.type: Input should be 'object'`);
    return {
      name: text(tool["name"], `tools.${index}.custom.name`),
      description: tool["description"] as string | undefined,
      properties: propertiesOf(schema),
    };
  });
}

function readMessage(message: Json, place: string, onCache: () => void): Turn {
  known(message, ["role", "content"], (name) => `${place}.${name}: Extra inputs are not permitted`);
  const { role, content } = message;
  refuse(role === "user" || role === "assistant", `${place}.role: Input should be 'user' or 'assistant'`);
  if (typeof content === "string") {
    refuse(content !== "", `${place}: user messages must have non-empty content`);
    return { role, parts: [{ type: "text", text: content }] };
  }
  const parts = list(content, `${place}.content`).map((each, index) =>
    readBlock(object(each, `${place}.content.${index}`), `${place}.content.${index}`, onCache),
  );
  refuse(parts.length > 0, `${place}: all messages must have non-empty content`);
  return { role, parts };
}

function readBlock(block: Json, place: string, onCache: () => void): Part {
  if (block["cache_control"] !== undefined) onCache();
  switch (block["type"]) {
    case "text":
      refuse(
        text(block["text"], `${place}.text`).trim() !== "",
        "messages: text content blocks must be non-empty",
      );
      return { type: "text", text: String(block["text"]) };
    case "image": {
      const source = object(block["source"], `${place}.source`);
      if (source["type"] === "url") return { type: "image", digest: `fetched ${String(source["url"])}` };
      refuse(
        /^image\/(png|jpeg|gif|webp)$/.test(String(source["media_type"])),
        `${place}.source.media_type: unknown`,
      );
      return {
        type: "image",
        digest: digest(Buffer.from(text(source["data"], `${place}.source.data`), "base64")),
      };
    }
    case "document":
      return readDocument(block, place);
    case "tool_use":
      object(block["input"], `${place}.input`);
      refuse(
        /^[\w-]+$/.test(text(block["id"], `${place}.id`)),
        `${place}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`,
      );
      return {
        type: "call",
        id: String(block["id"]),
        name: text(block["name"], `${place}.name`),
        input: JSON.stringify(block["input"]),
      };
    case "tool_result":
      return {
        type: "result",
        id: text(block["tool_use_id"], `${place}.tool_use_id`),
        text: resultText(block["content"], place),
        isError: block["is_error"] === true,
      };
    case "thinking":
      refuse(
        block["signature"] === signatureOf(text(block["thinking"], `${place}.thinking`)),
        `${place}: Invalid \`signature\` in \`thinking\` block`,
      );
      return { type: "thought" };
    default:
      refuse(
        false,
        `${place}: Input tag '${String(block["type"])}' found using 'type' does not match any of the expected tags`,
      );
  }
}

function readDocument(block: Json, place: string): Part {
  known(
    block,
    ["type", "source", "title", "context", "citations", "cache_control"],
    (name) => `${place}.document.${name}: Extra inputs are not permitted`,
  );
  const source = object(block["source"], `${place}.source`);
  const name = typeof block["title"] === "string" ? block["title"] : "";
  if (source["type"] === "text")
    return { type: "document", name, digest: digest(text(source["data"], `${place}.source.data`)) };
  refuse(
    source["type"] === "base64" && source["media_type"] === "application/pdf",
    `${place}.source: not a PDF`,
  );
  return {
    type: "document",
    name,
    digest: digest(Buffer.from(text(source["data"], `${place}.source.data`), "base64")),
  };
}

function resultText(content: unknown, place: string): string {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  return list(content, `${place}.content`)
    .map((each) => text(object(each, `${place}.content`)["text"], `${place}.content.text`))
    .join("");
}

/** Results stand right after their calls, at the beginning of the user's message. */
function checkCalls(turns: readonly Turn[]): void {
  for (const [index, { parts }] of turns.entries()) {
    const ids = parts.flatMap((part) => (part.type === "call" ? [part.id] : []));
    const told = (turns[index + 1]?.parts ?? []).flatMap((part) => (part.type === "result" ? [part.id] : []));
    const lost = ids.find((id) => !told.includes(id));
    refuse(
      lost === undefined,
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${String(lost)}.`,
    );
    const before = (turns[index - 1]?.parts ?? []).flatMap((part) => (part.type === "call" ? [part.id] : []));
    const unasked = parts.find((part) => part.type === "result" && !before.includes(part.id));
    refuse(
      unasked === undefined,
      `messages.${index}.content: unexpected \`tool_use_id\` found in \`tool_result\` blocks.`,
    );
    const last = parts.findLastIndex(({ type }) => type === "result");
    refuse(
      parts.slice(0, last + 1).every(({ type }) => type === "result"),
      `messages.${index}: \`tool_result\` blocks must come first`,
    );
  }
}

function checkThoughts(turns: readonly Turn[]): void {
  const last = turns.findLast(({ role }) => role === "assistant");
  const calls = last?.parts.some(({ type }) => type === "call") === true;
  refuse(
    !calls || last?.parts[0]?.type === "thought",
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
  );
}

const STOP = { end: "end_turn", stop: "stop_sequence", length: "max_tokens", calls: "tool_use" } as const;

function usageOf({ usage }: Answer): object {
  return {
    input_tokens: usage.input - usage.cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cached,
    output_tokens: usage.output,
    service_tier: "standard",
  };
}

function messageWith(answer: Answer, content: object[]): object {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content,
    stop_reason: STOP[answer.stop],
    stop_sequence: answer.sequence ?? null,
    usage: usageOf(answer),
  };
}

function whole(answer: Answer): object {
  const { thought } = answer;
  return messageWith(answer, [
    ...(thought === undefined
      ? []
      : [{ type: "thinking", thinking: thought, signature: signatureOf(thought) }]),
    ...(answer.text.length === 0 ? [] : [{ type: "text", text: answer.text.join("") }]),
    ...answer.calls.map(({ id, name, input }) => ({ type: "tool_use", id: `toolu_${id}`, name, input })),
  ]);
}

function pieces(answer: Answer): string[] {
  const { thought } = answer;
  let index = 0;
  const block = (start: object, deltas: object[]): string[] => {
    const at = { index: index++ };
    return [
      named("content_block_start", { ...at, content_block: start }),
      ...deltas.map((delta) => named("content_block_delta", { ...at, delta })),
      named("content_block_stop", at),
    ];
  };
  const start = {
    ...messageWith(answer, []),
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usageOf(answer), output_tokens: 1 },
  };
  return [
    named("message_start", { message: start }),
    named("ping"),
    ...(thought === undefined
      ? []
      : block({ type: "thinking", thinking: "", signature: "" }, [
          { type: "thinking_delta", thinking: thought },
          { type: "signature_delta", signature: signatureOf(thought) },
        ])),
    ...(answer.text.length === 0
      ? []
      : block(
          { type: "text", text: "" },
          answer.text.map((each) => ({ type: "text_delta", text: each })),
        )),
    ...answer.calls.flatMap(({ id, name, input }) =>
      block(
        { type: "tool_use", id: `toolu_${id}`, name, input: {} },
        halves(JSON.stringify(input)).map((json) => ({ type: "input_json_delta", partial_json: json })),
      ),
    ),
    named("message_delta", {
      delta: { stop_reason: STOP[answer.stop], stop_sequence: answer.sequence ?? null },
      usage: usageOf(answer),
    }),
    named("message_stop"),
  ];
}

/** https://platform.claude.com/docs/en/api/errors */
const ERRORS: Readonly<Record<Failure, readonly [status: number, type: string, message: string]>> = {
  "bad-request": [400, "invalid_request_error", "The request was not understood."],
  authentication: [401, "authentication_error", "invalid x-api-key"],
  permission: [
    403,
    "permission_error",
    "Your API key does not have permission to use the specified resource.",
  ],
  "not-found": [404, "not_found_error", "model: claude-up"],
  "too-large": [413, "request_too_large", "Request exceeds the maximum size"],
  "rate-limit": [429, "rate_limit_error", "This request would exceed your rate limit."],
  overloaded: [529, "overloaded_error", "Overloaded"],
  "server-error": [500, "api_error", "Internal server error"],
  timeout: [504, "timeout_error", "Timed out"],
  context: [400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"],
  "mid-stream": [500, "api_error", "Internal server error"],
  cut: [500, "api_error", "Internal server error"],
  "no-end": [500, "api_error", "Internal server error"],
};

function error(failure: Failure, said?: string): ErrorReply {
  const [status, type, sentence] = ERRORS[failure];
  return {
    status,
    ...(failure === "rate-limit" && { headers: { "retry-after": "7" } }),
    body: { type: "error", error: { type, message: said ?? sentence }, request_id: "req_1" },
  };
}

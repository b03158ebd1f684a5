import type {
  CachePoint,
  ContentBlock,
  ConverseRequest,
  Message,
  ReasoningContent,
  SystemBlock,
  Tool,
  ToolResultBlock,
} from "../converse-request.ts";
import {
  isObject,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
  textsOf,
  type Json,
  type JsonObject,
} from "../json.ts";

/** A body of Anthropic's Messages as the neutral request; it has been checked before. */
export function readAnthropic(body: JsonObject): ConverseRequest {
  const names = new DocumentNames();
  const fields = Object.fromEntries(
    ["thinking", "output_config", "output_format", "top_k", "tool_choice", "anthropic_beta"].flatMap((name) =>
      body[name] === undefined ? [] : [[name, body[name]]],
    ),
  );
  return {
    messages: objectsOf(body["messages"]).map((message) => readMessage(message, names)),
    system: readSystem(body["system"]),
    inferenceConfig: definedOnly({
      maxTokens: numberOf(body["max_tokens"]),
      temperature: numberOf(body["temperature"]),
      topP: numberOf(body["top_p"]),
      stopSequences: textsOf(body["stop_sequences"]),
    }),
    ...readTools(body),
    additionalModelRequestFields: fields,
  };
}

function readMessage(message: JsonObject, names: DocumentNames): Message {
  const { role, content } = message;
  const blocks =
    typeof content === "string"
      ? [{ text: content }]
      : objectsOf(content).flatMap((block) => [...readBlock(block, names), ...cachePointOf(block)]);
  return { role: textOf(role) ?? "user", content: blocks };
}

function readBlock(block: JsonObject, names: DocumentNames): ContentBlock[] {
  switch (block["type"]) {
    case "text":
      return [{ text: textOf(block["text"]) ?? "" }];
    case "image":
      return [{ image: readImage(block) }];
    case "document":
      return [{ document: readDocument(block, names) }];
    case "thinking":
    case "redacted_thinking":
      return [{ reasoningContent: readReasoning(block) }];
    case "tool_use":
      return [
        {
          toolUse: {
            toolUseId: textOf(block["id"]) ?? "",
            name: textOf(block["name"]) ?? "",
            input: block["input"] ?? {},
          },
        },
      ];
    case "tool_result":
      return [
        {
          toolResult: {
            toolUseId: textOf(block["tool_use_id"]) ?? "",
            content: readToolResult(block["content"], names),
            status: block["is_error"] === true ? "error" : "success",
          },
        },
      ];
    default:
      return [{ searchResult: block }];
  }
}

function readReasoning(block: JsonObject): ReasoningContent {
  if (block["type"] === "redacted_thinking")
    return { redactedContent: Buffer.from(textOf(block["data"]) ?? "").toString("base64") };
  const { thinking, signature } = block;
  return {
    reasoningText: { text: textOf(thinking) ?? "", ...(typeof signature === "string" && { signature }) },
  };
}

function readToolResult(content: Json | undefined, names: DocumentNames): ToolResultBlock[] {
  if (typeof content === "string") return [{ text: content }];
  return objectsOf(content).map((part) =>
    part["type"] === "image"
      ? { image: readImage(part) }
      : part["type"] === "document"
        ? { document: readDocument(part, names) }
        : { text: textOf(part["text"]) ?? "" },
  );
}

function readImage(block: JsonObject): NonNullable<ContentBlock["image"]> {
  const source = objectOf(block["source"]);
  const format = (textOf(source?.["media_type"]) ?? "").replace("image/", "");
  return { format, source: { bytes: textOf(source?.["data"]) ?? "" } };
}

function readDocument(block: JsonObject, names: DocumentNames): NonNullable<ContentBlock["document"]> {
  const source = objectOf(block["source"]);
  const name = textOf(block["title"]) ?? names.next();
  if (source?.["type"] === "text") return { name, source: { text: textOf(source["data"]) ?? "" } };
  return { name, source: { bytes: textOf(source?.["data"]) ?? "" } };
}

function readSystem(system: Json | undefined): readonly SystemBlock[] {
  if (typeof system === "string") return [{ text: system }];
  return objectsOf(system).flatMap((block) => [
    { text: textOf(block["text"]) ?? "" },
    ...cachePointOf(block),
  ]);
}

function readTools(body: JsonObject): Pick<ConverseRequest, "toolConfig"> {
  const tools = objectsOf(body["tools"]).flatMap((tool): Tool[] => [
    {
      toolSpec: {
        name: textOf(tool["name"]) ?? "",
        inputSchema: { json: tool["input_schema"] ?? {} },
        ...(typeof tool["description"] === "string" && { description: tool["description"] }),
      },
    },
    ...cachePointOf(tool),
  ]);
  const choice = objectOf(body["tool_choice"]);
  if (tools.length === 0 || choice?.["type"] === "none") return {};
  const toolChoice =
    choice?.["type"] === "any"
      ? { any: {} }
      : choice?.["type"] === "tool"
        ? { tool: { name: textOf(choice["name"]) ?? "" } }
        : { auto: {} };
  return { toolConfig: { tools, toolChoice } };
}

function cachePointOf(block: JsonObject): { cachePoint: CachePoint }[] {
  const control = block["cache_control"];
  if (!isObject(control)) return [];
  const { ttl } = control;
  return [{ cachePoint: { type: "default", ...((ttl === "5m" || ttl === "1h") && { ttl }) } }];
}

/** Untitled documents get names of their own. */
class DocumentNames {
  #count = 0;

  next(): string {
    this.#count++;
    return `document-${this.#count}`;
  }
}

/** Without the members that are undefined. */
export function definedOnly<T extends Record<string, unknown>>(members: T): Defined<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Defined<T>;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

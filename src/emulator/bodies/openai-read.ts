import type { ContentBlock, ConverseRequest, Message, Tool, ToolConfig } from "../converse-request.ts";
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
import { invalid } from "../service-error.ts";
import { definedOnly } from "./anthropic-read.ts";

/**
 * A body of OpenAI's chat completions as the neutral request.
 *
 * @throws ServiceError
 */
export function readOpenai(body: JsonObject): ConverseRequest {
  const messages = objectsOf(body["messages"]);
  if (messages.length === 0) throw invalid("messages: at least one message is required");
  const system = messages
    .filter(({ role }) => role === "system" || role === "developer")
    .map(({ content }) => ({ text: plainText(content) }));
  const stop = body["stop"];
  const schema = schemaOf(body);
  return {
    messages: merged(messages.flatMap((message, index) => readMessage(message, index))),
    ...(system.length > 0 && { system }),
    inferenceConfig: definedOnly({
      maxTokens: numberOf(body["max_completion_tokens"]) ?? numberOf(body["max_tokens"]),
      temperature: numberOf(body["temperature"]),
      topP: numberOf(body["top_p"]),
      stopSequences: typeof stop === "string" ? [stop] : textsOf(stop),
    }),
    ...readTools(body),
    ...(body["reasoning_effort"] !== undefined && {
      additionalModelRequestFields: { reasoning_effort: body["reasoning_effort"] },
    }),
    ...(schema !== undefined && {
      outputConfig: { textFormat: { structure: { jsonSchema: { schema: JSON.stringify(schema) } } } },
    }),
  };
}

function readMessage(message: JsonObject, index: number): Message[] {
  const { role, content } = message;
  switch (role) {
    case "system":
    case "developer":
      return [];
    case "user":
      return [{ role: "user", content: readContent(content) }];
    case "assistant":
      return [
        {
          role: "assistant",
          content: [...readThought(message), ...readContent(content), ...readCalls(message, index)],
        },
      ];
    case "tool": {
      const toolUseId = textOf(message["tool_call_id"]);
      if (toolUseId === undefined) throw invalid(`messages.${index}: tool_call_id is missing`);
      const toolResult = { toolUseId, content: [{ text: plainText(content) }] };
      return [{ role: "user", content: [{ toolResult }] }];
    }
    default:
      throw invalid(
        `messages.${index}.role: ${JSON.stringify(role)} is not one of system, developer, user, assistant, tool`,
      );
  }
}

/** As engines call it, the newer name first. */
function readThought({ reasoning, reasoning_content: older }: JsonObject): ContentBlock[] {
  const text = textOf(reasoning) ?? textOf(older) ?? "";
  return text === "" ? [] : [{ reasoningContent: { reasoningText: { text } } }];
}

function readContent(content: Json | undefined): ContentBlock[] {
  if (typeof content === "string") return content === "" ? [] : [{ text: content }];
  return objectsOf(content).map((part): ContentBlock => {
    const { type } = part;
    if (type !== "text" && type !== "refusal" && type !== "image_url")
      throw invalid(`messages: content parts of type ${JSON.stringify(type)} are not supported`);
    if (type !== "image_url") return { text: textOf(part["text"]) ?? textOf(part["refusal"]) ?? "" };
    const url = textOf(objectOf(part["image_url"])?.["url"]) ?? "";
    const [, format = "", bytes = ""] = /^data:image\/(\w+);base64,(.*)$/s.exec(url) ?? [];
    if (bytes === "") throw invalid("image_url: only data: addresses with base64 are supported");
    return { image: { format, source: { bytes } } };
  });
}

function readCalls(message: JsonObject, index: number): ContentBlock[] {
  return objectsOf(message["tool_calls"]).map((call) => {
    const called = objectOf(call["function"]);
    return {
      toolUse: {
        toolUseId: textOf(call["id"]) ?? "",
        name: textOf(called?.["name"]) ?? "",
        input: parsedArguments(textOf(called?.["arguments"]) ?? "", index),
      },
    };
  });
}

function parsedArguments(text: string, index: number): Json {
  if (text === "") return {};
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw invalid(`messages.${index}.tool_calls: arguments are no JSON`);
  }
}

/** Results of parallel calls come as messages of their own; the neutral form has them in one. */
function merged(messages: readonly Message[]): Message[] {
  const joined: Message[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role === message.role)
      joined[joined.length - 1] = { role: last.role, content: [...last.content, ...message.content] };
    else joined.push(message);
  }
  return joined;
}

function readTools(body: JsonObject): Pick<ConverseRequest, "toolConfig"> {
  const tools = objectsOf(body["tools"]).map((tool): Tool => {
    const described = objectOf(tool["function"]);
    return {
      toolSpec: {
        name: textOf(described?.["name"]) ?? "",
        inputSchema: { json: described?.["parameters"] ?? { type: "object", properties: {} } },
      },
    };
  });
  const choice = body["tool_choice"];
  if (tools.length === 0 || choice === "none") return {};
  const named = isObject(choice) ? textOf(objectOf(choice["function"])?.["name"]) : undefined;
  const toolChoice: ToolConfig["toolChoice"] =
    named !== undefined ? { tool: { name: named } } : choice === "required" ? { any: {} } : { auto: {} };
  return { toolConfig: { tools, toolChoice } };
}

function schemaOf(body: JsonObject): Json | undefined {
  const format = objectOf(body["response_format"]);
  return format?.["type"] === "json_schema" ? objectOf(format["json_schema"])?.["schema"] : undefined;
}

function plainText(content: Json | undefined): string {
  if (typeof content === "string") return content;
  return objectsOf(content)
    .map((part) => textOf(part["text"]) ?? "")
    .join("");
}

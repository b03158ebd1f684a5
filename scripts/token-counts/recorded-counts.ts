import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import type { ChatRequest } from "../../src/core/chat.ts";
import { readConverse } from "../../src/gateway/dialects/bedrock/read-chat.ts";
import { readOpenAiChat } from "../../src/gateway/dialects/openai/read-chat.ts";

/** A recorded request, and what the provider counted. */
export interface RecordedCount {
  readonly file: string;
  readonly model: string;
  readonly chat: ChatRequest;
  readonly inputTokens: number;
  /** Undefined where the request asked for nothing but a count. */
  readonly output: RecordedOutput | undefined;
}

export interface RecordedOutput {
  readonly tokens: number;
  /** Texts, names and arguments of calls, thoughts. */
  readonly texts: readonly string[];
  readonly calls: number;
  /** Whether a model thought; providers show summaries of thoughts, or none, and count the thoughts. */
  readonly hasReasoning: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the VCR cassettes of a folder: chats of Converse, CountTokens and chat completions that were answered whole. */
export function recordedCounts(folder: string): RecordedCount[] {
  const files = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return files.toSorted().flatMap((file) => {
    const cassette = parse(readFileSync(path.join(folder, file), "utf8"), {
      customTags: ["binary"],
    }) as Fields;
    const interactions = Array.isArray(cassette["interactions"]) ? cassette["interactions"] : [];
    return interactions.flatMap((interaction) => {
      const count = readInteraction(interaction as Fields);
      return count === undefined ? [] : [{ file, ...count }];
    });
  });
}

function readInteraction(interaction: Fields): Omit<RecordedCount, "file"> | undefined {
  const request = fieldsOf(interaction["request"]);
  const response = fieldsOf(interaction["response"]);
  const address = decodeURIComponent(String(request["uri"] ?? request["url"]));
  const body = bodyOf(request);
  const reply = bodyOf(response);
  const status = fieldsOf(response["status"])["code"] ?? response["code"];
  if (body === undefined || reply === undefined || status !== 200) return undefined;
  const bedrock = /\/model\/(.+)\/(converse|count-tokens)$/.exec(address);
  if (bedrock !== null) return readBedrock(bedrock[1] ?? "", bedrock[2] ?? "", body, reply);
  return address.endsWith("/chat/completions") ? readOpenAi(body, reply) : undefined;
}

function readBedrock(
  model: string,
  operation: string,
  body: Fields,
  reply: Fields,
): Omit<RecordedCount, "file"> | undefined {
  if (operation === "count-tokens") {
    const converse = fieldsOf(body["input"])["converse"];
    const inputTokens = Number(reply["inputTokens"]);
    return converse === undefined
      ? undefined
      : { model, chat: readConverse(json(converse)), inputTokens, output: undefined };
  }
  const usage = fieldsOf(reply["usage"]);
  const cached = Number(usage["cacheReadInputTokens"] ?? 0) + Number(usage["cacheWriteInputTokens"] ?? 0);
  return {
    model,
    chat: readConverse(json(body)),
    inputTokens: Number(usage["inputTokens"]) + cached,
    output: converseOutput(fieldsOf(fieldsOf(reply["output"])["message"])["content"], usage),
  };
}

function converseOutput(content: unknown, usage: Fields): RecordedOutput {
  const blocks = Array.isArray(content) ? content.map(fieldsOf) : [];
  const calls = blocks.flatMap(({ toolUse }) => (toolUse === undefined ? [] : [fieldsOf(toolUse)]));
  const thoughts = blocks.flatMap(({ reasoningContent: thought }) =>
    thought === undefined ? [] : [thoughtText(fieldsOf(fieldsOf(thought)["reasoningText"])["text"])],
  );
  return {
    tokens: Number(usage["outputTokens"]),
    texts: [
      ...blocks.flatMap(({ text }) => (typeof text === "string" ? [text] : [])),
      ...calls.flatMap(({ name, input }) => [String(name), JSON.stringify(input)]),
      ...thoughts,
    ],
    calls: calls.length,
    hasReasoning: thoughts.length > 0,
  };
}

function readOpenAi(body: Fields, reply: Fields): Omit<RecordedCount, "file"> | undefined {
  const usage = fieldsOf(reply["usage"]);
  if (usage["prompt_tokens"] === undefined) return undefined;
  const details = fieldsOf(usage["completion_tokens_details"]);
  const choices = Array.isArray(reply["choices"]) ? reply["choices"] : [];
  const message = fieldsOf(fieldsOf(choices[0])["message"]);
  const calls = Array.isArray(message["tool_calls"])
    ? message["tool_calls"].map((call) => fieldsOf(fieldsOf(call)["function"]))
    : [];
  return {
    model: String(body["model"]),
    chat: readOpenAiChat(json(body)),
    inputTokens: Number(usage["prompt_tokens"]),
    output: {
      tokens: Number(usage["completion_tokens"]),
      texts: [
        ...[message["content"], message["reasoning"]].filter((text) => typeof text === "string"),
        ...calls.flatMap(({ name, arguments: input }) => [String(name), String(input)]),
      ],
      calls: calls.length,
      hasReasoning: Number(details["reasoning_tokens"] ?? 0) > 0 || message["reasoning"] !== undefined,
    },
  };
}

/** A redacted thought has none. */
function thoughtText(text: unknown): string {
  return typeof text === "string" ? text : "";
}

function bodyOf(side: Fields): Fields | undefined {
  if (side["parsed_body"] !== undefined) return fieldsOf(side["parsed_body"]);
  const body = side["body"];
  const text = typeof body === "string" ? body : fieldsOf(body)["string"];
  try {
    return fieldsOf(JSON.parse(text instanceof Uint8Array ? Buffer.from(text).toString() : String(text)));
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

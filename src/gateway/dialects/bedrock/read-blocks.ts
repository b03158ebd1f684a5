import { isUtf8 } from "node:buffer";
import type {
  CachePoint,
  ChatPart,
  OtherParameter,
  ToolCallPart,
  ToolResultPart,
} from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  isFields,
  optionalText,
  refusal,
  requiredList,
  requiredText,
  type Fields,
} from "../fields.ts";
import { isMediaKey, readMedia } from "./read-media.ts";
import { blankText, memberPath, refused, violation } from "./refusals.ts";
import { rawToolValues } from "./raw-json.ts";
import { unionMember } from "./union.ts";

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html */
const CONTENT_KEYS = [
  "text",
  "image",
  "document",
  "video",
  "audio",
  "toolUse",
  "toolResult",
  "guardContent",
  "cachePoint",
  "reasoningContent",
  "citationsContent",
  "searchResult",
  "toolAddition",
  "toolRemoval",
];
const RESULT_KEYS = ["json", "text", "image", "document", "video", "searchResult"];
const REASONING_KEYS = ["reasoningText", "redactedContent"];
const TOOL_USE_ID = /^[a-zA-Z0-9_.:-]+$/;
const TOOL_NAME = /^[a-zA-Z0-9_-]+$/;
const MOST_CHARACTERS = 64;

/** The content blocks of one body. */
export class BlockReader {
  readonly others: OtherParameter[];
  /** Whether some block is of a tool, so that toolConfig must be there. */
  hasTools = false;
  readonly #text: string;
  #raw: ReadonlyMap<string, string> | undefined;

  /** @param text  the body */
  constructor(text: string, others: OtherParameter[]) {
    this.#text = text;
    this.others = others;
  }

  read(block: unknown, place: string): ChatPart {
    const { key, value } = unionMember(block, place, "ContentBlock", CONTENT_KEYS);
    if (key === "text") return readText(value, place);
    if (key === "cachePoint") return readCachePoint(value, `${place}.cachePoint`);
    const at = `${place}.${key}`;
    if (isMediaKey(key)) return readMedia(key, elementFields(value, at), at, this.others);
    if (key === "toolUse") return this.#toolUse(elementFields(value, at), at);
    if (key === "toolResult") return this.#toolResult(elementFields(value, at), at);
    if (key === "reasoningContent") return readReasoning(value, at);
    return { type: "opaque", name: at };
  }

  #toolUse(use: Fields, place: string): ChatPart {
    this.hasTools = true;
    const id = legalText(use, "toolUseId", place, TOOL_USE_ID);
    // The model's provider ran this one; it has no result of the client's.
    if (use["type"] === "server_tool_use") return { type: "opaque", name: `${place}.server_tool_use` };
    const name = legalText(use, "name", place, TOOL_NAME);
    const { input } = use;
    if (isAbsent(input)) throw refused(`The value at ${place}.input is empty`);
    if (!isFields(input)) throw refusal(place, "input", "an object");
    return {
      type: "tool-call",
      id,
      name,
      input: this.#rawAt(`${place}.input`, input),
    } satisfies ToolCallPart;
  }

  #toolResult(result: Fields, place: string): ChatPart {
    this.hasTools = true;
    const id = legalText(result, "toolUseId", place, TOOL_USE_ID);
    if (!isAbsent(result["type"]) && result["type"] !== "tool_result")
      return { type: "opaque", name: `${place}.${requiredText(result, "type", place)}` };
    const status = optionalText(result, "status", place) ?? "success";
    if (status !== "success" && status !== "error")
      throw violation(status, memberPath(`${place}.status`), "satisfy enum value set: [success, error]");
    const blocks = requiredList(result, "content", place);
    const content: ToolResultPart["content"][number][] = [];
    for (let index = 0; index < blocks.length; index++)
      content.push(this.#resultBlock(blocks[index], `${place}.content.${index}`));
    return { type: "tool-result", id, content, isError: status === "error" };
  }

  #resultBlock(block: unknown, place: string): ToolResultPart["content"][number] {
    const { key, value } = unionMember(block, place, "ToolResultContentBlock", RESULT_KEYS);
    if (key === "text") {
      if (typeof value === "string") return { type: "text", text: value };
      throw refusal(place, "text", "a text");
    }
    if (key === "json") return { type: "json", json: this.#rawAt(`${place}.json`, value) };
    const at = `${place}.${key}`;
    if (isMediaKey(key)) return readMedia(key, elementFields(value, at), at, this.others);
    return { type: "opaque", name: at };
  }

  #rawAt(place: string, value: unknown): string {
    this.#raw ??= rawToolValues(this.#text);
    return this.#raw.get(place) ?? JSON.stringify(value);
  }
}

function readText(value: unknown, place: string): ChatPart {
  if (typeof value !== "string") throw refusal(place, "text", "a text");
  if (!/\S/.test(value)) throw blankText("ContentBlock", place);
  return { type: "text", text: value };
}

export function readCachePoint(value: unknown, place: string): CachePoint {
  const point = elementFields(value, place);
  const type = requiredText(point, "type", place);
  if (type !== "default")
    throw violation(type, memberPath(`${place}.type`), "satisfy enum value set: [default]");
  const ttl = optionalText(point, "ttl", place);
  if (ttl !== undefined && ttl !== "5m" && ttl !== "1h")
    throw violation(ttl, memberPath(`${place}.ttl`), "satisfy enum value set: [5m, 1h]");
  return { type: "cache-point", ttl };
}

function readReasoning(value: unknown, place: string): ChatPart {
  const { key, value: inner } = unionMember(value, place, "ReasoningContentBlock", REASONING_KEYS);
  const at = `${place}.${key}`;
  if (key === "reasoningText") {
    const text = elementFields(inner, at);
    return {
      type: "reasoning",
      text: requiredText(text, "text", at),
      signature: optionalText(text, "signature", at),
    };
  }
  if (typeof inner !== "string") throw refusal(place, key, "base64");
  // The bytes are the maker's text. Of a maker whose bytes are none, nothing can be said in another dialect.
  const bytes = Buffer.from(inner, "base64");
  return isUtf8(bytes)
    ? { type: "redacted-reasoning", data: bytes.toString() }
    : { type: "opaque", name: at };
}

/** An id or a name, which the service takes only from an alphabet and up to a length. */
function legalText(fields: Fields, key: string, place: string, pattern: RegExp): string {
  const text = requiredText(fields, key, place);
  if (text.length <= MOST_CHARACTERS && pattern.test(text)) return text;
  const path = memberPath(`${place}.${key}`);
  if (text.length > MOST_CHARACTERS)
    throw violation(text, path, `have length less than or equal to ${MOST_CHARACTERS}`);
  throw violation(text, path, `satisfy regular expression pattern: ${pattern.source.slice(1, -1)}`);
}

export function toolName(fields: Fields, key: string, place: string): string {
  return legalText(fields, key, place, TOOL_NAME);
}

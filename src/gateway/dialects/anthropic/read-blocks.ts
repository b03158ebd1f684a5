import type {
  CachePoint,
  ChatMessage,
  ChatPart,
  MediaPart,
  OpaquePart,
  OtherParameter,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../../core/chat.ts";
import { KEEP, rawValues, type Wanted } from "../bedrock/raw-json.ts";
import { isAbsent, isFields, tellOthers, type Fields } from "../fields.ts";
import { readCacheControl } from "./cache-control.ts";
import {
  elementObject,
  optionalBoolean,
  optionalText,
  requiredObject,
  requiredText,
  requiredWord,
} from "./look-ups.ts";
import { readDocument, readImage, type Place } from "./read-media.ts";
import { refused, wrong } from "./refusals.ts";
import type { ToolPairs } from "./tool-pairs.ts";

type Role = ChatMessage["role"];
type SimplePart = TextPart | MediaPart | OpaquePart;

/** A text that the model cited from has its places beside it when it comes back; they ask for nothing. */
const TEXT_KEYS: ReadonlySet<string> = new Set(["type", "text", "citations", "cache_control"]);
const USE_KEYS: ReadonlySet<string> = new Set(["type", "id", "name", "input", "caller", "cache_control"]);
const RESULT_KEYS: ReadonlySet<string> = new Set([
  "type",
  "tool_use_id",
  "content",
  "is_error",
  "cache_control",
]);
const THINKING_KEYS: ReadonlySet<string> = new Set([
  "type",
  "thinking",
  "signature",
  "data",
  "cache_control",
]);
/** Where the arguments of calls stand, which go on as the text that they are. */
const INPUTS: Wanted = { messages: { "*": { content: { "*": { input: KEEP } } } } };

/** The content blocks of one body. https://platform.claude.com/docs/en/api/messages#body-messages-content */
export class BlockReader {
  readonly others: OtherParameter[];
  readonly #text: string;
  readonly #pairs: ToolPairs;
  #raw: ReadonlyMap<string, string> | undefined;

  /** @param text  the body */
  constructor(text: string, pairs: ToolPairs, others: OtherParameter[]) {
    this.#text = text;
    this.#pairs = pairs;
    this.others = others;
  }

  /** Adds what a block says, and the cache point that it carries. */
  read(value: unknown, place: string, role: Role, parts: ChatPart[]): void {
    const block = elementObject(value, place);
    const type = requiredText(block, "type", place);
    parts.push(this.#part(block, type, place, role));
    const cachePoint = readCacheControl(block, `${place}.${type}`);
    if (cachePoint !== undefined) parts.push(cachePoint);
  }

  #part(block: Fields, type: string, place: string, role: Role): ChatPart {
    if (type === "text") return this.#said(block, place, role !== "assistant");
    if (role === "system") return { type: "opaque", name: `${place}.${type}` };
    switch (type) {
      case "image":
        return readImage(block, { place, at: `${place}.image` }, this.others);
      case "document":
        return readDocument(block, { place, at: `${place}.document` }, this.others);
      case "tool_use":
        onlyIn("assistant", role, type, place);
        return this.#toolUse(block, place);
      case "tool_result":
        onlyIn("user", role, type, place);
        return this.#toolResult(block, place);
      case "thinking":
      case "redacted_thinking":
        onlyIn("assistant", role, type, place);
        return this.#thinking(block, type, place);
      default:
        // Of tools that the API itself runs, of files in its store, of searches.
        return { type: "opaque", name: `${place}.${type}` };
    }
  }

  /** What a model wrote may be blank, and comes back as it is. */
  #said(block: Fields, place: string, mayNotBeBlank: boolean): TextPart {
    tellOthers(block, TEXT_KEYS, place, this.others);
    const text = requiredText(block, "text", `${place}.text`);
    checkText(text, place, mayNotBeBlank);
    return { type: "text", text };
  }

  #toolUse(block: Fields, place: string): ToolCallPart {
    tellOthers(block, USE_KEYS, place, this.others);
    const at = `${place}.tool_use`;
    const { caller, input } = block;
    if (!isAbsent(caller) && !(isFields(caller) && caller["type"] === "direct"))
      this.others.push({ name: `${place}.caller`, value: caller });
    const id = requiredWord(block, "id", at);
    const name = requiredWord(block, "name", at);
    requiredObject(block, "input", at);
    this.#pairs.call(id, place);
    this.#raw ??= rawValues(this.#text, INPUTS);
    return {
      type: "tool-call",
      id,
      name,
      input: this.#raw.get(`${place}.input`) ?? JSON.stringify(input),
    };
  }

  #toolResult(block: Fields, place: string): ToolResultPart {
    tellOthers(block, RESULT_KEYS, place, this.others);
    const at = `${place}.tool_result`;
    const id = requiredText(block, "tool_use_id", at);
    this.#pairs.result(id, place);
    return {
      type: "tool-result",
      id,
      content: this.#resultContent(block["content"], place),
      isError: optionalBoolean(block, "is_error", at) ?? false,
    };
  }

  #resultContent(content: unknown, place: string): ToolResultPart["content"] {
    if (typeof content === "string") return [{ type: "text", text: content }];
    if (isAbsent(content)) return [];
    const at = `${place}.tool_result.content`;
    if (!Array.isArray(content)) throw wrong(at, "", "a valid list");
    const parts: (SimplePart | CachePoint)[] = [];
    for (let index = 0; index < content.length; index++) {
      const block = elementObject(content[index], `${at}.${index}`);
      const type = requiredText(block, "type", `${at}.${index}`);
      const where = { place: `${place}.content.${index}`, at: `${at}.${index}.${type}` };
      parts.push(this.#resultPart(block, type, where));
      const cachePoint = readCacheControl(block, where.at);
      if (cachePoint !== undefined) parts.push(cachePoint);
    }
    return parts;
  }

  /** A tool may have nothing to say. */
  #resultPart(block: Fields, type: string, where: Place): SimplePart {
    if (type === "image") return readImage(block, where, this.others);
    if (type === "document") return readDocument(block, where, this.others);
    if (type !== "text") return { type: "opaque", name: `${where.place}.${type}` };
    tellOthers(block, TEXT_KEYS, where.place, this.others);
    return { type: "text", text: requiredText(block, "text", where.at) };
  }

  #thinking(block: Fields, type: string, place: string): ChatPart {
    tellOthers(block, THINKING_KEYS, place, this.others);
    const at = `${place}.${type}`;
    if (type === "redacted_thinking")
      return { type: "redacted-reasoning", data: requiredText(block, "data", at) };
    const signature = optionalText(block, "signature", at);
    return {
      type: "reasoning",
      text: requiredText(block, "thinking", at),
      // Of models that sign nothing, our own replies have it empty.
      signature: signature === "" ? undefined : signature,
    };
  }
}

function onlyIn(wanted: Role, role: Role, type: string, place: string): void {
  if (role !== wanted) throw refused(`${place}: \`${type}\` blocks can only be in \`${wanted}\` messages`);
}

/** @param place  of the block; its beginning is what the API names */
export function checkText(text: string, place: string, mayNotBeBlank: boolean): void {
  if (text !== "" && (!mayNotBeBlank || /\S/.test(text))) return;
  const rule = text === "" ? "be non-empty" : "contain non-whitespace text";
  throw refused(`${place.slice(0, place.indexOf("."))}: text content blocks must ${rule} (${place})`);
}

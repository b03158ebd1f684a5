import type { ChatPart, OtherParameter, ReasoningPart, RedactedReasoningPart } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import {
  elementFields,
  isAbsent,
  optionalFields,
  optionalList,
  optionalText,
  refusal,
  requiredFields,
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { isRequestObjectText } from "../json-text.ts";
import { readCachePoint, readPart } from "./read-parts.ts";

/** What is read here, and what a reply holds that clients send back with it and that asks for nothing. */
const KNOWN: ReadonlySet<string> = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "reasoning_content",
  "reasoning",
  "thinking_blocks",
  "cache_control",
  "audio",
  "annotations",
  "parsed",
  "reasoning_details",
  "provider_specific_fields",
]);

/**
 * An assistant's message: its thoughts, then what it said, then its calls.
 *
 * @param idOf  makes an id for a call in the old form, which has none
 */
export function readAssistant(
  message: Fields,
  place: string,
  others: OtherParameter[],
  idOf: (name: string) => string,
): ChatPart[] {
  tellOthers(message, KNOWN, place, others);
  const parts: ChatPart[] = [];
  readReasoning(message, place, parts);
  readSaid(message, place, parts, others);
  readCalls(message, place, parts, others);
  const call = optionalFields(message, "function_call", place);
  if (call !== undefined) {
    const name = requiredWord(call, "name", `${place}.function_call`);
    const input = readArguments(call, `${place}.function_call`);
    parts.push({ type: "tool-call", id: idOf(name), name, input });
  }
  if (!isAbsent(message["audio"])) parts.push({ type: "opaque", name: `${place}.audio` });
  if (parts.length === 0 && isAbsent(message["content"]))
    throw refusal(place, "content", "a text, or tool_calls beside it");
  const cachePoint = readCachePoint(message, place);
  if (cachePoint !== undefined) parts.push(cachePoint);
  return parts;
}

/** Signed thoughts stand in `thinking_blocks`; what has only a text has no proof and is nobody's in particular. */
function readReasoning(message: Fields, place: string, parts: ChatPart[]): void {
  const blocks = optionalList(message, "thinking_blocks", place);
  for (let index = 0; index < blocks.length; index++) {
    const at = `${place}.thinking_blocks[${index}]`;
    const block = elementFields(blocks[index], at);
    const type = requiredText(block, "type", at);
    if (type !== "thinking" && type !== "redacted_thinking")
      throw refusal(at, "type", "thinking or redacted_thinking");
    parts.push(readThought(block, at));
  }
  if (blocks.length > 0) return;
  const text =
    optionalText(message, "reasoning_content", place) ?? optionalText(message, "reasoning", place) ?? "";
  if (text !== "") parts.push({ type: "reasoning", text, signature: undefined });
}

function readThought(block: Fields, place: string): ReasoningPart | RedactedReasoningPart {
  if (block["type"] === "redacted_thinking")
    return { type: "redacted-reasoning", data: requiredText(block, "data", place) };
  const signature = optionalText(block, "signature", place);
  return {
    type: "reasoning",
    text: requiredText(block, "thinking", place),
    signature: signature === "" ? undefined : signature,
  };
}

function readSaid(message: Fields, place: string, parts: ChatPart[], others: OtherParameter[]): void {
  const { content } = message;
  if (typeof content === "string") parts.push({ type: "text", text: content });
  else if (!isAbsent(content)) {
    if (!Array.isArray(content)) throw refusal(place, "content", "a text or a list of parts");
    for (let index = 0; index < content.length; index++)
      readSaidPart(content[index], `${place}.content[${index}]`, parts, others);
  }
  const refused = optionalText(message, "refusal", place) ?? "";
  if (refused !== "") parts.push({ type: "text", text: refused });
}

function readSaidPart(value: unknown, place: string, parts: ChatPart[], others: OtherParameter[]): void {
  const part = elementFields(value, place);
  const { type } = part;
  if (type === "refusal") parts.push({ type: "text", text: requiredText(part, "refusal", place) });
  else if (type === "thinking" || type === "redacted_thinking") parts.push(readThought(part, place));
  else readPart(part, place, parts, others);
}

const CALL_KEYS: ReadonlySet<string> = new Set(["id", "type", "function", "index", "cache_control"]);

function readCalls(message: Fields, place: string, parts: ChatPart[], others: OtherParameter[]): void {
  const calls = optionalList(message, "tool_calls", place);
  for (let index = 0; index < calls.length; index++) {
    const at = `${place}.tool_calls[${index}]`;
    const call = elementFields(calls[index], at);
    const type = optionalText(call, "type", at) ?? "function";
    if (type !== "function") {
      parts.push({ type: "opaque", name: `${at}.${type}` });
      continue;
    }
    tellOthers(call, CALL_KEYS, at, others);
    const called = requiredFields(call, "function", at);
    parts.push({
      type: "tool-call",
      id: requiredWord(call, "id", at),
      name: requiredWord(called, "name", `${at}.function`),
      input: readArguments(called, `${at}.function`),
    });
    const cachePoint = readCachePoint(call, at);
    if (cachePoint !== undefined) parts.push(cachePoint);
  }
}

/** Arguments as the model wrote them, which another dialect puts into its body: they must be an object. */
function readArguments(called: Fields, place: string): string {
  const text = optionalText(called, "arguments", place) ?? "";
  if (text.trim() === "") return "";
  if (isRequestObjectText(text)) return text;
  throw new AppError("invalid_request", `${place}.arguments: expected the text of a JSON object`);
}

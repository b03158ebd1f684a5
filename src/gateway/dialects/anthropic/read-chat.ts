import type { CachePoint, ChatRequest, OtherParameter, TextPart, OpaquePart } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { isAbsent, isFields, parseText, tellOthers, type Fields } from "../fields.ts";
import { readCacheControl } from "./cache-control.ts";
import {
  elementObject,
  optionalInteger,
  optionalList,
  optionalShare,
  optionalText,
  requiredList,
  requiredText,
} from "./look-ups.ts";
import { BlockReader, checkText } from "./read-blocks.ts";
import { readMessages } from "./read-messages.ts";
import { readThinkingAndOutput } from "./read-thinking.ts";
import { readToolChoice, readTools } from "./read-tools.ts";
import { missing, wrong } from "./refusals.ts";
import { ToolPairs } from "./tool-pairs.ts";

/**
 * A Messages request in no dialect. Refusals are worded as the API words them.
 * https://platform.claude.com/docs/en/api/messages
 *
 * @throws AppError invalid_request, or unsupported_parameter for a limit of no tokens at all
 */
export function readAnthropicChat(body: Buffer): ChatRequest {
  const chat = readAnthropicCount(body);
  if (chat.maxOutputTokens === undefined) throw missing("", "max_tokens");
  return chat;
}

/**
 * The same for a request whose tokens are to be counted: it needs no limit.
 * https://platform.claude.com/docs/en/api/messages-count-tokens
 */
export function readAnthropicCount(body: Buffer): ChatRequest {
  const text = body.toString();
  const fields = parseText(text);
  const others: OtherParameter[] = [];
  const pairs = new ToolPairs();
  const maxOutputTokens = readLimit(fields);
  const messages = readMessages(
    requiredList(fields, "messages", ""),
    new BlockReader(text, pairs, others),
    pairs,
    readCacheControl(fields, ""),
  );
  const tools = readTools(fields, others);
  const tier = optionalText(fields, "service_tier", "");
  return {
    system: readSystem(fields["system"], others),
    messages,
    tools,
    ...readToolChoice(fields, tools, others),
    maxOutputTokens,
    temperature: optionalShare(fields, "temperature"),
    topP: optionalShare(fields, "top_p"),
    topK: optionalInteger(fields, "top_k", "", 0),
    stop: readStops(optionalList(fields, "stop_sequences", "")),
    ...readThinkingAndOutput(fields, others),
    // The default, written out.
    serviceTier: tier === "auto" ? undefined : tier,
    cacheKey: undefined,
    others: tellRest(fields, others),
  };
}

/** What is read here, and what the gateway handles. */
const KNOWN: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "tools",
  "tool_choice",
  "max_tokens",
  "temperature",
  "top_p",
  "top_k",
  "stop_sequences",
  "thinking",
  "output_config",
  "output_format",
  "service_tier",
  "cache_control",
  "model",
  "stream",
  "metadata",
]);

/** When a parameter says only what holds without it. */
const ASKS_NOTHING: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["mcp_servers", (value) => Array.isArray(value) && value.length === 0],
  ["speed", (value) => value === "standard"],
  [
    "context_management",
    (value) =>
      isFields(value) && Object.values(value).every((edits) => Array.isArray(edits) && edits.length === 0),
  ],
]);

function tellRest(fields: Fields, others: OtherParameter[]): OtherParameter[] {
  for (const name in fields) {
    const value = fields[name];
    if (KNOWN.has(name) || isAbsent(value) || ASKS_NOTHING.get(name)?.(value) === true) continue;
    others.push({ name, value });
  }
  return others;
}

function readLimit(fields: Fields): number | undefined {
  const limit = optionalInteger(fields, "max_tokens", "", 0);
  if (limit !== 0) return limit;
  throw new AppError(
    "unsupported_parameter",
    "max_tokens: 0, which fills a prompt cache and generates nothing, can only be sent to a target that speaks Anthropic Messages",
  );
}

const SYSTEM_KEYS: ReadonlySet<string> = new Set(["type", "text", "citations", "cache_control"]);

function readSystem(system: unknown, others: OtherParameter[]): ChatRequest["system"] {
  if (isAbsent(system) || system === "") return [];
  if (typeof system === "string") return [{ type: "text", text: system }];
  if (!Array.isArray(system)) throw wrong("", "system", "a valid string or list");
  const parts: (TextPart | CachePoint | OpaquePart)[] = [];
  for (let index = 0; index < system.length; index++) {
    const place = `system.${index}`;
    const block = elementObject(system[index], place);
    const type = requiredText(block, "type", place);
    if (type === "text") {
      tellOthers(block, SYSTEM_KEYS, place, others);
      const text = requiredText(block, "text", `${place}.text`);
      checkText(text, place, true);
      parts.push({ type: "text", text });
    } else parts.push({ type: "opaque", name: `${place}.${type}` });
    const cachePoint = readCacheControl(block, `${place}.${type}`);
    if (cachePoint !== undefined) parts.push(cachePoint);
  }
  return parts;
}

function readStops(list: readonly unknown[]): readonly string[] {
  return list.map((stop, index) => {
    if (typeof stop === "string" && stop !== "") return stop;
    throw wrong("stop_sequences", String(index), "a valid string with at least 1 character");
  });
}

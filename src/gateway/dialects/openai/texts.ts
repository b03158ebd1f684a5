import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { LongText } from "./long-text.ts";

/** Characters that are counted; of longer texts the beginning and the end are, and stand for the rest. */
const MOST_CHARACTERS = 12_000;
/** A longer part of a body is not parsed for an estimate. */
const MOST_PARSED_BYTES = 128 * 1024;
/** What the framing of chat adds to each message. https://github.com/openai/openai-cookbook (How to count tokens) */
const MESSAGE_FRAME = "\n\n\n";

/** What a model reads of a request: messages, tools, or the input of embeddings. */
export function requestText(request: WireRequest): TextSample {
  const texts: string[] = [];
  const long = new LongText();
  for (const member of request.members) {
    if (!READ.has(member.key)) continue;
    if (member.end - member.start > MOST_PARSED_BYTES) long.read(request.bytes, member.start, member.end);
    else collect(memberValue(request.bytes, member), texts, member.key === "tools");
  }
  const text = texts.join("");
  if (long.bytes === 0) return sampled(text);
  const part = long.text + text.slice(0, MOST_CHARACTERS);
  return { text: part, scale: Math.max(1, (long.bytes + text.length) / Buffer.byteLength(part)) };
}

const READ: ReadonlySet<string> = new Set(["messages", "tools", "input", "prompt"]);

/** What a model wrote, in a whole reply or in the beginning of a stream. */
export function replyText({ bytes, total, isStream }: ReplyBytes): TextSample {
  if (bytes.length === 0) return { text: "", scale: 1 };
  const texts = isStream ? streamTexts(bytes) : wholeTexts(bytes);
  const { text, scale } = sampled(texts.join(""));
  return { text, scale: scale * Math.max(1, total / bytes.length) };
}

function wholeTexts(bytes: Buffer): string[] {
  return bytes.length > MOST_PARSED_BYTES ? [bytes.toString()] : written(parsed(bytes.toString()), "message");
}

function streamTexts(bytes: Buffer): string[] {
  // The last event may be cut off; what cannot be parsed says nothing.
  return bytes
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .flatMap((line) => written(parsed(line.slice(5)), "delta"));
}

function written(reply: unknown, part: "message" | "delta"): string[] {
  const choices = (reply as { choices?: unknown } | null | undefined)?.choices;
  if (!Array.isArray(choices)) return [];
  return choices.flatMap((choice: unknown) => {
    const said = (choice as Record<string, unknown> | null)?.[part] as Record<string, unknown> | undefined;
    const texts: string[] = [];
    for (const name of ["reasoning_content", "reasoning", "content", "refusal"])
      collect(said?.[name], texts, false);
    collect(said?.["tool_calls"], texts, true);
    return texts;
  });
}

/** Texts in a value: all of them, or only those that a model reads as text. */
function collect(value: unknown, texts: string[], everything: boolean): void {
  if (typeof value === "string") texts.push(value);
  else if (Array.isArray(value)) for (const item of value) collectItem(item, texts, everything);
  else if (everything && typeof value === "object" && value !== null) texts.push(JSON.stringify(value));
}

function collectItem(item: unknown, texts: string[], everything: boolean): void {
  if (everything || typeof item !== "object" || item === null) return collect(item, texts, everything);
  const { content, text, tool_calls: calls, role } = item as Record<string, unknown>;
  if (role !== undefined) texts.push(MESSAGE_FRAME);
  collect(text, texts, false);
  collect(content, texts, false);
  collect(calls, texts, true);
}

function sampled(text: string): TextSample {
  const part = cut(text);
  return { text: part, scale: part.length === text.length ? 1 : text.length / part.length };
}

function cut(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return text.slice(0, MOST_CHARACTERS / 2) + text.slice(-MOST_CHARACTERS / 2);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { FrameReader, type Frame } from "../../../core/event-stream.ts";
import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { LongText } from "../openai/long-text.ts";
import { collectReply, collectRequest } from "./collect-texts.ts";

/** Characters that are counted; of longer texts the beginning and the end are, and stand for the rest. */
const MOST_CHARACTERS = 12_000;
/** A longer part of a body is not parsed for an estimate. */
const MOST_PARSED_BYTES = 128 * 1024;

/** What models read, in Converse bodies and in those of InvokeModel, which are the model's own. */
const READ: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "toolConfig",
  "tools",
  "prompt",
  "inputText",
  "texts",
  "inputs",
  "singleEmbeddingParams",
  // Of CountTokens: another body, inside.
  "input",
]);

/** What a model reads of a request. */
export function converseTexts(request: WireRequest): TextSample {
  const texts: string[] = [];
  const long = new LongText();
  for (const member of request.members) {
    if (!READ.has(member.key)) continue;
    if (member.end - member.start > MOST_PARSED_BYTES) long.read(request.bytes, member.start, member.end);
    else collectRequest(memberValue(request.bytes, member), member.key, texts);
  }
  const text = texts.join("");
  if (long.bytes === 0) return sampled(text);
  const part = long.text + text.slice(0, MOST_CHARACTERS);
  return { text: part, scale: Math.max(1, (long.bytes + text.length) / Buffer.byteLength(part)) };
}

/** What a model wrote, in a whole reply or in the beginning of a stream, whose last event may be cut off. */
export function converseReplyText({ bytes, total, isStream }: ReplyBytes): TextSample {
  if (bytes.length === 0) return { text: "", scale: 1 };
  const { text, scale } = sampled(isStream ? streamText(bytes) : wholeText(bytes));
  return { text, scale: scale * Math.max(1, total / bytes.length) };
}

/** Where replies of Converse and of the makers' own models have what they say. */
const WRITTEN: readonly string[] = [
  "output",
  "content",
  "generation",
  "outputText",
  "results",
  "outputs",
  "choices",
  "completion",
  "text",
];

function wholeText(bytes: Buffer): string {
  return bytes.length > MOST_PARSED_BYTES ? bytes.toString() : writtenIn(parsed(bytes.toString()));
}

function writtenIn(reply: unknown): string {
  if (typeof reply !== "object" || reply === null) return "";
  const texts: string[] = [];
  for (const name of WRITTEN)
    if (Object.hasOwn(reply, name)) collectReply((reply as Record<string, unknown>)[name], name, texts);
  return texts.join("");
}

function streamText(bytes: Buffer): string {
  let text = "";
  for (const frame of framesOf(bytes)) text += eventText(frame);
  return text;
}

function framesOf(bytes: Buffer): readonly Frame[] {
  try {
    return new FrameReader().push(bytes);
  } catch {
    // Damaged on its way: it says nothing that could be counted.
    return [];
  }
}

function eventText(frame: Frame): string {
  const event = parsed(frame.payload.toString()) as Record<string, unknown> | null | undefined;
  const chunk = event?.["bytes"];
  if (typeof chunk !== "string") return deltaText(event);
  const inner = parsed(Buffer.from(chunk, "base64").toString());
  return deltaText(inner) + writtenIn(inner);
}

/** What an event adds: Converse's own, Claude's, and Nova's, which has Converse's inside. */
function deltaText(event: unknown): string {
  const fields = event as Record<string, unknown> | null | undefined;
  const texts: string[] = [];
  for (const name of ["delta", "start", "contentBlockDelta", "contentBlockStart", "content_block"])
    collectReply(fields?.[name], name, texts);
  return texts.join("");
}

function sampled(text: string): TextSample {
  const part =
    text.length <= MOST_CHARACTERS
      ? text
      : text.slice(0, MOST_CHARACTERS / 2) + text.slice(-MOST_CHARACTERS / 2);
  return { text: part, scale: part.length === text.length ? 1 : text.length / part.length };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

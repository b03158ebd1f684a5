import { FrameReader, type Frame } from "../../../core/event-stream.ts";
import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { MOST_PARSED_BYTES, parsed, sampled, sampleRequest } from "../text-sample.ts";
import { collectReply, collectRequest } from "./collect-texts.ts";

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
  return sampleRequest(
    request,
    (key) => READ.has(key),
    (value, { key }, texts) => collectRequest(value, key, texts),
  );
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

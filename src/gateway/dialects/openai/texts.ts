import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { MOST_PARSED_BYTES, parsed, sampled, sampleRequest } from "../text-sample.ts";

/** What the framing of chat adds to each message. https://github.com/openai/openai-cookbook (How to count tokens) */
const MESSAGE_FRAME = "\n\n\n";

/** What a model reads of a request: messages, tools, or the input of embeddings. */
export function requestText(request: WireRequest): TextSample {
  return sampleRequest(
    request,
    (key) => READ.has(key),
    (value, { key }, texts) => {
      if (key === "prompt" || key === "input") collectPrompt(value, texts);
      else collect(value, texts, key === "tools");
    },
  );
}

const READ: ReadonlySet<string> = new Set(["messages", "tools", "input", "prompt", "suffix"]);

/** A text that is one token in every tokenizer, about. */
const A_TOKEN = " a";

/** A prompt is a text, its tokens as numbers, or a list of either. */
function collectPrompt(value: unknown, texts: string[]): void {
  if (!Array.isArray(value)) return collect(value, texts, false);
  for (const item of value) {
    if (typeof item === "number") texts.push(A_TOKEN);
    else if (Array.isArray(item)) texts.push(A_TOKEN.repeat(item.length));
    else collectItem(item, texts, false);
  }
}

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
    // Of completions, the older way.
    collect((choice as Record<string, unknown> | null)?.["text"], texts, false);
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

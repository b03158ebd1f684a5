import type { WireRequest } from "../../../core/wire.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { isFields, type Fields } from "../fields.ts";
import { MOST_PARSED_BYTES, parsed, sampled, sampleRequest } from "../text-sample.ts";

/** What the framing of chat adds to each message. https://github.com/openai/openai-cookbook (How to count tokens) */
const MESSAGE_FRAME = "\n\n\n";
const READ: ReadonlySet<string> = new Set(["instructions", "input", "tools"]);

/** What a model reads of a request. */
export function responsesRequestText(request: WireRequest): TextSample {
  return sampleRequest(
    request,
    (key) => READ.has(key),
    (value, { key }, texts) => {
      if (typeof value === "string") texts.push(value);
      else if (key === "tools") texts.push(JSON.stringify(value));
      else if (Array.isArray(value)) for (const item of value) collectItem(item, texts);
    },
  );
}

/** Members of items and of their parts that are text which a model reads or wrote. */
const TEXTS = ["name", "arguments", "input", "text", "refusal", "content", "output"];

function collectItem(item: unknown, texts: string[]): void {
  if (typeof item === "string") texts.push(item);
  if (!isFields(item)) return;
  if (item["role"] !== undefined) texts.push(MESSAGE_FRAME);
  for (const name of TEXTS) {
    const value = item[name];
    if (typeof value === "string") texts.push(value);
    else if (Array.isArray(value)) for (const part of value) collectItem(part, texts);
  }
}

/** What a model wrote, in a whole reply or in the beginning of a stream. */
export function responsesReplyText({ bytes, total, isStream }: ReplyBytes): TextSample {
  if (bytes.length === 0) return NO_TEXT;
  return isStream ? streamText(bytes, total) : wholeText(bytes, total);
}

const NO_TEXT: TextSample = { text: "", scale: 1 };

function wholeText(bytes: Buffer, total: number): TextSample {
  const texts: string[] = [];
  if (bytes.length > MOST_PARSED_BYTES) texts.push(bytes.toString());
  else {
    const reply = parsed(bytes.toString());
    const output = isFields(reply) ? reply["output"] : undefined;
    if (Array.isArray(output)) for (const item of output) collectItem(item, texts);
  }
  const { text, scale } = sampled(texts.join(""));
  return { text, scale: scale * Math.max(1, total / bytes.length) };
}

/** Bytes of an event that bears a token, about: names, ids and numbers around it. */
const BYTES_OF_A_DELTA = 250;

/**
 * The first events repeat the request and may be longer than all that a model says; they stand for nothing. Where they
 * fill the beginning, what came after is guessed to be a token an event.
 */
function streamText(bytes: Buffer, total: number): TextSample {
  const texts: string[] = [];
  let repeated = 0;
  for (const line of bytes.toString().split("\n")) {
    if (!line.startsWith("data:")) continue;
    // The last event may be cut off; what cannot be parsed says nothing.
    const event = parsed(line.slice(5));
    if (!isFields(event)) {
      if (texts.length === 0) repeated += line.length;
    } else if (isFields(event["response"])) repeated += Buffer.byteLength(line);
    else collectDelta(event, texts);
  }
  const rest = total - repeated;
  if (texts.length === 0) {
    const unseen = total - bytes.length;
    return unseen < BYTES_OF_A_DELTA ? NO_TEXT : { text: " a", scale: unseen / BYTES_OF_A_DELTA };
  }
  const { text, scale } = sampled(texts.join(""));
  return { text, scale: scale * Math.max(1, rest / Math.max(1, bytes.length - repeated)) };
}

/** A piece of what was said, thought or called; where an item begins, the name of what is called. */
function collectDelta({ type, delta, item }: Fields, texts: string[]): void {
  if (typeof delta === "string") texts.push(delta);
  else if (type === "response.output_item.added" && isFields(item) && typeof item["name"] === "string")
    texts.push(item["name"]);
}

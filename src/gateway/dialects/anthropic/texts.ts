import type { WireRequest } from "../../../core/wire.ts";
import { collectReply, collectRequest } from "../bedrock/collect-texts.ts";
import type { ReplyBytes, TextSample } from "../dialect.ts";
import { isFields } from "../fields.ts";
import { MOST_PARSED_BYTES, parsed, sampled, sampleRequest } from "../text-sample.ts";

const READ: ReadonlySet<string> = new Set(["messages", "system", "tools"]);

/** What a model reads of a request. */
export function requestText(request: WireRequest): TextSample {
  return sampleRequest(
    request,
    (key) => READ.has(key),
    (value, { key }, texts) => collectRequest(value, key, texts),
  );
}

/** What a model wrote, in a whole reply or in the beginning of a stream. */
export function replyText({ bytes, total, isStream }: ReplyBytes): TextSample {
  if (bytes.length === 0) return { text: "", scale: 1 };
  const { text, scale } = sampled(isStream ? streamText(bytes) : wholeText(bytes));
  return { text, scale: scale * Math.max(1, total / bytes.length) };
}

function wholeText(bytes: Buffer): string {
  if (bytes.length > MOST_PARSED_BYTES) return bytes.toString();
  const reply = parsed(bytes.toString());
  return isFields(reply) ? textOf(reply["content"], "content") : "";
}

function streamText(bytes: Buffer): string {
  let text = "";
  // The last event may be cut off; what cannot be parsed says nothing.
  for (const line of bytes.toString().split("\n")) if (line.startsWith("data:")) text += eventText(line);
  return text;
}

/** What an event adds: a piece of a block, or the name of a tool. */
function eventText(line: string): string {
  const event = parsed(line.slice(5));
  if (!isFields(event)) return "";
  if (event["type"] === "content_block_delta") return textOf(event["delta"], "delta");
  const block = event["content_block"];
  if (event["type"] !== "content_block_start" || !isFields(block)) return "";
  return textOf({ ...block, input: undefined }, "content_block");
}

function textOf(value: unknown, name: string): string {
  const texts: string[] = [];
  collectReply(value, name, texts);
  return texts.join("");
}

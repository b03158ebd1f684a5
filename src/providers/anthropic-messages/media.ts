import { isUtf8 } from "node:buffer";
import type { ConversationModel } from "../../catalog/conversation-model.ts";
import type { MediaPart } from "../../core/chat.ts";
import { labelFormat, mediaFormat } from "../../core/media-type.ts";
import { brief } from "../../core/text.ts";
import type { MediaBlock } from "../conversation/form.ts";
import type { Losses } from "../conversation/losses.ts";

const IMAGES: ReadonlySet<string> = new Set(["jpeg", "png", "gif", "webp"]);

/** A source, or why there is none. */
type Source = { readonly json: string; readonly format: string } | { readonly why: string };

/**
 * A picture or a document as a block of Messages. Addresses go on as they are: the upstream fetches them.
 * https://platform.claude.com/docs/en/build-with-claude/vision, …/pdf-support
 *
 * @returns undefined where it cannot be said; that is among the losses then
 */
export function mediaBlock(
  part: MediaPart,
  { images, documents }: Pick<ConversationModel, "images" | "documents">,
  losses: Losses,
): MediaBlock | undefined {
  const { type, name } = part;
  const what = type === "image" || type === "audio" ? `an ${type}` : `a ${type}`;
  const source =
    (type === "image" && images) || (type === "document" && documents)
      ? sourceOf(part)
      : { why: "is not understood by this model" };
  if ("why" in source) {
    losses.refuse(what, source.why);
    return undefined;
  }
  const title = type === "document" && name !== undefined ? `,"title":${JSON.stringify(name)}` : "";
  return {
    kind: type,
    json: `{"type":"${type}","source":${source.json}${title}}`,
    format: source.format,
    name,
  };
}

function sourceOf(part: MediaPart): Source {
  const { source, type } = part;
  if ("s3" in source) return { why: "is named by its place in S3, where nobody looks" };
  if ("url" in source) return byAddress(part, source.url);
  if ("text" in source) return type === "image" ? { why: "is a text" } : plainText(source.text);
  return type === "image" ? image(part, source.base64) : document(part, source.base64);
}

function byAddress({ type, format }: MediaPart, url: string): Source {
  const label = format === undefined ? undefined : labelFormat(format);
  if (type === "document" && label !== undefined && label !== "pdf")
    return { why: `is named by an address, where Messages takes a PDF alone: ${brief(label, 30)}` };
  return {
    json: `{"type":"url","url":${JSON.stringify(url)}}`,
    format: label ?? (type === "document" ? "pdf" : "png"),
  };
}

function image({ format: label }: MediaPart, data: string): Source {
  if (data === "") return EMPTY;
  const format = mediaFormat(data, label);
  return format !== undefined && IMAGES.has(format)
    ? { json: base64(`image/${format}`, data), format }
    : untaken(format);
}

function document({ format: label }: MediaPart, data: string): Source {
  if (data === "") return EMPTY;
  const format = mediaFormat(data, label);
  if (format === "pdf") return { json: base64("application/pdf", data), format };
  // What the bytes' beginning does not tell is text, if it reads as such: CSV, Markdown, source code.
  const bytes = Buffer.from(data, "base64");
  const isText = isUtf8(bytes) && !bytes.includes(0);
  return isText ? plainText(bytes.toString()) : untaken(format);
}

function plainText(text: string): Source {
  if (!/\S/.test(text)) return EMPTY;
  return { json: `{"type":"text","media_type":"text/plain","data":${JSON.stringify(text)}}`, format: "txt" };
}

function base64(type: string, data: string): string {
  return `{"type":"base64","media_type":"${type}","data":${JSON.stringify(data)}}`;
}

function untaken(format: string | undefined): Source {
  return { why: `has a format that Messages does not take: ${brief(format ?? "unknown", 30)}` };
}

const EMPTY = { why: "is empty" };

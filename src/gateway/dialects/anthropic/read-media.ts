import type { MediaPart, MediaSource, OpaquePart, OtherParameter } from "../../../core/chat.ts";
import { standardBase64 } from "../base64.ts";
import { isFields, tellOthers, type Fields } from "../fields.ts";
import { optionalBoolean, optionalObject, optionalText, requiredObject, requiredText } from "./look-ups.ts";
import { refused, unknownTag } from "./refusals.ts";

const IMAGE_KEYS: ReadonlySet<string> = new Set(["type", "source", "cache_control"]);
const DOCUMENT_KEYS: ReadonlySet<string> = new Set(["type", "source", "title", "citations", "cache_control"]);
const IMAGE_SOURCES = ["base64", "file", "url"];
const DOCUMENT_SOURCES = ["base64", "content", "file", "text", "url"];

/** Where a block stands. */
export interface Place {
  /** By its keys alone. */
  readonly place: string;
  /** As the API's errors say it, with the types of blocks between them: `messages.0.content.1.image`. */
  readonly at: string;
}

/** https://platform.claude.com/docs/en/docs/build-with-claude/vision */
export function readImage(
  block: Fields,
  { place, at }: Place,
  others: OtherParameter[],
): MediaPart | OpaquePart {
  tellOthers(block, IMAGE_KEYS, place, others);
  const source = requiredObject(block, "source", at);
  const type = requiredText(source, "type", `${at}.source`);
  if (type === "base64") return { type: "image", ...readBase64(source, `${at}.source`), name: undefined };
  if (type === "url")
    return { type: "image", source: readUrl(source, `${at}.source`), format: undefined, name: undefined };
  if (type === "file") return { type: "opaque", name: `${place}.source.file` };
  throw unknownTag(`${at}.source`, type, IMAGE_SOURCES);
}

/** https://platform.claude.com/docs/en/docs/build-with-claude/pdf-support */
export function readDocument(
  block: Fields,
  { place, at }: Place,
  others: OtherParameter[],
): MediaPart | OpaquePart {
  tellOthers(block, DOCUMENT_KEYS, place, others);
  const citations = optionalObject(block, "citations", at);
  if (citations !== undefined && optionalBoolean(citations, "enabled", `${at}.citations`) === true)
    others.push({ name: `${place}.citations`, value: citations });
  const source = requiredObject(block, "source", at);
  const read = readDocumentSource(source, `${at}.source`);
  if (typeof read === "string") return { type: "opaque", name: `${place}.source.${read}` };
  const title = optionalText(block, "title", at);
  return { type: "document", ...read, name: title === "" ? undefined : title };
}

type Content = Pick<MediaPart, "source" | "format">;

/** @returns the type of a source that only this API has */
function readDocumentSource(source: Fields, place: string): Content | "file" | "content" {
  const type = requiredText(source, "type", place);
  switch (type) {
    case "base64":
      return readBase64(source, place);
    case "text":
      return { source: { text: requiredText(source, "data", `${place}.text`) }, format: "txt" };
    case "url":
      return { source: readUrl(source, place), format: "pdf" };
    case "content":
      return readContentSource(source["content"], `${place}.content`);
    case "file":
      return "file";
    default:
      throw unknownTag(place, type, DOCUMENT_SOURCES);
  }
}

/** A document in pieces, whose only use is that citations count them; pictures among them have no other place. */
function readContentSource(content: unknown, place: string): Content | "content" {
  if (typeof content === "string") return { source: { text: content }, format: "txt" };
  if (!Array.isArray(content)) throw refused(`${place}.content: Input should be a valid string or list`);
  const texts: string[] = [];
  for (let index = 0; index < content.length; index++) {
    const block: unknown = content[index];
    if (!isFields(block) || block["type"] !== "text") return "content";
    texts.push(requiredText(block, "text", `${place}.content.${index}.text`));
  }
  return { source: { text: texts.join("\n") }, format: "txt" };
}

function readBase64(source: Fields, place: string): Content {
  const at = `${place}.base64`;
  const mediaType = requiredText(source, "media_type", at).toLowerCase();
  const data = requiredText(source, "data", at);
  if (data === "")
    throw refused(`${at}: ${place.endsWith("image.source") ? "image" : "file"} cannot be empty`);
  if (standardBase64(data) !== data) throw refused(`${at}: invalid base64 data`);
  const name = mediaType.slice(mediaType.indexOf("/") + 1).trim();
  return { source: { base64: data }, format: name === "" ? undefined : name };
}

function readUrl(source: Fields, place: string): MediaSource {
  const url = requiredText(source, "url", `${place}.url`);
  if (!/^https?:\/\//i.test(url.slice(0, 8)))
    throw refused(`${place}.url.url: Only HTTPS URLs are supported`);
  return { url };
}

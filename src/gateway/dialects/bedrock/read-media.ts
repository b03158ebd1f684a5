import type { MediaPart, MediaSource, OtherParameter } from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  isFields,
  optionalText,
  refusal,
  requiredFields,
  requiredList,
  requiredText,
  requiredWord,
  type Fields,
} from "../fields.ts";
import { standardBase64 } from "../base64.ts";
import { unionMember } from "./union.ts";

const KINDS = ["image", "document", "video", "audio"] as const;
const SOURCE_KEYS = ["bytes", "s3Location"];
const DOCUMENT_SOURCE_KEYS = ["bytes", "s3Location", "text", "content"];

export function isMediaKey(key: string): key is MediaPart["type"] {
  return (KINDS as readonly string[]).includes(key);
}

/** A picture, document, film or sound. */
export function readMedia(
  kind: MediaPart["type"],
  block: Fields,
  place: string,
  others: OtherParameter[],
): MediaPart {
  const isDocument = kind === "document";
  if (isDocument) tellDocument(block, place, others);
  return {
    type: kind,
    source: readSource(kind, block["source"], `${place}.source`),
    format: formatOf(block, place),
    name: isDocument ? requiredText(block, "name", place) : undefined,
  };
}

/** A recorded request of the real service's had the format `video/mp4`. */
function formatOf(block: Fields, place: string): string | undefined {
  const format = optionalText(block, "format", place)?.toLowerCase();
  return format?.slice(format.lastIndexOf("/") + 1);
}

function readSource(kind: MediaPart["type"], value: unknown, place: string): MediaSource {
  const isDocument = kind === "document";
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}Source`;
  const { key, value: inner } = unionMember(
    value,
    place,
    name,
    isDocument ? DOCUMENT_SOURCE_KEYS : SOURCE_KEYS,
  );
  const at = `${place}.${key}`;
  if (key === "s3Location") {
    const s3 = elementFields(inner, at);
    return { s3: { uri: requiredText(s3, "uri", at), bucketOwner: optionalText(s3, "bucketOwner", at) } };
  }
  if (key === "content") return { text: joinedText(requiredList({ content: inner }, "content", place), at) };
  if (key === "text") return { text: requiredWord({ text: inner }, key, place) };
  const base64 = typeof inner === "string" ? standardBase64(inner) : undefined;
  if (base64 === undefined) throw refusal(place, key, "base64");
  return { base64 };
}

/** Chunks of a document, whose only use is that citations count them. */
function joinedText(blocks: readonly unknown[], place: string): string {
  return blocks
    .map((block, index) =>
      requiredText(elementFields(block, `${place}.${index}`), "text", `${place}.${index}`),
    )
    .join("\n");
}

function tellDocument(block: Fields, place: string, others: OtherParameter[]): void {
  const { context, citations } = block;
  if (!isAbsent(context)) others.push({ name: `${place}.context`, value: context });
  if (isAbsent(citations)) return;
  if (requiredFields(block, "citations", place)["enabled"] !== false)
    others.push({ name: `${place}.citations`, value: isFields(citations) ? citations : undefined });
}

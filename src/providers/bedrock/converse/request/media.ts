import type { BedrockModel } from "../../../../catalog/bedrock-models.ts";
import type { MediaPart, MediaSource } from "../../../../core/chat.ts";
import { labelFormat, mediaFormat } from "../../../../core/media-type.ts";
import { brief } from "../../../../core/text.ts";
import type { MediaBlock } from "../../../conversation/form.ts";
import type { DocumentNames } from "./document-names.ts";
import type { Losses } from "../../../conversation/losses.ts";

/** Formats as Converse calls them, by what files of the kind are called elsewhere. */
const FORMATS: Readonly<Record<MediaPart["type"], ReadonlyMap<string, string>>> = {
  image: named("png jpeg gif webp"),
  document: named("pdf csv doc docx xls xlsx html txt md"),
  video: named("mkv mov mp4 webm flv mpeg mpg wmv", ["3gp", "three_gp"], ["m4v", "mp4"]),
  audio: named(
    "mp3 opus wav aac flac mp4 ogg mkv mka m4a mpeg mpga pcm webm",
    ["pcm16", "pcm"],
    ["oga", "ogg"],
  ),
};

/** Formats of documents that are text, which a text source can have. */
const TEXT_FORMATS: ReadonlySet<string> = new Set(["csv", "html", "txt", "md"]);

const CAPABILITIES = { image: "images", document: "documents", video: "video", audio: "audio" } as const;

/** @returns undefined where it cannot be said; that is among the losses then */
export function mediaBlock(
  part: MediaPart,
  model: BedrockModel,
  names: DocumentNames,
  losses: Losses,
): MediaBlock | undefined {
  const { type, source } = part;
  const what = type === "image" || type === "audio" ? `an ${type}` : `a ${type}`;
  if (!model[CAPABILITIES[type]]) {
    losses.refuse(what, "is not understood by this model");
    return undefined;
  }
  const place = sourceJson(source, model);
  if (typeof place === "object") {
    losses.refuse(what, place.why);
    return undefined;
  }
  const format = formatOf(part);
  if (format === undefined) {
    const said = brief(formatSaid(part) ?? "unknown", 30);
    losses.refuse(what, `has a format that Converse does not take: ${said}`);
    return undefined;
  }
  const name = type === "document" ? names.legal(part.name) : undefined;
  const nameJson = name === undefined ? "" : `"name":${JSON.stringify(name)},`;
  return {
    kind: type,
    json: `{"${type}":{"format":"${format}",${nameJson}"source":${place}}}`,
    format,
    name,
  };
}

function sourceJson(source: MediaSource, model: BedrockModel): string | { readonly why: string } {
  if ("base64" in source) return source.base64 === "" ? EMPTY : `{"bytes":${JSON.stringify(source.base64)}}`;
  // A document's `text` source is not taken by every model; its bytes are.
  if ("text" in source)
    return source.text === "" ? EMPTY : `{"bytes":"${Buffer.from(source.text).toString("base64")}"}`;
  if ("url" in source) return { why: "is named by an address, and Converse fetches none" };
  if (!model.s3Location) return { why: "is named by its place in S3, where this model does not look" };
  const { uri, bucketOwner } = source.s3;
  const owner = bucketOwner === undefined ? "" : `,"bucketOwner":${JSON.stringify(bucketOwner)}`;
  return `{"s3Location":{"uri":${JSON.stringify(uri)}${owner}}}`;
}

const EMPTY = { why: "is empty" };

function formatOf(part: MediaPart): string | undefined {
  const { type, source } = part;
  const said = formatSaid(part);
  const format = said === undefined ? undefined : FORMATS[type].get(said);
  if (type !== "document") return format;
  if ("text" in source) return format !== undefined && TEXT_FORMATS.has(format) ? format : "txt";
  // JSON, YAML, source code: what reads as text is text to the model.
  return format ?? ("base64" in source && looksLikeText(source.base64) ? "txt" : undefined);
}

function formatSaid({ source, format }: MediaPart): string | undefined {
  if ("base64" in source) return mediaFormat(source.base64, format);
  const label = format === undefined ? undefined : labelFormat(format);
  return label ?? ("s3" in source ? /\.(\w+)$/.exec(source.s3.uri)?.[1]?.toLowerCase() : undefined);
}

function looksLikeText(base64: string): boolean {
  const head = Buffer.from(base64.slice(0, 88), "base64");
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function named(
  formats: string,
  ...others: readonly (readonly [string, string])[]
): ReadonlyMap<string, string> {
  return new Map([...formats.split(" ").map((format) => [format, format] as const), ...others]);
}

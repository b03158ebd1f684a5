import type { Inexpressible, MediaPart } from "../../core/chat.ts";
import { mediaFormat } from "../../core/media-type.ts";
import { documentText } from "../document-text.ts";
import { missing } from "./missing.ts";

/** https://www.iana.org/assignments/media-types, for documents that models take. */
const DOCUMENT_TYPES: ReadonlyMap<string, string> = new Map([
  ["pdf", "application/pdf"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["doc", "application/msword"],
  ["xls", "application/vnd.ms-excel"],
  ["ppt", "application/vnd.ms-powerpoint"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
]);

/** A file as a part of a message; undefined where chat completions have no way to say it, which is told. */
export function writeMedia(part: MediaPart, left: Inexpressible[]): object | undefined {
  const written = "s3" in part.source ? undefined : writeKind(part);
  if (written === undefined) left.push(missing(describeMedia(part), false));
  return written;
}

function writeKind(part: MediaPart): object | undefined {
  switch (part.type) {
    case "image":
      return writeImage(part);
    case "audio":
      return writeAudio(part);
    case "document":
      return writeDocument(part);
    case "video":
      return undefined;
  }
}

function writeImage(part: MediaPart): object | undefined {
  const url = imageAddress(part);
  return url === undefined ? undefined : { type: "image_url", image_url: { url } };
}

function writeAudio(part: MediaPart): object | undefined {
  const audio = audioOf(part);
  return audio === undefined ? undefined : { type: "input_audio", input_audio: audio };
}

/**
 * Files of chat completions are PDFs alone; of others the text is sent, where it is text.
 * https://developers.openai.com/api/docs/guides/file-inputs
 */
function writeDocument(part: MediaPart): object | undefined {
  const text = documentText(part);
  if (text !== undefined) return { type: "text", text };
  const file = fileOf(part);
  return file === undefined ? undefined : { type: "file", file };
}

/** An image's own address, or a data URL of it; undefined where it is neither. */
export function imageAddress({ source, format }: MediaPart): string | undefined {
  if ("url" in source) return source.url;
  if (!("base64" in source)) return undefined;
  const found = mediaFormat(source.base64, format) ?? "png";
  const type = found === "svg" ? "svg+xml" : found;
  return `data:image/${type};base64,${source.base64}`;
}

/** Audio as base64; undefined where it is an address, or of a kind that nothing tells. */
export function audioOf({ source, format }: MediaPart): { data: string; format: string } | undefined {
  if (!("base64" in source)) return undefined;
  // With the class: a bare "mpeg" may be a film.
  const found = mediaFormat(source.base64, format === undefined ? undefined : `audio/${format}`);
  return found === undefined ? undefined : { data: source.base64, format: found };
}

/** A document with a data URL of it; undefined where its bytes are not there. */
export function fileOf({ source, format, name }: MediaPart): File | undefined {
  if ("text" in source) return fileWith(Buffer.from(source.text).toString("base64"), format ?? "txt", name);
  if (!("base64" in source)) return undefined;
  return fileWith(source.base64, mediaFormat(source.base64, format) ?? "pdf", name);
}

interface File {
  readonly filename: string;
  readonly file_data: string;
}

function fileWith(base64: string, format: string, name: string | undefined): File {
  const type = DOCUMENT_TYPES.get(format) ?? `application/${format}`;
  return { filename: name ?? `document.${format}`, file_data: `data:${type};base64,${base64}` };
}

/** What a file is, for a refusal. */
export function describeMedia({ type, source }: MediaPart): string {
  if ("s3" in source) return `${type} in S3`;
  return "url" in source ? `${type} by address` : `${type} content`;
}

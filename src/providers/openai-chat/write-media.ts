import type { Inexpressible, MediaPart } from "../../core/chat.ts";
import { mediaFormat } from "../../core/media-type.ts";
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
  if (written === undefined) left.push(missing(describe(part), false));
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

function writeImage({ source, format }: MediaPart): object | undefined {
  if ("url" in source) return { type: "image_url", image_url: { url: source.url } };
  if (!("base64" in source)) return undefined;
  const found = mediaFormat(source.base64, format) ?? "png";
  const type = found === "svg" ? "svg+xml" : found;
  return { type: "image_url", image_url: { url: `data:image/${type};base64,${source.base64}` } };
}

function writeAudio({ source, format }: MediaPart): object | undefined {
  if (!("base64" in source)) return undefined;
  // With the class: a bare "mpeg" may be a film.
  const found = mediaFormat(source.base64, format === undefined ? undefined : `audio/${format}`);
  if (found === undefined) return undefined;
  return { type: "input_audio", input_audio: { data: source.base64, format: found } };
}

function writeDocument({ source, format, name }: MediaPart): object | undefined {
  if ("text" in source) return writeFile(Buffer.from(source.text).toString("base64"), format ?? "txt", name);
  if (!("base64" in source)) return undefined;
  return writeFile(source.base64, mediaFormat(source.base64, format) ?? "pdf", name);
}

function writeFile(base64: string, format: string, name: string | undefined): object {
  const type = DOCUMENT_TYPES.get(format) ?? `application/${format}`;
  return {
    type: "file",
    file: { filename: name ?? `document.${format}`, file_data: `data:${type};base64,${base64}` },
  };
}

function describe({ type, source }: MediaPart): string {
  if ("s3" in source) return `${type} in S3`;
  return "url" in source ? `${type} by address` : `${type} content`;
}

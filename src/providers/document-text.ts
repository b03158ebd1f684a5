import type { MediaPart } from "../core/chat.ts";
import { mediaFormat } from "../core/media-type.ts";

/** Formats of documents whose bytes are what a reader reads. */
const TEXT_FORMATS: ReadonlySet<string> = new Set([
  "txt",
  "md",
  "csv",
  "tsv",
  "html",
  "json",
  "xml",
  "yaml",
  "yml",
]);

/** A document as text with its name before it, for models that read text alone; undefined where it is none. */
export function documentText(part: MediaPart): string | undefined {
  const text = readDocument(part);
  return text === undefined || part.name === undefined ? text : `${part.name}:\n${text}`;
}

function readDocument({ source, format }: MediaPart): string | undefined {
  if ("text" in source) return source.text;
  if (!("base64" in source)) return undefined;
  const found = mediaFormat(source.base64, format);
  if (found === undefined || !TEXT_FORMATS.has(found)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(source.base64, "base64"));
  } catch {
    return undefined;
  }
}

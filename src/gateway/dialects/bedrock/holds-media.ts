import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";

/** Keys of blocks that carry or name files, in Converse and in the bodies of models. */
const MEDIA: ReadonlySet<string> = new Set([
  "image",
  "document",
  "video",
  "audio",
  "images",
  "inputImage",
  "inputVideo",
]);
/** Where none of them is spelt, nothing has to be parsed. */
const SPELT = [...MEDIA].map((key) => Buffer.from(`"${key}"`));
/** Where a body speaks to the model: tools have names of their own. */
const CONTENT: ReadonlySet<string> = new Set([
  "messages",
  "system",
  "input",
  "images",
  "inputImage",
  "inputVideo",
]);

/** Whether a body holds content whose tokens have nothing to do with its bytes. */
export function holdsMedia({ bytes, members }: WireRequest): boolean {
  // JSON may spell a key with escapes; then only parsing tells.
  if (!SPELT.some((key) => bytes.includes(key)) && !bytes.includes("\\u")) return false;
  return members.some(
    (member) => CONTENT.has(member.key) && (MEDIA.has(member.key) || isMedia(memberValue(bytes, member))),
  );
}

/** A block of Converse has such a key, one of Claude's such a type; a tool's arguments are neither. */
function isMedia(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isMedia);
  if (typeof value !== "object" || value === null) return false;
  if (MEDIA.has(String((value as { type?: unknown }).type))) return true;
  return Object.entries(value).some(([key, inner]) => key !== "input" && (MEDIA.has(key) || isMedia(inner)));
}

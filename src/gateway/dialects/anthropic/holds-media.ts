import { memberValue } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";

/** Types of blocks that carry or name files. */
const MEDIA: ReadonlySet<unknown> = new Set(["image", "document", "container_upload"]);
/** Where none of them is spelt, nothing has to be parsed. */
const SPELT = [...MEDIA].map((type) => Buffer.from(`"${String(type)}"`));

/** Whether a body holds content whose tokens have nothing to do with its bytes. */
export function holdsMedia({ bytes, members }: WireRequest): boolean {
  // JSON may spell a type with escapes; then only parsing tells.
  if (!SPELT.some((type) => bytes.includes(type)) && !bytes.includes("\\u")) return false;
  const messages = members.find(({ key }) => key === "messages");
  return messages !== undefined && isMedia(memberValue(bytes, messages));
}

/** Results of tools hold blocks too; their arguments hold none. */
function isMedia(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isMedia);
  if (typeof value !== "object" || value === null) return false;
  const { type, content } = value as { type?: unknown; content?: unknown };
  return MEDIA.has(type) || isMedia(content);
}

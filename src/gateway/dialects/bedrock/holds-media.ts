import type { WireRequest } from "../../../core/wire.ts";

/** Keys below which bodies of Bedrock carry or name files, whoever's bodies they are. */
const MEDIA = ["image", "images", "document", "video", "audio", "source", "s3Location", "inputImage"].map(
  (key) => Buffer.from(`"${key}"`),
);

/** Whether a body may hold content whose tokens have nothing to do with its bytes; a tool's word for it counts, too. */
export function holdsMedia({ bytes }: WireRequest): boolean {
  return MEDIA.some((key) => bytes.includes(key));
}

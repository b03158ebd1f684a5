import type { MediaBlock } from "../converse-request.ts";
import { decodedBytes } from "./documents.ts";
import { firstSaid, placedBlocks, type Checked, type Rule } from "./rule.ts";

const MOST_IMAGES = 20;
const MOST_IMAGE_BYTES = 3.75 * 1024 * 1024;

/** Images and other media, as far as Bedrock itself looks at them. */
export const MEDIA_RULES: readonly Rule[] = [
  (checked) =>
    imagesOf(checked).length > MOST_IMAGES
      ? `You can't include more than ${MOST_IMAGES} images in a request. Remove images and try again.`
      : undefined,
  (checked) =>
    firstSaid(imagesOf(checked), ({ image, place }) => {
      const bytes = image.source.bytes === undefined ? undefined : decodedBytes(image.source.bytes);
      if (bytes === 0) return `The image at ${place} is empty. Provide an image with content and try again.`;
      return bytes !== undefined && bytes > MOST_IMAGE_BYTES
        ? "The maximum image size is 3.75 MB. Reduce the size of the image and try again."
        : undefined;
    }),
];

export interface PlacedImage {
  readonly image: MediaBlock;
  readonly place: string;
}

export function imagesOf({ request }: Checked): PlacedImage[] {
  return placedBlocks(request).flatMap(({ block, place }) => [
    ...(block.image === undefined ? [] : [{ image: block.image, place }]),
    ...(block.toolResult?.content ?? []).flatMap(({ image }, at) =>
      image === undefined ? [] : [{ image, place: `${place}.tool_result.content.${at}` }],
    ),
  ]);
}

/** What an image's first bytes say it is; undefined where they say nothing known. */
export function formatOf(base64: string): string | undefined {
  const head = Buffer.from(base64.slice(0, 32), "base64");
  const starts = (...bytes: number[]): boolean => bytes.every((byte, at) => head[at] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47)) return "png";
  if (starts(0xff, 0xd8, 0xff)) return "jpeg";
  if (head.toString("latin1", 0, 4) === "GIF8") return "gif";
  if (head.toString("latin1", 0, 4) === "RIFF" && head.toString("latin1", 8, 12) === "WEBP") return "webp";
  return undefined;
}

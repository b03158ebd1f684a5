import { cachePointsOf } from "./cache-points.ts";
import { CLAUDE_REASONING_RULES } from "./claude-reasoning.ts";
import { CLAUDE_RULES } from "./claude-front.ts";
import { formatOf, imagesOf } from "./media.ts";
import { NOVA_RULES } from "./nova-front.ts";
import { schemaRule } from "./output-schema.ts";
import { firstOf, firstSaid, type Checked, type Rule } from "./rule.ts";

const MOST_CACHE_POINTS = 4;

/** What the model's own front refuses, in its maker's words. */
export const MODEL_RULES: readonly Rule[] = [
  (checked) => badImage(checked),
  schemaRule,
  ({ request }) => {
    const count = cachePointsOf(request).length;
    return count > MOST_CACHE_POINTS
      ? `A maximum of ${MOST_CACHE_POINTS} blocks with cache_control may be provided. Found ${count}.`
      : undefined;
  },
  (checked) => firstOf(frontOf(checked), checked),
];

function frontOf({ resolved: { model } }: Checked): readonly Rule[] {
  if (model.body === "anthropic") return [...CLAUDE_RULES, ...CLAUDE_REASONING_RULES];
  return model.body === "nova" ? NOVA_RULES : [];
}

/** An image must be what it is said to be. Claude's words; no recording tells those of others. */
function badImage(checked: Checked): string | undefined {
  return firstSaid(imagesOf(checked), ({ image, place }) => {
    if (image.source.bytes === undefined) return undefined;
    const format = formatOf(image.source.bytes);
    const at = `${place}.image.source.base64`;
    if (format === undefined) return `${at}.data: Could not process image`;
    return format === image.format
      ? undefined
      : `${at}: The image was specified using the image/${image.format ?? ""} media type, but the image appears to be a image/${format} image`;
  });
}

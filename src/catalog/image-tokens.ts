import type { ImageSize } from "./image-size.ts";
import type { TokenFamily } from "./token-family.ts";

/** Of an image, by its size. */
type ImageTokens = (size: ImageSize) => number;

/** Larger ones are scaled down: by the longer edge, and to so many tokens at most. https://platform.claude.com/docs/en/build-with-claude/vision */
const CLAUDE_EDGE = 1568;
const CLAUDE_PIXELS_PER_TOKEN = 750;
const CLAUDE_MOST = 1600;

/** https://developers.openai.com/api/docs/guides/images-vision#calculating-costs, for high detail */
const TILE = 512;
const OPENAI_SQUARE = 2048;
const OPENAI_SHORT_EDGE = 768;
const OPENAI_BASE = 85;
const OPENAI_TILE_TOKENS = 170;

const IMAGE_TOKENS: { readonly [family in TokenFamily]?: ImageTokens } = {
  claude: claudeTokens,
  "claude-4.5": claudeTokens,
  "openai-o200k": openAiTokens,
  "openai-gpt-5": openAiTokens,
  "openai-cl100k": openAiTokens,
};

/** @returns undefined where the family's rule is not documented, or not known */
export function imageTokens(size: ImageSize, family: TokenFamily): number | undefined {
  return IMAGE_TOKENS[family]?.(size);
}

function claudeTokens(size: ImageSize): number {
  const { width, height } = fitted(size, CLAUDE_EDGE / Math.max(size.width, size.height));
  return Math.min(CLAUDE_MOST, Math.ceil((width * height) / CLAUDE_PIXELS_PER_TOKEN));
}

function openAiTokens(size: ImageSize): number {
  const inSquare = fitted(size, OPENAI_SQUARE / Math.max(size.width, size.height));
  const { width, height } = fitted(inSquare, OPENAI_SHORT_EDGE / Math.min(inSquare.width, inSquare.height));
  return OPENAI_BASE + OPENAI_TILE_TOKENS * Math.ceil(width / TILE) * Math.ceil(height / TILE);
}

/** Smaller by a factor, never larger. */
function fitted({ width, height }: ImageSize, factor: number): ImageSize {
  const scale = Math.min(1, factor);
  return { width: Math.round(width * scale), height: Math.round(height * scale) };
}

import type { CachePoint, MediaPart, OpaquePart, OtherParameter, TextPart } from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  optionalText,
  refusal,
  requiredFields,
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { endingOf, readAddress, readBase64 } from "../openai/media-address.ts";
import { readCachePoint } from "../openai/read-parts.ts";

export type ContentPart = TextPart | MediaPart | CachePoint | OpaquePart;

/**
 * The content of a message or of a tool's result: a text or a list of parts.
 *
 * @param key  where it stands: `content` or `output`
 */
export function readContent(
  item: Fields,
  key: string,
  place: string,
  others: OtherParameter[],
): ContentPart[] {
  const content = item[key];
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw refusal(place, key, "a text or a list of parts");
  const parts: ContentPart[] = [];
  for (let index = 0; index < content.length; index++) {
    const at = `${place}.${key}[${index}]`;
    const part = elementFields(content[index], at);
    parts.push(readPart(part, at, others));
    const cachePoint = readCachePoint(part, at);
    if (cachePoint !== undefined) parts.push(cachePoint);
  }
  return parts;
}

function readPart(part: Fields, place: string, others: OtherParameter[]): ContentPart {
  const type = requiredText(part, "type", place);
  switch (type) {
    case "input_text":
    case "output_text":
      tellOthers(part, TEXT_KEYS, place, others);
      return { type: "text", text: requiredText(part, "text", place) };
    case "refusal":
      return { type: "text", text: requiredText(part, "refusal", place) };
    case "input_image":
      return readImage(part, place, others);
    case "input_file":
      return readFile(part, place, others);
    case "input_audio":
      return readAudio(requiredFields(part, "input_audio", place), `${place}.input_audio`);
    default:
      return { type: "opaque", name: `${place}.${type}` };
  }
}

const CACHE_KEYS = ["cache_control", "prompt_cache_breakpoint"];
/** What a reply tells of a text asks for nothing when it comes back. */
const TEXT_KEYS: ReadonlySet<string> = new Set(["type", "text", "annotations", "logprobs", ...CACHE_KEYS]);
const IMAGE_KEYS: ReadonlySet<string> = new Set(["type", "image_url", "file_id", "detail", ...CACHE_KEYS]);
const FILE_KEYS: ReadonlySet<string> = new Set([
  "type",
  "file_id",
  "file_data",
  "file_url",
  "filename",
  "detail",
  ...CACHE_KEYS,
]);

function readImage(part: Fields, place: string, others: OtherParameter[]): MediaPart | OpaquePart {
  tellOthers(part, IMAGE_KEYS, place, others);
  if (!isAbsent(part["file_id"])) return { type: "opaque", name: `${place}.file_id` };
  tellDetail(part, place, others);
  const { source, format } = readAddress(requiredWord(part, "image_url", place), place, "image_url");
  return { type: "image", source, format, name: undefined };
}

function readFile(part: Fields, place: string, others: OtherParameter[]): MediaPart | OpaquePart {
  tellOthers(part, FILE_KEYS, place, others);
  if (!isAbsent(part["file_id"])) return { type: "opaque", name: `${place}.file_id` };
  tellDetail(part, place, others);
  const name = optionalText(part, "filename", place);
  const key = isAbsent(part["file_url"]) ? "file_data" : "file_url";
  const { source, format } = readAddress(requiredWord(part, key, place), place, key);
  return { type: "document", source, format: format ?? endingOf(name), name };
}

/** How closely a model shall look. */
function tellDetail(part: Fields, place: string, others: OtherParameter[]): void {
  const detail = optionalText(part, "detail", place) ?? "auto";
  if (detail !== "auto") tellOthers({ detail }, NOTHING, place, others);
}

const NOTHING: ReadonlySet<string> = new Set();

function readAudio(audio: Fields, place: string): MediaPart {
  return {
    type: "audio",
    source: { base64: readBase64(requiredWord(audio, "data", place), place, "data") },
    format: optionalText(audio, "format", place)?.toLowerCase(),
    name: undefined,
  };
}

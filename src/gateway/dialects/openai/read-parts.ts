import type {
  CachePoint,
  ChatPart,
  MediaPart,
  OpaquePart,
  OtherParameter,
  TextPart,
} from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  optionalFields,
  optionalText,
  pathOf,
  refusal,
  requiredFields,
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { endingOf, readAddress, readBase64 } from "./media-address.ts";

type ContentPart = TextPart | MediaPart | CachePoint | OpaquePart;

/** The content of a user's message or of a tool's result. */
export function readContent(message: Fields, place: string, others: OtherParameter[]): ContentPart[] {
  const { content } = message;
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw refusal(place, "content", "a text or a list of parts");
  const parts: ContentPart[] = [];
  for (let index = 0; index < content.length; index++) {
    const at = `${place}.content[${index}]`;
    readPart(elementFields(content[index], at), at, parts, others);
  }
  return parts;
}

/** Content that may only be text. */
export function readTexts(message: Fields, place: string): (TextPart | CachePoint | OpaquePart)[] {
  const { content } = message;
  if (typeof content === "string") return [{ type: "text", text: content }];
  if (!Array.isArray(content)) throw refusal(place, "content", "a text or a list of parts");
  const parts: (TextPart | CachePoint | OpaquePart)[] = [];
  for (let index = 0; index < content.length; index++) {
    const at = `${place}.content[${index}]`;
    const part = elementFields(content[index], at);
    const type = requiredText(part, "type", at);
    if (type === "text") parts.push({ type: "text", text: requiredText(part, "text", at) });
    else parts.push({ type: "opaque", name: `${at}.${type}` });
    const cachePoint = readCachePoint(part, at);
    if (cachePoint !== undefined) parts.push(cachePoint);
  }
  return parts;
}

/** Adds what one part says, and the cache point that it carries. */
export function readPart(
  part: Fields,
  place: string,
  parts: (ContentPart | ChatPart)[],
  others: OtherParameter[],
): void {
  parts.push(read(part, place, others));
  const cachePoint = readCachePoint(part, place);
  if (cachePoint !== undefined) parts.push(cachePoint);
}

function read(part: Fields, place: string, others: OtherParameter[]): ContentPart {
  const type = requiredText(part, "type", place);
  switch (type) {
    case "text":
      tellOthers(part, PART_KEYS, place, others);
      return { type: "text", text: requiredText(part, "text", place) };
    case "image_url":
      tellOthers(part, PART_KEYS, place, others);
      return readImage(requiredFields(part, "image_url", place), `${place}.image_url`, others);
    // No part of OpenAI's, but what vLLM and others take.
    case "video_url":
      return readVideo(requiredFields(part, "video_url", place), `${place}.video_url`);
    case "input_audio":
      return readAudio(requiredFields(part, "input_audio", place), `${place}.input_audio`);
    case "file":
      return readFile(requiredFields(part, "file", place), `${place}.file`);
    default:
      return { type: "opaque", name: `${place}.${type}` };
  }
}

const PART_KEYS: ReadonlySet<string> = new Set([
  "type",
  "text",
  "image_url",
  "cache_control",
  "prompt_cache_breakpoint",
]);

function readImage(image: Fields, place: string, others: OtherParameter[]): MediaPart {
  const detail = optionalText(image, "detail", place) ?? "auto";
  if (detail !== "auto") others.push({ name: pathOf(place, "detail"), value: detail });
  const { source, format } = readAddress(requiredWord(image, "url", place), place, "url");
  return { type: "image", source, format, name: undefined };
}

function readVideo(video: Fields, place: string): MediaPart {
  const { source, format } = readAddress(requiredWord(video, "url", place), place, "url");
  return { type: "video", source, format, name: undefined };
}

function readAudio(audio: Fields, place: string): MediaPart {
  return {
    type: "audio",
    source: { base64: readBase64(requiredWord(audio, "data", place), place, "data") },
    format: optionalText(audio, "format", place)?.toLowerCase(),
    name: undefined,
  };
}

function readFile(file: Fields, place: string): MediaPart | OpaquePart {
  if (!isAbsent(file["file_id"])) return { type: "opaque", name: `${place}.file_id` };
  const name = optionalText(file, "filename", place);
  const { source, format } = readAddress(requiredWord(file, "file_data", place), place, "file_data");
  return { type: "document", source, format: format ?? endingOf(name), name };
}

/**
 * Anthropic's `cache_control`, as LiteLLM made it known in this dialect, or OpenAI's own breakpoint, whose times of life
 * are longer than any that the neutral form knows.
 */
export function readCachePoint(fields: Fields, place: string): CachePoint | undefined {
  // Most parts have neither, and this is asked of every one.
  if (isAbsent(fields["cache_control"]) && isAbsent(fields["prompt_cache_breakpoint"])) return undefined;
  const control = optionalFields(fields, "cache_control", place);
  if (control === undefined) {
    const { ttl } = requiredFields(fields, "prompt_cache_breakpoint", place);
    return { type: "cache-point", ttl: isAbsent(ttl) ? undefined : "1h" };
  }
  if (control["type"] !== "ephemeral") throw refusal(place, "cache_control.type", "ephemeral");
  const ttl = optionalText(control, "ttl", `${place}.cache_control`);
  if (ttl !== undefined && ttl !== "5m" && ttl !== "1h")
    throw refusal(place, "cache_control.ttl", "5m or 1h");
  return { type: "cache-point", ttl };
}

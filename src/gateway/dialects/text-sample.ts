import { memberValue, type JsonMember } from "../../core/json-scan.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { TextSample } from "./dialect.ts";
import { LongText } from "./long-text.ts";

/** Characters that are counted; of longer texts the beginning and the end are, and stand for the rest. */
const MOST_CHARACTERS = 12_000;
/** A longer part of a body is not parsed for an estimate. */
export const MOST_PARSED_BYTES = 128 * 1024;

/**
 * What a model reads of a request.
 *
 * @param isRead   whether a member of the body is read by the model
 * @param collect  adds the texts in a member's value
 */
export function sampleRequest(
  request: WireRequest,
  isRead: (key: string) => boolean,
  collect: (value: unknown, member: JsonMember, texts: string[]) => void,
): TextSample {
  const texts: string[] = [];
  const long = new LongText();
  for (const member of request.members) {
    if (!isRead(member.key)) continue;
    if (member.end - member.start > MOST_PARSED_BYTES) long.read(request.bytes, member.start, member.end);
    else collect(memberValue(request.bytes, member), member, texts);
  }
  const text = texts.join("");
  if (long.bytes === 0) return sampled(text);
  const part = long.text + text.slice(0, MOST_CHARACTERS);
  return { text: part, scale: Math.max(1, (long.bytes + text.length) / Buffer.byteLength(part)) };
}

/** A text's beginning and end, and how much they stand for. */
export function sampled(text: string): TextSample {
  const part =
    text.length <= MOST_CHARACTERS
      ? text
      : text.slice(0, MOST_CHARACTERS / 2) + text.slice(-MOST_CHARACTERS / 2);
  return { text: part, scale: part.length === text.length ? 1 : text.length / part.length };
}

/** The value of JSON text; undefined where it is none: it says nothing then. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { CONTEXT_WORDS, isContextWord, type ContextWord } from "../../../core/context.ts";
import { AppError } from "../../../core/errors.ts";
import { memberValue, scanTrusted, type JsonMember } from "../../../core/json-scan.ts";
import { applySplices, editObject } from "../../../core/splice.ts";

export interface Metadata {
  readonly words: { readonly [word in ContextWord]?: string };
  readonly tags: Readonly<Record<string, string>>;
  /** The edit of the body's `metadata`: undefined to take it out, text to replace it; absent where it stays. */
  readonly edit: { readonly value: string | undefined } | undefined;
}

const PREFIX = "switchyard_";
/** As many as OpenAI takes. https://platform.openai.com/docs/api-reference/chat/create#chat-create-metadata */
const MAX_TAGS = 16;
const MAX_TAG_LENGTH = 512;

const NONE: Metadata = { words: {}, tags: {}, edit: undefined };

/** Divides a body's `metadata` into words of the context, which go no further, and tags, which may. */
export function readMetadata(bytes: Buffer, member: JsonMember | undefined, bareWords: boolean): Metadata {
  if (member === undefined || bytes[member.start] !== 0x7b) return NONE;
  const text = bytes.subarray(member.start, member.end);
  const words: { [word in ContextWord]?: string } = {};
  const tags: [string, string][] = [];
  const edits = new Map<string, undefined>();
  const members = scanTrusted(text);
  for (const entry of members) {
    const word = wordOf(entry.key, bareWords);
    const value = memberValue(text, entry);
    if (word === undefined) {
      if (tags.length < MAX_TAGS && isScalar(value))
        tags.push([entry.key, String(value).slice(0, MAX_TAG_LENGTH)]);
      continue;
    }
    if (typeof value !== "string" && typeof value !== "number") {
      throw new AppError("context_invalid", `metadata.${entry.key}: expected a text`);
    }
    // The prefixed form wins over the bare one, wherever they stand.
    if (entry.key.startsWith(PREFIX) || words[word] === undefined) words[word] = String(value);
    edits.set(entry.key, undefined);
  }
  if (edits.size === 0) return { words, tags: Object.fromEntries(tags), edit: undefined };
  const isEmptied = edits.size === members.length;
  const value = isEmptied ? undefined : applySplices(text, editObject(members, 1, edits)).toString();
  return { words, tags: Object.fromEntries(tags), edit: { value } };
}

function wordOf(key: string, bareWords: boolean): ContextWord | undefined {
  if (key.startsWith(PREFIX)) {
    const word = key.slice(PREFIX.length);
    if (isContextWord(word)) return word;
    throw new AppError(
      "context_invalid",
      `metadata.${key}: "${word}" is no word of the context; there are: ${CONTEXT_WORDS.join(", ")}`,
    );
  }
  return bareWords && isContextWord(key) ? key : undefined;
}

function isScalar(value: unknown): boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

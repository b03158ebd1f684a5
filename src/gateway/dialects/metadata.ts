import { CONTEXT_WORDS, isContextWord, type ContextWord } from "../../core/context.ts";
import { AppError } from "../../core/errors.ts";
import { memberValue, scanTrusted, type JsonMember } from "../../core/json-scan.ts";
import { brief } from "../../core/text.ts";
import { applySplices, editObject } from "../../core/splice.ts";

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

const MAX_TAG_KEY_LENGTH = 64;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const QUOTE = 0x22;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const LETTER_F = 0x66;
const NONE: Metadata = { words: {}, tags: {}, edit: undefined };

/** Divides a body's `metadata` into words of the context, which go no further, and tags, which may. */
export function readMetadata(bytes: Buffer, member: JsonMember | undefined, bareWords: boolean): Metadata {
  // Of another type it is between client and engine.
  if (member === undefined || bytes[member.start] !== OPEN_OBJECT) return NONE;
  const text = bytes.subarray(member.start, member.end);
  const words: { [word in ContextWord]?: string } = {};
  const tags: [string, string][] = [];
  const edits = new Map<string, undefined>();
  const members = scanTrusted(text);
  for (const entry of members) {
    const word = wordOf(entry.key, bareWords);
    if (word === undefined) {
      if (tags.length === MAX_TAGS || entry.key.length > MAX_TAG_KEY_LENGTH) continue;
      const tag = scalarText(text, entry);
      if (tag !== undefined) tags.push([entry.key, tag.slice(0, MAX_TAG_LENGTH)]);
      continue;
    }
    const value = isTruthValue(text, entry) ? undefined : scalarText(text, entry);
    if (value === undefined) throw new AppError("context_invalid", `metadata.${entry.key}: expected a text`);
    // The prefixed form wins over the bare one, wherever they stand.
    if (entry.key.startsWith(PREFIX) || words[word] === undefined) words[word] = value;
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
      `metadata.${brief(key)}: "${brief(word)}" is no word of the context; there are: ${CONTEXT_WORDS.join(", ")}`,
    );
  }
  return bareWords && isContextWord(key) ? key : undefined;
}

/** A text, or a number or truth value as it is written: a JavaScript number would lose digits. */
function scalarText(text: Buffer, entry: JsonMember): string | undefined {
  const first = text[entry.start];
  if (first === QUOTE) return String(memberValue(text, entry));
  const isStructure = first === OPEN_OBJECT || first === OPEN_ARRAY || isNull(text, entry);
  return isStructure ? undefined : text.toString("latin1", entry.start, entry.end);
}

function isTruthValue(bytes: Buffer, member: JsonMember): boolean {
  return bytes[member.start] === LETTER_T || bytes[member.start] === LETTER_F;
}

function isNull(bytes: Buffer, member: JsonMember): boolean {
  return bytes[member.start] === LETTER_N;
}

import { hash } from "node:crypto";

/** As many characters as Converse takes in either. */
const LONGEST = 64;
const HASH_DIGITS = 12;
const ILLEGAL_IN_NAME = /[^a-zA-Z0-9_-]/g;
const ILLEGAL_IN_ID = /[^a-zA-Z0-9_.:-]/g;
/** What a made name looks like; a given one that looks so is made anew, lest it be taken for another's. */
const MADE = /_[0-9a-f]{12}$/;

/** A tool's name: `[a-zA-Z0-9_-]+`, 1 to `longest`. */
export function isLegalToolName(name: string, longest = LONGEST): boolean {
  return name.length <= longest && /^[a-zA-Z0-9_-]+$/.test(name);
}

/**
 * The same name always becomes the same legal one, in whatever turn and request, and no two names become one: what is not
 * legal ends in a hash of all of it.
 */
export function legalToolName(name: string, longest = LONGEST): string {
  return isLegalToolName(name, longest) && !MADE.test(name)
    ? name
    : made(name, ILLEGAL_IN_NAME, "tool", longest);
}

/** A tool call's id: `[a-zA-Z0-9_.:-]+`, 1 to 64. The same, though an id is never read back. */
export function legalCallId(id: string): string {
  return /^[a-zA-Z0-9_.:-]{1,64}$/.test(id) && !MADE.test(id) ? id : made(id, ILLEGAL_IN_ID, "call");
}

/** The same in Messages: `[a-zA-Z0-9_-]+`. */
export function legalMessagesId(id: string): string {
  return isLegalToolName(id) && !MADE.test(id) ? id : made(id, ILLEGAL_IN_NAME, "call");
}

/** Nine letters and digits, the ids of Mistral's own tokenizer. */
export function nineCharacterId(id: string): string {
  if (/^[a-zA-Z0-9]{9}$/.test(id)) return id;
  return hash("sha256", JSON.stringify(id), "base64").replace(/[+/=]/g, "0").slice(0, 9);
}

function made(text: string, illegal: RegExp, nothing: string, longest = LONGEST): string {
  // As JSON, which tells lone surrogates apart.
  const digits = hash("sha256", JSON.stringify(text), "hex").slice(0, HASH_DIGITS);
  const legible = text.replace(illegal, "_").slice(0, longest - HASH_DIGITS - 1);
  return `${legible === "" ? nothing : legible}_${digits}`;
}

import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { ReasoningPart, RedactedReasoningPart } from "../../../core/chat.ts";
import { isFields } from "../fields.ts";

export type Thought = ReasoningPart | RedactedReasoningPart;

/** Names what we sealed, and how; anything else in `encrypted_content` is another's. */
const MARK = "sy1.";
const CIPHER = "aes-256-gcm";
/** https://csrc.nist.gov/pubs/sp/800/38/d/final, 8.2: 96 random bits are good for 2^32 seals of one key. */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * A thought as `encrypted_content`, which clients send back as it is: text, signature and what its maker redacted, so that
 * nothing of it has to be remembered here. `sy1.` and base64url of iv, tag and ciphertext.
 *
 * @param key  32 bytes
 */
export function sealThought(thought: Thought, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv);
  cipher.setAAD(Buffer.from(MARK));
  const said =
    thought.type === "reasoning"
      ? { text: thought.text, signature: thought.signature }
      : { data: thought.data };
  const sealed = Buffer.concat([cipher.update(JSON.stringify(said)), cipher.final()]);
  return MARK + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString("base64url");
}

/** @returns undefined where it is another's, was tampered with, or was sealed under another key */
export function openThought(sealed: string, key: Buffer): Thought | undefined {
  if (!sealed.startsWith(MARK)) return undefined;
  const bytes = Buffer.from(sealed.slice(MARK.length), "base64url");
  if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(MARK));
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return thoughtOf(JSON.parse(text.toString()));
  } catch {
    return undefined;
  }
}

function thoughtOf(said: unknown): Thought | undefined {
  if (!isFields(said)) return undefined;
  const { text, signature, data } = said;
  if (typeof data === "string") return { type: "redacted-reasoning", data };
  if (typeof text !== "string") return undefined;
  return { type: "reasoning", text, signature: typeof signature === "string" ? signature : undefined };
}

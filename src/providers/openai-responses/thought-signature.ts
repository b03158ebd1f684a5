const PREFIX = "openai-responses:";

/** What must go back of a thought. */
export interface EncryptedThought {
  /** The item's id. */
  readonly id: string;
  readonly encrypted: string;
}

/** A thought's proof in the form that is in no dialect. It says whose it is, because no other API can make use of it. */
export function toSignature({ id, encrypted }: EncryptedThought): string {
  return `${PREFIX}${encodeURIComponent(id)}:${encrypted}`;
}

/** Whether a thought's proof is of this API. */
export function isResponsesSignature(signature: string): boolean {
  return signature.startsWith(PREFIX);
}

/** @returns undefined where another API made it */
export function fromSignature(signature: string | undefined): EncryptedThought | undefined {
  if (signature?.startsWith(PREFIX) !== true) return undefined;
  const end = signature.indexOf(":", PREFIX.length);
  if (end === -1) return undefined;
  try {
    const id = decodeURIComponent(signature.slice(PREFIX.length, end));
    return { id, encrypted: signature.slice(end + 1) };
  } catch {
    // Half an escape: somebody has changed it.
    return undefined;
  }
}

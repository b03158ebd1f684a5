const ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/**
 * The `p` of every event: some length that has nothing to do with the content, so that an observer of encrypted
 * traffic cannot tell tokens by their sizes.
 */
export function padding(): string {
  return ALPHABET.slice(0, 2 + Math.floor(Math.random() * (ALPHABET.length - 2)));
}

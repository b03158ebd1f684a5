import { randomFillSync } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const POOL_BYTES = 4_096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/**
 * A beginning of the alphabet, of random length, as the service puts into every event so that the lengths of encrypted
 * packets do not tell the lengths of words. The lengths come from a pool, as those of ids do.
 */
export function padding(): string {
  if (used === POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool[used++] ?? 0;
  return LETTERS.slice(0, 1 + (random % LETTERS.length));
}

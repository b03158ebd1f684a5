import { randomFillSync } from "node:crypto";

const POOL_BYTES = 4096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/**
 * A UUIDv7 (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then random bits, so that ids sort by time and
 * fit a 16-byte `uuid` column. The random bits come from a pool, refilled every 409 ids.
 *
 * @param nowMs  Unix milliseconds
 */
export function newId(nowMs: number): string {
  if (used + 10 > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  const random = pool.toString("hex", used, used + 10);
  used += 10;
  const time = nowMs.toString(16).padStart(12, "0");
  const variant = VARIANT[Number.parseInt(random[3] ?? "0", 16) & 3];
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

const VARIANT = ["8", "9", "a", "b"] as const;

import { createHash } from "node:crypto";

/** Numbers in [0, 1) that are the same for the same seed. */
export type Random = () => number;

/** mulberry32 over the first 32 bits of the seed's SHA-256: small and even enough to imitate an engine. */
export function seededRandom(seed: string | Buffer): Random {
  let state = createHash("sha256").update(seed).digest().readUInt32LE(0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A factor around 1 with a tail to the right, as latencies have: exp of a normal with the given spread. */
export function logNormal(random: Random, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()));
}

import { hash } from "node:crypto";

/** Numbers that look random and are always the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: string) {
    this.#state = Number.parseInt(hash("sha256", seed, "hex").slice(0, 8), 16);
  }

  /** At least 0, less than 1. Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** From `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  pick<T>(from: readonly T[]): T {
    const chosen = from[this.between(0, from.length - 1)];
    if (chosen === undefined) throw new RangeError("there is nothing to choose from");
    return chosen;
  }

  /** Letters and digits, as in the service's ids. */
  letters(length: number): string {
    let text = "";
    for (let at = 0; at < length; at++) text += ALPHABET[this.between(0, ALPHABET.length - 1)] ?? "";
    return text;
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

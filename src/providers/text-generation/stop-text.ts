/** What of a text may be told. */
export interface Told {
  readonly text: string;
  /** The stop text that came; nothing after it is told. */
  readonly stop: string | undefined;
}

/**
 * Cuts a text where the first stop text is complete, however the text comes in pieces. Of several that are complete at the
 * same place the longest counts. Only so much is held back as could be the beginning of a stop text.
 */
export class StopText {
  readonly #stops: readonly string[];
  #held = "";
  #stop: string | undefined;

  constructor(stops: readonly string[]) {
    this.#stops = [...new Set(stops)].filter((stop) => stop !== "");
  }

  push(piece: string): Told {
    if (this.#stop !== undefined) return { text: "", stop: this.#stop };
    const text = this.#held + piece;
    const found = this.#find(text);
    if (found !== undefined) {
      this.#held = "";
      this.#stop = found.stop;
      return { text: text.slice(0, found.start), stop: found.stop };
    }
    const keep = this.#longestBeginning(text);
    this.#held = text.slice(text.length - keep);
    return { text: text.slice(0, text.length - keep), stop: undefined };
  }

  /** The text is over: what was held back is no stop text. */
  end(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #find(text: string): { readonly start: number; readonly stop: string } | undefined {
    let first: { start: number; end: number; stop: string } | undefined;
    for (const stop of this.#stops) {
      const start = text.indexOf(stop);
      if (start === -1) continue;
      const end = start + stop.length;
      if (first === undefined || end < first.end || (end === first.end && start < first.start))
        first = { start, end, stop };
    }
    return first;
  }

  /** Of the text's end, the longest part with which a stop text begins. */
  #longestBeginning(text: string): number {
    let longest = 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(stop.slice(0, length))) longest = length;
      }
    }
    return longest;
  }
}

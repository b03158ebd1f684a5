/** A scripted failure: every n-th request of a model, or of all. */
export interface Fault {
  readonly kind: "error" | "slow" | "cut" | "hang";
  /** HTTP status of `error`. */
  readonly status: number;
  readonly every: number;
  readonly model?: string | undefined;
  /** Milliseconds that `slow` adds before the first token. */
  readonly delay: number;
  /** Tokens that `cut` lets through. */
  readonly afterTokens: number;
}

/** Counts requests and tells which of them fail, so that a script gives the same failures every time. */
export class FaultScript {
  readonly #faults: readonly Fault[];
  readonly #counts: number[];

  constructor(faults: readonly Fault[]) {
    this.#faults = faults;
    this.#counts = faults.map(() => 0);
  }

  /** The first fault whose turn it is. Every fault counts every request of its model, whether it fails or not. */
  next(model: string): Fault | undefined {
    let due: Fault | undefined;
    for (const [index, fault] of this.#faults.entries()) {
      if (fault.model !== undefined && fault.model !== model) continue;
      const count = ((this.#counts[index] ?? 0) + 1) % fault.every;
      this.#counts[index] = count;
      if (count === 0) due ??= fault;
    }
    return due;
  }
}

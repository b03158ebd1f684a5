import type { Inexpressible } from "../../core/chat.ts";

/** What of a request has no place in the body that is written; each thing once, however often it occurs. */
export class Losses {
  readonly #found = new Map<string, Inexpressible>();

  get list(): readonly Inexpressible[] {
    return [...this.#found.values()];
  }

  /** Left out, or replaced by what comes next to it; the request means about the same. */
  drop(name: string, why: string): void {
    this.#add({ name, why, droppable: true });
  }

  /** Without it the request would mean something else. */
  refuse(name: string, why: string): void {
    this.#add({ name, why, droppable: false });
  }

  #add(loss: Inexpressible): void {
    const key = `${loss.name}\n${loss.why}`;
    if (!this.#found.has(key)) this.#found.set(key, loss);
  }
}

import type { Inexpressible } from "../../core/chat.ts";

/** What of a request has no place in the body that is written; each thing once, however often it occurs. */
export class Losses {
  readonly #found: Inexpressible[] = [];

  get list(): readonly Inexpressible[] {
    return this.#found;
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
    if (!this.#found.some(({ name, why }) => name === loss.name && why === loss.why)) this.#found.push(loss);
  }
}

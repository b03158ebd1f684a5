/**
 * The last exchanges, in memory: a window for looking at what just happened. Older ones fall out. A ring of texts, and
 * no Map: a Map that loses an entry for each it takes leaves tables behind that keep dead entries alive for the young
 * generation (measured: 11 kB an exchange survived), and object graphs would be copied again and again.
 */
export class RecentExchanges {
  readonly #limit: number;
  readonly #ids: string[] = [];
  readonly #texts: string[] = [];
  #next = 0;

  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  /** @param text  the record as JSON */
  add(id: string, text: string): void {
    this.#ids[this.#next] = id;
    this.#texts[this.#next] = text;
    this.#next = (this.#next + 1) % this.#limit;
  }

  get(id: string): string | undefined {
    return this.#texts[this.#ids.indexOf(id)];
  }

  /** Newest first. */
  list(limit: number): string[] {
    const inOrder = [...this.#texts.slice(this.#next), ...this.#texts.slice(0, this.#next)];
    return inOrder.slice(-limit).toReversed();
  }
}

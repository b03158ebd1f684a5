import type { ExchangeRecord } from "./record.ts";

/** The last exchanges, in memory: a window for looking at what just happened. Older ones fall out. */
export class RecentExchanges {
  readonly #limit: number;
  /** In order of their end; a Map remembers it. */
  readonly #byId = new Map<string, ExchangeRecord>();

  constructor(limit = 1_000) {
    this.#limit = limit;
  }

  add(record: ExchangeRecord): void {
    this.#byId.set(record.id, record);
    if (this.#byId.size <= this.#limit) return;
    const oldest = this.#byId.keys().next();
    if (oldest.done !== true) this.#byId.delete(oldest.value);
  }

  get(id: string): ExchangeRecord | undefined {
    return this.#byId.get(id);
  }

  /** Newest first. */
  list(limit: number): ExchangeRecord[] {
    return [...this.#byId.values()].slice(-limit).toReversed();
  }
}

import type { ExchangeRecord } from "./record.ts";

export type LiveListener = (record: ExchangeRecord) => void;

/** Tells whoever is watching of exchanges as they end. Costs nothing while nobody is. */
export class LiveFeed {
  readonly #listeners: LiveListener[] = [];
  readonly #atClose: (() => void)[] = [];

  publish(record: ExchangeRecord): void {
    for (const listener of this.#listeners) listener(record);
  }

  /** @param closed  called when there is nothing more to come; @returns what ends it */
  watch(listener: LiveListener, closed: () => void): () => void {
    this.#listeners.push(listener);
    this.#atClose.push(closed);
    return () => {
      remove(this.#listeners, listener);
      remove(this.#atClose, closed);
    };
  }

  close(): void {
    for (const closed of this.#atClose.splice(0)) closed();
    this.#listeners.length = 0;
  }
}

function remove<Item>(items: Item[], item: Item): void {
  const place = items.indexOf(item);
  if (place !== -1) items.splice(place, 1);
}

/** Where an item of a live list stands; only the list touches it. */
export interface LiveItem {
  place: number;
}

/**
 * What is under way, for things that come and go by the thousand a second. A Set would do the same, but it moves to a
 * new table every few removals, and dead tables keep what they held alive until a full collection.
 */
export class LiveList<Item extends LiveItem> {
  readonly #items: Item[] = [];

  add(item: Item): void {
    item.place = this.#items.push(item) - 1;
  }

  /** An item that is not in the list is passed over. */
  remove(item: Item): void {
    const last = this.#items.at(-1);
    if (last === undefined || this.#items[item.place] !== item) return;
    this.#items[item.place] = last;
    last.place = item.place;
    this.#items.pop();
    item.place = -1;
  }

  /** A copy, so that items may leave while it is gone through. */
  all(): Item[] {
    return [...this.#items];
  }
}

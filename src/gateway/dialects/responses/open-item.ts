import type { ItemStatus } from "./output-items.ts";

/** An item of the output that a stream is in the middle of. Texts are events, or "". */
export interface OpenItem {
  /** The item as it is at its end, as JSON text; after `close`. */
  readonly item: string;
  /** The events that end what is open in it, and it. */
  close(status: ItemStatus): string;
}

/** Where an item stands, for every event about it. */
export interface ItemPlace {
  readonly id: string;
  readonly index: number;
}

/** As members of an event. */
export function placeText({ id, index }: ItemPlace): string {
  return `"item_id":"${id}","output_index":${index}`;
}

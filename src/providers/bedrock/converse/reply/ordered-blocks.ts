import type { ChatEvent } from "../../../../core/chat.ts";
import type { EventOf } from "../../../conversation/answer-filter.ts";

type Tell = (event: ChatEvent, of: EventOf) => void;

interface Waiting {
  readonly events: [event: ChatEvent, of: EventOf][];
  isClosed: boolean;
}

/** Brings the pieces of each block together where a stream interleaves blocks: one is told as it comes, the others wait. */
export class OrderedBlocks {
  readonly #tell: Tell;
  #current: number | undefined;
  readonly #waiting = new Map<number, Waiting>();

  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** From now on the others wait for it, unless it waits itself. */
  begin(index: number): void {
    this.#current ??= index;
    if (index !== this.#current) this.#waiting.set(index, { events: [], isClosed: false });
  }

  tell(index: number, event: ChatEvent, of: EventOf): void {
    if (index === this.#current) this.#tell(event, of);
    else this.#waiting.get(index)?.events.push([event, of]);
  }

  /** The block is complete. */
  close(index: number): void {
    if (index === this.#current) {
      this.#current = undefined;
      this.#next();
      return;
    }
    const waiting = this.#waiting.get(index);
    if (waiting !== undefined) waiting.isClosed = true;
  }

  /** Goes on with the first block that waits. */
  #next(): void {
    while (this.#current === undefined && this.#waiting.size > 0) {
      const index = Math.min(...this.#waiting.keys());
      const { events, isClosed } = this.#waiting.get(index) as Waiting;
      this.#waiting.delete(index);
      for (const [event, of] of events) this.#tell(event, of);
      if (!isClosed) this.#current = index;
    }
  }
}

import type { Position } from "./segment.ts";

interface Mark {
  readonly end: Position;
  readonly at: number;
}

/** Between two marks. */
const EVERY_MS = 50;
/** Above it every second one is given up: the further behind, the coarser. */
const MOST = 4_096;

/** Remembers when the journal's bytes were written, coarsely, to tell how old the first byte after a place is. */
export class Marks {
  #marks: Mark[] = [];

  /** @param at  milliseconds, monotonic */
  add(end: Position, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && at - last.at < EVERY_MS)
      this.#marks[this.#marks.length - 1] = { end, at: last.at };
    else this.#marks.push({ end, at });
    if (this.#marks.length > MOST)
      this.#marks = this.#marks.filter((_, index) => index % 2 === 1 || index === MOST);
  }

  /** Milliseconds since the oldest byte after a place was written; marks before it are forgotten. */
  age(position: Position, now: number): number {
    while (this.#marks[0] !== undefined && !isBefore(position, this.#marks[0].end)) this.#marks.shift();
    return this.#marks[0] === undefined ? 0 : now - this.#marks[0].at;
  }
}

function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

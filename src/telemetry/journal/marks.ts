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
  #everyMs = EVERY_MS;

  /** @param at  milliseconds, monotonic */
  add(end: Position, at: number): void {
    const last = this.#marks.at(-1);
    if (last !== undefined && at - last.at < this.#everyMs)
      this.#marks[this.#marks.length - 1] = { end, at: last.at };
    else this.#marks.push({ end, at });
    if (this.#marks.length <= MOST) return;
    // Of two neighbours one is left, which begins with the first and ends with the second.
    this.#everyMs *= 2;
    this.#marks = this.#marks.flatMap((mark, index, all) =>
      index % 2 === 0 ? [{ end: (all[index + 1] ?? mark).end, at: mark.at }] : [],
    );
  }

  /** Milliseconds since the oldest byte after a place was written; marks before it are forgotten. */
  age(position: Position, now: number): number {
    while (this.#marks[0] !== undefined && !isBefore(position, this.#marks[0].end)) this.#marks.shift();
    if (this.#marks[0] === undefined) this.#everyMs = EVERY_MS;
    return this.#marks[0] === undefined ? 0 : now - this.#marks[0].at;
  }
}

function isBefore(a: Position, b: Position): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.offset < b.offset);
}

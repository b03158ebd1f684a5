/** Calls of one id that wait for their results. */
interface Waiting {
  /** Their ids on the wire, in order. */
  readonly wires: string[];
  /** How many of them, from the first, have a result: taking them off the list takes the square of many. */
  answered: number;
}

/**
 * Gives every tool call an id of its own, and every result the id of its call. Some engines count from `call_0` in each
 * turn, so an id stands for the calls of the turn before it alone, and among those for the first without a result.
 */
export class CallIds {
  readonly #legal: (id: string) => string;
  readonly #used = new Set<string>();
  /** How often an id's beginning was numbered: looking from 2 each time takes the square of many of them. */
  readonly #numbered = new Map<string, number>();
  /** Of the last assistant turn: the client's id -> its calls that wait for a result. */
  #waiting = new Map<string, Waiting>();

  /** @param legal  an id as the wire takes it; the same always for the same */
  constructor(legal: (id: string) => string) {
    this.#legal = legal;
  }

  /** An assistant's turn begins: results of earlier calls come too late now. */
  beginTurn(): void {
    if (this.#waiting.size > 0) this.#waiting = new Map();
  }

  call(id: string): string {
    const wire = this.#unused(id);
    this.#used.add(wire);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, { wires: [wire], answered: 0 });
    else waiting.wires.push(wire);
    return wire;
  }

  #unused(id: string): string {
    let wire = this.#legal(id);
    if (!this.#used.has(wire)) return wire;
    const start = id.slice(0, 50);
    let nth = this.#numbered.get(start) ?? 1;
    while (this.#used.has(wire)) wire = this.#legal(`${start}_${++nth}`);
    this.#numbered.set(start, nth);
    return wire;
  }

  /** @returns undefined where no call of the turn before waits for it */
  result(id: string): string | undefined {
    const waiting = this.#waiting.get(id);
    const wire = waiting?.wires[waiting.answered++];
    if (waiting?.answered === waiting?.wires.length) this.#waiting.delete(id);
    return wire;
  }

  /** The calls of the turn before that no result has come for, in order; they wait no more. */
  takeUnanswered(): readonly { readonly id: string; readonly wire: string }[] {
    if (this.#waiting.size === 0) return [];
    const unanswered = [...this.#waiting].flatMap(([id, { wires, answered }]) =>
      wires.slice(answered).map((wire) => ({ id, wire })),
    );
    this.beginTurn();
    return unanswered;
  }
}

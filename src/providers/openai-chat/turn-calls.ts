/** Calls of one id that wait for their results. */
interface Waiting {
  /** Their ids on the wire, in order. */
  readonly wires: string[];
  /** How many of them, from the first, have a result: taking them off the list takes the square of many. */
  answered: number;
}

/**
 * The calls of the assistant's last turn, which wait for their results. Ids may repeat from turn to turn, as some engines
 * count from `call_0` in each; in one turn each call has an id of its own, and the first of several gets the first result.
 */
export class TurnCalls {
  /** The conversation's id -> those on the wire that wait, in order. */
  #waiting = new Map<string, Waiting>();
  readonly #used = new Set<string>();
  #numbered = 1;

  /** @returns its id on the wire */
  call(id: string): string {
    let wire = id;
    while (this.#used.has(wire)) wire = `${id}_${++this.#numbered}`;
    this.#used.add(wire);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, { wires: [wire], answered: 0 });
    else waiting.wires.push(wire);
    return wire;
  }

  /** @returns undefined where no call waits for it */
  result(id: string): string | undefined {
    const waiting = this.#waiting.get(id);
    const wire = waiting?.wires[waiting.answered++];
    if (waiting?.answered === waiting?.wires.length) this.#waiting.delete(id);
    return wire;
  }

  /** The turn is over. @returns ids on the wire of the calls that had no result, with those of the conversation */
  end(): readonly { readonly id: string; readonly wire: string }[] {
    const unanswered = [...this.#waiting].flatMap(([id, { wires, answered }]) =>
      wires.slice(answered).map((wire) => ({ id, wire })),
    );
    this.#waiting = new Map();
    this.#used.clear();
    this.#numbered = 1;
    return unanswered;
  }
}

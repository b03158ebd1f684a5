/** "Invalid 'input[2].call_id': string too long. Expected a string with maximum length 64" */
const LONGEST = 64;
const ROOM = 56;

/**
 * Gives every call an id of its own and every result the id of its call. Some engines count from `call_0` in each turn, so
 * an id stands for the calls of the last turn that used it, and among those for the first without a result.
 */
export class CallIds {
  readonly #used = new Set<string>();
  /** Of the last assistant turn: the client's id -> its calls that wait for a result. */
  #waiting = new Map<string, string[]>();
  readonly #last = new Map<string, string>();

  /** An assistant's turn begins. */
  beginTurn(): void {
    this.#waiting = new Map();
  }

  call(id: string): string {
    const base = legal(id);
    let wire = base;
    for (let nth = 2; this.#used.has(wire); nth++) wire = `${base.slice(0, ROOM)}_${nth}`;
    this.#used.add(wire);
    this.#last.set(id, wire);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, [wire]);
    else waiting.push(wire);
    return wire;
  }

  result(id: string): string {
    return this.#waiting.get(id)?.shift() ?? this.#last.get(id) ?? legal(id);
  }
}

function legal(id: string): string {
  if (id === "") return "call";
  return id.length > LONGEST ? id.slice(0, ROOM) : id;
}

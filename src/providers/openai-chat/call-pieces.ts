import type { ChatEvent } from "../../core/chat.ts";
import { argumentsText } from "./read-reply.ts";
import { fieldsOf, textOf, type Fields } from "./fields.ts";
import { ReplyFault } from "../reply-fault.ts";

/**
 * The pieces of a stream's tool calls. Each says by its index which call it belongs to; only the first has its id and its
 * name. Of the engines' own ways: some count every call as 0 and tell them apart by their ids, some repeat id and name in
 * every piece, some have no ids.
 */
export class CallPieces {
  readonly #tell: (event: ChatEvent) => void;
  /** The ids of calls by their index, as the engine wrote them. */
  readonly #ids = new Map<number, string | undefined>();
  #count = 0;
  #open: number | undefined;

  constructor(tell: (event: ChatEvent) => void) {
    this.#tell = tell;
  }

  /** Whether there were any. */
  get some(): boolean {
    return this.#count > 0;
  }

  /** Something else has come: no call is under way any more. */
  close(): void {
    this.#open = undefined;
  }

  /** @throws ReplyFault where a piece belongs to no call, or to one that is over */
  add(piece: Fields): void {
    const called = fieldsOf(piece["function"]);
    const name = textOf(called?.["name"]);
    const id = textOf(piece["id"]);
    const index = this.#indexOf(piece, name);
    if (name !== undefined && this.#isNew(index, id)) this.#begin(index, id, name);
    const json = argumentsText(called?.["arguments"]);
    if (json === "") return;
    // Pieces of several calls in turn cannot be told one call after the other.
    if (index !== this.#open)
      throw new ReplyFault("the upstream sent arguments of a tool call that is not under way");
    this.#tell({ type: "tool-input", json });
  }

  #indexOf(piece: Fields, name: string | undefined): number {
    const { index } = piece;
    if (typeof index === "number") return index;
    return name === undefined ? (this.#open ?? 0) : this.#count;
  }

  #isNew(index: number, id: string | undefined): boolean {
    return !this.#ids.has(index) || (id !== undefined && id !== this.#ids.get(index));
  }

  #begin(index: number, id: string | undefined, name: string): void {
    this.#ids.set(index, id);
    this.#open = index;
    this.#tell({ type: "tool-call", id: id ?? `call_${this.#count}`, name });
    this.#count++;
  }
}

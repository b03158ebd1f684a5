/** https://platform.openai.com/docs/api-reference/responses/create (call_id) */
const LEGAL = /^[a-zA-Z0-9_:.-]{1,64}$/;
/** Ids that engines count in each reply anew, `call_0` and `functions.weather:0`; others are long and random. */
const COUNTED = /^.{0,15}$|:\d+$/;

/**
 * The ids of one response and of what is in it. A call's id stays where it is good: clients send back what they got, so
 * nothing has to be remembered. Those that engines count or repeat are made new, because a conversation that is kept has
 * the calls of many responses in one list.
 */
export class ReplyIds {
  readonly response: string;
  readonly #hex: string;
  readonly #calls = new Set<string>();

  constructor(exchangeId: string) {
    this.#hex = exchangeId.replaceAll(/[^a-zA-Z0-9]/g, "").slice(0, 40);
    this.response = `resp_${this.#hex}`;
  }

  /** @param kind  msg, rs or fc */
  item(kind: string, index: number): string {
    return `${kind}_${this.#hex}_${index}`;
  }

  call(id: string): string {
    let given = id;
    for (let number = this.#calls.size; !isGood(given) || this.#calls.has(given); number++)
      given = `call_${this.#hex}_${number}`;
    this.#calls.add(given);
    return given;
  }
}

function isGood(id: string): boolean {
  return LEGAL.test(id) && !COUNTED.test(id);
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html */
const LEGAL = /^[a-zA-Z0-9_.:-]{1,64}$/;
/** Ids that engines count in each reply anew, `call_0` and `functions.weather:0`; others are long and random. */
const COUNTED = /^.{0,15}$|:\d+$/;

/**
 * The ids of one reply's calls as Converse takes them back: engines write ids that are too long or in other letters, and
 * some count from 0 in every reply or repeat one. The client sends back what it got, so nothing has to be remembered.
 */
export class CallIds {
  readonly #prefix: string;
  readonly #given = new Set<string>();

  constructor(exchangeId: string) {
    this.#prefix = `tooluse_${exchangeId.replaceAll(/[^a-zA-Z0-9]/g, "").slice(0, 40)}_`;
  }

  give(id: string): string {
    let given = id;
    for (let number = this.#given.size; !isGood(given) || this.#given.has(given); number++)
      given = `${this.#prefix}${number}`;
    this.#given.add(given);
    return given;
  }
}

function isGood(id: string): boolean {
  return LEGAL.test(id) && !COUNTED.test(id);
}

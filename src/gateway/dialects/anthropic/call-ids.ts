/**
 * Which ids the API takes back, and how long they may be on Bedrock, where a conversation may go on.
 * https://platform.claude.com/docs/en/docs/agents-and-tools/tool-use/implement-tool-use
 */
const LEGAL = /^[a-zA-Z0-9_-]{1,64}$/;
/** Ids that engines count in each reply anew, such as `call_0`; others are long and random. */
const LONGEST_COUNTED = 15;

/**
 * The ids of one reply's calls as Messages takes them back, as ../bedrock/call-ids.ts does for Converse: the client sends
 * back what it got, so nothing has to be remembered.
 */
export class CallIds {
  readonly #prefix: string;
  readonly #given = new Set<string>();

  constructor(exchangeId: string) {
    this.#prefix = `toolu_${exchangeId.replaceAll(/[^a-zA-Z0-9]/g, "").slice(0, 40)}_`;
  }

  give(id: string): string {
    let given = isGood(id) ? id : undefined;
    for (let number = this.#given.size; given === undefined || this.#given.has(given); number++)
      given = `${this.#prefix}${number}`;
    this.#given.add(given);
    return given;
  }
}

function isGood(id: string): boolean {
  return id.length > LONGEST_COUNTED && LEGAL.test(id);
}

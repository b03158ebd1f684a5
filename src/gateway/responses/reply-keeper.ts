/** Names of the events that bear the whole response. */
const ENDINGS = [Buffer.from("response.completed"), Buffer.from("response.incomplete")];

/** Holds what a reply says as a whole: of a stream, the pieces that may bear its last event. */
export class ReplyKeeper {
  readonly #isStream: boolean;
  #last: Buffer | undefined;

  constructor(isStream: boolean) {
    this.#isStream = isStream;
  }

  push(bytes: Buffer): void {
    // A model may write such a name, too; the event itself comes later then.
    if (!this.#isStream || ENDINGS.some((name) => bytes.includes(name))) this.#last = bytes;
  }

  /** Undefined where it never came. */
  get bytes(): Buffer | undefined {
    return this.#last;
  }
}

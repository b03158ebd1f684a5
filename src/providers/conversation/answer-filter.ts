import type { ChatEvent } from "../../core/chat.ts";

/** What an event is a part of, as far as it matters once there is an answer in the form that was asked for. */
export type EventOf = "words" | "answer" | "other";

/**
 * Lets an answer in the form that was asked for stand alone: what the model says around it would spoil the form. Whether
 * there will be one, nobody knows before it begins, so words are held back until then, or to the end.
 */
export class AnswerFilter {
  readonly #tell: (event: ChatEvent) => void;
  #held: (readonly [event: ChatEvent, of: EventOf])[] = [];
  #isAnswered = false;

  constructor(tell: (event: ChatEvent) => void) {
    this.#tell = tell;
  }

  readonly tell = (event: ChatEvent, of: EventOf): void => {
    if (of === "answer" && !this.#isAnswered) {
      this.#isAnswered = true;
      this.flush();
    }
    if (this.#isAnswered) {
      if (of !== "words") this.#tell(event);
    } else if (of === "words" || this.#held.length > 0) this.#held.push([event, of]);
    else this.#tell(event);
  };

  /** There is no more. */
  flush(): void {
    const held = this.#held;
    this.#held = [];
    for (const [event, of] of held) if (!(this.#isAnswered && of === "words")) this.#tell(event);
  }
}

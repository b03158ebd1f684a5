import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure, ChatSink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { DataEvents } from "./data-events.ts";
import type { Generation } from "./generation.ts";
import { readAnswer } from "./read-answer.ts";

/**
 * A stream of answers, each a piece. It has no mark for its end: where the body ends as HTTP has it, and the last event is
 * whole, that is the end.
 */
export class TritonStream implements StreamReading {
  readonly #sink: ChatSink;
  readonly #output: string;
  readonly #generation: Generation;
  readonly #isFramed: boolean;
  readonly #failure: (error: unknown) => AttemptFailure;
  readonly #events = new DataEvents();
  #ended = false;

  /**
   * @param isFramed  whether HTTP tells the body's end from a broken connection
   * @param failure   what an error means
   */
  constructor(
    sink: ChatSink,
    { output, generation }: { readonly output: string; readonly generation: Generation },
    isFramed: boolean,
    failure: (error: unknown) => AttemptFailure,
  ) {
    this.#sink = sink;
    this.#output = output;
    this.#generation = generation;
    this.#isFramed = isFramed;
    this.#failure = failure;
  }

  get ended(): boolean {
    return this.#ended;
  }

  stop(): void {
    this.#ended = true;
  }

  push(bytes: Buffer): void {
    this.#read(() => {
      for (const json of this.#events.push(bytes)) {
        this.#say(this.#generation.push(readAnswer(json, this.#output)));
        // The sink may have cancelled just now.
        if (this.#ended) return;
        if (this.#generation.stopped) return this.#end();
      }
    });
  }

  finish(): void {
    this.#read(() => {
      const missing = this.#events.isOpen
        ? "the upstream's stream ended in the middle of an event"
        : this.#generation.missing(this.#isFramed);
      if (missing !== undefined) return this.#fail({ kind: "cut", message: missing });
      this.#say(this.#generation.end());
      if (!this.#ended) this.#end();
    });
  }

  #say(text: string): void {
    if (text === "") this.#sink.alive();
    else this.#sink.event({ type: "text", text });
  }

  #end(): void {
    this.#ended = true;
    const { stop, usage } = this.#generation;
    if (usage !== undefined) this.#sink.usage(usage);
    this.#sink.event(stop);
    if (usage !== undefined && usage !== "invalid")
      this.#sink.event({ type: "usage", usage, latencyMs: undefined, serviceTier: undefined });
    this.#sink.end();
  }

  #read(step: () => void): void {
    if (this.#ended) return;
    try {
      step();
    } catch (error) {
      this.#fail(
        this.#failure(
          error instanceof RangeError
            ? new ReplyFault("the upstream's stream has an event without an end")
            : error,
        ),
      );
    }
  }

  #fail(failure: AttemptFailure): void {
    this.#ended = true;
    this.#sink.fail(failure);
  }
}

import { EventStreamFault, FrameReader, type Frame } from "../../core/event-stream.ts";
import type { Secrets } from "../http/secrets.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure } from "../provider.ts";
import { exceptionFailure, readError } from "./failure.ts";

/** What is done with a stream's events, which differs from one API and client to another. */
export interface Events {
  /**
   * Complete events, in order.
   *
   * @returns how many of them are the reply; the last of these ends it where `ended` says so then
   * @throws Error where one is not what the API promises
   */
  events(frames: readonly Frame[]): void;
  /** The upstream has closed the connection after whole events; why that is no end, or undefined where it is one. */
  closed(): string | undefined;
  readonly ended: boolean;
  fail(failure: AttemptFailure): void;
}

/** Reads an event stream of Bedrock: checksums, exceptions in mid-stream, and an end that must be there. */
export class BedrockStream implements StreamReading {
  readonly #reader = new FrameReader();
  readonly #events: Events;
  readonly #secrets: Secrets;
  #over = false;

  constructor(events: Events, secrets: Secrets) {
    this.#events = events;
    this.#secrets = secrets;
  }

  get ended(): boolean {
    return this.#over || this.#events.ended;
  }

  stop(): void {
    this.#over = true;
  }

  push(bytes: Buffer): void {
    if (this.ended) return;
    try {
      const frames = this.#reader.push(bytes);
      const odd = frames.findIndex((frame) => frame.kind !== "event");
      const events = odd === -1 ? frames : frames.slice(0, odd);
      if (events.length > 0) this.#events.events(events);
      const exception = odd === -1 || this.ended ? undefined : frames[odd];
      if (exception !== undefined) this.#fail(failureOf(exception, this.#secrets));
    } catch (error) {
      const damaged = error instanceof EventStreamFault;
      const message = error instanceof Error ? error.message : "the upstream's stream cannot be read";
      this.#fail({ kind: damaged ? "cut" : "protocol", message });
    }
  }

  finish(): void {
    if (this.ended) return;
    const { pending } = this.#reader;
    const why = pending > 0 ? "the upstream's stream was cut inside a message" : this.#events.closed();
    if (why !== undefined) this.#fail({ kind: "cut", message: why });
  }

  #fail(failure: AttemptFailure): void {
    if (this.ended) return;
    this.#over = true;
    this.#events.fail(failure);
  }
}

/** What an exception in mid-stream means; also of a class that the operation does not know, and of plain errors. */
function failureOf(frame: Frame, secrets: Secrets): AttemptFailure {
  const { message } = readError(undefined, frame.payload);
  const told = message === "" ? (frame.header(":error-message") ?? "") : message;
  const known = exceptionFailure(frame.type, told, secrets);
  const leaks = secrets.appearIn(frame.payload.toString("latin1"));
  const failure: AttemptFailure = known ?? {
    kind: "status",
    message: "Bedrock broke its stream off with an error",
    ...(!secrets.appearIn(told) && told !== "" && { said: told }),
  };
  // In mid-stream nothing is about the request any more.
  const kind = failure.kind === "rejected" ? "status" : failure.kind;
  return { ...failure, kind, ...(!leaks && kind !== "credentials" && { event: frame.bytes }) };
}

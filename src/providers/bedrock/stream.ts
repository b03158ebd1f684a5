import { EventStreamFault, FrameReader, type Frame } from "../../core/event-stream.ts";
import { readError } from "../aws/read-error.ts";
import type { Secrets } from "../http/secrets.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { exceptionFailure } from "./failure.ts";

/** What is done with a stream's events, which differs from one API and client to another. */
export interface Events {
  /**
   * Complete events, in order.
   *
   * @throws ReplyFault where one is not what the API promises
   */
  events(frames: readonly Frame[]): void;
  /** The upstream has closed the connection after whole events, and before the end: why that is none. */
  closed(): string;
  readonly ended: boolean;
  /** Exceptions that SDKs know of this operation's streams; another they would pass over, or not know what to do with. */
  readonly exceptions: ReadonlySet<string>;
  fail(failure: AttemptFailure): void;
}

/** Reads an event stream of Bedrock: checksums, exceptions in mid-stream, and an end that must be there. */
export class BedrockStream implements StreamReading {
  readonly #reader = new FrameReader();
  readonly #events: Events;
  readonly #secrets: Secrets;
  #over = false;
  /** Something was generated, and is charged. */
  #begun = false;

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
      this.#begun ||= events.length > 0;
      if (events.length > 0) this.#events.events(events);
      const exception = odd === -1 || this.ended ? undefined : frames[odd];
      if (exception !== undefined) this.#fail(this.#failureOf(exception));
    } catch (error) {
      if (error instanceof EventStreamFault) this.#fail({ kind: "cut", message: error.message });
      else if (error instanceof ReplyFault) this.#fail({ kind: "protocol", message: error.message });
      else this.#fail({ kind: "protocol", message: "the upstream's stream cannot be read", bug: error });
    }
  }

  finish(): void {
    if (this.ended) return;
    const { pending } = this.#reader;
    const message = pending > 0 ? "the upstream's stream was cut inside a message" : this.#events.closed();
    this.#fail({ kind: "cut", message });
  }

  #fail(failure: AttemptFailure): void {
    if (this.ended) return;
    this.#over = true;
    this.#events.fail(failure);
  }

  /** What an exception in mid-stream means; also of a class that the operation does not know, and of plain errors. */
  #failureOf(frame: Frame): AttemptFailure {
    const secrets = this.#secrets;
    const { message } = readError(undefined, frame.payload);
    const told = message === "" ? (frame.header(":error-message") ?? "") : message;
    const failure: AttemptFailure = exceptionFailure(frame.type, told, secrets) ?? {
      kind: "status",
      message: "Bedrock broke its stream off with an error",
      said: secrets.tellable(told, MAX_SAID),
    };
    // In mid-stream nothing is about the request any more.
    const kind = failure.kind === "rejected" ? "status" : failure.kind;
    const isKnown = frame.kind === "exception" && this.#events.exceptions.has(frame.type);
    const leaks =
      secrets.appearIn(frame.bytes.toString("latin1")) || secrets.hiddenIn(frame.payload.toString());
    return {
      ...failure,
      kind,
      charged: this.#begun,
      ...(isKnown && !leaks && kind !== "credentials" && { event: frame.bytes }),
    };
  }
}

/** Characters of an upstream's own words. */
const MAX_SAID = 500;

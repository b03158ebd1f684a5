import { EventStreamFault, FrameReader, type Frame } from "../../core/event-stream.ts";
import type { Secrets } from "../http/secrets.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure } from "../provider.ts";
import { streamFailure } from "./failure.ts";

/** Media type of InvokeEndpointWithResponseStream. */
export const EVENT_STREAM = /^application\/vnd\.amazon\.eventstream\b/i;

/**
 * Reads the event stream around a container's stream. Where one PayloadPart ends says nothing about the bytes in it:
 * lines and characters go on in the next.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_PayloadPart.html
 */
export class PayloadStream implements StreamReading {
  readonly #reader = new FrameReader();
  readonly #inner: StreamReading;
  readonly #tellFailure: (failure: AttemptFailure) => void;
  readonly #secrets: Secrets;
  /** Something was generated, and is charged. */
  #begun = false;

  /** @param inner  reads the container's stream, and tells its end */
  constructor(inner: StreamReading, tellFailure: (failure: AttemptFailure) => void, secrets: Secrets) {
    this.#inner = inner;
    this.#tellFailure = tellFailure;
    this.#secrets = secrets;
  }

  get ended(): boolean {
    return this.#inner.ended;
  }

  stop(): void {
    this.#inner.stop();
  }

  push(bytes: Buffer): void {
    if (this.ended) return;
    try {
      for (const frame of this.#reader.push(bytes)) {
        this.#frame(frame);
        if (this.ended) return;
      }
    } catch (error) {
      if (error instanceof EventStreamFault) this.#fail({ kind: "cut", message: error.message });
      else this.#fail({ kind: "protocol", message: "the upstream's stream cannot be read", bug: error });
    }
  }

  finish(): void {
    if (this.ended) return;
    if (this.#reader.pending > 0)
      this.#fail({ kind: "cut", message: "the upstream's stream was cut inside a message" });
    else this.#inner.finish();
  }

  #frame(frame: Frame): void {
    if (frame.kind !== "event") return this.#fail(streamFailure(frame, this.#begun, this.#secrets));
    if (frame.type !== "PayloadPart") return;
    this.#begun = true;
    this.#inner.push(frame.payload);
  }

  #fail(failure: AttemptFailure): void {
    if (this.ended) return;
    this.#inner.stop();
    this.#tellFailure(failure);
  }
}

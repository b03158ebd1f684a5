import { MAX_EVENT_BYTES, WholeEvents } from "../http/sse-events.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure } from "../provider.ts";

/** The events of a stream by bytes: whole ones go on as they came, whatever pieces they came in. */
export abstract class SseStream implements StreamReading {
  readonly #whole = new WholeEvents();
  #ended = false;

  /** @param data  one or more complete events */
  protected abstract events(data: Buffer): void;

  /** Whether an event without the blank line after it, at the end of all, is complete all the same. */
  protected abstract isWhole(event: Buffer): boolean;

  protected abstract fail(failure: AttemptFailure): void;

  /** Nothing more is told. */
  stop(): void {
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(bytes: Buffer): void {
    if (this.#ended) return;
    const events = this.#whole.push(bytes);
    if (events.length > 0) this.events(events);
    if (this.#whole.carried <= MAX_EVENT_BYTES || this.#ended) return;
    const message = `the upstream sent an event of more than ${MAX_EVENT_BYTES} bytes`;
    this.fail({ kind: "protocol", message });
  }

  /** The upstream closed the stream. */
  finish(): void {
    if (this.#ended) return;
    // The last event may lack its blank line; one that was cut short is no event.
    const rest = this.#whole.rest();
    if (rest.length > 0 && this.isWhole(rest)) this.events(rest);
    if (!this.#ended)
      this.fail({ kind: "cut", message: "the upstream's stream ended without its end marker" });
  }
}

/** A payload as an object; undefined where it is none. */
export function parsePayload(payload: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

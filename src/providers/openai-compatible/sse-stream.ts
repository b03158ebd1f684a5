import type { AttemptFailure } from "../provider.ts";
import type { StreamReading } from "../http/upstream-reply.ts";

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BLANK_LF = Buffer.from("\n\n");
const BLANK_CRLF = Buffer.from("\r\n\r\n");

/** An event longer than this is no event; the engine has lost its framing. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/** The events of a stream by bytes: whole ones go on as they came, whatever pieces they came in. */
export abstract class SseStream implements StreamReading {
  /** The beginning of an event whose end has not come yet, in the pieces in which it came. */
  #carry: Buffer[] = [];
  #carried = 0;
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
    if (this.#carried > 0 && endOfLastEvent(this.#seam(bytes)) === 0) return this.#keep(bytes);
    const data = this.#carried === 0 ? bytes : Buffer.concat([...this.#carry, bytes]);
    const end = endOfLastEvent(data);
    this.#carry = [];
    this.#carried = 0;
    if (end > 0) this.events(data.subarray(0, end));
    if (end < data.length && !this.#ended) this.#keep(data.subarray(end));
  }

  /** The upstream closed the stream. */
  finish(): void {
    if (this.#ended) return;
    // The last event may lack its blank line; one that was cut short is no event.
    const rest = Buffer.concat([...this.#carry, BLANK_LF]);
    if (this.#carried > 0 && this.isWhole(rest)) this.events(rest);
    this.#carry = [];
    if (!this.#ended)
      this.fail({ kind: "cut", message: "the upstream's stream ended without its end marker" });
  }

  /** New bytes with the last three before them: a blank line that ends only now begins there at the earliest. */
  #seam(bytes: Buffer): Buffer {
    const last = this.#carry.at(-1) ?? EMPTY;
    const tail = last.length >= 3 ? last : Buffer.concat(this.#carry.slice(-3));
    return Buffer.concat([tail.subarray(-3), bytes]);
  }

  #keep(bytes: Buffer): void {
    this.#carry.push(bytes);
    this.#carried += bytes.length;
    if (this.#carried > MAX_EVENT_BYTES) {
      const message = `the upstream sent an event of more than ${MAX_EVENT_BYTES} bytes`;
      this.fail({ kind: "protocol", message });
    }
  }
}

/** Whether all that stands in these events is comments, which say no more than that the engine is at work. */
export function isComments(data: Buffer): boolean {
  if (data[0] !== COLON) return false;
  return data
    .toString("latin1")
    .split(/\r?\n/)
    .every((line) => line === "" || line.startsWith(":"));
}

/** Where the last complete event ends: just after its blank line; 0 where there is none. */
function endOfLastEvent(data: Buffer): number {
  const length = data.length;
  if (length >= 2 && data[length - 1] === LF && data[length - 2] === LF) return length;
  const lf = data.lastIndexOf(BLANK_LF);
  const crlf = data.lastIndexOf(BLANK_CRLF);
  return Math.max(lf === -1 ? 0 : lf + 2, crlf === -1 ? 0 : crlf + 4);
}

/** Where the event that begins at `start` ends; the data is known to end with a blank line. */
export function endOfEvent(data: Buffer, start: number): number {
  const lf = data.indexOf(BLANK_LF, start);
  const crlf = data.indexOf(BLANK_CRLF, start);
  if (lf === -1) return crlf === -1 ? data.length : crlf + 4;
  return crlf === -1 || lf < crlf ? lf + 2 : crlf + 4;
}

/** The event's data lines, joined as the standard says. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function payloadOf(event: Buffer): string {
  const lines: string[] = [];
  let start = 0;
  while (start < event.length) {
    let end = event.indexOf(LF, start);
    if (end === -1) end = event.length;
    const line = event.toString("utf8", start, event[end - 1] === CR ? end - 1 : end);
    if (line.startsWith("data:")) lines.push(line.slice(line[5] === " " ? 6 : 5));
    start = end + 1;
  }
  return lines.join("\n");
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

const EMPTY = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;
const BLANK_LF = Buffer.from("\n\n");
const BLANK_CRLF = Buffer.from("\r\n\r\n");

/** An event longer than this is no event; the upstream has lost its framing. */
export const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/**
 * Puts the pieces in which a stream comes together to whole events, without looking into them.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class WholeEvents {
  /** The beginning of an event whose end has not come yet, in the pieces in which it came. */
  #carry: Buffer[] = [];
  #carried = 0;

  /** Bytes that wait for the end of their event. */
  get carried(): number {
    return this.#carried;
  }

  /** @returns the events that are whole now, each with its blank line; empty where there are none */
  push(bytes: Buffer): Buffer {
    if (this.#carried > 0 && endOfLastEvent(this.#seam(bytes)) === 0) {
      this.#keep(bytes);
      return EMPTY;
    }
    const data = this.#carried === 0 ? bytes : Buffer.concat([...this.#carry, bytes]);
    const end = endOfLastEvent(data);
    this.#carry = [];
    this.#carried = 0;
    if (end < data.length) this.#keep(data.subarray(end));
    return data.subarray(0, end);
  }

  /** What is left when the stream is over, with the blank line that it lacks; it may be cut short. */
  rest(): Buffer {
    const rest = this.#carried === 0 ? EMPTY : Buffer.concat([...this.#carry, BLANK_LF]);
    this.#carry = [];
    this.#carried = 0;
    return rest;
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
  }
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

/** The data lines of one event, joined as the standard says. */
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

/** Whether whole events are nothing but comments, which keep a connection alive. */
export function areComments(data: Buffer): boolean {
  if (data[0] !== COLON && data[0] !== LF && data[0] !== CR) return false;
  return data
    .toString("latin1")
    .split(/\r?\n/)
    .every((line) => line === "" || line.startsWith(":"));
}

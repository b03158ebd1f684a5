const LF = 0x0a;
const CR = 0x0d;

/** An event longer than this is no event; the server has lost its framing. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/**
 * The data of server-sent events, out of bytes in any pieces. Comments and events without data are passed over.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class DataEvents {
  /** The pieces of a line that has not ended. */
  #line: Buffer[] = [];
  #data: string[] = [];
  /** Bytes since the last event ended. */
  #bytes = 0;

  /** @throws RangeError where an event has no end */
  push(bytes: Buffer): string[] {
    const events: string[] = [];
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      this.#keep(bytes.subarray(start, end));
      this.#endLine(events);
      start = end + 1;
    }
    if (start < bytes.length) this.#keep(Buffer.from(bytes.subarray(start)));
    return events;
  }

  /** Whether an event has begun and not ended. */
  get isOpen(): boolean {
    return this.#line.length > 0 || this.#data.length > 0;
  }

  #keep(bytes: Buffer): void {
    this.#line.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes > MAX_EVENT_BYTES) throw new RangeError("an event without an end");
  }

  #endLine(events: string[]): void {
    const whole = Buffer.concat(this.#line);
    this.#line = [];
    const line = whole.toString("utf8", 0, whole.at(-1) === CR ? whole.length - 1 : whole.length);
    if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    if (line === "" && this.#data.length > 0) events.push(this.#data.splice(0).join("\n"));
    if (this.#data.length === 0) this.#bytes = 0;
  }
}

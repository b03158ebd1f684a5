import { ReplyFault } from "../reply-fault.ts";

const LF = 0x0a;
/** A longer line is none; the container has lost its framing. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

/** Finds lines in pieces of a stream, cut anywhere, also inside a character. */
export class LineReader {
  #pieces: Buffer[] = [];
  #kept = 0;

  /**
   * The lines that are complete with this piece, without their ends.
   *
   * @throws ReplyFault where a line has no end
   */
  push(bytes: Buffer): string[] {
    const end = bytes.lastIndexOf(LF);
    if (end === -1) return this.#keep(bytes);
    const whole = Buffer.concat([...this.#pieces, bytes.subarray(0, end)]).toString();
    this.#pieces = [];
    this.#kept = 0;
    this.#keep(bytes.subarray(end + 1));
    return whole.split("\n").map(withoutReturn);
  }

  /** What came after the last line's end; "" where nothing did. */
  rest(): string {
    return withoutReturn(Buffer.concat(this.#pieces).toString());
  }

  #keep(bytes: Buffer): [] {
    this.#kept += bytes.length;
    if (this.#kept > MAX_LINE_BYTES)
      throw new ReplyFault(`the upstream sent a line of more than ${MAX_LINE_BYTES} bytes`);
    if (bytes.length > 0) this.#pieces.push(bytes);
    return [];
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

import { crc32 } from "node:zlib";

/**
 * Amazon's event-stream framing, `application/vnd.amazon.eventstream`, big-endian:
 *
 *     u32 total length | u32 headers' length | u32 CRC of these 8 bytes | headers | payload | u32 CRC of all before
 *
 * A header is `u8 length | name | u8 type | value`; type 7 is a text of `u16 length | UTF-8`.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */

const PRELUDE_BYTES = 12;
const FRAME_BYTES = PRELUDE_BYTES + 4;
/** As much as the services send in one message. */
const MAX_FRAME_BYTES = 24 * 1024 * 1024;
const MAX_HEADER_BYTES = 128 * 1024;
const TEXT = 7;
/** Bytes of values of a fixed length, by type: true, false, byte, short, integer, long, -, -, timestamp, UUID. */
const FIXED_BYTES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16];
const BYTE_ARRAY = 6;

/** The bytes are no event stream, or were damaged on their way. */
export class EventStreamFault extends Error {
  override readonly name = "EventStreamFault";
}

/** One message. */
export class Frame {
  /** All of it, as it came. */
  readonly bytes: Buffer;
  readonly #headersEnd: number;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#headersEnd = PRELUDE_BYTES + bytes.readUInt32BE(4);
  }

  get payload(): Buffer {
    return this.bytes.subarray(this.#headersEnd, this.bytes.length - 4);
  }

  /** `:event-type` of an event, `:exception-type` of an exception, `:error-code` of an error. */
  get type(): string {
    const kind = this.kind;
    const name = kind === "event" ? ":event-type" : kind === "exception" ? ":exception-type" : ":error-code";
    return this.header(name) ?? "";
  }

  /** `:message-type`: event, exception or error. */
  get kind(): string {
    return this.header(":message-type") ?? "event";
  }

  /**
   * A header that is a text; undefined where there is none of that name.
   *
   * @throws EventStreamFault where the headers do not fit together
   */
  header(wanted: string): string | undefined {
    const { bytes } = this;
    const end = this.#headersEnd;
    for (let at = PRELUDE_BYTES; at < end;) {
      const nameEnd = at + 1 + (bytes[at] ?? 0);
      const type = bytes[nameEnd] ?? -1;
      const valueStart = nameEnd + 1;
      const fixed = FIXED_BYTES[type];
      const hasLength = type === TEXT || type === BYTE_ARRAY;
      if ((fixed === undefined && !hasLength) || (hasLength && valueStart + 2 > end)) throw unreadable();
      const start = hasLength ? valueStart + 2 : valueStart;
      const next = start + (fixed ?? bytes.readUInt16BE(valueStart));
      if (next > end) throw unreadable();
      if (
        type === TEXT &&
        nameEnd - at - 1 === wanted.length &&
        bytes.toString("latin1", at + 1, nameEnd) === wanted
      )
        return bytes.toString("utf8", start, next);
      at = next;
    }
    return undefined;
  }
}

/** Finds the messages in pieces of a stream, cut anywhere. */
export class FrameReader {
  /** Begins with what is left of the pieces so far; where it has room behind that, nobody else has seen it. */
  #rest: Buffer = EMPTY;
  #pending = 0;

  /** Bytes of a message that is not complete, or is damaged. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * The messages that are complete with this piece, in order; they share its memory where they can.
   *
   * @throws EventStreamFault where a checksum or a length is wrong; the stream cannot be read on then. What is whole
   * before the damage comes first: the fault is then thrown with the next piece, and the damage is pending till then.
   */
  push(piece: Buffer): Frame[] {
    const joined = this.#join(piece);
    const frames: Frame[] = [];
    let data = joined;
    try {
      for (let frame = firstFrame(data); frame !== undefined; frame = firstFrame(data)) {
        frames.push(frame);
        data = data.subarray(frame.bytes.length);
      }
    } catch (error) {
      if (frames.length === 0) throw error;
    }
    if (frames.length > 0 || this.#pending === 0) this.#rest = data;
    this.#pending = data.length;
    return frames;
  }

  /** Room doubles, so that a long message in many pieces is not copied with each. */
  #join(piece: Buffer): Buffer {
    const pending = this.#pending;
    if (pending === 0) return piece;
    const length = pending + piece.length;
    if (length > this.#rest.length) {
      const room = Buffer.allocUnsafe(Math.max(length, 2 * pending));
      this.#rest.copy(room, 0, 0, pending);
      this.#rest = room;
    }
    piece.copy(this.#rest, pending);
    return this.#rest.subarray(0, length);
  }
}

/**
 * Writes one message.
 *
 * @param headers  texts, in the order in which they stand on the wire
 */
export function writeFrame(headers: Readonly<Record<string, string>>, payload: Buffer | string): Buffer {
  let headerBytes = 0;
  for (const name in headers) headerBytes += 4 + name.length + Buffer.byteLength(headers[name] ?? "");
  const payloadBytes = typeof payload === "string" ? Buffer.byteLength(payload) : payload.length;
  const total = FRAME_BYTES + headerBytes + payloadBytes;
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32BE(total, 0);
  bytes.writeUInt32BE(headerBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  let at = PRELUDE_BYTES;
  for (const name in headers) {
    bytes[at] = name.length;
    at += 1 + bytes.write(name, at + 1, "latin1");
    bytes[at] = TEXT;
    const written = bytes.write(headers[name] ?? "", at + 3);
    bytes.writeUInt16BE(written, at + 1);
    at += 3 + written;
  }
  if (typeof payload === "string") bytes.write(payload, at);
  else payload.copy(bytes, at);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, total - 4)), total - 4);
  return bytes;
}

/** An event with a JSON payload; the headers in the order in which Bedrock sends them. */
export function writeEvent(type: string, payload: string): Buffer {
  return writeFrame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    payload,
  );
}

/** @param type  the exception's member name, such as `throttlingException` */
export function writeException(type: string, payload: string): Buffer {
  return writeFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    payload,
  );
}

/** Undefined where the bytes of one are not all there. */
function firstFrame(data: Buffer): Frame | undefined {
  if (data.length < PRELUDE_BYTES) return undefined;
  const length = lengthOf(data);
  if (data.length < length) return undefined;
  const bytes = data.subarray(0, length);
  if (crc32(bytes.subarray(0, length - 4)) !== bytes.readUInt32BE(length - 4))
    throw new EventStreamFault("the checksum of an event-stream message does not fit");
  return new Frame(bytes);
}

function lengthOf(data: Buffer): number {
  const length = data.readUInt32BE(0);
  const headerBytes = data.readUInt32BE(4);
  if (crc32(data.subarray(0, 8)) !== data.readUInt32BE(8))
    throw new EventStreamFault("the checksum of an event-stream message's beginning does not fit");
  if (
    length < FRAME_BYTES ||
    length > MAX_FRAME_BYTES ||
    headerBytes > Math.min(length - FRAME_BYTES, MAX_HEADER_BYTES)
  )
    throw new EventStreamFault(`an event-stream message of ${length} bytes cannot be`);
  return length;
}

function unreadable(): EventStreamFault {
  return new EventStreamFault("the headers of an event-stream message cannot be read");
}

const EMPTY = Buffer.alloc(0);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Bytes of text that are kept. */
const MOST_KEPT = 12_000;
/** A string as long as this that has only characters of base64 at its beginning is a file and no text. */
const BLOB_BYTES = 4_096;
const BLOB_START = /^[A-Za-z0-9+/=_:;,.-]*$/;
const BLOB_LOOK = 256;

/** The text in a part of a body that is too long to be parsed for an estimate: its strings, without files in them. */
export class LongText {
  /** Of all strings that are text. */
  bytes = 0;
  /** The beginning of it. */
  text = "";

  read(body: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const open = body.indexOf(QUOTE, at);
      if (open === -1 || open >= end) return;
      const close = endOfString(body, open + 1, end);
      const length = close - open - 1;
      if (length < BLOB_BYTES || !isBlob(body, open + 1)) {
        this.bytes += length;
        const room = MOST_KEPT - this.text.length;
        if (room > 0) this.text += body.toString("utf8", open + 1, Math.min(close, open + 1 + room));
      }
      at = close + 1;
    }
  }
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(body: Buffer, start: number, end: number): number {
  for (let quote = body.indexOf(QUOTE, start); quote !== -1; quote = body.indexOf(QUOTE, quote + 1)) {
    let escapes = 0;
    while (body[quote - 1 - escapes] === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return Math.min(quote, end);
  }
  return end;
}

function isBlob(body: Buffer, start: number): boolean {
  return BLOB_START.test(body.toString("latin1", start, start + BLOB_LOOK));
}

import { crc32 } from "node:zlib";

/**
 * What a line of the journal says.
 * - `h`: a segment begins; the body names the columns
 * - `o`: an exchange was opened; the body is the record that it leaves if nothing more is heard of it
 * - `c`: an exchange is over; the body is its record
 * - `g`: a configuration came into force; the body is its hash, time and text
 */
export type LineKind = "h" | "o" | "c" | "g";

/** A line that is whole. */
export interface JournalLine {
  readonly kind: LineKind;
  readonly body: string;
}

const KINDS = "hocg";
/** Kind, space, eight hexadecimal digits, space. */
const HEAD = 11;

/**
 * `<kind> <checksum> <body>` and a line feed. The checksum is the CRC-32 of the body (ISO 3309, as zlib has it), begun
 * with the kind's character code, so that neither can change unseen.
 *
 * @param body  without line feeds: JSON has none
 */
export function encodeLine(kind: LineKind, body: string): string {
  return `${kind} ${checksum(kind, body)} ${body}\n`;
}

/** @param text  a line without its line feed; @returns undefined where it is not whole */
export function decodeLine(text: string): JournalLine | undefined {
  const kind = text[0] as LineKind | undefined;
  if (kind === undefined || !KINDS.includes(kind) || text[1] !== " " || text[10] !== " ") return undefined;
  const body = text.slice(HEAD);
  return text.slice(2, 10) === checksum(kind, body) ? { kind, body } : undefined;
}

function checksum(kind: LineKind, body: string): string {
  return crc32(body, kind.charCodeAt(0)).toString(16).padStart(8, "0");
}

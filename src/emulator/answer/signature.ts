import { createHmac } from "node:crypto";

/**
 * Signatures of reasoning, in the form in which the recorded ones come: base64 of protobuf, outer field 2 around field 1
 * of 72 bytes (a 64-byte signature at its end), then other fields, and outer field 3. What no recording tells is made up.
 */

/** The key is no secret: what this emulator signed yesterday shall hold today. */
const KEY = "switchyard emulator";
/** Tells its own signatures from those of the real service. */
const MARK = Buffer.from("switchyardem");
const HEAD = Buffer.from([0x0a, 0x48, 0x08, 0x0d, 0x10, 0x01, 0x18, 0x02, 0x2a, 0x40]);
const TAIL = Buffer.from([0x18, 0x01]);

/** @param payload  carried along; the signature is over text and payload */
export function sign(text: string, payload = ""): string {
  const carried = Buffer.from(payload);
  const inner = Buffer.concat([
    HEAD,
    createHmac("sha512", KEY).update(`${text}\n${payload}`).digest(),
    Buffer.from([0x12, MARK.length]),
    MARK,
    Buffer.from([0x2a, ...varint(carried.length)]),
    carried,
  ]);
  return Buffer.concat([Buffer.from([0x12, ...varint(inner.length)]), inner, TAIL]).toString("base64");
}

/**
 * Whether a signature may stand with a text. One of the real service cannot be verified here; it passes where it has
 * their form.
 */
export function isSignatureOf(signature: string, text: string): boolean {
  const inner = innerOf(signature);
  if (inner === undefined) return false;
  const rest = inner.subarray(HEAD.length + 64);
  if (!rest.subarray(2, 2 + MARK.length).equals(MARK)) return true;
  const afterMark = rest.subarray(2 + MARK.length + 1);
  const [length, bytes] = readVarint(afterMark);
  const payload = afterMark.subarray(bytes);
  return payload.length === length && sign(text, payload.toString()) === signature;
}

function innerOf(signature: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(signature)) return undefined;
  const bytes = Buffer.from(signature, "base64");
  if (bytes[0] !== 0x12) return undefined;
  const [length, used] = readVarint(bytes.subarray(1));
  const inner = bytes.subarray(1 + used, 1 + used + length);
  const isWhole = inner.length === length && inner.length > HEAD.length + 64;
  return isWhole && inner[0] === 0x0a && inner[1] === 0x48 ? inner : undefined;
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** @returns the number and how many bytes it took */
function readVarint(bytes: Buffer): [number, number] {
  let value = 0;
  for (let at = 0; at < Math.min(4, bytes.length); at++) {
    const byte = bytes[at] ?? 0;
    value |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) return [value, at + 1];
  }
  return [-1, 0];
}

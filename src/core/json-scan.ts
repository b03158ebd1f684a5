import { isUtf8 } from "node:buffer";

/** One member of a JSON object, as byte offsets into the scanned bytes; ranges are half open. */
export interface JsonMember {
  /** The key, its escapes resolved. */
  readonly key: string;
  /** Offset of the key's opening quote. */
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

/** Why bytes are not the JSON that is wanted, and where. */
export class JsonFault extends Error {
  override readonly name = "JsonFault";
  /** Byte offset of the fault. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

/** Nesting that no honest request reaches; engines' own parsers give up near 1,000. */
export const MAX_DEPTH = 256;

/**
 * Finds the members of a JSON object without building it, so that a body can be edited by byte ranges and everything
 * else stays as the client wrote it. The whole text is checked on the way: grammar (RFC 8259), UTF-8, no duplicate
 * key in any object (who reads the first and who reads the last must see the same request), no lone surrogate, depth.
 *
 * @throws JsonFault where the bytes are not one JSON object
 */
export function scanObject(bytes: Buffer): JsonMember[] {
  if (!isUtf8(bytes)) throw new JsonFault("the text is not valid UTF-8", 0);
  return new Scanner(bytes, true).topLevel();
}

/**
 * The same for text that we trust to be JSON, such as an upstream's reply: duplicate keys are not looked for.
 *
 * @throws JsonFault
 */
export function scanTrusted(bytes: Buffer): JsonMember[] {
  return new Scanner(bytes, false).topLevel();
}

/** The value of a member, parsed. Meant for the small values of an envelope. */
export function memberValue(bytes: Buffer, member: JsonMember): unknown {
  const text = bytes.toString("utf8", member.start, member.end);
  // A text without escapes is what stands between its quotes.
  if (text.charCodeAt(0) === QUOTE && !text.includes("\\")) return text.slice(1, -1);
  return JSON.parse(text) as unknown;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const ZERO = 0x30;
const LETTER_U = 0x75;

/** 1 for bytes that stand for themselves inside a string. */
const PLAIN = new Uint8Array(256).fill(1, 0x20);
PLAIN[QUOTE] = 0;
PLAIN[BACKSLASH] = 0;

/** 1 for what may follow a backslash, except `u`. */
const ESCAPED = new Uint8Array(256);
for (const character of '"\\/bfnrt') ESCAPED[character.charCodeAt(0)] = 1;

/** Keys of one object are compared byte by byte up to this many, and through a Set beyond. */
const FEW_KEYS = 16;

class Scanner {
  readonly #bytes: Buffer;
  readonly #length: number;
  readonly #refuseDuplicates: boolean;
  #at = 0;
  #depth = 0;
  /** Whether the string last passed holds a backslash. */
  #escaped = false;
  /** Start and end of the keys of every object under way, innermost last. */
  readonly #keys: number[] = [];

  constructor(bytes: Buffer, refuseDuplicates: boolean) {
    this.#bytes = bytes;
    this.#length = bytes.length;
    this.#refuseDuplicates = refuseDuplicates;
  }

  topLevel(): JsonMember[] {
    this.#space();
    if (this.#bytes[this.#at] !== OPEN_OBJECT) throw this.#fault("expected a JSON object");
    const members: JsonMember[] = [];
    this.#object(members);
    this.#space();
    if (this.#at < this.#length) throw this.#fault("unexpected text after the JSON object");
    return members;
  }

  #value(): void {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) this.#string();
    else if (byte === OPEN_OBJECT) this.#object(undefined);
    else if (byte === OPEN_ARRAY) this.#array();
    else if (byte === MINUS || isDigit(byte)) this.#number();
    else if (byte === 0x74) this.#literal("true");
    else if (byte === 0x66) this.#literal("false");
    else if (byte === 0x6e) this.#literal("null");
    else throw this.#fault(byte === undefined ? "the JSON ends too early" : "expected a JSON value");
  }

  #object(members: JsonMember[] | undefined): void {
    this.#enter();
    const firstKey = this.#keys.length;
    let seen: Set<string> | undefined;
    if (this.#bytes[this.#at] === CLOSE_OBJECT) return this.#leave(firstKey);
    for (;;) {
      const keyStart = this.#at;
      if (this.#bytes[keyStart] !== QUOTE) throw this.#fault("expected a key in double quotes");
      this.#string();
      const keyEnd = this.#at;
      if (this.#refuseDuplicates) seen = this.#refuseDuplicate(keyStart, keyEnd, firstKey, seen);
      const key = members === undefined ? "" : this.#decode(keyStart, keyEnd, this.#escaped);
      this.#space();
      if (this.#bytes[this.#at] !== COLON) throw this.#fault('expected ":" after a key');
      this.#at++;
      this.#space();
      const start = this.#at;
      this.#value();
      members?.push({ key, keyStart, start, end: this.#at });
      this.#space();
      const next = this.#bytes[this.#at];
      if (next === CLOSE_OBJECT) return this.#leave(firstKey);
      if (next !== COMMA) throw this.#fault('expected "," or "}" in an object');
      this.#at++;
      this.#space();
    }
  }

  #array(): void {
    this.#enter();
    if (this.#bytes[this.#at] === CLOSE_ARRAY) return this.#leave(this.#keys.length);
    for (;;) {
      this.#value();
      this.#space();
      const next = this.#bytes[this.#at];
      if (next === CLOSE_ARRAY) return this.#leave(this.#keys.length);
      if (next !== COMMA) throw this.#fault('expected "," or "]" in an array');
      this.#at++;
      this.#space();
    }
  }

  #enter(): void {
    if (++this.#depth > MAX_DEPTH) throw this.#fault(`nested deeper than ${MAX_DEPTH} levels`);
    this.#at++;
    this.#space();
  }

  #leave(firstKey: number): void {
    this.#keys.length = firstKey;
    this.#depth--;
    this.#at++;
  }

  #refuseDuplicate(
    start: number,
    end: number,
    firstKey: number,
    seen: Set<string> | undefined,
  ): Set<string> | undefined {
    const keys = this.#keys;
    if (seen === undefined && !this.#escaped && keys.length - firstKey < 2 * FEW_KEYS) {
      for (let index = firstKey; index < keys.length; index += 2) {
        const otherStart = keys[index] as number;
        if (
          (keys[index + 1] as number) - otherStart === end - start &&
          this.#sameBytes(otherStart, start, end - start)
        ) {
          throw this.#duplicate(start, end);
        }
      }
      keys.push(start, end);
      return undefined;
    }
    // A key with an escape, or many keys: compare what the keys say, not how they are spelt.
    let all = seen;
    if (all === undefined) {
      all = new Set();
      for (let index = firstKey; index < keys.length; index += 2) {
        all.add(this.#decode(keys[index] as number, keys[index + 1] as number, false));
      }
    }
    const key = this.#decode(start, end, this.#escaped);
    if (all.has(key)) throw this.#duplicate(start, end);
    return all.add(key);
  }

  #duplicate(start: number, end: number): JsonFault {
    const key = this.#bytes.toString("utf8", start, Math.min(end, start + 64));
    return new JsonFault(`duplicate key ${key}`, start);
  }

  #sameBytes(first: number, second: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let index = 0; index < length; index++)
      if (bytes[first + index] !== bytes[second + index]) return false;
    return true;
  }

  #decode(start: number, end: number, escaped: boolean): string {
    return escaped
      ? (JSON.parse(this.#bytes.toString("utf8", start, end)) as string)
      : this.#bytes.toString("utf8", start + 1, end - 1);
  }

  #string(): void {
    const bytes = this.#bytes;
    const length = this.#length;
    let at = this.#at + 1;
    this.#escaped = false;
    for (;;) {
      at = endOfPlain(bytes, at);
      this.#at = at;
      if (at >= length) throw this.#fault("a string has no end");
      if (bytes[at] === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (bytes[at] !== BACKSLASH)
        throw this.#fault("a control character stands in a string; write it as an escape");
      this.#escaped = true;
      at = this.#escape(at + 1);
    }
  }

  /** @param at  the byte after the backslash @returns the first byte after the escape */
  #escape(at: number): number {
    const byte = this.#bytes[at];
    if (byte !== undefined && ESCAPED[byte] === 1) return at + 1;
    if (byte !== LETTER_U) throw this.#fault("an unknown escape stands in a string");
    const unit = this.#hex(at + 1);
    if (unit < 0xd800 || unit > 0xdfff) return at + 5;
    const isHigh = unit < 0xdc00;
    if (isHigh && this.#bytes[at + 5] === BACKSLASH && this.#bytes[at + 6] === LETTER_U) {
      const low = this.#hex(at + 7);
      if (low >= 0xdc00 && low <= 0xdfff) return at + 11;
    }
    throw this.#fault("a lone surrogate stands in a string; it is no character");
  }

  #hex(at: number): number {
    let value = 0;
    for (let index = at; index < at + 4; index++) {
      const digit = hexDigit(this.#bytes[index]);
      if (digit === -1) throw this.#fault("\\u wants four hexadecimal digits");
      value = value * 16 + digit;
    }
    return value;
  }

  #number(): void {
    const bytes = this.#bytes;
    if (bytes[this.#at] === MINUS) this.#at++;
    if (bytes[this.#at] === ZERO) this.#at++;
    else this.#digits();
    if (bytes[this.#at] === 0x2e) {
      this.#at++;
      this.#digits();
    }
    const exponent = bytes[this.#at];
    if (exponent === 0x65 || exponent === 0x45) {
      this.#at++;
      const sign = bytes[this.#at];
      if (sign === MINUS || sign === 0x2b) this.#at++;
      this.#digits();
    }
  }

  #digits(): void {
    if (!isDigit(this.#bytes[this.#at])) throw this.#fault("a number lacks a digit");
    while (isDigit(this.#bytes[this.#at])) this.#at++;
  }

  #literal(text: string): void {
    for (let index = 0; index < text.length; index++) {
      if (this.#bytes[this.#at + index] !== text.charCodeAt(index))
        throw this.#fault("expected a JSON value");
    }
    this.#at += text.length;
  }

  #space(): void {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at++;
    }
  }

  #fault(message: string): JsonFault {
    return new JsonFault(message, this.#at);
  }
}

/** A function of its own: inside the larger one the engine's compiler makes this loop four times slower. */
function endOfPlain(bytes: Buffer, from: number): number {
  let at = from;
  // Past the end there is undefined, which is not plain either: one comparison a byte is enough.
  while (PLAIN[bytes[at] as number] === 1) at++;
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= 0x39;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= ZERO && byte <= 0x39) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../../core/errors.ts";
import { JsonFault, memberValue, scanObject, type JsonMember } from "../../core/json-scan.ts";

/** The members of a body. @throws AppError invalid_request where it is no JSON object */
export function scanBody(bytes: Buffer): JsonMember[] {
  if (bytes.length === 0) throw new AppError("invalid_request", "the body is empty; send a JSON object");
  try {
    return scanObject(bytes);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new AppError("invalid_request", `the body is not the JSON expected: ${error.message}`);
  }
}

/** Those of the client's headers that go on. */
export function passedHeaders(
  headers: IncomingHttpHeaders,
  names: readonly string[],
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of names) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  return passed;
}

/** Typed look-ups in a body's top level; `null` counts as absent, as clients send it. */
export class Envelope {
  readonly #bytes: Buffer;
  readonly #members: readonly JsonMember[];

  constructor(bytes: Buffer, members: readonly JsonMember[]) {
    this.#bytes = bytes;
    this.#members = members;
  }

  member(key: string): JsonMember | undefined {
    const members = this.#members;
    for (let index = 0; index < members.length; index++)
      if (members[index]?.key === key) return members[index];
    return undefined;
  }

  value(key: string): unknown {
    const member = this.member(key);
    return member === undefined ? undefined : memberValue(this.#bytes, member);
  }

  text(key: string): string | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw new AppError("invalid_request", `${key}: expected a text that is not empty`);
  }

  boolean(key: string): boolean | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined || typeof value === "boolean") return value;
    throw new AppError("invalid_request", `${key}: expected true or false`);
  }

  count(key: string, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new AppError("invalid_request", `${key}: expected a whole number ${range}`);
  }

  /** @param open  the byte with which the value must begin, where it is there; or this other one */
  refuseUnless(key: string, open: number, expected: string, other = open): void {
    const member = this.member(key);
    const first = member === undefined ? open : this.#bytes[member.start];
    if (first !== open && first !== other)
      throw new AppError("invalid_request", `${key}: expected ${expected}`);
  }
}

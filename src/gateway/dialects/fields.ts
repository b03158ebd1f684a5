import type { OtherParameter } from "../../core/chat.ts";
import { AppError } from "../../core/errors.ts";

/** A JSON object, parsed. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Typed look-ups in parsed JSON for readers of chat requests. `null` counts as absent, as clients send it. What is of
 * another type is refused with its place, which is put together only then: reading is on every translated request.
 */
export function refusal(place: string, key: string, expected: string): AppError {
  const at = place === "" ? key : key === "" ? place : `${place}.${key}`;
  return new AppError("invalid_request", `${at}: expected ${expected}`);
}

/** @throws AppError invalid_request where the bytes are no JSON object */
export function parseFields(body: Buffer): Fields {
  return parseText(body.toString());
}

/** The same for a body that is a text already. */
export function parseText(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (isFields(value)) return value;
  throw new AppError("invalid_request", "the body is not the JSON expected: send one JSON object");
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** An element of a list as an object. */
export function elementFields(value: unknown, place: string): Fields {
  if (isFields(value)) return value;
  throw refusal(place, "", "an object");
}

export function requiredFields(fields: Fields, key: string, place: string): Fields {
  const value = fields[key];
  if (isFields(value)) return value;
  throw refusal(place, key, "an object");
}

export function optionalFields(fields: Fields, key: string, place: string): Fields | undefined {
  return isAbsent(fields[key]) ? undefined : requiredFields(fields, key, place);
}

export function requiredList(fields: Fields, key: string, place: string): readonly unknown[] {
  const value = fields[key];
  if (Array.isArray(value)) return value;
  throw refusal(place, key, "a list");
}

export function optionalList(fields: Fields, key: string, place: string): readonly unknown[] {
  return isAbsent(fields[key]) ? NOTHING : requiredList(fields, key, place);
}

const NOTHING: readonly unknown[] = [];

/** A text, which may be empty. */
export function requiredText(fields: Fields, key: string, place: string): string {
  const value = fields[key];
  if (typeof value === "string") return value;
  throw refusal(place, key, "a text");
}

export function optionalText(fields: Fields, key: string, place: string): string | undefined {
  return isAbsent(fields[key]) ? undefined : requiredText(fields, key, place);
}

/** A text with something in it. */
export function requiredWord(fields: Fields, key: string, place: string): string {
  const value = fields[key];
  if (typeof value === "string" && value !== "") return value;
  throw refusal(place, key, "a text that is not empty");
}

export function optionalWord(fields: Fields, key: string, place: string): string | undefined {
  return isAbsent(fields[key]) ? undefined : requiredWord(fields, key, place);
}

export function optionalBoolean(fields: Fields, key: string, place: string): boolean | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  if (typeof value === "boolean") return value;
  throw refusal(place, key, "true or false");
}

export function optionalNumber(fields: Fields, key: string, place: string): number | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  // JSON has no infinity, but 1e999 is read as one.
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw refusal(place, key, "a number");
}

/** A whole number of at least 1. */
export function optionalCount(fields: Fields, key: string, place: string): number | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= 1) return value as number;
  throw refusal(place, key, "a whole number of at least 1");
}

/** Tells what else stands in an object: nothing that is asked for is passed over. */
export function tellOthers(
  fields: Fields,
  known: ReadonlySet<string>,
  place: string,
  others: OtherParameter[],
): void {
  for (const name in fields) {
    const value = fields[name];
    if (!known.has(name) && !isAbsent(value)) others.push({ name: pathOf(place, name), value });
  }
}

/** `messages[2]` and `name` as `messages.2.name`. */
export function pathOf(place: string, name: string): string {
  return place === "" ? name : `${place.replaceAll(/\[(\d+)\]/g, ".$1")}.${name}`;
}

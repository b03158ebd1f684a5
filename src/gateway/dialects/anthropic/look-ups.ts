import { isAbsent, isFields, type Fields } from "../fields.ts";
import { missing, refused, wrong } from "./refusals.ts";

/**
 * Typed look-ups as in ../fields.ts, with refusals as the API words them. In error messages a place has the types of its
 * blocks in it, as the API's places have: `messages.0.content.1.image.source`.
 */
export function requiredText(fields: Fields, key: string, place: string): string {
  const value = fields[key];
  if (typeof value === "string") return value;
  throw value === undefined ? missing(place, key) : wrong(place, key, "a valid string");
}

export function optionalText(fields: Fields, key: string, place: string): string | undefined {
  return isAbsent(fields[key]) ? undefined : requiredText(fields, key, place);
}

/** A text with something in it. */
export function requiredWord(fields: Fields, key: string, place: string): string {
  const value = requiredText(fields, key, place);
  if (value === "") throw wrong(place, key, "at least 1 character");
  return value;
}

export function requiredObject(fields: Fields, key: string, place: string): Fields {
  const value = fields[key];
  if (isFields(value)) return value;
  throw value === undefined ? missing(place, key) : wrong(place, key, "a valid dictionary");
}

export function optionalObject(fields: Fields, key: string, place: string): Fields | undefined {
  return isAbsent(fields[key]) ? undefined : requiredObject(fields, key, place);
}

export function elementObject(value: unknown, place: string): Fields {
  if (isFields(value)) return value;
  throw wrong(place, "", "a valid dictionary");
}

export function requiredList(fields: Fields, key: string, place: string): readonly unknown[] {
  const value = fields[key];
  if (Array.isArray(value)) return value;
  throw value === undefined ? missing(place, key) : wrong(place, key, "a valid list");
}

export function optionalList(fields: Fields, key: string, place: string): readonly unknown[] {
  return isAbsent(fields[key]) ? NOTHING : requiredList(fields, key, place);
}

const NOTHING: readonly unknown[] = [];

export function optionalBoolean(fields: Fields, key: string, place: string): boolean | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  if (typeof value === "boolean") return value;
  throw wrong(place, key, "a valid boolean");
}

/** A number from 0 to 1. */
export function optionalShare(fields: Fields, key: string): number | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  if (typeof value !== "number") throw wrong("", key, "a valid number");
  if (value < 0 || value > 1) throw refused(`${key}: range: 0..1`);
  return value;
}

export function optionalInteger(
  fields: Fields,
  key: string,
  place: string,
  least: number,
): number | undefined {
  const value = fields[key];
  if (isAbsent(value)) return undefined;
  if (!Number.isSafeInteger(value)) throw wrong(place, key, "a valid integer");
  if ((value as number) < least) throw wrong(place, key, `greater than or equal to ${least}`);
  return value as number;
}

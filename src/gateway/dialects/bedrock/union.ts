import { elementFields, isAbsent, type Fields } from "../fields.ts";
import { refused } from "./refusals.ts";

/** The one member that an object of a union has. */
export interface UnionMember {
  readonly key: string;
  readonly value: unknown;
}

/**
 * @param name  as the service calls the union: `ContentBlock`
 * @throws AppError where none of the keys is there, or several are
 */
export function unionMember(
  object: unknown,
  place: string,
  name: string,
  keys: readonly string[],
): UnionMember {
  const fields: Fields = elementFields(object, place);
  let found: string | undefined;
  for (const key in fields) {
    if (isAbsent(fields[key])) continue;
    if (found !== undefined) throw wrong(name, place, "can only", keys);
    found = key;
  }
  if (found === undefined || !keys.includes(found)) throw wrong(name, place, "must", keys);
  return { key: found, value: fields[found] };
}

function wrong(name: string, place: string, rule: "can only" | "must", keys: readonly string[]): Error {
  const set = rule === "must" ? "must set one" : "can only set one";
  return refused(`${name} object at ${place} ${set} of the following keys: ${keys.join(", ")}`);
}

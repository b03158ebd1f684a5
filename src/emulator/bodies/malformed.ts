import type { JsonObject } from "../json.ts";
import { invalid, type ServiceError } from "../service-error.ts";

/** What models that are not Anthropic's say of a body that does not fit their JSON schema. */
export function malformed(what: string, place = ""): ServiceError {
  return invalid(`Malformed input request: #${place}: ${what}, please reformat your input and try again.`);
}

/**
 * Checks the members of a body.
 *
 * @throws ServiceError where a required one is missing or an unknown one is there
 */
export function checkMembers(
  body: JsonObject,
  known: Readonly<Record<string, "string" | "number" | "array" | "object" | "boolean" | "any">>,
  required: readonly string[],
): void {
  for (const name of required)
    if (body[name] === undefined) throw malformed(`required key [${name}] not found`);
  for (const [name, value] of Object.entries(body)) {
    const type = known[name];
    if (type === undefined) throw malformed(`extraneous key [${name}] is not permitted`);
    const actual = Array.isArray(value) ? "array" : value === null ? "null" : typeof value;
    if (type !== "any" && actual !== type)
      throw malformed(`expected type: ${WORDS[type] ?? type}, found: ${WORDS[actual] ?? actual}`, `/${name}`);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  array: "JSONArray",
  object: "JSONObject",
  string: "String",
  number: "Number",
  boolean: "Boolean",
  null: "Null",
};

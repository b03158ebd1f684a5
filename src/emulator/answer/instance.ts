import { isObject, textOf, type Json, type JsonObject } from "../json.ts";
import type { Random } from "./random.ts";

/** How deep a schema that refers to itself is followed. */
const DEEPEST = 8;

/** A value that fits a JSON Schema, as far as models keep to one: types, required members, enums, bounds, references. */
export function instanceOf(schema: Json, random: Random): Json {
  return new Maker(schema, random).make(schema, 0);
}

class Maker {
  readonly #root: Json;
  readonly #random: Random;

  constructor(root: Json, random: Random) {
    this.#root = root;
    this.#random = random;
  }

  make(schema: Json | undefined, depth: number): Json {
    if (!isObject(schema)) return {};
    if (typeof schema["$ref"] === "string") return this.make(this.#follow(schema["$ref"]), depth + 1);
    if (schema["const"] !== undefined) return schema["const"];
    if (Array.isArray(schema["enum"])) return this.#random.pick(schema["enum"] as readonly Json[]);
    for (const choice of ["anyOf", "oneOf"]) {
      const options = schema[choice];
      if (Array.isArray(options))
        return this.make(this.#option(options as readonly Json[], depth), depth + 1);
    }
    if (Array.isArray(schema["allOf"]))
      return this.make(merged(schema, schema["allOf"] as readonly Json[]), depth + 1);
    return this.#ofType(typeOf(schema, depth), schema, depth);
  }

  #ofType(type: string, schema: JsonObject, depth: number): Json {
    switch (type) {
      case "object":
        return this.#object(schema, depth);
      case "array":
        return this.#array(schema, depth);
      case "string":
        return this.#text(schema);
      case "integer":
      case "number":
        return this.#number(schema, type === "integer");
      case "boolean":
        return this.#random.next() < 0.5;
      default:
        return null;
    }
  }

  #object(schema: JsonObject, depth: number): JsonObject {
    const properties = isObject(schema["properties"]) ? schema["properties"] : {};
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const made: Record<string, Json> = {};
    for (const [name, property] of Object.entries(properties))
      // Deep down only what must be there, or a schema that holds itself would never end.
      if (depth < DEEPEST || required.includes(name)) made[name] = this.make(property, depth + 1);
    return made;
  }

  #array(schema: JsonObject, depth: number): readonly Json[] {
    const least = typeof schema["minItems"] === "number" ? schema["minItems"] : 0;
    const most = typeof schema["maxItems"] === "number" ? schema["maxItems"] : Math.max(least, 2);
    const length = depth >= DEEPEST ? least : this.#random.between(Math.min(Math.max(least, 1), most), most);
    return Array.from({ length }, () => this.make(schema["items"] ?? { type: "string" }, depth + 1));
  }

  #text(schema: JsonObject): string {
    const made = FORMATS[textOf(schema["format"]) ?? ""] ?? this.#random.pick(SAMPLES);
    const least = typeof schema["minLength"] === "number" ? schema["minLength"] : 0;
    const most = typeof schema["maxLength"] === "number" ? schema["maxLength"] : Infinity;
    return made.padEnd(least, "x").slice(0, most);
  }

  #number(schema: JsonObject, integer: boolean): number {
    const bound = (name: string): number | undefined =>
      typeof schema[name] === "number" ? schema[name] : undefined;
    const step = bound("multipleOf") ?? (integer ? 1 : 0.5);
    const above = bound("exclusiveMinimum");
    const below = bound("exclusiveMaximum");
    const least = bound("minimum") ?? (above === undefined ? undefined : above + step);
    const most = bound("maximum") ?? (below === undefined ? undefined : below - step);
    const from = least ?? (most === undefined ? 1 : most - 99 * step);
    const to = most ?? from + 99 * step;
    const first = Math.ceil(from / step);
    const last = Math.max(first, Math.floor(to / step));
    return this.#random.between(first, last) * step;
  }

  /** The first that is not null, deep down the one that ends. */
  #option(options: readonly Json[], depth: number): Json | undefined {
    const isNull = (option: Json): boolean => isObject(option) && option["type"] === "null";
    return options.find((option) => isNull(option) === depth >= DEEPEST) ?? options[0];
  }

  #follow(reference: string): Json | undefined {
    let at: Json | undefined = this.#root;
    for (const step of reference.replace(/^#\/?/, "").split("/").filter(Boolean))
      at = isObject(at) ? at[step.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
    return at;
  }
}

const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-03-14",
  time: "09:26:53Z",
  "date-time": "2026-03-14T09:26:53Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  uuid: "2f1c8a4e-6f0b-4c1f-9f5e-0c7b5f6f2a10",
  hostname: "example.com",
  ipv4: "192.0.2.1",
  ipv6: "2001:db8::1",
};
const SAMPLES = ["harbour", "north", "silver", "morning", "bridge", "station"];

function typeOf(schema: JsonObject, depth: number): string {
  const type = schema["type"];
  if (Array.isArray(type)) {
    const types = type as readonly Json[];
    return textOf(types.find((one) => (one === "null") === depth >= DEEPEST) ?? types[0]) ?? "null";
  }
  if (typeof type === "string") return type;
  return schema["items"] !== undefined ? "array" : schema["properties"] !== undefined ? "object" : "string";
}

function merged(schema: JsonObject, parts: readonly Json[]): JsonObject {
  const { allOf: _, ...rest } = schema;
  const all = [rest, ...parts.filter(isObject)];
  return {
    ...Object.assign({}, ...all),
    properties: Object.assign({}, ...all.map((part) => part["properties"] ?? {})) as JsonObject,
    required: all.flatMap((part) => (Array.isArray(part["required"]) ? (part["required"] as Json[]) : [])),
  };
}

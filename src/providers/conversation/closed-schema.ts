type Schema = Readonly<Record<string, unknown>>;

/** What is checked by value: the service's grammar knows structure alone. */
const BY_VALUE: ReadonlySet<string> = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);
/** Structure that the grammar does not know. */
const UNKNOWN: ReadonlySet<string> = new Set([
  "patternProperties",
  "propertyNames",
  "unevaluatedProperties",
  "dependentSchemas",
  "dependentRequired",
  "if",
  "then",
  "else",
  "not",
  "contains",
  "prefixItems",
]);
const MAPS: ReadonlySet<string> = new Set(["properties", "$defs", "definitions"]);
const LISTS: ReadonlySet<string> = new Set(["anyOf", "oneOf", "allOf"]);

/**
 * The schema in the subset that Claude and Bedrock enforce: every object says `additionalProperties: false`, and limits that are not
 * enforced move into the description, where the model still reads them.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html,
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 *
 * @returns undefined where it cannot be said in the subset: maps, recursion, references to elsewhere, conditions
 */
export function closedSchema(schema: Schema): Schema | undefined {
  if (isRecursive(schema)) return undefined;
  try {
    return closed(schema);
  } catch (error) {
    if (error instanceof NotInSubset) return undefined;
    throw error;
  }
}

class NotInSubset extends Error {}

function closed(schema: Schema): Schema {
  const result: Record<string, unknown> = {};
  const limits: string[] = [];
  for (const [key, value] of Object.entries(schema)) {
    if (UNKNOWN.has(key)) throw new NotInSubset(key);
    if (BY_VALUE.has(key) || (key === "minItems" && value !== 0 && value !== 1))
      limits.push(`${key}: ${JSON.stringify(value)}`);
    else if (key === "additionalProperties") {
      if (value !== false) throw new NotInSubset(key);
    } else if (key === "$ref" && !isLocal(value)) throw new NotInSubset(key);
    else if (key !== "$schema") put(result, key === "oneOf" ? "anyOf" : key, closedMember(key, value));
  }
  if (isObjectSchema(schema)) result["additionalProperties"] = false;
  if (limits.length > 0) {
    const told = `(${limits.join(", ")})`;
    result["description"] =
      typeof schema["description"] === "string" ? `${schema["description"]} ${told}` : told;
  }
  return result;
}

function closedMember(key: string, value: unknown): unknown {
  if (MAPS.has(key) && isSchema(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, closedPart(part)]));
  if (LISTS.has(key) && Array.isArray(value)) return value.map(closedPart);
  return key === "items" ? closedPart(value) : value;
}

function closedPart(part: unknown): unknown {
  if (isSchema(part)) return closed(part);
  throw new NotInSubset("a schema that is not an object");
}

function put(result: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(result, key, { value, enumerable: true, writable: true, configurable: true });
}

function isObjectSchema({ type, properties }: Schema): boolean {
  return type === "object" || (Array.isArray(type) && type.includes("object")) || isSchema(properties);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLocal(reference: unknown): boolean {
  return typeof reference === "string" && /^#\/(\$defs|definitions)\/[^/]+$/.test(reference);
}

/** Whether a definition leads back to itself. */
function isRecursive(schema: Schema): boolean {
  const definitions = { ...asSchema(schema["definitions"]), ...asSchema(schema["$defs"]) };
  const state = new Map<string, "open" | "done">();
  return Object.keys(definitions).some((name) => leadsBack(name, definitions, state));
}

/** Without calling itself: a chain of definitions may be longer than the stack. */
function leadsBack(first: string, definitions: Schema, state: Map<string, "open" | "done">): boolean {
  if (state.has(first)) return false;
  const open: { readonly name: string; readonly rest: string[] }[] = [];
  const enter = (name: string): void => {
    state.set(name, "open");
    open.push({ name, rest: referencesOf(definitions[name]) });
  };
  enter(first);
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      state.set(top.name, "done");
      open.pop();
    } else if (state.get(next) === "open") return true;
    else if (!state.has(next)) enter(next);
  }
  return false;
}

function asSchema(value: unknown): Schema {
  return isSchema(value) ? value : {};
}

function referencesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf);
  if (!isSchema(value)) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === "$ref" && typeof part === "string" ? [part.slice(part.lastIndexOf("/") + 1)] : referencesOf(part),
  );
}

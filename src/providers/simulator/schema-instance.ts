type JsonSchema = Readonly<Record<string, unknown>>;

const MAX_DEPTH = 8;

/** A small value that fits a JSON schema well enough for tool arguments and JSON mode; recursion ends in null. */
export function instanceOf(schema: unknown, depth = 0): unknown {
  if (typeof schema !== "object" || schema === null || depth > MAX_DEPTH) return null;
  const { type, properties, items, anyOf, oneOf, ...rest } = schema as JsonSchema;
  const choices = rest["enum"];
  if (Array.isArray(choices) && choices.length > 0) return choices[0];
  if ("const" in rest) return rest["const"];
  const alternatives = anyOf ?? oneOf;
  if (Array.isArray(alternatives)) return instanceOf(alternatives[0], depth + 1);
  switch (Array.isArray(type) ? type[0] : (type ?? (properties === undefined ? "string" : "object"))) {
    case "object":
      return Object.fromEntries(
        Object.entries((properties ?? {}) as Record<string, unknown>).map(([key, inner]) => [
          key,
          instanceOf(inner, depth + 1),
        ]),
      );
    case "array":
      return [instanceOf(items, depth + 1)];
    case "integer":
      return typeof rest["minimum"] === "number" ? rest["minimum"] : 1;
    case "number":
      return typeof rest["minimum"] === "number" ? rest["minimum"] : 1.5;
    case "boolean":
      return true;
    case "null":
      return null;
    default:
      return "simulated";
  }
}

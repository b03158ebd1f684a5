import { isObject, type Json } from "../json.ts";
import { wantedSchema } from "../wanted-schema.ts";
import type { Rule } from "./rule.ts";

/** Keywords from which Anthropic compiles no grammar. */
const UNSUPPORTED = [
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
  "patternProperties",
  "if",
  "then",
  "else",
  "not",
];

/** The schema of a structured answer. */
export const OUTPUT_RULES: readonly Rule[] = [
  ({ request, resolved: { model } }) =>
    request.outputConfig?.textFormat !== undefined && !model.structuredOutput
      ? "This model doesn't support the outputConfig.textFormat field. Remove outputConfig.textFormat and try again."
      : undefined,
  ({ request }) => {
    const schema = wantedSchema(request);
    return schema === undefined || isObject(schema)
      ? undefined
      : "The value at outputConfig.textFormat.structure.jsonSchema.schema is not a valid JSON schema. Provide a JSON object as a string and try again.";
  },
];

/** What the model's front says of the schema: no grammar can be compiled from it. */
export const schemaRule: Rule = ({ request, resolved: { model } }) => {
  const said = faultOf(wantedSchema(request), model.body === "anthropic" ? UNSUPPORTED : []);
  return said === undefined ? undefined : `output_config.format.schema: ${said}`;
};

/** Looks through a schema and everything in it. */
function faultOf(schema: Json | undefined, unsupported: readonly string[]): string | undefined {
  if (Array.isArray(schema)) return firstFault(schema as readonly Json[], unsupported);
  if (!isObject(schema)) return undefined;
  const isObjectType = schema["type"] === "object" || isObject(schema["properties"]);
  if (isObjectType && schema["additionalProperties"] !== false)
    return "For 'object' type, 'additionalProperties' must be explicitly set to false";
  const type = typeof schema["type"] === "string" ? schema["type"] : "object";
  const keyword = unsupported.find((name) => Object.hasOwn(schema, name));
  if (keyword !== undefined) return `For '${type}' type, property '${keyword}' is not supported`;
  const inner = ["properties", "$defs", "definitions"].flatMap((name) => {
    const named = schema[name];
    return isObject(named) ? Object.values(named).flatMap((one) => one ?? []) : [];
  });
  const listed = ["items", "anyOf", "oneOf", "allOf"].flatMap((name) => schema[name] ?? []);
  return firstFault([...(inner as Json[]), ...(listed as Json[])], unsupported);
}

function firstFault(schemas: readonly Json[], unsupported: readonly string[]): string | undefined {
  for (const schema of schemas) {
    const said = faultOf(schema, unsupported);
    if (said !== undefined) return said;
  }
  return undefined;
}

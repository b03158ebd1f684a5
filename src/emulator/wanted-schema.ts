import type { ConverseRequest } from "./converse-request.ts";
import { isObject, objectOf, type Json } from "./json.ts";

/**
 * The schema that the answer shall fit: Converse's own, a text, or Anthropic's `output_config.format` among the
 * additional fields.
 *
 * @returns undefined where none is wanted; null where it is no JSON
 */
export function wantedSchema(request: ConverseRequest): Json | undefined {
  const text = request.outputConfig?.textFormat?.structure.jsonSchema.schema;
  if (text !== undefined) return parsed(text);
  const fields = request.additionalModelRequestFields;
  if (!isObject(fields)) return undefined;
  const format = objectOf(objectOf(fields["output_config"])?.["format"]) ?? objectOf(fields["output_format"]);
  return format?.["type"] === "json_schema" ? (format["schema"] ?? null) : undefined;
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

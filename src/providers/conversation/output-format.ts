import type { ChatRequest, OutputFormat } from "../../core/chat.ts";
import { closedSchema } from "./closed-schema.ts";
import type { Writing } from "./writing.ts";

type SchemaFormat = Extract<OutputFormat, { type: "json-schema" }>;

export type NativeFormat = Pick<SchemaFormat, "name" | "description" | "schema">;

/** How the form of the answer is said; at most one of these. */
export interface OutputWay {
  /** The schema that the model is held to, in the subset that it knows. */
  readonly native: NativeFormat | undefined;
  /** A tool whose arguments are the answer. */
  readonly byTool: SchemaFormat | undefined;
  /** For the system prompt. */
  readonly instruction: string | undefined;
}

const FREE: OutputWay = { native: undefined, byTool: undefined, instruction: undefined };
const JSON_ALONE =
  "Answer with one JSON object and nothing else: no words before or after it, no code fences.";

/**
 * A schema is said natively where the model has that and the schema is in the subset; else by a tool that must be called,
 * which is unwrapped on the way back; else in words.
 */
export function outputWay({ output, toolChoice }: ChatRequest, { model, losses }: Writing): OutputWay {
  if (output === undefined) return FREE;
  if (output.type === "json") return { ...FREE, instruction: JSON_ALONE };
  if (model.jsonSchema === "native") {
    const schema = closedSchema(output.schema);
    if (schema !== undefined) return { ...FREE, native: { ...output, schema } };
  }
  const canForce = model.tools && (model.toolChoice.tool || model.toolChoice.any);
  if (canForce && isObject(output)) {
    // The client's own tool must be called: then there is no answer to give a form.
    return typeof toolChoice === "object" ? FREE : { ...FREE, byTool: output };
  }
  losses.drop("response_format", "can only be asked for in words: nothing holds this model to such a schema");
  return {
    ...FREE,
    instruction: `${JSON_ALONE} It follows this JSON schema: ${JSON.stringify(output.schema)}`,
  };
}

/** Arguments of a tool are an object. */
function isObject({ schema }: SchemaFormat): boolean {
  return schema["type"] === "object" || (schema["type"] === undefined && schema["properties"] !== undefined);
}

import type { Answer } from "../answer/answer.ts";
import type { Json, JsonObject } from "../json.ts";

/** Members of the model's own answer that `additionalModelResponseFieldPaths` may ask for. */
export function responseFields(paths: readonly string[], { stopSequence }: Answer): JsonObject | undefined {
  const own: JsonObject = { stop_sequence: stopSequence ?? null };
  const found: Record<string, Json> = {};
  for (const path of paths) {
    const name = path.replace(/^\//, "");
    const value = own[name];
    if (value !== undefined) found[name] = value;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

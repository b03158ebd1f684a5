import * as z from "zod";
import type { ConfigPath } from "./fault.ts";

/** The keys that the schema knows at a path, over all branches of unions; empty where any key may stand. */
export function knownKeys(schema: z.ZodType, path: ConfigPath): string[] {
  const found = new Set<string>();
  collect(schema, path, found);
  return [...found].toSorted();
}

function collect(schema: z.core.$ZodType, path: ConfigPath, found: Set<string>): void {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    for (const option of inner.options) collect(option, path, found);
    return;
  }
  const [step, ...rest] = path;
  if (step === undefined) {
    if (inner instanceof z.ZodObject) for (const key of Object.keys(inner.shape)) found.add(key);
    if (inner instanceof z.ZodRecord && inner.keyType instanceof z.ZodEnum) {
      for (const key of inner.keyType.options) found.add(String(key));
    }
    return;
  }
  if (inner instanceof z.ZodObject) {
    const child = (inner.shape as Record<string, z.core.$ZodType>)[String(step)];
    if (child !== undefined) collect(child, rest, found);
  } else if (inner instanceof z.ZodRecord) {
    collect(inner.valueType, rest, found);
  } else if (inner instanceof z.ZodArray) {
    collect(inner.element, rest, found);
  }
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

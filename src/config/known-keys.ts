import * as z from "zod";
import type { ConfigPath } from "./fault.ts";

type Shape = Record<string, z.core.$ZodType>;

/** The keys that the schema knows at a path, over all branches of unions; empty where any key may stand. */
export function knownKeys(schema: z.ZodType, path: ConfigPath): string[] {
  const found = new Set<string>();
  for (const inner of schemasAt(schema, path).flatMap(branches)) {
    if (inner instanceof z.ZodObject) for (const key of Object.keys(inner.shape)) found.add(key);
    if (inner instanceof z.ZodRecord && inner.keyType instanceof z.ZodEnum) {
      for (const key of inner.keyType.options) found.add(String(key));
    }
  }
  return [...found].toSorted();
}

/** What may stand at a path, unions whole. */
function schemasAt(schema: z.core.$ZodType, path: ConfigPath): z.core.$ZodType[] {
  const inner = unwrap(schema);
  const [step, ...rest] = path;
  if (step === undefined) return [inner];
  return branches(inner).flatMap((branch) => {
    if (branch instanceof z.ZodRecord) return schemasAt(branch.valueType, rest);
    if (branch instanceof z.ZodArray) return schemasAt(branch.element, rest);
    const shape: Shape = branch instanceof z.ZodObject ? branch.shape : {};
    const child = Object.hasOwn(shape, step) ? shape[step] : undefined;
    return child === undefined ? [] : schemasAt(child, rest);
  });
}

function branches(schema: z.core.$ZodType): z.core.$ZodType[] {
  const inner = unwrap(schema);
  return inner instanceof z.ZodUnion ? inner.options.flatMap(branches) : [inner];
}

/** The keys of each kind, but for `kind` itself, where entries at a path are told apart by it; else empty. */
export function keysByKind(schema: z.ZodType, path: ConfigPath): Map<string, string[]> {
  const kinds = new Map<string, string[]>();
  for (const found of schemasAt(schema, path)) {
    if (!(found instanceof z.ZodDiscriminatedUnion) || found.def.discriminator !== "kind") continue;
    for (const option of found.options) {
      if (!(option instanceof z.ZodObject)) continue;
      const shape: Shape = option.shape;
      const { kind } = shape;
      if (!(kind instanceof z.ZodLiteral)) continue;
      const keys = Object.keys(shape).filter((key) => key !== "kind");
      kinds.set(String(kind.value), keys.toSorted());
    }
  }
  return kinds;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrap(schema.unwrap());
  }
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
}

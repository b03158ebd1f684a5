/**
 * Shapes of the service's model, as far as its own validation goes: members, types and constraints.
 * Source: the Smithy model inside @aws-sdk/client-bedrock-runtime.
 */
export type Shape =
  | TextShape
  | NumberShape
  | { readonly kind: "boolean" | "blob" | "document" }
  | ListShape
  | MapShape
  | StructureShape;

export interface TextShape {
  readonly kind: "text";
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: string;
  readonly values?: readonly string[];
  /** Whether a refusal repeats the value; texts of users are not repeated. */
  readonly sensitive?: boolean;
}

export interface NumberShape {
  readonly kind: "number";
  readonly integer?: boolean;
  readonly min?: number;
  readonly max?: number;
}

export interface ListShape {
  readonly kind: "list";
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
}

export interface MapShape {
  readonly kind: "map";
  readonly key: TextShape;
  readonly of: Shape;
  readonly min?: number;
  readonly max?: number;
}

/** A structure, or a union where `union` names it. */
export interface StructureShape {
  readonly kind: "structure";
  readonly members: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly union?: string;
}

export const BOOLEAN: Shape = { kind: "boolean" };
export const BLOB: Shape = { kind: "blob" };
export const DOCUMENT: Shape = { kind: "document" };

export function text(constraints: Omit<TextShape, "kind"> = {}): TextShape {
  return { kind: "text", ...constraints };
}

export function oneOf(...values: string[]): TextShape {
  return { kind: "text", values };
}

export function list(of: Shape, constraints: { min?: number; max?: number } = {}): ListShape {
  return { kind: "list", of, ...constraints };
}

export function structure(
  members: Readonly<Record<string, Shape>>,
  required: readonly string[] = [],
): StructureShape {
  return { kind: "structure", members, required };
}

export function union(name: string, members: Readonly<Record<string, Shape>>): StructureShape {
  return { kind: "structure", members, union: name };
}

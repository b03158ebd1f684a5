/** A mapping as the file has it, before any check. */
export type Raw = Readonly<Record<string, unknown>>;

/** The value where it is a mapping, else an empty one: what has the wrong shape is the schema's to tell. */
export function record(value: unknown): Raw {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

/** The value where it is a list, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

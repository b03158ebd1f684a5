/** A JSON object, parsed. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; undefined where it is something else: engines leave out and add what they like. */
export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A text with something in it. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A text, or the text parts of a list: some engines answer with those. */
export function contentText(value: unknown): string {
  if (typeof value === "string") return value;
  return listOf(value)
    .map((part) => textOf(fieldsOf(part)?.["text"]) ?? "")
    .join("");
}

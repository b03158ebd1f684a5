import type { Tool } from "../core/chat.ts";

/** Tokens beside the texts. */
interface ToolTexts {
  readonly texts: readonly string[];
  readonly added: number;
}

/** For a list of properties, for each property, and for each value of an enumeration less one. */
const PROPERTIES = 3;
const PROPERTY = 3;
const ENUM_VALUE = 3;

/** A tool's description as JSON. */
export function jsonToolTexts({ name, description, schema }: Tool): ToolTexts {
  return { texts: [JSON.stringify({ name, description, input_schema: schema })], added: 0 };
}

/**
 * A tool's description as OpenAI's models read it: names, types and descriptions, without JSON's punctuation. Of nested
 * objects the cookbook says nothing; they are counted alike.
 * https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
 */
export function openAiToolTexts({ name, description, schema }: Tool): ToolTexts {
  const texts = [`${name}:${withoutStop(description)}`];
  return { texts, added: readProperties(schema, texts) };
}

function readProperties(schema: unknown, texts: string[]): number {
  const properties = Object.entries(fieldsOf(fieldsOf(schema)["properties"]));
  let added = properties.length === 0 ? 0 : PROPERTIES;
  for (const [key, value] of properties) {
    const { type, description, enum: values, items } = fieldsOf(value);
    added += PROPERTY;
    texts.push(`${key}:${textOf(type)}:${withoutStop(description)}`);
    if (Array.isArray(values)) {
      added += ENUM_VALUE * (values.length - 1);
      texts.push(...values.map(textOf));
    }
    added += readProperties(value, texts) + readProperties(items, texts);
  }
  return added;
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}

function withoutStop(description: unknown): string {
  return textOf(description).replace(/\.$/, "");
}

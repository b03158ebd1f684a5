import type { OtherParameter, OutputFormat } from "../../../core/chat.ts";
import {
  isAbsent,
  optionalBoolean,
  optionalFields,
  optionalText,
  requiredFields,
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";

const TEXT_KEYS: ReadonlySet<string> = new Set(["format", "verbosity"]);

/** How the answer shall look. https://platform.openai.com/docs/api-reference/responses/create (text) */
export function readText(fields: Fields, others: OtherParameter[]): OutputFormat | undefined {
  const text = optionalFields(fields, "text", "");
  if (text === undefined) return undefined;
  tellOthers(text, TEXT_KEYS, "text", others);
  const verbosity = optionalText(text, "verbosity", "text") ?? "medium";
  if (verbosity !== "medium") others.push({ name: "text.verbosity", value: verbosity });
  const format = optionalFields(text, "format", "text");
  return format === undefined ? undefined : readFormat(format, others);
}

const FORMAT = "text.format";
const SCHEMA_KEYS: ReadonlySet<string> = new Set(["type", "name", "description", "schema", "strict"]);

function readFormat(format: Fields, others: OtherParameter[]): OutputFormat | undefined {
  const type = requiredText(format, "type", FORMAT);
  if (type === "json_object") return { type: "json" };
  if (type === "json_schema") {
    tellOthers(format, SCHEMA_KEYS, FORMAT, others);
    return {
      type: "json-schema",
      name: requiredWord(format, "name", FORMAT),
      description: optionalText(format, "description", FORMAT),
      schema: requiredFields(format, "schema", FORMAT),
      strict: optionalBoolean(format, "strict", FORMAT),
    };
  }
  // Grammars and the like, which some engines take.
  if (type !== "text") others.push({ name: FORMAT, value: format });
  return undefined;
}

const REASONING_KEYS: ReadonlySet<string> = new Set(["effort"]);
/** What says only what holds without it. Thoughts are given as a summary where one is asked for, as long as they are. */
const DEFAULTS: ReadonlyMap<string, string> = new Map([
  ["summary", "auto"],
  ["generate_summary", "auto"],
  ["context", "auto"],
  ["mode", "standard"],
]);

/** @returns how hard to think */
export function readReasoning(fields: Fields, others: OtherParameter[]): string | undefined {
  const reasoning = optionalFields(fields, "reasoning", "");
  if (reasoning === undefined) return undefined;
  const asked = Object.entries(reasoning).filter(
    ([name, value]) => !isAbsent(value) && DEFAULTS.get(name) !== value,
  );
  tellOthers(Object.fromEntries(asked), REASONING_KEYS, "reasoning", others);
  return optionalText(reasoning, "effort", "reasoning");
}

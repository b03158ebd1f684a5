import * as z from "zod";
import { notYetPaths } from "../../src/config/not-yet.ts";
import { configSchema } from "../../src/config/schema.ts";

interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
}

/** The schema for editors: docs/reference/switchyard.schema.json. */
export function configurationSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, { io: "input", target: "draft-7" }) as JsonSchema;
  return { ...schema, description: "The configuration of Switchyard, switchyard.yaml." };
}

/** docs/reference/configuration.md, from the schema's own descriptions. */
export function configurationReference(): string {
  const lines: string[] = [];
  describe(configurationSchema(), [], lines);
  return `# Configuration

\`switchyard.yaml\`, field by field. \`switchyard check\` names every fault of a file at once. What is marked *not yet* is
known to the schema and refused until it is available.

Editors check and complete it by [switchyard.schema.json](switchyard.schema.json); put this line first in the file:

\`\`\`yaml
# yaml-language-server: $schema=./node_modules/switchyard/docs/reference/switchyard.schema.json
\`\`\`

Secrets are only ever \`env:NAME\` or \`file:PATH\`. Durations are \`250ms\`, \`30s\`, \`15m\`; sizes \`25MiB\`; prices USD per
million tokens, exact to nine decimals.

| field | value | default | meaning |
|---|---|---|---|
${lines.join("\n")}
`;
}

function describe(schema: JsonSchema, path: readonly string[], lines: string[]): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const at = [...path, name];
    const isRequired = schema.required?.includes(name) === true;
    lines.push(
      `| \`${at.join(".")}\` | ${valueText(field)}${isRequired ? ", required" : ""} | ${defaultText(field)} | ${notYetText(at, field)}${field.description ?? ""} |`,
    );
    describeInner(field, at, lines);
  }
}

function describeInner(field: JsonSchema, path: readonly string[], lines: string[]): void {
  describe(field, path, lines);
  if (typeof field.additionalProperties === "object")
    describeInner(field.additionalProperties, [...path, "NAME"], lines);
  if (field.items !== undefined)
    describeInner(field.items, [...path.slice(0, -1), `${path.at(-1) ?? ""}[]`], lines);
  for (const option of [...(field.oneOf ?? []), ...(field.anyOf ?? [])]) {
    const kind = option.properties?.["kind"]?.const;
    if (kind === undefined) describeInner(option, path, lines);
    else
      describe(
        { ...option, properties: withoutKind(option) },
        [...path.slice(0, -1), `${path.at(-1) ?? ""} (${kind})`],
        lines,
      );
  }
}

function withoutKind(option: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return Object.fromEntries(Object.entries(option.properties ?? {}).filter(([name]) => name !== "kind"));
}

function valueText(field: JsonSchema): string {
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.enum !== undefined) return field.enum.map((value) => `\`${String(value)}\``).join(", ");
  const options = field.anyOf ?? field.oneOf;
  if (options !== undefined) return [...new Set(options.map(valueText))].join(" or ");
  if (field.type === "array")
    return `list of ${field.items === undefined ? "values" : valueText(field.items)}`;
  return (
    {
      string: "text",
      integer: "whole number",
      number: "number",
      boolean: "true or false",
      object: "mapping",
    }[field.type ?? ""] ?? "value"
  );
}

function defaultText(field: JsonSchema): string {
  const value = field.default;
  if (value === undefined || (typeof value === "object" && Object.keys(value ?? {}).length === 0)) return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

/** What of a field is refused as not available yet: found by asking the check itself. */
function notYetText(path: readonly string[], field: JsonSchema): string {
  if (isNotYet(path, "probe")) return "*not yet.* ";
  const values = (field.enum ?? [])
    .filter((value) => isNotYet(path, value))
    .map((value) => `\`${String(value)}\``);
  return values.length === 0 ? "" : `*not yet:* ${values.join(", ")}. `;
}

function isNotYet(path: readonly string[], value: unknown): boolean {
  const probe = path.toReversed().reduce<unknown>((inner, name) => {
    const [, key = "", kind, list] = /^([^ [\]]+)(?: \((.*)\))?(\[\])?$/.exec(name) ?? [];
    const whole = kind === undefined ? inner : { kind, ...(inner as object) };
    return { [key]: list === undefined ? whole : [whole] };
  }, value);
  return notYetPaths(probe).length > 0;
}

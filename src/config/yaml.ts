import { isScalar, LineCounter, parseDocument, visit, type Document } from "yaml";

/** Something that is wrong with the text itself, before its meaning. */
export interface TextFault {
  readonly offset: number;
  readonly message: string;
}

export type YamlResult =
  | { readonly ok: true; readonly document: Document; readonly raw: unknown; readonly lines: LineCounter }
  | { readonly ok: false; readonly faults: readonly TextFault[]; readonly lines: LineCounter };

const MAX_ALIASES = 100;
/** Ancestors of an entry such as a provider: document, mapping, the section's entry, its mapping. */
const IN_A_SECTION = 4;
/** Of a text that is no YAML at all, only the first complaints help. */
const MAX_TEXT_FAULTS = 20;

/** What the parser says with these codes holds nothing of the text; other messages may repeat a secret. */
const HARMLESS = new Set([
  "MISSING_CHAR",
  "BAD_INDENT",
  "TAB_AS_INDENT",
  "MULTILINE_IMPLICIT_KEY",
  "BLOCK_AS_IMPLICIT_KEY",
  "BLOCK_IN_FLOW",
]);

/** Reads YAML 1.2 into plain data, and refuses what plain data cannot hold: keys that are no texts, circles, tags. */
export function readYaml(text: string): YamlResult {
  const lines = new LineCounter();
  const options = { lineCounter: lines, uniqueKeys: true, prettyErrors: false, logLevel: "error" } as const;
  const refuse = (faults: readonly TextFault[]): YamlResult => ({
    ok: false,
    faults: faults.slice(0, MAX_TEXT_FAULTS),
    lines,
  });
  try {
    const document = parseDocument(text, options);
    const faults = [...document.errors, ...document.warnings].map((error) => ({
      offset: error.pos[0],
      message: yamlMessage(error.code, error.message),
    }));
    if (faults.length > 0) return refuse(faults);
    const odd = oddKeys(document);
    if (odd.length > 0) return refuse(odd);
    const raw: unknown = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
    // Throws where an alias holds itself.
    JSON.stringify(raw);
    return { ok: true, document, raw, lines };
  } catch (error) {
    return refuse([{ offset: 0, message: structureMessage((error as Error).message) }]);
  }
}

/** Without the parser's own words where they repeat the text. */
function structureMessage(message: string): string {
  if (message.startsWith("Excessive alias count")) return message;
  if (message.startsWith("Unresolved alias"))
    return "an alias (*name) stands for nothing; set its anchor (&name) before it";
  return "is nested without end, or an alias in it holds itself";
}

function oddKeys(document: Document): TextFault[] {
  const faults: TextFault[] = [];
  visit(document, {
    Pair(_key, pair, ancestors) {
      const key: unknown = pair.key;
      const offset = (key as { range?: [number, number, number] | null } | null)?.range?.[0] ?? 0;
      if (!isScalar(key) || typeof key.value === "object")
        faults.push({ offset, message: "a key must be a plain text" });
      // Where names are free the schema would pass over this one.
      else if (key.value === "__proto__" && ancestors.length === IN_A_SECTION)
        faults.push({ offset, message: "__proto__ is no name; choose another" });
    },
  });
  return faults;
}

function yamlMessage(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "this key stands here twice; keep one of them";
  if (HARMLESS.has(code)) return `is not valid YAML: ${message}`;
  return "is not valid YAML: check quotes, colons and indentation here";
}

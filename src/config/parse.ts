import { isMap, isNode, isPair, isScalar, isSeq, type Document } from "yaml";
import { describeIssue } from "./describe-issue.ts";
import { pathText, type ConfigPath, type Fault } from "./fault.ts";
import { notYetPaths } from "./not-yet.ts";
import { referenceFaults } from "./references.ts";
import { configSchema, type Config } from "./schema.ts";
import { deadSecretFaults, systemSecrets, type SecretSource } from "./secrets.ts";
import { readYaml } from "./yaml.ts";

export type ParseResult =
  | { readonly ok: true; readonly config: Config }
  /** One line a fault, in the order of the file: `file:line:column: path: what is wrong; what to write instead` */
  | { readonly ok: false; readonly faults: readonly string[] };

const MAX_FAULTS = 200;

/**
 * Checks a whole configuration and names every fault at once.
 *
 * @param text    YAML 1.2 (JSON is YAML)
 * @param source  the file as the reader knows it
 */
export function parseConfig(
  text: string,
  source: string,
  secrets: SecretSource = systemSecrets,
): ParseResult {
  const yaml = readYaml(text);
  const at = (offset: number): string => {
    const position = yaml.lines.linePos(offset);
    return `${source}:${position.line}:${position.col}`;
  };
  if (!yaml.ok)
    return {
      ok: false,
      faults: yaml.faults.map(({ offset, message }) => `${at(offset)}: (file): ${message}`),
    };
  const { document, raw } = yaml;
  const result = configSchema.safeParse(raw, { reportInput: true });
  const faults: Fault[] = [
    ...(result.success ? [] : result.error.issues.flatMap((issue) => describeIssue(issue, configSchema))),
    ...notYetPaths(raw).map(({ path, value }) => ({
      path,
      message: `${value === undefined ? "" : `"${value}" `}is not available yet; leave it out`,
    })),
    ...referenceFaults(raw),
    ...deadSecretFaults(raw, secrets),
  ];
  if (result.success && faults.length === 0) return { ok: true, config: result.data };

  const placed = faults
    .map((fault) => ({ offset: locate(document, fault.path, fault.onKey === true), fault }))
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, fault }) => `${at(offset)}: ${pathText(fault.path)}: ${fault.message}`);
  return { ok: false, faults: [...new Set(placed)].slice(0, MAX_FAULTS) };
}

/** The offset of the node at a path, or of the nearest thing around it that is there. */
function locate(document: Document, path: ConfigPath, onKey: boolean): number {
  let node: unknown = document.contents;
  let offset = offsetOf(node);
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (pair === undefined) return offset;
      const isLast = index === path.length - 1;
      offset = isLast && !onKey && isScalar(pair.value) ? offsetOf(pair.value) : offsetOf(pair.key);
      node = pair.value;
    } else if (isSeq(node) && typeof step === "number") {
      node = node.items[step];
      offset = isNode(node) ? offsetOf(node) : offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function offsetOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}

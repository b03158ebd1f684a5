import type { ConfigPath } from "./fault.ts";

interface NotYet {
  /** Where it stands; `*` is any key or index. */
  readonly path: readonly string[];
  /** Only these values; every value where absent. */
  readonly values?: readonly string[];
}

/** What the schema knows and nothing serves yet. It is refused, because what is ignored is believed to work. */
const NOT_YET: readonly NotYet[] = [
  { path: ["mode"], values: ["observe"] },
  { path: ["content", "keep"], values: ["redacted", "full"] },
  { path: ["pools"] },
  { path: ["targets", "*", "pool"] },
  { path: ["tasks", "*", "objective"], values: ["cost", "latency", "quality"] },
  { path: ["tasks", "*", "slo"] },
  { path: ["tasks", "*", "cache"] },
  { path: ["tasks", "*", "hedge"] },
  { path: ["tasks", "*", "split"] },
  { path: ["tasks", "*", "content"] },
  { path: ["policy", "*", "approve"] },
  { path: ["budgets"] },
  { path: ["limits"] },
  { path: ["alerts"] },
  { path: ["notify"] },
];

/** Something not available yet that a configuration asks for. */
export interface Asked {
  readonly path: ConfigPath;
  /** The value, where it is a number or one of a closed list; any other may be a secret in the wrong place. */
  readonly value: string | undefined;
}

/** What a raw configuration asks for and is not available yet. Empty lists and objects ask for nothing. */
export function notYetPaths(raw: unknown): Asked[] {
  const found = NOT_YET.flatMap((entry) => matches(raw, entry.path, [], entry.values));
  if (workersOf(raw) > 1) found.push({ path: ["server", "workers"], value: String(workersOf(raw)) });
  return found;
}

function matches(
  value: unknown,
  path: readonly string[],
  at: ConfigPath,
  values: readonly string[] | undefined,
): Asked[] {
  const [step, ...rest] = path;
  if (step === undefined) {
    const asked = values === undefined ? !isEmpty(value) : values.some((known) => known === value);
    return asked ? [{ path: at, value: values === undefined ? undefined : String(value) }] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]: [string | number, unknown]) =>
    step === "*" || step === key ? matches(inner, rest, [...at, key], values) : [],
  );
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

function workersOf(raw: unknown): number {
  const server = (raw as { server?: { workers?: unknown } } | null)?.server;
  return typeof server?.workers === "number" ? server.workers : 1;
}

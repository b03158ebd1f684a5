import { readFileSync } from "node:fs";
import type { Fault } from "./fault.ts";
import { SECRET_REFERENCE } from "./values.ts";

/** Where secrets come from; tests pass their own. */
export interface SecretSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws where the file cannot be read */
  readonly readFile: (path: string) => string;
}

export const systemSecrets: SecretSource = {
  env: process.env,
  readFile: (path) => readFileSync(path, "utf8"),
};

/**
 * The value behind `env:NAME` or `file:PATH`, without surrounding blanks; any other text is itself (a database URL).
 *
 * @throws Error whose message says what is missing, never a value
 */
export function resolveSecret(reference: string, source: SecretSource): string {
  if (reference.startsWith("env:")) {
    const name = reference.slice(4);
    const value = Object.hasOwn(source.env, name) ? source.env[name]?.trim() : undefined;
    if (value === undefined || value === "")
      throw new Error(`the environment variable ${name} is not set; set it`);
    return value;
  }
  if (!reference.startsWith("file:")) return reference;
  const path = reference.slice(5);
  let value: string;
  try {
    value = source.readFile(path).trim();
  } catch (error) {
    throw new Error(`the file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`, {
      cause: error,
    });
  }
  if (value === "") throw new Error(`the file ${path} is empty; put the secret there`);
  return value;
}

/** Where secrets stand; `*` is any name. Elsewhere a text that begins with `env:` is just a text. */
const SECRET_PLACES = [
  ["storage", "database"],
  ["providers", "*", "apiKey"],
  ["notify", "*", "secret"],
] as const;

/** Every secret of the configuration that is a proper reference, but to nothing. */
export function deadSecretFaults(raw: unknown, source: SecretSource): Fault[] {
  return SECRET_PLACES.flatMap((place) => valuesAt(raw, place, [])).flatMap(({ path, value }) => {
    // What only looks like a reference is the schema's to refuse: it may be the secret itself.
    if (typeof value !== "string" || !SECRET_REFERENCE.test(value)) return [];
    try {
      resolveSecret(value, source);
      return [];
    } catch (error) {
      return [{ path, message: (error as Error).message }];
    }
  });
}

interface Placed {
  readonly path: readonly string[];
  readonly value: unknown;
}

function valuesAt(value: unknown, place: readonly string[], path: readonly string[]): Placed[] {
  const [step, ...rest] = place;
  if (step === undefined) return [{ path, value }];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value)
    .filter(([key]) => step === "*" || step === key)
    .flatMap(([key, inner]) => valuesAt(inner, rest, [...path, key]));
}

import { readFileSync } from "node:fs";
import type { Fault } from "./fault.ts";

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
    const value = source.env[name]?.trim();
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

/** Every `env:` and `file:` in the configuration whose value is not there. */
export function deadSecretFaults(raw: unknown, source: SecretSource): Fault[] {
  const faults: Fault[] = [];
  const visit = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === "string" && /^(env|file):/.test(value)) {
      try {
        resolveSecret(value, source);
      } catch (error) {
        faults.push({ path, message: (error as Error).message });
      }
    } else if (Array.isArray(value)) {
      for (const [index, inner] of value.entries()) visit(inner, [...path, index]);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
    }
  };
  visit(raw, []);
  return faults;
}

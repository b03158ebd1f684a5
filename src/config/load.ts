import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { DEMO_CONFIG } from "./demo.ts";
import { parseConfig } from "./parse.ts";
import type { Config } from "./schema.ts";
import type { SecretSource } from "./secrets.ts";

export interface LoadedConfig {
  readonly config: Config;
  /** SHA-256 of the text, hexadecimal: equal on all nodes that hold the same file. */
  readonly hash: string;
  /** As it was read. */
  readonly text: string;
}

/** A configuration that does not hold. */
export class ConfigRefused extends Error {
  override readonly name = "ConfigRefused";
  /** A line for people a fault. */
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

const MAX_FILE_BYTES = 5 * 1024 * 1024;

/**
 * @param file  a path, or undefined for the demo
 * @throws ConfigRefused where it has faults, Error where it cannot be read
 */
export function loadConfig(file: string | undefined, secrets?: SecretSource): LoadedConfig {
  const text = file === undefined ? DEMO_CONFIG : readText(file);
  const result = parseConfig(text, file ?? "demo", secrets);
  if (!result.ok) throw new ConfigRefused(result.faults);
  return { config: result.config, hash: createHash("sha256").update(text).digest("hex"), text };
}

function readText(file: string): string {
  const size = statSync(file).size;
  if (size > MAX_FILE_BYTES)
    throw new Error(`${file} has ${size} bytes; a configuration has at most ${MAX_FILE_BYTES}`);
  return readFileSync(file, "utf8");
}

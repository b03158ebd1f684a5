import type { Database } from "../../storage/database.ts";

/** A configuration that was in force once. */
export interface ConfigVersion {
  /** SHA-256 of its text, hexadecimal. */
  readonly hash: string;
  readonly firstLoadedAt: Date;
  readonly lastLoadedAt: Date;
}

/** Shorter beginnings of a hash are not looked up. */
const SHORTEST = 6;
const HEX = /^[0-9a-f]*$/;

/** Every configuration that ever decided anything. */
export class ConfigHistory {
  readonly #tables: Database["tables"];

  constructor(database: Database) {
    this.#tables = database.tables;
  }

  /** Newest first. */
  async list(): Promise<ConfigVersion[]> {
    const rows = await this.#tables
      .selectFrom("config_version")
      .select(["hash", "first_loaded_at", "last_loaded_at"])
      .orderBy("last_loaded_at", "desc")
      .execute();
    return rows.map((row) => ({
      hash: row.hash.toString("hex"),
      firstLoadedAt: row.first_loaded_at,
      lastLoadedAt: row.last_loaded_at,
    }));
  }

  /**
   * @param start  a hash or its first characters, at least 6
   * @returns undefined where none begins so, or several do
   */
  async find(start: string): Promise<(ConfigVersion & { readonly text: string }) | undefined> {
    if (start.length < SHORTEST || !HEX.test(start)) return undefined;
    const matching = (await this.list()).filter(({ hash }) => hash.startsWith(start));
    const [version] = matching;
    if (version === undefined || matching.length > 1) return undefined;
    const row = await this.#tables
      .selectFrom("config_version")
      .select("body")
      .where("hash", "=", Buffer.from(version.hash, "hex"))
      .executeTakeFirst();
    return row === undefined ? undefined : { ...version, text: row.body };
  }
}

/** The line with which a configuration goes through the journal. A database's address may hold a password; it is left out. */
export function configLine(hash: string, loadedAtMs: number, text: string): string {
  return JSON.stringify([hash, loadedAtMs, masked(text)]);
}

/** @throws SyntaxError where a line is none of `configLine` */
export function configOf(body: string): {
  readonly digest: string;
  readonly loadedAtMs: number;
  readonly text: string;
} {
  const value = JSON.parse(body) as unknown;
  const [digest, loadedAtMs, text] = Array.isArray(value) ? (value as unknown[]) : [];
  if (typeof digest !== "string" || typeof loadedAtMs !== "number" || typeof text !== "string")
    throw new SyntaxError("this is no line of a configuration");
  return { digest, loadedAtMs, text };
}

/** A password ends at the last at sign before a slash; where it holds a slash itself, at the next at sign. */
const PASSWORDS = [
  /(\bpostgres(?:ql)?:\/\/[^:@/\s]*:)[^/\r\n]*(?=@)/g,
  /(\bpostgres(?:ql)?:\/\/[^:@/\s]*:)[^@\s"']+(?=@)/g,
  /(\bpostgres(?:ql)?:\/\/[^\s"']*[?&](?:ssl)?password=)[^&\s"']+/g,
  // Keys that somebody put into an engine's address.
  /(\bhttps?:\/\/[^\s"']*[?&][a-z_-]*(?:key|token|secret|password|signature|sig)=)[^&\s"']+/gi,
];

function masked(text: string): string {
  return PASSWORDS.reduce((left, password) => left.replace(password, "$1***"), text);
}

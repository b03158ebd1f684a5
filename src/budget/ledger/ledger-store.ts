import { hash } from "node:crypto";
import { CompiledQuery } from "kysely";
import { TextBytes } from "../../core/text-bytes.ts";
import type { Database } from "../../storage/database.ts";
import type { LedgerSink } from "../../telemetry/journal/shipper.ts";
import { lineParts } from "../../telemetry/record-line.ts";
import { configOf } from "./config-history.ts";
import { BOOK } from "./book-sql.ts";
import { jsonList } from "./json-bytes.ts";
import { Partitions } from "./partitions.ts";

/** Decisions whose digest is remembered; most exchanges were decided like one of the last thousands. */
const MOST_DECISIONS = 4_096;
/** Where a record's start stands in its line: behind `["`, the id's 36 characters and `",`. */
const STARTED_AT = 40;
/** Classes of SQLSTATE that are about the data itself: data exception, integrity, a limit of the program. */
const ABOUT_DATA = /^(22|23|54)/;

/** The journal's lines, booked in the database. */
export class LedgerStore implements LedgerSink {
  readonly #tables: Database["tables"];
  readonly #partitions: Partitions;
  readonly #spare: TextBytes[] = [];
  readonly #digests = new Map<string, string>();
  /** Digests of decisions that are in the database under today's date. */
  #stored = new Set<string>();
  #storedOn = "";

  /** @param keepDays  how long exchanges are kept */
  constructor(database: Database, keepDays: number) {
    this.#tables = database.tables;
    this.#partitions = new Partitions(database, keepDays);
  }

  async bookExchanges(lines: readonly string[]): Promise<void> {
    const rows: string[] = [];
    const fresh = new Map<string, string>();
    const starts = new Set<number>();
    this.#newDay();
    for (const line of lines) {
      const { record, decision } = lineParts(line);
      const digest = decision === undefined ? undefined : this.#digest(decision);
      if (digest !== undefined && decision !== undefined && !this.#stored.has(digest))
        fresh.set(digest, decision);
      rows.push(`${record.slice(0, -1)},${digest === undefined ? "null" : `"${digest}"`}]`);
      starts.add(Number(record.slice(STARTED_AT, record.indexOf(",", STARTED_AT))));
    }
    await this.#partitions.ensure(starts);
    // A batch that waits keeps its bytes to itself.
    const bytes = this.#spare.pop() ?? new TextBytes();
    try {
      await this.#tables.executeQuery(
        CompiledQuery.raw(BOOK, [jsonList(bytes, rows), JSON.stringify([...fresh])]),
      );
    } finally {
      this.#spare.push(bytes);
    }
    for (const digest of fresh.keys()) this.#stored.add(digest);
  }

  async bookConfig(body: string): Promise<void> {
    const { digest, loadedAtMs, text } = configOf(body);
    const at = new Date(loadedAtMs);
    await this.#tables
      .insertInto("config_version")
      .values({ hash: Buffer.from(digest, "hex"), body: text, first_loaded_at: at, last_loaded_at: at })
      .onConflict((conflict) =>
        conflict.column("hash").doUpdateSet((expression) => ({
          first_loaded_at: expression.fn("least", [
            "config_version.first_loaded_at",
            "excluded.first_loaded_at",
          ]),
          last_loaded_at: expression.fn("greatest", [
            "config_version.last_loaded_at",
            "excluded.last_loaded_at",
          ]),
        })),
      )
      .execute();
  }

  isAboutData(error: unknown): boolean {
    const { code } = error as { code?: unknown };
    return error instanceof SyntaxError || (typeof code === "string" && ABOUT_DATA.test(code));
  }

  #digest(decision: string): string {
    let digest = this.#digests.get(decision);
    if (digest === undefined) {
      digest = hash("sha256", decision, "hex");
      if (this.#digests.size >= MOST_DECISIONS) this.#digests.clear();
      this.#digests.set(decision, digest);
    }
    return digest;
  }

  /** Decisions are kept by day, so each is stored again on the first day that it is made. */
  #newDay(): void {
    const today = new Date().toISOString().slice(0, 10);
    if (today === this.#storedOn && this.#stored.size < MOST_DECISIONS) return;
    this.#stored = new Set();
    this.#storedOn = today;
  }
}

import { sql } from "kysely";
import type { Database } from "../../storage/database.ts";

const DAY_MS = 86_400_000;
/** One lock for every node, so that two do not make the same partition. */
const PARTITION_LOCK = 4_141_000_002;
/** Days to come that get a partition; what is further off was written by a clock that is wrong. */
const AHEAD_DAYS = 2;

/** Makes the partitions of days as they are needed. Days far from the database's clock share one, `exchange_elsewhen`. */
export class Partitions {
  readonly #tables: Database["tables"];
  readonly #keepDays: number;
  readonly #known = new Set<number>();

  /** @param keepDays  how long exchanges are kept */
  constructor(database: Database, keepDays: number) {
    this.#tables = database.tables;
    this.#keepDays = keepDays;
  }

  /** @param startedAtMs  when exchanges began */
  async ensure(startedAtMs: Iterable<number>): Promise<void> {
    const days = new Set<number>();
    for (const ms of startedAtMs) days.add(Math.floor(ms / DAY_MS));
    const unknown = [...days].filter((day) => !this.#known.has(day));
    if (unknown.length === 0) return;
    const today = Math.floor((await this.#databaseNow()) / DAY_MS);
    for (const day of unknown) {
      const isNear = day <= today + AHEAD_DAYS && day >= today - this.#keepDays;
      if (isNear) await this.#create(day);
      // A day that is far off now may come; then it is asked for again.
      if (isNear) this.#known.add(day);
    }
  }

  async #databaseNow(): Promise<number> {
    const { rows } = await sql<{ now: Date }>`select now()`.execute(this.#tables);
    return rows[0]?.now.getTime() ?? Date.now();
  }

  async #create(day: number): Promise<void> {
    const from = dayText(day);
    const name = `exchange_${from.replaceAll("-", "")}`;
    try {
      await this.#tables.transaction().execute(async (transaction) => {
        await sql`select pg_advisory_xact_lock(${PARTITION_LOCK})`.execute(transaction);
        await sql`create table if not exists ${sql.id(name)} partition of exchange
          for values from (${sql.lit(`${from} 00:00:00Z`)}) to (${sql.lit(`${dayText(day + 1)} 00:00:00Z`)})`.execute(
          transaction,
        );
      });
    } catch (error) {
      // Rows of this day were booked when it was far off; they stay where they are, and so do those that come.
      if ((error as { code?: string }).code !== CHECK_VIOLATION) throw error;
    }
  }
}

const CHECK_VIOLATION = "23514";

/** @param day  days since 1970-01-01 */
function dayText(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

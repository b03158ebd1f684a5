import { sql } from "kysely";
import type { Database } from "../../storage/database.ts";

export interface RetentionDays {
  readonly exchanges: number;
  readonly usage: number;
}

/** One node at a time. */
const RETENTION_LOCK = 4_141_000_003;
const PARTITION = /^exchange_(\d{4})(\d{2})(\d{2})$/;
const DAY_MS = 86_400_000;

/**
 * Gives up what is older than its days, by the database's clock: whole partitions of exchanges, then decisions, then
 * hours of usage.
 *
 * @returns the names of the partitions that were dropped
 */
export async function applyRetention(database: Database, days: RetentionDays): Promise<string[]> {
  return database.tables.transaction().execute(async (transaction) => {
    const { rows: locked } = await sql<{
      mine: boolean;
      now: Date;
    }>`select pg_try_advisory_xact_lock(${RETENTION_LOCK}) as mine, now()`.execute(transaction);
    const [lock] = locked;
    if (lock?.mine !== true) return [];
    const { rows } = await sql<{ name: string }>`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'exchange'::regclass order by 1`.execute(transaction);
    const oldest = lock.now.getTime() - days.exchanges * DAY_MS;
    const dropped = rows.map(({ name }) => name).filter((name) => endOf(name) <= oldest);
    for (const name of dropped) await sql`drop table ${sql.id(name)}`.execute(transaction);
    await sql`delete from exchange_elsewhen where booked_at < now() - make_interval(days => ${days.exchanges})`.execute(
      transaction,
    );
    await sql`delete from decision where day < (now() at time zone 'UTC')::date - ${days.exchanges}::integer`.execute(
      transaction,
    );
    await sql`delete from usage_hour where greatest(hour, booked_at) < now() - make_interval(days => ${days.usage})`.execute(
      transaction,
    );
    return dropped;
  });
}

/** When the day of a partition ends, Unix milliseconds; never for one that is no day's. */
function endOf(name: string): number {
  const match = PARTITION.exec(name);
  return match === null
    ? Number.POSITIVE_INFINITY
    : Date.parse(`${match[1]}-${match[2]}-${match[3]}`) + DAY_MS;
}

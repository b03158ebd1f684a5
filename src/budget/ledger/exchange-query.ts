import { sql, type Selectable, type SqlBool } from "kysely";
import type { Database, Tables } from "../../storage/database.ts";
import type { FilterWord, Filters } from "../../core/ledger-words.ts";
import { FILTER_COLUMNS } from "./words.ts";

export type StoredExchange = Selectable<Tables["exchange"]>;

/** A place in a list of exchanges, newest first: just after one of them. */
export interface ExchangePlace {
  readonly startedAtMs: number;
  readonly id: string;
}

export interface ExchangeSearch {
  readonly sinceMs: number | undefined;
  readonly untilMs: number | undefined;
  readonly filters: Filters;
  readonly after: ExchangePlace | undefined;
  readonly limit: number;
}

/** Unix milliseconds. */
export interface JourneySpan {
  readonly firstMs: number;
  /** When its last exchange began. */
  readonly lastMs: number;
  readonly endMs: number;
  readonly tenants: readonly string[];
}

/** Looks exchanges up in the ledger. */
export class ExchangeQuery {
  readonly #tables: Database["tables"];

  constructor(database: Database) {
    this.#tables = database.tables;
  }

  /** An id is a UUIDv7 and holds the instant at which the exchange began, so that one partition is asked. */
  async find(id: string): Promise<StoredExchange | undefined> {
    return this.#tables
      .selectFrom("exchange")
      .selectAll()
      .where("started_at", "=", new Date(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16)))
      .where("id", "=", id)
      .executeTakeFirst();
  }

  /** Newest first. Pages stay whole while rows arrive: each begins where the one before it ended, not at a count. */
  async search(search: ExchangeSearch): Promise<StoredExchange[]> {
    let query = this.#tables
      .selectFrom("exchange")
      .selectAll()
      .orderBy("started_at", "desc")
      .orderBy("id", "desc")
      .limit(search.limit);
    const { sinceMs, untilMs, after } = search;
    if (sinceMs !== undefined) query = query.where("started_at", ">=", new Date(sinceMs));
    if (untilMs !== undefined) query = query.where("started_at", "<", new Date(untilMs));
    if (after !== undefined) {
      const at = new Date(after.startedAtMs);
      // The first condition says nothing new; it is what leaves partitions out.
      query = query
        .where("started_at", "<=", at)
        .where(sql<SqlBool>`(started_at, id) < (${at}::timestamptz, ${after.id}::uuid)`);
    }
    for (const [word, value] of Object.entries(search.filters)) {
      const column = FILTER_COLUMNS[word as FilterWord];
      // No word has an empty value: the empty text asks for rows without it.
      if (value === "") query = query.where(column, "is", null);
      else if (value !== undefined) query = query.where(column, "=", value);
    }
    return query.execute();
  }

  /** All exchanges of a journey, oldest first. */
  async journey(journey: string, tenant: string | undefined, limit: number): Promise<StoredExchange[]> {
    let query = this.#tables
      .selectFrom("exchange")
      .selectAll()
      .where("journey", "=", journey)
      .orderBy("started_at")
      .orderBy("id")
      .limit(limit);
    if (tenant !== undefined) query = query.where("tenant", "=", tenant);
    return query.execute();
  }

  /** From when to when a journey goes, and whose it is; undefined where nothing belongs to it. */
  async journeySpan(journey: string, tenant: string | undefined): Promise<JourneySpan | undefined> {
    const { rows } = await sql<{ first: Date | null; last: Date; end: Date; tenants: string[] }>`
      select min(started_at) as first, max(started_at) as last,
        max(started_at + duration_ms * interval '1 millisecond') as "end",
        coalesce(array_agg(distinct tenant) filter (where tenant is not null), '{}') as tenants
      from exchange
      where journey = ${journey} ${tenant === undefined ? sql`` : sql`and tenant = ${tenant}`}`.execute(
      this.#tables,
    );
    const [row] = rows;
    if (row === undefined || row.first === null) return undefined;
    return {
      firstMs: row.first.getTime(),
      lastMs: row.last.getTime(),
      endMs: row.end.getTime(),
      tenants: row.tenants,
    };
  }

  /** The text of a decision. */
  async decision(digest: Buffer): Promise<string | undefined> {
    const row = await this.#tables
      .selectFrom("decision")
      .select("body")
      .where("digest", "=", digest)
      .orderBy("day", "desc")
      .executeTakeFirst();
    return row?.body;
  }
}

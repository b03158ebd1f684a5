import { sql, type Insertable } from "kysely";
import type { Sensitivity } from "../../core/context.ts";
import type { Database, Tables } from "../../storage/database.ts";
import { isUnavailable } from "../../storage/unavailable.ts";
import { conversationTooLong, MOST_CONVERSATION_BYTES } from "./conversation-limit.ts";
import type { ResponseStore, StoredItem, StoredResponse } from "./stored-response.ts";

/** A client that waits for its reply's end is not kept longer for a database that is slow. */
const PATIENCE_MS = 500;
const RETRY_MS = 1_000;
/** A database that has not answered by then is away; the driver itself waits much longer. */
const READ_PATIENCE_MS = 3_000;
/** What waits for the database takes no more memory than this; beyond it the oldest is given up. */
const MOST_WAITING_BYTES = 64 * 1024 * 1024;
/** What is written at once. */
const MOST_BATCH = 100;
const MOST_BATCH_BYTES = 8 * 1024 * 1024;
/** Rows of items in a statement, whose parameters are counted in 16 bits. */
const MOST_ITEMS = 10_000;
/** Between looks for responses that are over their retention. */
const PRUNE_MS = 3_600_000;
/** A conversation of more turns is none. */
const MOST_TURNS = 10_000;

export interface ResponseStoreParts {
  readonly database: Database;
  /** How long responses are kept, in days. */
  readonly retention: () => number;
  /** Told where the database takes nothing, and where what waited for it had to be given up. */
  readonly onTrouble: (error: Error | undefined, givenUp: number) => void;
}

/** Responses in the database. What it does not take yet is held in memory, where this node finds it. */
export class DatabaseResponses implements ResponseStore {
  readonly #tables: Database["tables"];
  readonly #onTrouble: ResponseStoreParts["onTrouble"];
  readonly #pruning: NodeJS.Timeout;
  /** By tenant and id. */
  readonly #waiting = new Map<string, StoredResponse>();
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isInTrouble = false;

  constructor({ database, retention, onTrouble }: ResponseStoreParts) {
    this.#tables = database.tables;
    this.#onTrouble = onTrouble;
    const prune = (): void =>
      void this.prune(retention()).catch((error: unknown) => onTrouble(error as Error, 0));
    this.#pruning = setInterval(prune, PRUNE_MS).unref();
  }

  async keep(response: StoredResponse): Promise<void> {
    this.#add(response);
    const patience = new Promise<void>((resolve) => setTimeout(resolve, PATIENCE_MS).unref());
    await Promise.race([this.#write(), patience]);
  }

  async get(tenant: string, id: string): Promise<StoredResponse | undefined> {
    const waiting = this.#waiting.get(keyOf(tenant, id));
    if (waiting !== undefined) return waiting;
    if (!canBeId(id)) return undefined;
    const asked = this.#tables
      .selectFrom("stored_response")
      .selectAll()
      .where("tenant", "=", tenant)
      .where("id", "=", id)
      .executeTakeFirst();
    const row = await soon(asked);
    return row === undefined ? undefined : toStored(row);
  }

  async chain(tenant: string, id: string): Promise<readonly StoredResponse[] | undefined> {
    const newest: StoredResponse[] = [];
    let bytes = 0;
    let next: string | undefined = id;
    // Those that the database has not yet are the newest.
    for (; next !== undefined; next = newest.at(-1)?.previousId) {
      const waiting = this.#waiting.get(keyOf(tenant, next));
      if (waiting === undefined) break;
      newest.push(waiting);
      bytes += sizeOf(waiting);
      // Ids are the upstream's where bytes pass; one that repeats itself makes a ring.
      if (bytes > MOST_CONVERSATION_BYTES) throw conversationTooLong();
    }
    if (next === undefined) return newest.toReversed();
    if (!canBeId(next)) return undefined;
    const rows = await this.#chainInDatabase(tenant, next);
    // Its first has nobody before it, or one of them is gone.
    if (rows.length === 0 || rows[0]?.previousId !== undefined) return undefined;
    return [...rows, ...newest.toReversed()];
  }

  async items(tenant: string, ids: readonly string[]): Promise<ReadonlyMap<string, StoredItem>> {
    const rows = await this.#responsesWith(tenant, ids);
    const waiting = [...this.#waiting.values()].filter((response) => response.tenant === tenant);
    const all = [...rows, ...waiting].flatMap(({ body, sensitivity }) =>
      outputItems(body).map(([id, item]) => [id, { item, sensitivity: sensitivity as Sensitivity }] as const),
    );
    const wanted = new Set(ids);
    return new Map(all.filter(([id]) => wanted.has(id)));
  }

  async delete(tenant: string, id: string): Promise<boolean> {
    const waiting = this.#waiting.get(keyOf(tenant, id));
    this.#remove(keyOf(tenant, id));
    if (!canBeId(id)) return waiting !== undefined;
    try {
      // It may be on its way into the database.
      if (this.#writing !== undefined) await soon(this.#writing);
      const asked = this.#tables
        .deleteFrom("stored_response")
        .where("tenant", "=", tenant)
        .where("id", "=", id)
        .executeTakeFirst();
      const { numDeletedRows } = await soon(asked);
      return waiting !== undefined || numDeletedRows > 0n;
    } catch (error) {
      // Not deleted: it must not be half there.
      if (waiting !== undefined) this.#add(waiting);
      throw error;
    }
  }

  /**
   * Forgets what is older, by the database's clock.
   *
   * @param days  >= 0
   * @returns how many were forgotten
   */
  async prune(days: number): Promise<number> {
    const { numDeletedRows } = await this.#tables
      .deleteFrom("stored_response")
      .where("created_at", "<", sql<Date>`now() - make_interval(days => ${days})`)
      .executeTakeFirst();
    return Number(numDeletedRows);
  }

  /** Writes what waits, as far as that goes now. */
  async close(): Promise<void> {
    clearInterval(this.#pruning);
    clearTimeout(this.#timer);
    if (this.#waiting.size > 0) await this.#write();
    clearTimeout(this.#timer);
  }

  /** @returns oldest first */
  async #chainInDatabase(tenant: string, id: string): Promise<StoredResponse[]> {
    const asked = sql<Tables["stored_response"] & { bytes: number }>`
      with recursive turns as (
        select *, 1 as depth, octet_length(input)::float8 + octet_length(body) as bytes
        from stored_response where tenant = ${tenant} and id = ${id}
        union all
        select earlier.*, turns.depth + 1, turns.bytes + octet_length(earlier.input) + octet_length(earlier.body)
        from stored_response earlier
        join turns on earlier.tenant = turns.tenant and earlier.id = turns.previous_id
        where turns.depth < ${MOST_TURNS} and turns.bytes <= ${MOST_CONVERSATION_BYTES}
      )
      select tenant, id, previous_id, created_at, sensitivity, input, body, bytes from turns order by depth desc`.execute(
      this.#tables,
    );
    const { rows } = await soon(asked);
    if ((rows[0]?.bytes ?? 0) > MOST_CONVERSATION_BYTES) throw conversationTooLong();
    return rows.map(toStored);
  }

  /** The responses that have items of these ids. A few names may stand for more than the memory holds: that is seen first. */
  async #responsesWith(tenant: string, ids: readonly string[]): Promise<readonly FoundResponse[]> {
    // The ids are one parameter: a query has 65,535 at most, and an input may name more.
    const asked = sql<FoundResponse & { bytes: number }>`
      select sensitivity, bytes, case when bytes <= ${MOST_CONVERSATION_BYTES} then body else '' end as body
      from (
        select sensitivity, body, sum(octet_length(body)::float8) over () as bytes
        from stored_response where tenant = ${tenant} and id in (
          select response_id from stored_item where tenant = ${tenant} and id = any(${ids.filter(canBeId)})
        )
      ) found`.execute(this.#tables);
    const { rows } = await soon(asked);
    if ((rows[0]?.bytes ?? 0) > MOST_CONVERSATION_BYTES) throw conversationTooLong();
    return rows;
  }

  #add(response: StoredResponse): void {
    const key = keyOf(response.tenant, response.id);
    this.#remove(key);
    this.#waiting.set(key, response);
    this.#waitingBytes += sizeOf(response);
    let givenUp = 0;
    for (const [oldest] of this.#waiting) {
      if (this.#waitingBytes <= MOST_WAITING_BYTES) break;
      this.#remove(oldest);
      givenUp++;
    }
    if (givenUp > 0) this.#onTrouble(undefined, givenUp);
  }

  #remove(key: string): boolean {
    const response = this.#waiting.get(key);
    if (response === undefined) return false;
    this.#waiting.delete(key);
    this.#waitingBytes -= sizeOf(response);
    return true;
  }

  /** One writer at a time; what comes while it writes goes with the next. */
  async #write(): Promise<void> {
    if (this.#writing !== undefined) await this.#writing;
    if (this.#waiting.size === 0) return;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      while (this.#waiting.size > 0) await this.#writeBatch();
      this.#isInTrouble = false;
    } catch (error) {
      this.#tell(error);
      this.#timer = setTimeout(() => void this.#write(), RETRY_MS).unref();
    }
  }

  /** What waits, in one transaction; where the database refuses something of it, one by one, and what it refuses is given up. */
  async #writeBatch(): Promise<void> {
    const batch = this.#oldest();
    try {
      await this.#insert(batch);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      for (const response of batch) await this.#insertOrGiveUp(response);
    }
    for (const response of batch) {
      const key = keyOf(response.tenant, response.id);
      // It may have been replaced meanwhile.
      if (this.#waiting.get(key) === response) this.#remove(key);
    }
  }

  #oldest(): StoredResponse[] {
    const batch: StoredResponse[] = [];
    let bytes = 0;
    for (const response of this.#waiting.values()) {
      bytes += sizeOf(response);
      if (batch.length > 0 && (bytes > MOST_BATCH_BYTES || batch.length >= MOST_BATCH)) break;
      batch.push(response);
    }
    return batch;
  }

  async #insertOrGiveUp(response: StoredResponse): Promise<void> {
    try {
      await this.#insert([response]);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      this.#tell(error);
      this.#onTrouble(undefined, 1);
    }
  }

  #tell(error: unknown): void {
    if (!this.#isInTrouble) this.#onTrouble(error as Error, 0);
    this.#isInTrouble = true;
  }

  async #insert(batch: readonly StoredResponse[]): Promise<void> {
    const items = batch.flatMap(({ tenant, id, body }) =>
      outputItems(body).map(([item]) => ({ tenant, id: item, response_id: id })),
    );
    // One statement must not meet a row twice; the later counts.
    const distinct = [...new Map(items.map((item) => [keyOf(item.tenant, item.id), item])).values()];
    await this.#tables.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("stored_response")
        .values(batch.map(toRow))
        .onConflict((conflict) =>
          conflict.columns(["tenant", "id"]).doUpdateSet((row) => ({
            previous_id: row.ref("excluded.previous_id"),
            created_at: row.ref("excluded.created_at"),
            sensitivity: row.ref("excluded.sensitivity"),
            input: row.ref("excluded.input"),
            body: row.ref("excluded.body"),
          })),
        )
        .execute();
      for (let from = 0; from < distinct.length; from += MOST_ITEMS) {
        await transaction
          .insertInto("stored_item")
          .values(distinct.slice(from, from + MOST_ITEMS))
          .onConflict((conflict) =>
            conflict
              .columns(["tenant", "id"])
              .doUpdateSet((row) => ({ response_id: row.ref("excluded.response_id") })),
          )
          .execute();
      }
    });
  }
}

type FoundResponse = Pick<Tables["stored_response"], "sensitivity" | "body">;

function toRow(response: StoredResponse): Insertable<Tables["stored_response"]> {
  const { tenant, id, previousId, createdAtMs, sensitivity, input, body } = response;
  return {
    tenant,
    id,
    previous_id: previousId ?? null,
    created_at: new Date(createdAtMs),
    sensitivity,
    input,
    body,
  };
}

function toStored(row: Tables["stored_response"]): StoredResponse {
  return {
    tenant: row.tenant,
    id: row.id,
    previousId: row.previous_id ?? undefined,
    createdAtMs: row.created_at.getTime(),
    sensitivity: row.sensitivity as Sensitivity,
    input: row.input,
    body: row.body,
  };
}

/** The items of a response's output that have an id, by it. */
function outputItems(body: string): [id: string, item: unknown][] {
  const { output } = JSON.parse(body) as { output?: unknown };
  if (!Array.isArray(output)) return [];
  const items = output as { readonly id?: unknown }[];
  const named = items.flatMap((item): [string, unknown][] =>
    typeof item?.id === "string" && item.id !== "" ? [[item.id, item]] : [],
  );
  return [...new Map(named)];
}

/** @throws Error where the database does not answer in time */
async function soon<Answer>(asked: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the database does not answer")), READ_PATIENCE_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** PostgreSQL's texts have no U+0000, and refuse to look for one. */
function canBeId(id: string): boolean {
  return !id.includes("\0");
}

function keyOf(tenant: string, id: string): string {
  return `${tenant}\n${id}`;
}

/** Bytes, about. */
function sizeOf({ input, body }: StoredResponse): number {
  return input.length + body.length + 500;
}

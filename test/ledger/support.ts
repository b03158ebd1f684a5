import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import test, { after } from "node:test";
import { CompiledQuery, sql, type KyselyPlugin } from "kysely";
import { LedgerStore } from "../../src/budget/ledger/ledger-store.ts";
import type { Context } from "../../src/core/context.ts";
import { newId } from "../../src/core/ids.ts";
import { NO_USAGE } from "../../src/core/usage.ts";
import type { Database } from "../../src/storage/database.ts";
import { openDatabase } from "../../src/storage/open.ts";
import { recordLine } from "../../src/telemetry/record-line.ts";
import type { AttemptSummary, ExchangeRecord } from "../../src/telemetry/record.ts";
import { startPostgres } from "../support/postgres.ts";
import { freshData } from "../support/process.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const KEEP_DAYS = 90;
export const CONFIG_HASH = "c0".repeat(32);

/** A database with the schema and nothing in it but what a test puts there. */
export interface Subject {
  readonly name: string;
  readonly database: Database;
  /** As another node has it; undefined where only one may have it. */
  readonly another: (() => Promise<Database>) | undefined;
}

/** Registers the same tests for the embedded database and for PostgreSQL; one of each serves a whole file. */
export async function onBothDatabases(cases: (subject: Subject) => void): Promise<void> {
  const opened: Database[] = [];
  const data = await freshData();
  const onError = (): void => {};
  const postgres = await startPostgres();
  const open = async (database: string): Promise<Database> => {
    const one = await openDatabase({ database, data, onError });
    opened.push(one);
    return one;
  };
  // Both are open before the first test is there: when the last test known so far is over, all is closed.
  const embedded: Subject = { name: "embedded", database: await open("embedded"), another: undefined };
  const url = await postgres?.createDatabase();
  const real: Subject | undefined =
    url === undefined
      ? undefined
      : { name: "PostgreSQL", database: await open(url), another: () => open(url) };
  after(async () => {
    for (const database of opened) await database.close();
    await postgres?.[Symbol.asyncDispose]();
    await rm(data, { recursive: true, force: true });
  });
  cases(embedded);
  if (real !== undefined) cases(real);
  else test("PostgreSQL", { skip: "there is no PostgreSQL 15 or newer on this machine" }, () => {});
}

/** Takes everything out of the ledger, partitions too. @returns a store that remembers nothing */
export async function emptied(database: Database, keepDays = KEEP_DAYS): Promise<LedgerStore> {
  for (const name of await partitionsOf(database))
    if (name !== "exchange_elsewhen") await sql`drop table ${sql.id(name)}`.execute(database.tables);
  await sql`truncate exchange, decision, usage_hour, config_version`.execute(database.tables);
  return new LedgerStore(database, keepDays);
}

export async function partitionsOf(database: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'exchange'::regclass order by 1`.execute(database.tables);
  return rows.map(({ name }) => name);
}

/** How many rows a table has. */
export async function countOf(database: Database, table: string): Promise<number> {
  const { rows } = await sql<{
    count: string;
  }>`select count(*) as count from ${sql.id(table)}`.execute(database.tables);
  return Number(rows[0]?.count);
}

/** All that is in the ledger, but when it was put there. */
export async function contents(database: Database): Promise<unknown> {
  const { rows } = await sql<{ row: unknown }>`
    select to_jsonb(e) - 'booked_at' as row from exchange e
    union all select to_jsonb(u) - 'booked_at' from usage_hour u
    union all select to_jsonb(d) from decision d
    order by 1`.execute(database.tables);
  return rows.map(({ row }) => row);
}

export type RecordChanges = Omit<Partial<ExchangeRecord>, "context"> & {
  readonly context?: Partial<Context>;
};

/** A record such as the gateway makes; its id begins with its instant. */
export function recordOf(changes: RecordChanges = {}): ExchangeRecord {
  const startedAtMs = changes.startedAtMs ?? Date.now();
  return {
    id: newId(startedAtMs),
    startedAtMs,
    endedAtMs: startedAtMs + 250,
    status: "answered",
    code: undefined,
    message: undefined,
    dialect: "openai",
    operation: "chat",
    stream: false,
    tenant: "acme",
    tags: {},
    keyId: undefined,
    target: "fine",
    provider: "eng",
    model: "fine-up",
    attempts: [attemptOf({ startedAtMs })],
    firstTokenMs: undefined,
    overheadMs: undefined,
    usage: { ...NO_USAGE, inputTokens: 12, outputTokens: 3 },
    costNano: 18_000n,
    cacheSavedNano: 0n,
    estimated: false,
    flagged: undefined,
    ceilingNano: undefined,
    configHash: CONFIG_HASH,
    decision: undefined,
    ...changes,
    context: contextOf(changes.context),
  };
}

export function contextOf(changes: Partial<Context> = {}): Context {
  return {
    tenant: "acme",
    user: undefined,
    app: undefined,
    feature: undefined,
    workflow: undefined,
    journey: undefined,
    task: undefined,
    latency: "standard",
    sensitivity: "internal",
    budget: undefined,
    prompt: undefined,
    ...changes,
  };
}

export function attemptOf(changes: Partial<AttemptSummary> = {}): AttemptSummary {
  return {
    target: "fine",
    startedAtMs: Date.now(),
    status: "answered",
    cause: undefined,
    firstTokenMs: undefined,
    usage: undefined,
    costNano: undefined,
    estimated: false,
    ...changes,
  };
}

export function linesOf(records: readonly ExchangeRecord[], decision?: string): string[] {
  return records.map((record) => recordLine(record, decision));
}

/** Records over some hours, of three tenants, with decisions of which some are alike. */
export function someLines(count: number): string[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) =>
    recordLine(
      recordOf({
        startedAtMs: now - index * 1_234_567,
        tenant: `tenant-${index % 3}`,
        estimated: index % 4 === 0,
      }),
      index % 5 === 0 ? undefined : decisionOf(index % 3),
    ),
  );
}

/** A decision's text as it stands in a line: some are alike, some are not. */
export function decisionOf(serial: number): string {
  return JSON.stringify({
    asked: `task.${serial}`,
    as: "task",
    objective: "order",
    candidates: [{ target: "fine", tier: "dedicated", place: 1, reason: "first of the route" }],
    configHash: CONFIG_HASH,
  });
}

/** A key's id. */
export function keyId(): string {
  return randomUUID();
}

/** A database that remembers what it is asked. */
export interface Watched {
  readonly database: Database;
  /** How it answers what it was asked since it was last explained. */
  readonly explain: () => Promise<string>;
}

export function watched(database: Database): Watched {
  let asked: CompiledQuery[] = [];
  const executor = database.tables.getExecutor();
  const plugin: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      asked.push(executor.compileQuery(node, queryId));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  return {
    database: { ...database, tables: database.tables.withPlugin(plugin) },
    explain: async () => {
      const plans: string[] = [];
      for (const query of asked) {
        const { rows } = await database.tables.executeQuery<{ "QUERY PLAN": string }>(
          CompiledQuery.raw(`explain (costs off) ${query.sql}`, [...query.parameters]),
        );
        plans.push(...rows.map((row) => row["QUERY PLAN"]));
      }
      asked = [];
      return plans.join("\n");
    },
  };
}

import { readdir, readFile } from "node:fs/promises";
import type pg from "pg";

interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

/** One lock for every Switchyard on this database, so that nodes that start together migrate once. */
const MIGRATION_LOCK = 4_141_000_001n;
/** PostgreSQL 15, as server_version_num has it. */
const OLDEST_SERVER = 150_000;
const FILE_NAME = /^(\d{4})-[a-z0-9-]+\.sql$/;

/**
 * Applies the numbered migrations that the database lacks, each in a transaction of its own, under an advisory lock.
 *
 * @throws Error where one fails, or where the database's schema is newer than this program
 */
export async function migrate(pool: pg.Pool): Promise<void> {
  const migrations = await readMigrations();
  const client = await pool.connect();
  try {
    await refuseOldServer(client);
    await client.query("select pg_advisory_lock($1)", [String(MIGRATION_LOCK)]);
    try {
      await applyMissing(client, migrations);
    } finally {
      await client.query("select pg_advisory_unlock($1)", [String(MIGRATION_LOCK)]);
    }
  } finally {
    client.release();
  }
}

async function refuseOldServer(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string }>(
    "select current_setting('server_version_num')::integer as version, current_setting('server_version') as name",
  );
  const { version = 0, name = "" } = rows[0] ?? {};
  if (version < OLDEST_SERVER) throw new Error(`this PostgreSQL is ${name}; Switchyard needs 15 or newer`);
}

async function applyMissing(client: pg.PoolClient, migrations: readonly Migration[]): Promise<void> {
  await client.query(
    `create table if not exists schema_migration (
       number integer primary key, name text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ number: number }>("select number from schema_migration");
  const applied = new Set(rows.map((row) => row.number));
  const newest = Math.max(0, ...applied);
  const known = migrations.at(-1)?.number ?? 0;
  if (newest > known) {
    throw new Error(
      `the database's schema is at ${newest}, this program knows ${known}: it was used by a newer Switchyard; start that one`,
    );
  }
  for (const migration of migrations) if (!applied.has(migration.number)) await apply(client, migration);
}

async function apply(client: pg.PoolClient, migration: Migration): Promise<void> {
  await client.query("begin");
  try {
    await client.query(migration.sql);
    await client.query("insert into schema_migration (number, name) values ($1, $2)", [
      migration.number,
      migration.name,
    ]);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw new Error(`migration ${migration.name} failed and was taken back: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function readMigrations(): Promise<Migration[]> {
  const folder = new URL("migrations/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => FILE_NAME.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => ({
      number: Number(name.slice(0, 4)),
      name,
      sql: await readFile(new URL(name, folder), "utf8"),
    })),
  );
}

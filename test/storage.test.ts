import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import test, { after } from "node:test";
import { sql } from "kysely";
import type pg from "pg";
import { KeyRing } from "../src/policy/key-ring.ts";
import { KeyStore, loadPepper, type NewKey } from "../src/policy/key-store.ts";
import type { Database } from "../src/storage/database.ts";
import { startEmbedded } from "../src/storage/embedded.ts";
import { openDatabase } from "../src/storage/open.ts";
import { startPostgres, withClient } from "./support/postgres.ts";
import { freshData, ROOT } from "./support/process.ts";

/** One place where a database is, that can be opened again and again. */
interface Place {
  readonly open: () => Promise<Database>;
  /** Opens it as often as asked: at once where several may have it, else one after the other. */
  readonly openTogether: (count: number) => Promise<void>;
  /** Past the program, as an operator would. */
  readonly raw: <Result>(run: (client: pg.Client) => Promise<Result>) => Promise<Result>;
}

interface Subject {
  readonly name: string;
  readonly kind: Database["kind"];
  /** @param empty  without the schema */
  readonly place: (empty: boolean) => Promise<Place>;
}

const postgres = await startPostgres();
const folders: string[] = [];
after(async () => {
  await postgres?.[Symbol.asyncDispose]();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const onError = (): void => {};

const embedded: Subject = {
  name: "embedded",
  kind: "embedded",
  async place(empty) {
    const data = await freshData(!empty);
    folders.push(data);
    const open = (): Promise<Database> => openDatabase({ database: "embedded", data, onError });
    return {
      open,
      async openTogether(count) {
        for (let time = 0; time < count; time++) await (await open()).close();
      },
      async raw(run) {
        const server = await startEmbedded(path.join(data, "db"), onError);
        const where = {
          host: server.socketFolder,
          port: server.port,
          user: "postgres",
          database: "postgres",
        };
        try {
          return await withClient(where, run);
        } finally {
          await server.stop();
        }
      },
    };
  },
};

function real(server: NonNullable<typeof postgres>): Subject {
  return {
    name: "PostgreSQL",
    kind: "postgresql",
    async place(empty) {
      const database = await server.createDatabase();
      const data = await freshData(false);
      folders.push(data);
      const open = (): Promise<Database> => openDatabase({ database, data, onError });
      if (!empty) await (await open()).close();
      return {
        open,
        async openTogether(count) {
          const all = await Promise.all(Array.from({ length: count }, open));
          await Promise.all(all.map((one) => one.close()));
        },
        raw: (run) => withClient(database, run),
      };
    },
  };
}

async function migrationNames(): Promise<string[]> {
  return (await readdir(path.join(ROOT, "src/storage/migrations"))).toSorted();
}

async function appliedNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>("select name from schema_migration order by number");
  return rows.map(({ name }) => name);
}

function wanted(changes: Partial<NewKey> = {}): NewKey {
  const rights = { defaults: {}, pinned: {}, tasks: undefined, actFor: [], metadataWords: false, aws: false };
  return { tenant: "acme", name: undefined, rights, expiresAtMs: undefined, ...changes };
}

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0, 123);

function cases({ name, kind, place }: Subject): void {
  test(`${name}: an empty database gets every migration once, however often and closely together it is opened`, async () => {
    const here = await place(true);
    await here.openTogether(4);
    assert.deepEqual(await here.raw(appliedNames), await migrationNames());
  });

  test(`${name}: a schema newer than the program is refused in words and left as it is`, async () => {
    const here = await place(false);
    await here.raw((client) =>
      client.query("insert into schema_migration (number, name) values (9999, 'later')"),
    );
    const known = Number((await migrationNames()).at(-1)?.slice(0, 4));
    await assert.rejects(here.open, {
      message: `the database's schema is at 9999, this program knows ${known}: it was used by a newer Switchyard; start that one`,
    });
    await here.raw((client) => client.query("delete from schema_migration where number = 9999"));
    await (await here.open()).close();
  });

  test(`${name}: a migration that fails is named and taken back whole`, async () => {
    const here = await place(false);
    // The first migration makes api_key, then setting: the second statement fails and must take the first along.
    await here.raw((client) => client.query("drop table api_key; delete from schema_migration"));
    await assert.rejects(
      here.open,
      /^Error: migration 0001-keys\.sql failed and was taken back: relation "setting" already exists$/,
    );
    const left = await here.raw(async (client) => {
      const { rows } = await client.query<{ found: string | null }>(
        "select to_regclass('api_key')::text as found",
      );
      return [rows[0]?.found, await appliedNames(client)];
    });
    assert.deepEqual(left, [null, []]);
  });

  test(`${name}: it says what it is, and whether others may write to it`, async () => {
    const here = await place(false);
    const database = await here.open();
    assert.equal(database.kind, kind);
    assert.equal(database.shared, kind === "postgresql");
    await database.close();
  });

  test(`${name}: a key is listed as it was made, oldest first, and is itself nowhere in the database`, async () => {
    const database = await (await place(false)).open();
    const store = new KeyStore(database, randomBytes(32));
    const rights = {
      defaults: { user: "Jürgen 😀", latency: "batch" },
      pinned: { sensitivity: "restricted" },
      tasks: ["support.*"],
      actFor: ["globex", "*"],
      metadataWords: true,
      aws: true,
    };
    const later = await store.create(wanted({ name: "später", rights, expiresAtMs: NOW + 7 }), NOW + 1);
    const earlier = await store.create(wanted(), NOW);
    assert.deepEqual(await store.list(), [earlier.record, later.record]);
    const { rows } = await sql<{ text: string }>`select to_jsonb(api_key)::text as text from api_key`.execute(
      database.tables,
    );
    assert.equal(rows.length, 2);
    for (const { key, record } of [earlier, later]) {
      assert.ok(key.startsWith(record.prefix));
      assert.equal(
        rows.some(({ text }) => text.includes(key.slice(record.prefix.length))),
        false,
      );
    }
    await database.close();
  });

  test(`${name}: a key is revoked once and for good, and only the one that was meant`, async () => {
    const database = await (await place(false)).open();
    const store = new KeyStore(database, randomBytes(32));
    const first = await store.create(wanted(), NOW);
    const other = await store.create(wanted(), NOW + 1);
    const revoked = { ...first.record, revokedAtMs: NOW + 10 };
    assert.deepEqual(await store.revoke(first.record.id, NOW + 10), revoked);
    assert.deepEqual(await store.revoke(first.record.id, NOW + 99), revoked);
    assert.deepEqual(await store.list(), [revoked, other.record]);
    assert.equal(await store.revoke("00000000-0000-7000-8000-000000000000", NOW), undefined);
    await database.close();
  });

  test(`${name}: what changed within the last seconds is found: what was made, and what was revoked`, async () => {
    const database = await (await place(false)).open();
    const store = new KeyStore(database, randomBytes(32));
    const old = await store.create(wanted(), NOW);
    await database.tables
      .updateTable("api_key")
      .set({ changed_at: sql`clock_timestamp() - interval '1 hour'` })
      .execute();
    const fresh = await store.create(wanted(), NOW);
    const changed = async (): Promise<string[]> =>
      (await store.changedWithin(60)).map(({ id }) => id).toSorted();
    assert.deepEqual(await changed(), [fresh.record.id]);
    assert.equal((await store.changedWithin(7_200)).length, 2);
    await store.revoke(old.record.id, NOW);
    assert.deepEqual(await changed(), [old.record.id, fresh.record.id].toSorted());
    await database.close();
  });

  test(`${name}: no two keys may share the characters by which they are looked up`, async () => {
    const database = await (await place(false)).open();
    const store = new KeyStore(database, randomBytes(32));
    const { record } = await store.create(wanted(), NOW);
    const twin = sql`insert into api_key (id, prefix, digest, tenant, rights, created_at)
      select gen_random_uuid(), prefix, digest, tenant, rights, created_at from api_key where id = ${record.id}`;
    await assert.rejects(twin.execute(database.tables), /api_key_prefix_key/);
    assert.equal((await store.list()).length, 1);
    await database.close();
  });

  test(`${name}: keys hold over a reopening, because the pepper stays`, async () => {
    const here = await place(false);
    const before = await here.open();
    const peppers = await Promise.all([loadPepper(before), loadPepper(before), loadPepper(before)]);
    const pepper = peppers[0];
    assert.equal(pepper.length, 32);
    assert.deepEqual(peppers, [pepper, pepper, pepper]);
    const { key, record } = await new KeyStore(before, pepper).create(wanted(), NOW);
    await before.close();
    const again = await here.open();
    const ring = new KeyRing(await loadPepper(again));
    ring.put(await new KeyStore(again, pepper).list());
    assert.deepEqual(ring.authenticate(key, NOW), record);
    await again.close();
  });

  test(`${name}: many at once all get their answer`, async () => {
    const database = await (await place(false)).open();
    const store = new KeyStore(database, randomBytes(32));
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, index) => store.create(wanted(), NOW + index)),
    );
    const lists = await Promise.all(Array.from({ length: 10 }, () => store.list()));
    for (const list of lists) {
      assert.deepEqual(
        list.map(({ id }) => id),
        made.map(({ record }) => record.id),
      );
    }
    await database.close();
  });
}

cases(embedded);
if (postgres === undefined)
  test("PostgreSQL", { skip: "there is no PostgreSQL 15 or newer on this machine" }, () => {});
else cases(real(postgres));

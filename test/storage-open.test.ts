import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { sql } from "kysely";
import { openDatabase } from "../src/storage/open.ts";
import { until } from "./support/gateway.ts";
import { startPostgres, withClient } from "./support/postgres.ts";

const postgres = await startPostgres();
const withPostgres =
  postgres === undefined ? { skip: "there is no PostgreSQL 15 or newer on this machine" } : {};
let folder = "";

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-open-"));
});
after(async () => {
  await postgres?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const onError = (): void => {};

test("a PostgreSQL that is not there is an error, not a wait", async () => {
  const database = "postgres://nobody@127.0.0.1:1/none";
  await assert.rejects(openDatabase({ database, data: folder, onError }), /ECONNREFUSED/);
});

test("a database that is not there is named", withPostgres, async () => {
  const there = (await postgres?.createDatabase()) ?? "";
  const database = there.replace(/\/test_\d+\?/, "/not_made?");
  await assert.rejects(
    openDatabase({ database, data: folder, onError }),
    /database "not_made" does not exist/,
  );
});

test(
  "connections that the server closes are told, and the next query has another",
  withPostgres,
  async () => {
    const url = (await postgres?.createDatabase()) ?? "";
    const told: Error[] = [];
    const database = await openDatabase({
      database: url,
      data: folder,
      onError: (error) => told.push(error),
    });
    const ask = async (): Promise<number> =>
      (await sql`select 1 as one`.execute(database.tables)).rows.length;
    assert.equal(await ask(), 1);
    await withClient(url, (client) =>
      client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'switchyard'",
      ),
    );
    await until(() => told.length > 0, "the error");
    assert.equal(await ask(), 1);
    await database.close();
  },
);

test("the data folder is made for its owner alone, however deep", async () => {
  const data = path.join(folder, "a", "b".repeat(100), "c");
  const database = await openDatabase({ database: "embedded", data, onError });
  assert.equal((await stat(data)).mode & 0o777, 0o700);
  assert.deepEqual(await readdir(data), ["db"]);
  await database.close();
});

/** Runs something with a temporary folder of its own. @returns what is left in it */
async function leftBy(run: () => Promise<unknown>): Promise<string[]> {
  const temporary = await mkdtemp(path.join(folder, "tmp-"));
  const { TMPDIR } = process.env;
  process.env["TMPDIR"] = temporary;
  try {
    await run();
    return await readdir(temporary);
  } finally {
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
  }
}

async function brokenData(): Promise<string> {
  const data = await mkdtemp(path.join(folder, "broken-"));
  await writeFile(path.join(data, "db"), "a file where the database's folder belongs");
  return data;
}

test("an embedded database that cannot be opened is an error that names its folder", async () => {
  const data = await brokenData();
  await assert.rejects(openDatabase({ database: "embedded", data, onError }), (error) => {
    assert.ok(error instanceof Error, JSON.stringify(error));
    assert.ok(error.message.includes(path.join(data, "db")), error.message);
    return true;
  });
});

test("an embedded database that cannot be opened leaves nothing behind", async () => {
  const data = await brokenData();
  const left = await leftBy(() => openDatabase({ database: "embedded", data, onError }).catch(() => {}));
  assert.deepEqual(left, []);
});

test("an embedded database that is closed leaves nothing behind but its folder", async () => {
  const data = await mkdtemp(path.join(folder, "closed-"));
  const left = await leftBy(async () => {
    const database = await openDatabase({ database: "embedded", data, onError });
    await database.close();
  });
  assert.deepEqual(left, []);
});

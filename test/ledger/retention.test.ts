import assert from "node:assert/strict";
import test from "node:test";
import { sql } from "kysely";
import { ExchangeQuery } from "../../src/budget/ledger/exchange-query.ts";
import { applyRetention } from "../../src/budget/ledger/retention.ts";
import { recordLine } from "../../src/telemetry/record-line.ts";
import {
  contents,
  countOf,
  DAY_MS,
  decisionOf,
  emptied,
  HOUR_MS,
  linesOf,
  onBothDatabases,
  partitionsOf,
  recordOf,
  type Subject,
} from "./support.ts";

function cases({ name, database, another }: Subject): void {
  const isThere = async (id: string): Promise<boolean> =>
    (await new ExchangeQuery(database).find(id)) !== undefined;

  test(`${name}: a partition leaves when its last instant is as old as exchanges are kept, and not before`, async () => {
    const store = await emptied(database);
    const today = Math.floor(Date.now() / DAY_MS) * DAY_MS;
    // Ten days back, the whole day of the tenth is over its retention; of the ninth a part is not.
    const records = Array.from({ length: 14 }, (_, index) =>
      recordOf({ startedAtMs: today - index * DAY_MS }),
    );
    await store.bookExchanges(linesOf(records));
    const dropped = await applyRetention(database, { exchanges: 10, usage: 400 });
    assert.equal(dropped.length, 3);
    for (const [index, { id }] of records.entries())
      assert.equal(await isThere(id), index <= 10, String(index));
    assert.equal((await partitionsOf(database)).length, 11 + 1);
  });

  test(`${name}: what is young stays as it is, however often retention is applied`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const lines = Array.from({ length: 9 }, (_, index) =>
      recordLine(recordOf({ startedAtMs: now - index * DAY_MS }), decisionOf(index)),
    );
    await store.bookExchanges([...lines, ...linesOf([recordOf({ startedAtMs: now + DAY_MS })])]);
    const before = await contents(database);
    for (let time = 0; time < 3; time++)
      assert.deepEqual(await applyRetention(database, { exchanges: 9, usage: 9 }), []);
    assert.deepEqual(await contents(database), before);
  });

  test(`${name}: decisions leave by the day they were stored, usage by its hour`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const hours = [1, 24 * 5, 24 * 7, 24 * 30].map((back) => now - back * HOUR_MS);
    await store.bookExchanges(
      hours.map((startedAtMs, index) => recordLine(recordOf({ startedAtMs }), decisionOf(index))),
    );
    for (const [index, back] of [0, 6, 7, 8].entries())
      await sql`update decision set day = (now() at time zone 'UTC')::date - ${back}::integer
        where body = ${decisionOf(index)}`.execute(database.tables);
    await sql`update usage_hour set booked_at = hour`.execute(database.tables);
    await applyRetention(database, { exchanges: 7, usage: 6 });
    const { rows: decisions } = await sql<{
      body: string;
    }>`select body from decision order by day desc`.execute(database.tables);
    assert.deepEqual(
      decisions.map(({ body }) => body),
      [0, 1, 2].map(decisionOf),
    );
    assert.equal(await countOf(database, "usage_hour"), 2);
  });

  test(`${name}: exchanges elsewhen leave by when they were booked, whatever their own clock said`, async () => {
    const store = await emptied(database);
    const ancient = recordOf({ startedAtMs: 0 });
    const future = recordOf({ startedAtMs: Date.UTC(2100, 0) });
    const forgotten = recordOf({ startedAtMs: Date.UTC(2100, 1) });
    const young = recordOf({ startedAtMs: 1 });
    await store.bookExchanges(linesOf([ancient, future, forgotten, young]));
    await sql`update exchange set booked_at = now() - interval '11 days' where id in (${ancient.id}, ${forgotten.id})`.execute(
      database.tables,
    );
    await sql`update exchange set booked_at = now() - interval '9 days' where id = ${future.id}`.execute(
      database.tables,
    );
    await applyRetention(database, { exchanges: 10, usage: 400 });
    for (const { id } of [ancient, forgotten]) assert.equal(await isThere(id), false);
    for (const { id } of [future, young]) assert.equal(await isThere(id), true);
  });

  test(`${name}: exchanges of a day stay, however long ago they were booked by the row's word`, async () => {
    const store = await emptied(database);
    const record = recordOf({ startedAtMs: Date.now() - DAY_MS });
    await store.bookExchanges(linesOf([record]));
    await sql`update exchange set booked_at = now() - interval '1 year'`.execute(database.tables);
    await applyRetention(database, { exchanges: 10, usage: 400 });
    assert.equal(await isThere(record.id), true);
  });

  test(`${name}: sums of usage outlive the exchanges they were made of`, async () => {
    const store = await emptied(database);
    const record = recordOf({ startedAtMs: Date.now() - 20 * DAY_MS });
    await store.bookExchanges(linesOf([record]));
    await applyRetention(database, { exchanges: 10, usage: 400 });
    assert.equal(await isThere(record.id), false);
    assert.equal(await countOf(database, "usage_hour"), 1);
  });

  test(`${name}: other tables that are made beside the days are left alone`, async () => {
    await emptied(database);
    await sql`create table exchange_20200101 (kept boolean)`.execute(database.tables);
    try {
      assert.deepEqual(await applyRetention(database, { exchanges: 10, usage: 400 }), []);
      assert.equal(await countOf(database, "exchange_20200101"), 0);
    } finally {
      await sql`drop table exchange_20200101`.execute(database.tables);
    }
  });

  if (another === undefined) return;
  test(`${name}: of nodes that apply retention at once each partition is dropped by one, and nobody fails`, async () => {
    const nodes = [database, await another(), await another()];
    const store = await emptied(database);
    const now = Date.now();
    const records = Array.from({ length: 15 }, (_, index) => recordOf({ startedAtMs: now - index * DAY_MS }));
    await store.bookExchanges(linesOf(records));
    const dropped = await Promise.all(
      nodes.flatMap((node) => [1, 2].map(() => applyRetention(node, { exchanges: 5, usage: 400 }))),
    );
    const names = dropped.flat();
    assert.equal(names.length, 9);
    assert.equal(new Set(names).size, 9);
  });
}

await onBothDatabases(cases);

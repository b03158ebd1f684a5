import assert from "node:assert/strict";
import test from "node:test";
import { ExchangeQuery } from "../../src/budget/ledger/exchange-query.ts";
import { LedgerStore } from "../../src/budget/ledger/ledger-store.ts";
import { Partitions } from "../../src/budget/ledger/partitions.ts";
import { applyRetention } from "../../src/budget/ledger/retention.ts";
import { UsageQuery } from "../../src/budget/ledger/usage-query.ts";
import type { Database } from "../../src/storage/database.ts";
import {
  countOf,
  DAY_MS,
  emptied,
  KEEP_DAYS,
  linesOf,
  onBothDatabases,
  partitionsOf,
  recordOf,
  watched,
  type Subject,
} from "./support.ts";

const ELSEWHEN = "exchange_elsewhen";
/** Instants at which no well clock stands. */
const FAR_OFF: readonly (readonly [what: string, startedAtMs: number])[] = [
  ["the first millisecond of 1970", 0],
  ["a day of 1970", 12_345_678],
  ["the year 2100", Date.UTC(2100, 1, 28, 23, 59, 59, 999)],
  ["the last instant that an id can say", 2 ** 48 - 1],
  ["a clock that jumped on by a month", Date.now() + 30 * DAY_MS],
  ["a clock that jumped back by years", Date.now() - 5 * 365 * DAY_MS],
];

function partitionOf(startedAtMs: number): string {
  return `exchange_${new Date(startedAtMs).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

/** The partitions that a plan reads. */
function scanned(plan: string): string[] {
  return [...new Set(plan.match(/\bexchange_(?:\d{8}|elsewhen)\b(?!_)/g))].toSorted();
}

function cases({ name, database, another }: Subject): void {
  test(`${name}: a day gets its partition when its first exchange is booked, up to two days ahead`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const instants = [now, now - DAY_MS, now - KEEP_DAYS * DAY_MS, now + DAY_MS, now + 2 * DAY_MS];
    await store.bookExchanges(linesOf(instants.map((startedAtMs) => recordOf({ startedAtMs }))));
    assert.deepEqual(await partitionsOf(database), [...instants.map(partitionOf), ELSEWHEN].toSorted());
    assert.equal(await countOf(database, ELSEWHEN), 0);
    for (const startedAtMs of instants) assert.equal(await countOf(database, partitionOf(startedAtMs)), 1);
  });

  test(`${name}: days further ahead than two, and older than what is kept, get none`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const instants = [now + 4 * DAY_MS, now - (KEEP_DAYS + 2) * DAY_MS];
    await store.bookExchanges(linesOf(instants.map((startedAtMs) => recordOf({ startedAtMs }))));
    assert.deepEqual(await partitionsOf(database), [ELSEWHEN]);
    assert.equal(await countOf(database, ELSEWHEN), 2);
  });

  test(`${name}: the first and the last millisecond of a day are in its partition`, async () => {
    const store = await emptied(database);
    const day = Math.floor(Date.now() / DAY_MS) * DAY_MS - 3 * DAY_MS;
    const instants = [day - 1, day, day + DAY_MS - 1, day + DAY_MS];
    await store.bookExchanges(linesOf(instants.map((startedAtMs) => recordOf({ startedAtMs }))));
    assert.equal(await countOf(database, partitionOf(day)), 2);
    assert.equal(await countOf(database, ELSEWHEN), 0);
  });

  test(`${name}: to find an exchange by its id one partition is read`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const records = Array.from({ length: 6 }, (_, index) => recordOf({ startedAtMs: now - index * DAY_MS }));
    await store.bookExchanges(linesOf(records));
    for (const record of records) {
      const { database: seen, explain } = watched(database);
      assert.equal((await new ExchangeQuery(seen).find(record.id))?.id, record.id);
      assert.deepEqual(scanned(await explain()), [partitionOf(record.startedAtMs)]);
    }
    const { database: seen, explain } = watched(database);
    assert.equal(await new ExchangeQuery(seen).find(recordOf({ startedAtMs: 0 }).id), undefined);
    assert.deepEqual(scanned(await explain()), [ELSEWHEN]);
  });

  test(`${name}: a page that begins after an exchange reads no partition of later days, and one of a span only its days`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const records = Array.from({ length: 5 }, (_, index) => recordOf({ startedAtMs: now - index * DAY_MS }));
    await store.bookExchanges(linesOf(records));
    const [, , third] = records;
    assert.ok(third !== undefined);
    const search = { sinceMs: undefined, untilMs: undefined, filters: {}, limit: 10 };
    const { database: seen, explain } = watched(database);
    const query = new ExchangeQuery(seen);
    const rest = await query.search({ ...search, after: third });
    assert.deepEqual(
      rest.map(({ id }) => id),
      records.slice(3).map(({ id }) => id),
    );
    const read = scanned(await explain());
    for (const { startedAtMs } of records.slice(0, 2)) assert.ok(!read.includes(partitionOf(startedAtMs)));
    const { startedAtMs } = third;
    const span = { sinceMs: startedAtMs, untilMs: startedAtMs + 1, after: undefined };
    assert.equal((await query.search({ ...search, ...span })).length, 1);
    assert.deepEqual(
      scanned(await explain()).filter((partition) => partition !== ELSEWHEN),
      [partitionOf(startedAtMs)],
    );
  });

  for (const [what, startedAtMs] of FAR_OFF) {
    test(`${name}: an exchange of ${what} makes no partition, and is found, listed, counted and booked once`, async () => {
      const store = await emptied(database);
      const record = recordOf({ startedAtMs, context: { journey: "trip", user: "ann" } });
      await store.bookExchanges(linesOf([record]));
      await new LedgerStore(database, KEEP_DAYS).bookExchanges(linesOf([record]));
      assert.deepEqual(await partitionsOf(database), [ELSEWHEN]);
      const query = new ExchangeQuery(database);
      assert.equal((await query.find(record.id))?.started_at.getTime(), startedAtMs);
      const search = { sinceMs: undefined, untilMs: undefined, filters: {}, after: undefined, limit: 10 };
      assert.equal((await query.search(search)).length, 1);
      assert.equal((await query.search({ ...search, after: record })).length, 0);
      assert.equal((await query.journey("trip", undefined, 10)).length, 1);
      const usage = new UsageQuery(database);
      // Over whole hours, off the hour, and by a word that is not in the sums.
      for (const [sinceMs, untilMs] of [
        [startedAtMs - DAY_MS, startedAtMs + DAY_MS],
        [startedAtMs, startedAtMs + 1],
      ] as const) {
        for (const by of ["tenant", "user", "hour", "day", "month"] as const) {
          const answer = await usage.ask({ by: [by], sinceMs, untilMs, filters: {}, limit: 10 });
          assert.equal(answer.rows.length, 1, by);
          assert.equal(answer.total.exchanges, 1n, by);
        }
      }
    });
  }

  test(`${name}: when a day comes nearer whose exchanges are elsewhen, old and new ones are found, and none twice`, async () => {
    const far = await emptied(database, 0);
    const startedAtMs = Date.now() - 3 * DAY_MS;
    const early = recordOf({ startedAtMs, context: { user: "early" } });
    await far.bookExchanges(linesOf([early]));
    assert.equal(await countOf(database, ELSEWHEN), 1);
    // For this one the same day is near.
    const near = new LedgerStore(database, KEEP_DAYS);
    const late = recordOf({ startedAtMs: startedAtMs + 1, context: { user: "late" } });
    const next = recordOf({ startedAtMs: startedAtMs + DAY_MS });
    await near.bookExchanges(linesOf([late, next]));
    await near.bookExchanges(linesOf([early, late, next]));
    assert.equal(await countOf(database, "exchange"), 3);
    assert.equal(await countOf(database, partitionOf(next.startedAtMs)), 1);
    const query = new ExchangeQuery(database);
    for (const { id } of [early, late, next]) assert.equal((await query.find(id))?.id, id);
    const range = {
      sinceMs: startedAtMs - DAY_MS,
      untilMs: startedAtMs + 3 * DAY_MS,
      filters: {},
      limit: 10,
    };
    for (const by of ["user", "tenant"] as const)
      assert.equal((await new UsageQuery(database).ask({ by: [by], ...range })).total.exchanges, 3n);
    await applyRetention(database, { exchanges: KEEP_DAYS, usage: 400 });
    assert.equal(await countOf(database, "exchange"), 3);
  });

  test(`${name}: a day that was far off is asked for again, and gets its partition when it has come`, async () => {
    await emptied(database);
    const far = new Partitions(database, 0);
    const startedAtMs = Date.now() - DAY_MS;
    await far.ensure([startedAtMs]);
    assert.deepEqual(await partitionsOf(database), [ELSEWHEN]);
    const near = new Partitions(database, 1);
    await near.ensure([startedAtMs]);
    await near.ensure([startedAtMs]);
    assert.deepEqual(await partitionsOf(database), [partitionOf(startedAtMs), ELSEWHEN]);
  });

  test(`${name}: a partition that retention took away does not keep late records of its day from being booked`, async () => {
    const store = await emptied(database);
    const old = recordOf({ startedAtMs: Date.now() - 10 * DAY_MS });
    await store.bookExchanges(linesOf([old]));
    const dropped = await applyRetention(database, { exchanges: 5, usage: 400 });
    assert.deepEqual(dropped, [partitionOf(old.startedAtMs)]);
    const late = recordOf({ startedAtMs: old.startedAtMs + 1 });
    await store.bookExchanges(linesOf([late]));
    assert.equal((await new ExchangeQuery(database).find(late.id))?.id, late.id);
  });

  if (another !== undefined) together(name, database, another);
}

function together(name: string, database: Database, another: () => Promise<Database>): void {
  test(`${name}: two nodes that make the same partitions at once both go on`, async () => {
    const nodes = [database, await another(), await another()];
    for (let round = 0; round < 10; round++) {
      await emptied(database);
      const now = Date.now();
      const days = Array.from({ length: 12 }, (_, index) => now - index * DAY_MS);
      await Promise.all(
        nodes.flatMap((node) =>
          [days, days.toReversed()].map((order) => new Partitions(node, KEEP_DAYS).ensure(order)),
        ),
      );
      assert.equal((await partitionsOf(database)).length, days.length + 1);
    }
  });

  test(`${name}: partitions come and go while nodes book, search and add up, and nobody is in another's way`, async () => {
    await emptied(database);
    const nodes = [database, await another()];
    const now = Date.now();
    const work: Promise<unknown>[] = [];
    let count = 0;
    for (let round = 0; round < 40; round++) {
      const node = nodes[round % 2] ?? database;
      const records = Array.from({ length: 5 }, (_, index) =>
        recordOf({ startedAtMs: now - ((round * 3 + index) % 20) * DAY_MS }),
      );
      // One that is nobody's day.
      records.push(recordOf({ startedAtMs: round }));
      count += records.length;
      work.push(new LedgerStore(node, KEEP_DAYS).bookExchanges(linesOf(records)));
      work.push(
        new ExchangeQuery(node).search({
          sinceMs: undefined,
          untilMs: undefined,
          filters: {},
          after: undefined,
          limit: 50,
        }),
      );
      const range = { sinceMs: now - 30 * DAY_MS, untilMs: now, filters: {}, limit: 10 };
      work.push(new UsageQuery(node).ask({ by: ["user"], ...range }));
      work.push(applyRetention(node, { exchanges: KEEP_DAYS, usage: 100_000 }));
    }
    const outcomes = await Promise.allSettled(work);
    const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    assert.deepEqual(failures, []);
    assert.equal(await countOf(database, "exchange"), count);
  });

  test(`${name}: old partitions leave while nodes search and book, and nobody fails`, async () => {
    const nodes = [database, await another()];
    for (let round = 0; round < 5; round++) {
      const store = await emptied(database);
      const now = Date.now();
      const old = Array.from({ length: 10 }, (_, index) => recordOf({ startedAtMs: now - index * DAY_MS }));
      await store.bookExchanges(linesOf(old));
      const work = Array.from({ length: 20 }, async (_, index): Promise<void> => {
        const node = nodes[index % 2] ?? database;
        await new LedgerStore(node, KEEP_DAYS).bookExchanges(
          linesOf([recordOf({ startedAtMs: now + index })]),
        );
        if (index % 5 === 0) await applyRetention(node, { exchanges: 4, usage: 4 });
        const record = old[index % old.length];
        await new ExchangeQuery(node).find(record?.id ?? "");
        await new ExchangeQuery(node).journey("nowhere", undefined, 10);
      });
      const outcomes = await Promise.allSettled(work);
      const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
      assert.deepEqual(failures, []);
    }
  });
}

await onBothDatabases(cases);

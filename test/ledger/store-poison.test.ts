import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { sql } from "kysely";
import { ExchangeQuery } from "../../src/budget/ledger/exchange-query.ts";
import { systemClock } from "../../src/core/clock.ts";
import { diskFiles } from "../../src/telemetry/journal/files.ts";
import { Journal } from "../../src/telemetry/journal/journal.ts";
import { Shipper } from "../../src/telemetry/journal/shipper.ts";
import { COLUMNS, recordLine, type Column } from "../../src/telemetry/record-line.ts";
import {
  contents,
  countOf,
  decisionOf,
  emptied,
  linesOf,
  onBothDatabases,
  recordOf,
  someLines,
  type Subject,
} from "./support.ts";

/** A line with one of its values changed. */
function spoilt(column: Column, value: unknown): string {
  const values = JSON.parse(recordLine(recordOf(), undefined)) as unknown[];
  values[COLUMNS.indexOf(column)] = value;
  return JSON.stringify(values);
}

const POISON: readonly (readonly [what: string, line: string])[] = [
  ["not JSON at all", "this is no JSON"],
  ["half a record", recordLine(recordOf(), undefined).slice(0, 60)],
  ["an empty line", ""],
  ["an object", '{"id":"x"}'],
  ["a number", "5"],
  ["another list begun in it", '["a"],["b"'],
  ["a text left open", '["0190aaaa'],
  ["an id that is no UUID", spoilt("id", "0190aaaa-not-a-uuid")],
  ["no id", spoilt("id", null)],
  ["no start", spoilt("startedAtMs", null)],
  ["a start beyond all calendars", spoilt("startedAtMs", "9223372036854775807")],
  ["more tokens than an integer holds", spoilt("inputTokens", 2 ** 31)],
  ["a fraction of a token", spoilt("outputTokens", 1.5)],
  ["a duration beyond an integer", spoilt("durationMs", 1e15)],
  ["a cost above a bigint", spoilt("costNano", "9223372036854775808")],
  ["a cost that is no number", spoilt("costNano", "dear")],
  ["a key that is no UUID", spoilt("key", "sy-1234")],
  ["a hash that is not hexadecimal", spoilt("configHash", "xyz")],
  ["no status", spoilt("status", null)],
  ["a NUL", recordLine(recordOf({ tenant: "a#b" }), undefined).replace("a#b", "a\\u0000b")],
  ["half a surrogate pair", recordLine(recordOf({ tenant: "a#b" }), undefined).replace("a#b", "a\\ud800b")],
];

function cases({ name, database }: Subject): void {
  test(`${name}: a batch that is refused leaves nothing behind, and its decisions come with the next`, async () => {
    const store = await emptied(database);
    const good = recordOf();
    const lines = [recordLine(good, decisionOf(1)), spoilt("id", "nobody")];
    await assert.rejects(store.bookExchanges(lines), (error) => store.isAboutData(error));
    assert.deepEqual(await contents(database), []);
    await store.bookExchanges(lines.slice(0, 1));
    const query = new ExchangeQuery(database);
    const decision = (await query.find(good.id))?.decision ?? Buffer.alloc(0);
    assert.equal(await query.decision(decision), decisionOf(1));
  });

  for (const [what, line] of POISON) {
    test(`${name}: a line with ${what} is refused as data, and the store goes on`, async () => {
      const store = await emptied(database);
      await assert.rejects(
        store.bookExchanges([line]),
        (error) => store.isAboutData(error),
        "the error is not said to be about the data",
      );
      await store.bookExchanges(linesOf([recordOf()]));
      assert.equal(await countOf(database, "exchange"), 1);
    });
  }

  for (const [what, body] of [
    ["not JSON", "nothing"],
    ["no list", "null"],
    ["a list of something else", "[1,2,3]"],
    ["an instant that is none", '["abcdef","soon","text"]'],
  ] as const) {
    test(`${name}: a configuration's line that is ${what} is refused as data`, async () => {
      const store = await emptied(database);
      await assert.rejects(
        store.bookConfig(body),
        (error) => store.isAboutData(error),
        "the error is not said to be about the data",
      );
    });
  }

  test(`${name}: what is wrong with the database is not taken for what is wrong with the data`, async () => {
    const store = await emptied(database);
    const missing = await sql`select * from no_such_table`.execute(database.tables).catch((error) => error);
    assert.equal(store.isAboutData(missing), false);
    assert.equal(store.isAboutData(new Error("connection terminated")), false);
    assert.equal(store.isAboutData(Object.assign(new Error("refused"), { code: "ECONNREFUSED" })), false);
  });

  test(`${name}: through the shipper poison is handed back line by line, and everything around it is booked`, async () => {
    const store = await emptied(database);
    const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-journal-"));
    const journal = new Journal({
      files: diskFiles(folder),
      fsync: "none",
      limitBytes: 1e9,
      segmentBytes: 1e6,
      ballastBytes: 1_024,
      firstSegment: 1,
      older: [],
      header: "{}",
      clock: systemClock,
      onTrouble: (error) => assert.fail(error),
    });
    const rejected: string[] = [];
    const troubles: unknown[] = [];
    const shipper = new Shipper({
      journal,
      sink: store,
      clock: systemClock,
      onReject: (body) => rejected.push(body),
      onDamage: (damage) => assert.fail(JSON.stringify(damage)),
      onTrouble: (error) => troubles.push(error),
    });
    const poison = POISON.map(([, line]) => line);
    const good = someLines(100);
    for (const [index, line] of good.entries()) {
      journal.closed(line, undefined, () => {});
      // Bad ones stand alone, in pairs, and at the very end.
      for (const bad of poison.filter((_, place) => place * 4 === index))
        journal.closed(bad, undefined, () => {});
    }
    journal.noted("no configuration");
    journal.flush();
    try {
      assert.equal(await shipper.settle(60_000), true);
      assert.deepEqual(troubles, []);
      assert.deepEqual(rejected.toSorted(), [...poison, "no configuration"].toSorted());
      assert.equal(await countOf(database, "exchange"), good.length);
      const { rows } = await sql<{ count: string }>`select sum(exchanges) as count from usage_hour`.execute(
        database.tables,
      );
      assert.equal(Number(rows[0]?.count), good.length);
    } finally {
      await shipper.stop(5_000);
      await journal.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}

await onBothDatabases(cases);

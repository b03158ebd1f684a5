import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import { ExchangeQuery, type StoredExchange } from "../../src/budget/ledger/exchange-query.ts";
import { LedgerStore } from "../../src/budget/ledger/ledger-store.ts";
import { UsageQuery } from "../../src/budget/ledger/usage-query.ts";
import { exchangeView } from "../../src/control/exchange-view.ts";
import { NO_USAGE } from "../../src/core/usage.ts";
import type { Database } from "../../src/storage/database.ts";
import { recordLine } from "../../src/telemetry/record-line.ts";
import {
  attemptOf,
  contents,
  countOf,
  DAY_MS,
  decisionOf,
  emptied,
  HOUR_MS,
  KEEP_DAYS,
  keyId,
  linesOf,
  onBothDatabases,
  recordOf,
  someLines,
  type RecordChanges,
  type Subject,
} from "./support.ts";

const HOSTILE: readonly (readonly [what: string, text: string])[] = [
  ["a NUL", "a\u0000b"],
  ["the first half of a surrogate pair", "a\ud83d"],
  ["the second half of one", "\ude00b"],
  ["quotes of every sort", `'"\`;--\\'$$ "" \\" %s $1`],
  ["an escape written out", "\\u0000 \\ud800 \\\\u0000"],
  ["a tab and a line feed", "a\tb\nc\r"],
  ["256 characters", "x".repeat(256)],
  ["256 units of 4-byte characters", "😀".repeat(128)],
  ["256 characters of 3 bytes", "語".repeat(256)],
  ["what JSON and PostgreSQL call null", "null"],
  ["a row's text", '(a,"b",,)'],
  ["blanks", " "],
];

/** As it can be stored: PostgreSQL has no NUL and no half characters. */
function stored(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}

function cases({ name, database, another }: Subject): void {
  const find = async (id: string): Promise<StoredExchange> => {
    const row = await new ExchangeQuery(database).find(id);
    assert.ok(row !== undefined, `the exchange ${id} is not found`);
    return row;
  };

  test(`${name}: a batch booked again changes nothing, neither rows nor sums nor decisions`, async () => {
    const store = await emptied(database);
    const lines = someLines(30);
    await store.bookExchanges(lines);
    const once = await contents(database);
    assert.equal(await countOf(database, "exchange"), 30);
    await store.bookExchanges(lines);
    assert.deepEqual(await contents(database), once);
    // After a restart nothing is remembered.
    await new LedgerStore(database, KEEP_DAYS).bookExchanges(lines.toReversed());
    assert.deepEqual(await contents(database), once);
  });

  test(`${name}: batches that overlap, and one that has a line twice, come to the same as each line once`, async () => {
    const lines = someLines(30);
    await (await emptied(database)).bookExchanges(lines);
    const once = await contents(database);
    const store = await emptied(database);
    await store.bookExchanges(lines.slice(0, 20));
    await store.bookExchanges(lines.slice(10));
    assert.deepEqual(await contents(database), once);
    const other = await emptied(database);
    await other.bookExchanges([...lines, ...lines, ...lines.slice(3, 4)]);
    assert.deepEqual(await contents(database), once);
  });

  test(`${name}: however lines are cut into batches and repeated, it comes to the same as each line once`, async () => {
    const lines = someLines(12);
    await (await emptied(database)).bookExchanges(lines);
    const once = await contents(database);
    const batches = fc.array(fc.array(fc.constantFrom(...lines), { maxLength: 8 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, async (some) => {
        const store = await emptied(database);
        for (const batch of [...some, lines]) await store.bookExchanges(batch);
        assert.deepEqual(await contents(database), once);
      }),
      { numRuns: 10 },
    );
  });

  test(`${name}: a batch of nothing is booked as nothing`, async () => {
    const store = await emptied(database);
    await store.bookExchanges([]);
    assert.deepEqual(await contents(database), []);
  });

  test(`${name}: decisions that are alike share a row a day, and are stored again on the next day they are made`, async () => {
    const store = await emptied(database);
    const [one, two] = [recordOf(), recordOf()];
    await store.bookExchanges([recordLine(one, decisionOf(1)), recordLine(two, decisionOf(1))]);
    assert.equal(await countOf(database, "decision"), 1);
    await sql`update decision set day = day - 1`.execute(database.tables);
    await new LedgerStore(database, KEEP_DAYS).bookExchanges(linesOf([recordOf()], decisionOf(1)));
    assert.equal(await countOf(database, "decision"), 2);
    const { decision } = await find(one.id);
    assert.ok(decision !== null);
    assert.equal(await new ExchangeQuery(database).decision(decision), decisionOf(1));
  });

  for (const [what, text] of HOSTILE) {
    test(`${name}: ${what} comes back from every word as it can be stored, and finds its exchange again`, async () => {
      const store = await emptied(database);
      const record = recordOf({
        tenant: text,
        model: text,
        code: text,
        tags: { [text.slice(0, 64)]: text.slice(0, 100) },
        message: text,
        context: {
          tenant: text,
          user: text,
          app: text,
          feature: text,
          workflow: text,
          journey: text,
          task: text,
          prompt: text,
        },
      });
      const decision = JSON.stringify({ asked: text });
      const lines = [recordLine(record, decision), recordLine(recordOf(), undefined)];
      await store.bookExchanges(lines);
      await store.bookExchanges(lines);
      assert.equal(await countOf(database, "exchange"), 2);
      const row = await find(record.id);
      const wanted = stored(text);
      const { tenant, end_user: user, app, feature, workflow, journey, task, prompt, model, code } = row;
      for (const value of [tenant, user, app, feature, workflow, journey, task, prompt, model, code])
        assert.equal(value, wanted);
      assert.deepEqual(exchangeView(row).tags, { [stored(text.slice(0, 64))]: stored(text.slice(0, 100)) });
      const said = await new ExchangeQuery(database).decision(row.decision ?? Buffer.alloc(0));
      assert.equal((JSON.parse(said ?? "{}") as { asked?: string }).asked, wanted);
      const filters = { tenant: wanted, user: wanted, app: wanted, journey: wanted, code: wanted };
      const search = { sinceMs: undefined, untilMs: undefined, filters, after: undefined, limit: 10 };
      const found = await new ExchangeQuery(database).search(search);
      assert.deepEqual(
        found.map(({ id }) => id),
        [record.id],
      );
      const range = { sinceMs: record.startedAtMs - DAY_MS, untilMs: record.startedAtMs + DAY_MS, limit: 10 };
      const summed = { tenant: wanted, app: wanted, task: wanted };
      const usage = await new UsageQuery(database).ask({ by: ["feature"], filters: summed, ...range });
      assert.deepEqual(
        usage.rows.map(({ words, sums }) => [words, sums.exchanges]),
        [[{ feature: wanted }, 1n]],
      );
    });
  }

  test(`${name}: 16 tags of 512 characters are not kept and are counted, and the row stays small`, async () => {
    const store = await emptied(database);
    const tags = Object.fromEntries(
      Array.from({ length: 16 }, (_, index) => [`tag${index}`, "t".repeat(512)]),
    );
    const record = recordOf({ tags });
    await store.bookExchanges(linesOf([record]));
    const view = exchangeView(await find(record.id));
    assert.deepEqual(view.tags, {});
    assert.equal(view.tagsCut, 16);
    assert.ok((await rowBytes(database)) <= 1_024);
  });

  test(`${name}: a tag that is too long takes none of the short ones along`, async () => {
    const store = await emptied(database);
    const record = recordOf({ tags: { first: "1", long: "t".repeat(512), last: "2" } });
    await store.bookExchanges(linesOf([record]));
    const view = exchangeView(await find(record.id));
    assert.deepEqual(view.tags, { first: "1", last: "2" });
    assert.equal(view.tagsCut, 1);
  });

  test(`${name}: a typical row, with three attempts and five tags, takes a kilobyte at most`, async () => {
    const store = await emptied(database);
    const lines = Array.from({ length: 50 }, (_, index) => recordLine(realistic(index), decisionOf(index)));
    await store.bookExchanges(lines);
    assert.ok((await rowBytes(database)) <= 1_024, `it takes ${await rowBytes(database)} bytes`);
  });

  test(`${name}: everything that a record says is in its row, to the millisecond and the nano-dollar`, async () => {
    const store = await emptied(database);
    const startedAtMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 1;
    const key = keyId();
    const record = recordOf({
      startedAtMs,
      endedAtMs: startedAtMs + 12_345,
      stream: true,
      keyId: key,
      costNano: 9_223_372_036_854_775_807n,
      usage: {
        inputTokens: 2 ** 31 - 1,
        cachedInputTokens: 1,
        cacheWriteInputTokens: 2,
        outputTokens: 3,
        reasoningTokens: 4,
      },
      attempts: [attemptOf({ startedAtMs: startedAtMs + 7 })],
      firstTokenMs: 99,
      flagged: '{"x":1}',
      context: { budget: "0.05", prompt: "greet@3", latency: "batch", sensitivity: "restricted" },
    });
    await store.bookExchanges(linesOf([record]));
    const view = exchangeView(await find(record.id));
    assert.equal(view.startedAt, new Date(startedAtMs).toISOString());
    assert.equal(view.endedAt, new Date(startedAtMs + 12_345).toISOString());
    assert.equal(view.costNano, "9223372036854775807");
    assert.equal(view.costUsd, "9223372036.854775807");
    assert.deepEqual(view.usage, record.usage);
    assert.equal(view.key, key);
    assert.equal(view.firstTokenMs, 99);
    assert.equal(view.flagged, true);
    assert.equal(view.reported, '{"x":1}');
    assert.deepEqual(
      [view.budget, view.prompt, view.latency, view.sensitivity, view.stream],
      ["0.05", "greet@3", "batch", "restricted", true],
    );
    const [attempt] = view.attempts;
    assert.equal(attempt?.startedAt, new Date(startedAtMs + 7).toISOString());
    assert.equal(attempt?.firstTokenMs, 92);
  });

  if (another !== undefined) concurrent(name, database, another);
}

function concurrent(name: string, database: Database, another: () => Promise<Database>): void {
  test(`${name}: two nodes that book into the same hours at once, with the same decisions, lose and double nothing`, async () => {
    await emptied(database);
    const nodes = [database, await another()];
    const batches = 400;
    const size = 12;
    const now = Date.now();
    const booked: Promise<void>[] = [];
    for (let batch = 0; batch < batches; batch++) {
      const store = new LedgerStore(nodes[batch % 2] ?? database, KEEP_DAYS);
      const lines = Array.from({ length: size }, (_, index) => {
        const serial = (batch * 7 + index * 5) % size;
        const changes: RecordChanges = { startedAtMs: now - serial * HOUR_MS, tenant: `t${serial % 4}` };
        return recordLine(recordOf(changes), decisionOf(serial));
      });
      // Each in an order of its own.
      booked.push(store.bookExchanges(batch % 4 < 2 ? lines : lines.toReversed()));
    }
    const outcomes = await Promise.allSettled(booked);
    const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    assert.deepEqual(failures, []);
    const { rows } = await sql<{
      exchanges: string;
      cost: string;
      tokens: string;
    }>`select sum(exchanges) as exchanges, sum(cost_nano) as cost, sum(input_tokens) as tokens from usage_hour`.execute(
      database.tables,
    );
    const count = batches * size;
    assert.equal(await countOf(database, "exchange"), count);
    assert.deepEqual(rows[0], {
      exchanges: String(count),
      cost: String(count * 18_000),
      tokens: String(count * 12),
    });
    assert.equal(await countOf(database, "decision"), size);
  });

  test(`${name}: two nodes that store the same new decisions at once, each in its own order, are not in each other's way`, async () => {
    const nodes = [database, await another()];
    for (let round = 0; round < 8; round++) {
      await emptied(database);
      const stores = nodes.map((node) => new LedgerStore(node, KEEP_DAYS));
      // The day's partition is there.
      for (const store of stores) await store.bookExchanges(linesOf([recordOf()]));
      const decisions = Array.from({ length: 1_000 }, (_, index) => decisionOf(index));
      const outcomes = await Promise.allSettled(
        stores.map((store, place) => {
          const order = place === 0 ? decisions : decisions.toReversed();
          // No hour's sums are theirs in common, on which one would wait for the other.
          const tenant = `node-${place}`;
          return store.bookExchanges(order.map((decision) => recordLine(recordOf({ tenant }), decision)));
        }),
      );
      const failures = outcomes.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
      assert.deepEqual(failures, []);
      assert.equal(await countOf(database, "decision"), decisions.length);
    }
  });

  test(`${name}: the same lines booked by two nodes at once are booked once`, async () => {
    await emptied(database);
    const nodes = [database, await another()];
    const lines = someLines(200);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        new LedgerStore(nodes[index % 2] ?? database, KEEP_DAYS).bookExchanges(lines),
      ),
    );
    assert.equal(await countOf(database, "exchange"), 200);
    const { rows } = await sql<{ sum: string }>`select sum(exchanges) as sum from usage_hour`.execute(
      database.tables,
    );
    assert.equal(rows[0]?.sum, "200");
  });
}

/** The largest row's bytes. */
async function rowBytes(database: Database): Promise<number> {
  const { rows } = await sql<{
    bytes: number;
  }>`select max(pg_column_size(e.*)) as bytes from exchange e`.execute(database.tables);
  return Number(rows[0]?.bytes);
}

/** What an exchange of a busy installation leaves: names as people give them. */
function realistic(serial: number): ReturnType<typeof recordOf> {
  const startedAtMs = Date.now() - serial * 1_000;
  const usage = { ...NO_USAGE, inputTokens: 3_512, cachedInputTokens: 2_048, outputTokens: 412 };
  const failed = {
    status: "failed",
    cause: "the upstream answered 529",
    startedAtMs,
  };
  return recordOf({
    startedAtMs,
    endedAtMs: startedAtMs + 8_211,
    stream: true,
    tenant: "payments",
    keyId: keyId(),
    target: "sonnet-frankfurt",
    provider: "bedrock-frankfurt",
    model: "eu.anthropic.claude-sonnet-4-20250514-v1:0",
    usage,
    costNano: 16_812_400n,
    firstTokenMs: 1_204,
    context: {
      user: `user-${serial}@example.com`,
      app: "invoice-assistant",
      feature: "dunning-letter",
      journey: keyId(),
      task: "letter.write",
      prompt: "dunning-letter@14",
    },
    tags: { region: "eu", team: "receivables", ticket: "PAY-12345", version: "2026.11.2", channel: "mail" },
    attempts: [
      attemptOf({ ...failed, target: "sonnet-paris" }),
      attemptOf({ ...failed, target: "sonnet-ireland", startedAtMs: startedAtMs + 812 }),
      attemptOf({
        target: "sonnet-frankfurt",
        startedAtMs: startedAtMs + 1_020,
        firstTokenMs: 184,
        usage,
        costNano: 16_812_400n,
      }),
    ],
  });
}

await onBothDatabases(cases);

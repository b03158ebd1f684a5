import assert from "node:assert/strict";
import test from "node:test";
import { ExchangeQuery } from "../../src/budget/ledger/exchange-query.ts";
import { UsageQuery } from "../../src/budget/ledger/usage-query.ts";
import { DAY_MS, emptied, linesOf, onBothDatabases, recordOf, type Subject } from "./support.ts";

const LIMIT = 1_000;

function cases({ name, database }: Subject): void {
  const query = new ExchangeQuery(database);

  test(`${name}: a journey is its exchanges of all days, oldest first, and nobody else's`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const wanted = [0, now - 5 * DAY_MS, now - DAY_MS, now - 2, now - 1, now, Date.UTC(2100, 0)].map(
      (startedAtMs) => recordOf({ startedAtMs, context: { journey: "trip" } }),
    );
    const others = [
      recordOf(),
      recordOf({ context: { journey: "trip2" } }),
      recordOf({ context: { user: "trip" } }),
    ];
    await store.bookExchanges(linesOf([...others, ...wanted.toReversed()]));
    const rows = await query.journey("trip", undefined, LIMIT);
    assert.deepEqual(
      rows.map(({ id }) => id),
      wanted.map(({ id }) => id),
    );
    assert.deepEqual(await query.journey("tri", undefined, LIMIT), []);
    assert.deepEqual(await query.journey("", undefined, LIMIT), []);
  });

  test(`${name}: exchanges of the same millisecond stand in the order of their ids, each time`, async () => {
    const store = await emptied(database);
    const startedAtMs = Date.now();
    const records = Array.from({ length: 50 }, () => recordOf({ startedAtMs, context: { journey: "trip" } }));
    await store.bookExchanges(linesOf(records));
    const ids = records.map(({ id }) => id).toSorted();
    for (const limit of [50, 49, 7, 1])
      assert.deepEqual(
        (await query.journey("trip", undefined, limit)).map(({ id }) => id),
        ids.slice(0, limit),
      );
  });

  test(`${name}: two tenants may call their journeys alike, and each can be asked for alone`, async () => {
    const store = await emptied(database);
    const journey = { context: { journey: "trip" } };
    const ours = recordOf({ tenant: "acme", ...journey });
    const theirs = recordOf({ tenant: "globex", ...journey });
    await store.bookExchanges(linesOf([ours, theirs]));
    assert.equal((await query.journey("trip", undefined, LIMIT)).length, 2);
    for (const [tenant, id] of [
      ["acme", ours.id],
      ["globex", theirs.id],
    ] as const)
      assert.deepEqual(
        (await query.journey("trip", tenant, LIMIT)).map((row) => row.id),
        [id],
      );
    assert.deepEqual(await query.journey("trip", "nobody", LIMIT), []);
  });

  test(`${name}: usage by journey adds up what each cost, and what belongs to none`, async () => {
    const store = await emptied(database);
    const now = Date.now();
    const records = Array.from({ length: 30 }, (_, index) =>
      recordOf({
        startedAtMs: now - index * 3_000_000,
        costNano: BigInt(index),
        context: { journey: index % 3 === 0 ? undefined : `trip-${index % 3}` },
      }),
    );
    await store.bookExchanges(linesOf(records));
    const range = { sinceMs: now - 2 * DAY_MS, untilMs: now + 1, filters: {}, limit: 10 };
    const answer = await new UsageQuery(database).ask({ by: ["journey"], ...range });
    assert.deepEqual(
      answer.rows.map(({ words, sums }) => [words["journey"], sums.exchanges, sums.costNano]),
      [
        ["trip-2", 10n, 155n],
        ["trip-1", 10n, 145n],
        [null, 10n, 135n],
      ],
    );
  });
}

await onBothDatabases(cases);

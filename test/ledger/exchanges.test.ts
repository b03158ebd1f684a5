import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import {
  ExchangeQuery,
  type ExchangePlace,
  type ExchangeSearch,
  type StoredExchange,
} from "../../src/budget/ledger/exchange-query.ts";
import { exchangeView, recordView } from "../../src/control/exchange-view.ts";
import { exchangeInfo } from "../../src/control/contract.ts";
import { FILTER_WORDS, type FilterWord, type Filters } from "../../src/core/ledger-words.ts";
import { NO_USAGE } from "../../src/core/usage.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import {
  attemptOf,
  DAY_MS,
  emptied,
  HOUR_MS,
  keyId,
  linesOf,
  onBothDatabases,
  recordOf,
  type Subject,
} from "./support.ts";

const ALL: ExchangeSearch = {
  sinceMs: undefined,
  untilMs: undefined,
  filters: {},
  after: undefined,
  limit: 1_000,
};
const KEYS = [keyId(), keyId()];

/** What a record says by a word. */
function wordOf(record: ExchangeRecord, word: FilterWord): string | undefined {
  const { context } = record;
  switch (word) {
    case "key":
      return record.keyId;
    case "tenant":
    case "target":
    case "provider":
    case "model":
    case "dialect":
    case "operation":
    case "status":
    case "code":
      return record[word];
    case "user":
    case "app":
    case "feature":
    case "workflow":
    case "journey":
    case "task":
    case "latency":
    case "sensitivity":
    case "budget":
    case "prompt":
      return context?.[word];
  }
}

/** Newest first, as ids sort. */
function newestFirst(records: readonly ExchangeRecord[]): ExchangeRecord[] {
  return records.toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1));
}

const maybe = (...values: string[]): fc.Arbitrary<string | undefined> =>
  fc.constantFrom(undefined, ...values);

/** Few values a word, so that filters fit often. */
const records = fc.array(
  fc
    .record({
      back: fc.oneof(
        fc.nat({ max: 3 }),
        fc.nat({ max: 5 * DAY_MS }),
        fc.constantFrom(0, HOUR_MS, 24 * HOUR_MS),
      ),
      tenant: maybe("acme", "globex"),
      user: maybe("ann", "bob"),
      app: maybe("mail"),
      journey: maybe("trip"),
      task: maybe("write", "read"),
      prompt: maybe("greet@1"),
      budget: maybe("0.05"),
      key: maybe(...KEYS),
      target: maybe("fine", "other"),
      status: fc.constantFrom("answered", "refused", "failed", "abandoned", "killed"),
      code: maybe("forbidden"),
    })
    .map(({ back, tenant, key, target, status, code, ...context }) =>
      recordOf({
        startedAtMs: BASE - back,
        tenant,
        keyId: key,
        target,
        provider: target === undefined ? undefined : "eng",
        model: target,
        status,
        code,
        context,
      }),
    ),
  { maxLength: 40 },
);
const BASE = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;

const filtersOf: fc.Arbitrary<Filters> = fc
  .dictionary(
    fc.constantFrom(...FILTER_WORDS),
    fc.constantFrom(
      "",
      "acme",
      "ann",
      "mail",
      "trip",
      "write",
      "fine",
      "eng",
      "answered",
      "forbidden",
      "standard",
    ),
    { maxKeys: 3 },
  )
  .map((filters) => {
    const { key, ...rest } = filters as { [word in FilterWord]?: string };
    return key === undefined ? rest : { ...rest, key: key === "" ? "" : (KEYS[0] ?? "") };
  });

function fits(record: ExchangeRecord, filters: Filters): boolean {
  return Object.entries(filters).every(
    ([word, value]) => (wordOf(record, word as FilterWord) ?? "") === value,
  );
}

function placeOf(row: StoredExchange): ExchangePlace {
  return { startedAtMs: row.started_at.getTime(), id: row.id };
}

function cases({ name, database }: Subject): void {
  const query = new ExchangeQuery(database);

  async function pages(search: ExchangeSearch, between: () => Promise<void>): Promise<string[]> {
    const ids: string[] = [];
    let after: ExchangePlace | undefined;
    for (;;) {
      const page = await query.search({ ...search, after });
      ids.push(...page.map(({ id }) => id));
      const last = page.at(-1);
      if (last === undefined) return ids;
      after = placeOf(last);
      await between();
    }
  }

  test(`${name}: whatever the span, the filters and the page's size, a search finds what a list would`, async () => {
    const spans = fc.tuple(
      fc.option(fc.integer({ min: -5 * DAY_MS, max: 10 })),
      fc.option(fc.integer({ min: -5 * DAY_MS, max: 10 })),
    );
    const questions = fc.array(fc.tuple(spans, filtersOf, fc.integer({ min: 1, max: 50 })), {
      minLength: 6,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(records, questions, async (all, asked) => {
        const store = await emptied(database);
        await store.bookExchanges(linesOf(all));
        for (const [[since, until], filters, limit] of asked) {
          const sinceMs = since === null ? undefined : BASE + since;
          const untilMs = until === null ? undefined : BASE + until;
          const wanted = newestFirst(all)
            .filter(
              (record) =>
                fits(record, filters) &&
                (sinceMs === undefined || record.startedAtMs >= sinceMs) &&
                (untilMs === undefined || record.startedAtMs < untilMs),
            )
            .map(({ id }) => id);
          const search = { ...ALL, sinceMs, untilMs, filters, limit };
          assert.deepEqual(
            (await query.search(search)).map(({ id }) => id),
            wanted.slice(0, limit),
          );
          assert.deepEqual(await pages({ ...search, limit: Math.max(limit, 7) }, async () => {}), wanted);
        }
      }),
      { numRuns: 12 },
    );
  });

  test(`${name}: every word is a filter, and its empty value asks for exchanges without it`, async () => {
    const store = await emptied(database);
    const [key = ""] = KEYS;
    const full = recordOf({
      keyId: key,
      code: "upstream_error",
      status: "failed",
      context: {
        user: "ann",
        app: "mail",
        feature: "reply",
        workflow: "inbox",
        journey: "trip",
        task: "write",
        latency: "batch",
        sensitivity: "restricted",
        budget: "0.05",
        prompt: "greet@1",
      },
    });
    const bare = recordOf({
      tenant: undefined,
      target: undefined,
      provider: undefined,
      model: undefined,
      dialect: "other",
      operation: "embeddings",
    });
    // Refused before its context was known.
    const unknown = { ...bare, id: recordOf().id, context: undefined, status: "refused" } as ExchangeRecord;
    await store.bookExchanges(linesOf([full, bare, unknown]));
    for (const word of FILTER_WORDS) {
      const value = wordOf(full, word);
      const found = await query.search({ ...ALL, filters: { [word]: value } });
      assert.deepEqual(
        found.map(({ id }) => id),
        [full.id],
        word,
      );
      const without = await query.search({ ...ALL, filters: { [word]: "" } });
      const wanted = [full, bare, unknown].filter((record) => wordOf(record, word) === undefined);
      assert.deepEqual(without.map(({ id }) => id).toSorted(), wanted.map(({ id }) => id).toSorted(), word);
    }
  });

  test(`${name}: while exchanges arrive, newer, older and of the same millisecond, what was there comes once and in order`, async () => {
    const store = await emptied(database);
    // Many in a millisecond, so that pages end within it.
    const there = Array.from({ length: 60 }, (_, index) =>
      recordOf({ startedAtMs: BASE - Math.floor(index / 15) * DAY_MS - (index % 3) }),
    );
    await store.bookExchanges(linesOf(there));
    const late = new Set<string>();
    const arrive = async (): Promise<void> => {
      const instants = [BASE + 5, BASE, BASE - 1, BASE - DAY_MS - 1, BASE - 2 * DAY_MS, BASE - 9 * DAY_MS, 0];
      const fresh = instants.map((startedAtMs) => recordOf({ startedAtMs }));
      for (const { id } of fresh) late.add(id);
      await store.bookExchanges(linesOf(fresh));
    };
    let turns = 0;
    const ids = await pages({ ...ALL, limit: 7 }, async () => {
      if (turns++ < 8) await arrive();
    });
    assert.equal(new Set(ids).size, ids.length, "an exchange came twice");
    assert.deepEqual(
      ids.filter((id) => !late.has(id)),
      newestFirst(there).map(({ id }) => id),
    );
    const rows = await query.search({ ...ALL, limit: 10_000 });
    assert.equal(rows.length, there.length + late.size);
  });

  test(`${name}: pages go on where an exchange was that is gone`, async () => {
    const store = await emptied(database);
    const all = newestFirst(
      Array.from({ length: 20 }, (_, index) => recordOf({ startedAtMs: BASE - (index >> 2) })),
    );
    await store.bookExchanges(linesOf(all));
    const place = all[9];
    assert.ok(place !== undefined);
    await sql`delete from exchange where id = ${place.id}`.execute(database.tables);
    const rest = await query.search({ ...ALL, after: place });
    assert.deepEqual(
      rest.map(({ id }) => id),
      all.slice(10).map(({ id }) => id),
    );
  });

  test(`${name}: an id that is none of ours finds nothing, whatever instant it says`, async () => {
    const store = await emptied(database);
    await store.bookExchanges(linesOf([recordOf()]));
    for (const id of [
      "00000000-0000-0000-0000-000000000000",
      "ffffffff-ffff-ffff-ffff-ffffffffffff",
      "c232ab00-9414-41ec-b3c8-9f6bdeced846",
      keyId(),
    ])
      assert.equal(await query.find(id), undefined, id);
  });

  test(`${name}: an exchange looks the same from the ledger as it did when it ended`, async () => {
    const store = await emptied(database);
    const startedAtMs = Date.now();
    const usage = { ...NO_USAGE, inputTokens: 100, cachedInputTokens: 10, outputTokens: 20 };
    const answered = attemptOf({
      startedAtMs: startedAtMs + 40,
      firstTokenMs: 60,
      usage,
      costNano: 1_000n,
    });
    const failed = attemptOf({
      startedAtMs,
      target: "broken",
      status: "failed",
      cause: "the upstream answered 500",
    });
    const kinds: ExchangeRecord[] = [
      recordOf({
        startedAtMs,
        stream: true,
        usage,
        costNano: 1_000n,
        firstTokenMs: 100,
        attempts: [answered],
        tags: { team: "a", note: "語" },
        decision: { id: "filled in" },
        keyId: KEYS[0],
        context: { user: "ann", journey: "trip", budget: "1" },
      }),
      recordOf({ startedAtMs, usage, costNano: 1_000n, firstTokenMs: 100, attempts: [failed, answered] }),
      recordOf({
        startedAtMs,
        usage: undefined,
        costNano: 0n,
        status: "failed",
        code: "upstream_error",
        message: "the last target failed",
        attempts: [failed, { ...failed, startedAtMs: startedAtMs + 30 }],
      }),
      recordOf({
        startedAtMs,
        usage,
        costNano: 1_000n,
        status: "abandoned",
        estimated: true,
        attempts: [attemptOf({ ...answered, status: "abandoned", estimated: true })],
      }),
      recordOf({
        startedAtMs,
        usage,
        costNano: 1_000n,
        estimated: true,
        flagged: '{"inputTokens":-1}',
        firstTokenMs: 100,
        attempts: [{ ...answered, estimated: true }],
      }),
      {
        ...recordOf({
          startedAtMs,
          status: "refused",
          code: "forbidden",
          message: "the key may not",
          usage: undefined,
          costNano: 0n,
          target: undefined,
          provider: undefined,
          model: undefined,
          attempts: [],
        }),
        context: undefined,
      },
    ];
    for (const record of kinds) {
      const decided =
        record.decision === undefined
          ? record
          : ({ ...record, decision: { id: record.id } } as ExchangeRecord);
      await store.bookExchanges(linesOf([decided], decided.decision && '{"asked":"x"}'));
      const row = await query.find(record.id);
      assert.ok(row !== undefined);
      const view = exchangeView(row);
      assert.deepEqual(view, recordView(decided));
      assert.deepEqual(exchangeInfo.parse(view), view);
    }
  });
}

await onBothDatabases(cases);

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { sql } from "kysely";
import {
  UsageQuery,
  type UsageAnswer,
  type UsageQuestion,
  type UsageSums,
  type UsageWord,
} from "../../src/budget/ledger/usage-query.ts";
import { FILTER_WORDS, TIME_WORDS, type FilterWord, type Filters } from "../../src/core/ledger-words.ts";
import { NO_USAGE } from "../../src/core/usage.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import {
  DAY_MS,
  emptied,
  HOUR_MS,
  keyId,
  linesOf,
  onBothDatabases,
  recordOf,
  watched,
  type Subject,
} from "./support.ts";

const BASE = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const KEYS = [keyId(), keyId()].toSorted();
const WORDS: readonly UsageWord[] = [...FILTER_WORDS, ...TIME_WORDS];
const EVERYTHING = { sinceMs: -DAY_MS, untilMs: Date.UTC(2200, 0), filters: {}, limit: 100_000 };

// The naive model: everything in memory, added up one by one.

type Mutable<Type> = { -readonly [name in keyof Type]: Type[name] };

function nothing(): Mutable<UsageSums> {
  return {
    exchanges: 0n,
    answered: 0n,
    refused: 0n,
    failed: 0n,
    abandoned: 0n,
    killed: 0n,
    estimated: 0n,
    flagged: 0n,
    inputTokens: 0n,
    cachedInputTokens: 0n,
    cacheWriteInputTokens: 0n,
    outputTokens: 0n,
    reasoningTokens: 0n,
    costNano: 0n,
    estimatedCostNano: 0n,
    cacheSavedNano: 0n,
  };
}

function add(sums: Mutable<UsageSums>, record: ExchangeRecord): void {
  const { usage = NO_USAGE, costNano, estimated, flagged, status } = record;
  sums.exchanges++;
  sums[status]++;
  if (estimated) sums.estimated++;
  if (flagged !== undefined) sums.flagged++;
  sums.inputTokens += BigInt(usage.inputTokens);
  sums.cachedInputTokens += BigInt(usage.cachedInputTokens);
  sums.cacheWriteInputTokens += BigInt(usage.cacheWriteInputTokens);
  sums.outputTokens += BigInt(usage.outputTokens);
  sums.reasoningTokens += BigInt(usage.reasoningTokens);
  sums.costNano += costNano;
  sums.cacheSavedNano += record.cacheSavedNano;
  if (estimated) sums.estimatedCostNano += costNano;
}

function wordOf(record: ExchangeRecord, word: UsageWord): string | null {
  const iso = new Date(record.startedAtMs).toISOString();
  switch (word) {
    case "hour":
      return `${iso.slice(0, 13)}:00:00.000Z`;
    case "day":
      return iso.slice(0, 10);
    case "month":
      return iso.slice(0, 7);
    case "key":
      return record.keyId ?? null;
    case "tenant":
    case "target":
    case "provider":
    case "model":
    case "dialect":
    case "operation":
    case "status":
    case "code":
      return record[word] ?? null;
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
      return record.context?.[word] ?? null;
  }
}

function isIn(record: ExchangeRecord, { sinceMs, untilMs, filters }: UsageQuestion): boolean {
  return (
    record.startedAtMs >= sinceMs &&
    record.startedAtMs < untilMs &&
    Object.entries(filters).every(([word, value]) => (wordOf(record, word as FilterWord) ?? "") === value)
  );
}

function modelOf(all: readonly ExchangeRecord[], question: UsageQuestion): UsageAnswer {
  const { by, limit } = question;
  const groups = new Map<string, { words: Record<string, string | null>; sums: Mutable<UsageSums> }>();
  const total = nothing();
  for (const record of all) {
    if (!isIn(record, question)) continue;
    add(total, record);
    const words = Object.fromEntries(by.map((word) => [word, wordOf(record, word)]));
    const name = JSON.stringify(words);
    const group = groups.get(name) ?? { words, sums: nothing() };
    groups.set(name, group);
    add(group.sums, record);
  }
  if (by.length === 0) return { rows: [], total, rest: undefined };
  const sorted = [...groups.values()].toSorted(
    (a, b) =>
      compare(b.sums.costNano, a.sums.costNano) ||
      compare(b.sums.exchanges, a.sums.exchanges) ||
      by.reduce((so, word) => so || compareWords(a.words[word] ?? null, b.words[word] ?? null), 0),
  );
  if (sorted.length <= limit) return { rows: sorted, total, rest: undefined };
  const rest = nothing();
  for (const { sums } of sorted.slice(limit))
    for (const name of Object.keys(rest) as (keyof UsageSums)[]) rest[name] += sums[name];
  return { rows: sorted.slice(0, limit), total, rest: { groups: sorted.length - limit, sums: rest } };
}

function compare(a: bigint | string, b: bigint | string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What has no such word comes last. */
function compareWords(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compare(a, b);
}

// What is asked, and of what.

const maybe = (...values: readonly string[]): fc.Arbitrary<string | undefined> =>
  fc.constantFrom(undefined, ...values);
const tokens = fc.oneof(fc.constant(0), fc.nat({ max: 1_000 }), fc.constant(2 ** 31 - 1));

/** Instants of several days, many of them on the hour or next to it, and some far off. */
const instant = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3 * DAY_MS, max: DAY_MS }).map((offset) => BASE + offset) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: -50, max: 20 }), fc.constantFrom(-1, 0, 1))
      .map(([hours, ms]) => BASE + hours * HOUR_MS + ms),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 5 * HOUR_MS + 1, Date.UTC(2100, 0, 31, 23, 59), BASE - 400 * DAY_MS),
  },
);

const records: fc.Arbitrary<ExchangeRecord> = fc
  .record({
    startedAtMs: instant,
    tenant: maybe("acme", "globex"),
    user: maybe("ann", "bob"),
    app: maybe("mail", "chat"),
    feature: maybe("reply"),
    workflow: maybe("inbox"),
    journey: maybe("trip", "tour"),
    task: maybe("read", "write"),
    latency: fc.constantFrom("batch", "standard"),
    sensitivity: fc.constantFrom("internal", "restricted"),
    budget: maybe("0.05"),
    prompt: maybe("greet@1", "greet@2"),
    key: maybe(...KEYS),
    target: maybe("fine", "other"),
    dialect: fc.constantFrom("openai", "anthropic"),
    operation: fc.constantFrom("chat", "embeddings"),
    status: fc.constantFrom("answered", "refused", "failed", "abandoned", "killed"),
    code: maybe("forbidden", "upstream_error"),
    cacheSavedNano: fc.bigInt({ min: -1_000_000n, max: 10_000_000_000n }),
    costNano: fc.oneof(fc.constantFrom(0n, 18_000n, 2n ** 63n - 1n), fc.bigInt({ min: 0n, max: 10n ** 12n })),
    estimated: fc.boolean(),
    flagged: maybe("{}"),
    usage: fc.option(
      fc.record({
        inputTokens: tokens,
        cachedInputTokens: tokens,
        cacheWriteInputTokens: tokens,
        outputTokens: tokens,
        reasoningTokens: tokens,
      }),
      { nil: undefined },
    ),
    isKnown: fc.integer({ min: 0, max: 9 }),
  })
  .map((drawn) => {
    const { startedAtMs, tenant, key, target, dialect, operation, status, code, isKnown, ...rest } = drawn;
    const { costNano, cacheSavedNano, estimated, flagged, usage, ...context } = rest;
    const record = recordOf({
      ...{
        startedAtMs,
        tenant,
        target,
        dialect,
        operation,
        status,
        code,
        costNano,
        cacheSavedNano,
        estimated,
        flagged,
        usage,
      },
      keyId: key,
      provider: target === undefined ? undefined : "eng",
      model: target,
      context,
    });
    // One in ten was refused before its context was known.
    return isKnown === 0 ? { ...record, context: undefined } : record;
  });

const VALUES: { readonly [word in FilterWord]?: readonly string[] } = {
  tenant: ["acme", "globex"],
  user: ["ann"],
  app: ["mail"],
  journey: ["trip"],
  task: ["write"],
  latency: ["batch"],
  budget: ["0.05"],
  prompt: ["greet@1"],
  key: KEYS,
  target: ["fine"],
  status: ["answered", "failed"],
  code: ["forbidden"],
};

const filter: fc.Arbitrary<readonly [FilterWord, string]> = fc
  .constantFrom(...FILTER_WORDS)
  .chain((word) => fc.tuple(fc.constant(word), fc.constantFrom("", ...(VALUES[word] ?? []))));

const questions: fc.Arbitrary<UsageQuestion> = fc
  .record({
    by: fc.uniqueArray(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 4 }),
    ends: fc.tuple(instant, instant),
    isAll: fc.boolean(),
    filters: fc.array(filter, { maxLength: 2 }),
    limit: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.constant(100_000)),
  })
  .map(({ by, ends, isAll, filters, limit }) => ({
    by,
    sinceMs: isAll ? EVERYTHING.sinceMs : Math.min(...ends),
    untilMs: isAll ? EVERYTHING.untilMs : Math.max(...ends) + 1,
    filters: Object.fromEntries(filters) as Filters,
    limit,
  }));

function sumOf(parts: readonly UsageSums[]): UsageSums {
  const sum = nothing();
  for (const part of parts)
    for (const name of Object.keys(sum) as (keyof UsageSums)[]) sum[name] += part[name];
  return sum;
}

function cases({ name, database }: Subject): void {
  const usage = new UsageQuery(database);

  test(`${name}: usage by any words, over any span, with any filters, is what one gets by adding up one by one`, async () => {
    const sets = fc.array(records, { maxLength: 60 });
    const asked = fc.array(questions, { minLength: 25, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(sets, asked, async (all, some) => {
        const store = await emptied(database);
        const half = all.length >> 1;
        await store.bookExchanges(linesOf(all.slice(0, half)));
        await store.bookExchanges(linesOf(all));
        for (const question of some) {
          const answer = await usage.ask(question);
          assert.deepEqual(answer, modelOf(all, question));
          const parts = [...answer.rows.map(({ sums }) => sums), ...(answer.rest ? [answer.rest.sums] : [])];
          assert.deepEqual(sumOf(parts), answer.total);
        }
      }),
      { numRuns: 15 },
    );
  });

  test(`${name}: usage by no words is the total alone`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(records, { maxLength: 20 }), questions, async (all, question) => {
        const store = await emptied(database);
        await store.bookExchanges(linesOf(all));
        const asked = { ...question, by: [] };
        assert.deepEqual(await usage.ask(asked), modelOf(all, asked));
      }),
      { numRuns: 10 },
    );
  });

  test(`${name}: each word alone divides everything, and its rows come to the same total`, async () => {
    const store = await emptied(database);
    const all = fc.sample(records, { numRuns: 80, seed: 7 });
    await store.bookExchanges(linesOf(all));
    for (const word of WORDS) {
      const question = { ...EVERYTHING, by: [word] };
      assert.deepEqual(await usage.ask(question), modelOf(all, question), word);
    }
    const byAll = { ...EVERYTHING, by: WORDS.slice(0, 8) };
    assert.deepEqual(await usage.ask(byAll), modelOf(all, byAll));
  });

  test(`${name}: of nothing there are no rows and a total of nothing`, async () => {
    await emptied(database);
    for (const by of [[], ["tenant"], ["user"], ["hour", "code"]] as UsageWord[][]) {
      const answer = await usage.ask({ ...EVERYTHING, by });
      assert.deepEqual(answer, { rows: [], total: nothing(), rest: undefined });
    }
  });

  test(`${name}: what limit leaves out is in the rest, to the last token`, async () => {
    const store = await emptied(database);
    const all = Array.from({ length: 12 }, (_, index) =>
      recordOf({ tenant: `t${index % 6}`, costNano: BigInt(index), startedAtMs: BASE - index * HOUR_MS }),
    );
    await store.bookExchanges(linesOf(all));
    for (let limit = 1; limit <= 7; limit++) {
      const answer = await usage.ask({ ...EVERYTHING, by: ["tenant"], limit });
      assert.equal(answer.rows.length, Math.min(limit, 6));
      assert.equal(answer.rest?.groups, limit < 6 ? 6 - limit : undefined);
      const parts = [...answer.rows.map(({ sums }) => sums), ...(answer.rest ? [answer.rest.sums] : [])];
      assert.deepEqual(sumOf(parts), answer.total);
      assert.equal(answer.total.costNano, 66n);
    }
  });

  test(`${name}: costs whose sum is above what 64 bits hold are added up exactly, however they are asked for`, async () => {
    const store = await emptied(database);
    const most = 2n ** 63n - 1n;
    const all = Array.from({ length: 9 }, (_, index) =>
      recordOf({
        costNano: most,
        estimated: index % 2 === 0,
        startedAtMs: BASE + index,
        context: { user: "ann" },
      }),
    );
    // Within one batch, and onto a row that is there.
    await store.bookExchanges(linesOf(all.slice(0, 5)));
    await store.bookExchanges(linesOf(all.slice(5)));
    for (const by of [["tenant"], ["user"], ["tenant", "hour"], []] as UsageWord[][]) {
      const { total } = await usage.ask({ ...EVERYTHING, by });
      assert.equal(total.costNano, most * 9n);
      assert.equal(total.estimatedCostNano, most * 5n);
    }
    const { total } = await usage.ask({ ...EVERYTHING, by: [], sinceMs: BASE + 1, untilMs: BASE + 8 });
    assert.equal(total.costNano, most * 7n);
  });

  test(`${name}: usage over whole hours by summed words reads no exchange`, async () => {
    const store = await emptied(database);
    const all = Array.from({ length: 40 }, (_, index) =>
      recordOf({ startedAtMs: BASE - index * HOUR_MS, tenant: `t${index % 3}` }),
    );
    await store.bookExchanges(linesOf(all));
    const question: UsageQuestion = {
      by: ["tenant", "status", "day", "model"],
      sinceMs: BASE - 30 * HOUR_MS,
      untilMs: BASE + HOUR_MS,
      filters: { app: "", target: "fine" },
      limit: 100,
    };
    const { database: seen, explain } = watched(database);
    const answer = await new UsageQuery(seen).ask(question);
    assert.deepEqual(answer, modelOf(all, question));
    const plan = await explain();
    assert.match(plan, /\busage_hour\b/);
    assert.doesNotMatch(plan, /\bexchange(?:_\d+|_elsewhen)?\b/);
    await sql`truncate exchange`.execute(database.tables);
    assert.deepEqual(await usage.ask(question), answer);
  });

  test(`${name}: off the hour only the exchanges of the two edges are read`, async () => {
    const store = await emptied(database);
    const all = Array.from({ length: 96 }, (_, index) =>
      recordOf({ startedAtMs: BASE - index * HOUR_MS + 60_000 }),
    );
    await store.bookExchanges(linesOf(all));
    const question: UsageQuestion = {
      by: ["tenant"],
      sinceMs: BASE - 72 * HOUR_MS + 30_000,
      untilMs: BASE + 90_000,
      filters: {},
      limit: 10,
    };
    const { database: seen, explain } = watched(database);
    assert.deepEqual(await new UsageQuery(seen).ask(question), modelOf(all, question));
    const plan = await explain();
    assert.match(plan, /\busage_hour\b/);
    const between = new Date(BASE - 2 * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "");
    assert.doesNotMatch(plan, new RegExp(`exchange_${between}`));
    // What lies between the edges comes from the sums.
    await sql`delete from exchange where started_at >= ${new Date(BASE - 71 * HOUR_MS)} and started_at < ${new Date(BASE)}`.execute(
      database.tables,
    );
    assert.deepEqual(await usage.ask(question), modelOf(all, question));
  });

  test(`${name}: words of every sort group and filter by the text itself`, async () => {
    const store = await emptied(database);
    const texts = ["null", "NULL", "a,b", '"', "'", "\\", "()", "A", "a", "ä", "😀", " ", "x".repeat(256)];
    const all = texts.flatMap((text) => [
      recordOf({ startedAtMs: BASE, tenant: text, context: { app: text, user: text } }),
      recordOf({ startedAtMs: BASE, tenant: undefined, context: { app: text } }),
    ]);
    await store.bookExchanges(linesOf(all));
    for (const by of [["app", "tenant"], ["user"], ["tenant", "user"]] as UsageWord[][]) {
      const answer = await usage.ask({ ...EVERYTHING, by });
      const model = modelOf(all, { ...EVERYTHING, by });
      // The order of alphabets is the database's own.
      const ordered = (rows: UsageAnswer["rows"]): string[] =>
        rows.map(({ words, sums }) => JSON.stringify([words, String(sums.exchanges)])).toSorted();
      assert.deepEqual(ordered(answer.rows), ordered(model.rows));
    }
    for (const text of texts) {
      for (const word of ["app", "tenant", "user"] as const) {
        const { total } = await usage.ask({ ...EVERYTHING, by: [], filters: { [word]: text } });
        assert.equal(total.exchanges, word === "app" ? 2n : 1n, text);
      }
    }
  });
}

await onBothDatabases(cases);

import { sql, type RawBuilder } from "kysely";
import type { Database } from "../../storage/database.ts";
import { TIME_WORDS, type FilterWord, type Filters, type TimeWord } from "../../core/ledger-words.ts";
import { FILTER_COLUMNS, isSummed } from "./words.ts";

export type UsageWord = FilterWord | TimeWord;

export interface UsageQuestion {
  readonly by: readonly UsageWord[];
  /** Unix milliseconds; inclusive. */
  readonly sinceMs: number;
  /** Unix milliseconds; exclusive. */
  readonly untilMs: number;
  readonly filters: Filters;
  /** Rows at most, dearest first; the rest is in `rest`. */
  readonly limit: number;
}

/** What exchanges add up to. Counts are whole numbers; money is nano-dollars. */
export interface UsageSums {
  readonly exchanges: bigint;
  readonly answered: bigint;
  readonly refused: bigint;
  readonly failed: bigint;
  readonly abandoned: bigint;
  readonly killed: bigint;
  readonly estimated: bigint;
  readonly flagged: bigint;
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly cacheWriteInputTokens: bigint;
  readonly outputTokens: bigint;
  readonly reasoningTokens: bigint;
  readonly costNano: bigint;
  readonly estimatedCostNano: bigint;
  /** What prompt caches saved. */
  readonly cacheSavedNano: bigint;
}

export interface UsageAnswer {
  readonly rows: readonly {
    readonly words: Readonly<Record<string, string | null>>;
    readonly sums: UsageSums;
  }[];
  readonly total: UsageSums;
  /** How many groups `limit` left out, and what they add up to. */
  readonly rest: { readonly groups: number; readonly sums: UsageSums } | undefined;
}

const HOUR_MS = 3_600_000;
const SUMS = [
  "exchanges",
  "answered",
  "refused",
  "failed",
  "abandoned",
  "killed",
  "estimated",
  "flagged",
  "input_tokens",
  "cached_input_tokens",
  "cache_write_input_tokens",
  "output_tokens",
  "reasoning_tokens",
  "cost_nano",
  "estimated_cost_nano",
  "cache_saved_nano",
] as const;
type SumColumn = (typeof SUMS)[number];
type Row = Record<SumColumn, string> & Record<string, string | null | number>;

/** Adds usage up: whole hours from the sums by hour, their edges and unbounded words from the exchanges themselves. */
export class UsageQuery {
  readonly #tables: Database["tables"];

  constructor(database: Database) {
    this.#tables = database.tables;
  }

  async ask(question: UsageQuestion): Promise<UsageAnswer> {
    const { by, limit } = question;
    const parts = sql.join(partsOf(question), sql` union all `);
    const names = by.map((_, index) => sql.ref(`w${index}`));
    const groups = names.length === 0 ? sql`()` : sql`grouping sets ((${sql.join(names)}), ())`;
    const isTotal = names.length === 0 ? sql`1` : sql`grouping(${names[0]})`;
    const dimensions = names.length === 0 ? sql`` : sql`${sql.join(names)},`;
    const { rows } = await sql<Row>`
      with part as (${parts}),
      summed as (
        select ${dimensions} ${isTotal} as is_total, ${sql.join(SUMS.map(sumOfParts))} from part group by ${groups}
      )
      select *, (select count(*) from summed where is_total = 0)::integer as groups from summed
      order by is_total desc, cost_nano desc, exchanges desc ${names.length === 0 ? sql`` : sql`, ${sql.join(names)}`}
      limit ${limit + 1}`.execute(this.#tables);
    return answerOf(question, rows);
  }
}

function partsOf({ by, sinceMs, untilMs, filters }: UsageQuestion): RawBuilder<unknown>[] {
  const words = [...by.filter((word) => !isTime(word)), ...Object.keys(filters)] as FilterWord[];
  const from = Math.ceil(sinceMs / HOUR_MS) * HOUR_MS;
  const to = Math.floor(untilMs / HOUR_MS) * HOUR_MS;
  if (!words.every(isSummed) || from >= to) return [exchangesPart(by, filters, sinceMs, untilMs)];
  const parts = [hoursPart(by, filters, from, to)];
  if (sinceMs < from) parts.push(exchangesPart(by, filters, sinceMs, from));
  if (to < untilMs) parts.push(exchangesPart(by, filters, to, untilMs));
  return parts;
}

function exchangesPart(
  by: readonly UsageWord[],
  filters: Filters,
  from: number,
  to: number,
): RawBuilder<unknown> {
  return sql`
    select ${dimensionsOf(by, "started_at")} count(*) as exchanges, ${countsByStatus(sql`count(*)`)},
      count(*) filter (where estimated) as estimated, count(*) filter (where flagged) as flagged,
      sum(input_tokens) as input_tokens, sum(cached_input_tokens) as cached_input_tokens,
      sum(cache_write_input_tokens) as cache_write_input_tokens, sum(output_tokens) as output_tokens,
      sum(reasoning_tokens) as reasoning_tokens, sum(cost_nano) as cost_nano,
      sum(estimated_nano) as estimated_cost_nano, sum(cache_saved_nano) as cache_saved_nano
    from exchange
    where started_at >= ${new Date(from)} and started_at < ${new Date(to)} ${conditions(filters)} ${grouping(by)}`;
}

function hoursPart(
  by: readonly UsageWord[],
  filters: Filters,
  from: number,
  to: number,
): RawBuilder<unknown> {
  return sql`
    select ${dimensionsOf(by, "hour")} sum(exchanges) as exchanges, ${countsByStatus(sql`sum(exchanges)`)},
      ${sql.join(SUMS.slice(6).map((name) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`))}
    from usage_hour
    where hour >= ${new Date(from)} and hour < ${new Date(to)} ${conditions(filters)} ${grouping(by)}`;
}

function dimensionsOf(by: readonly UsageWord[], time: string): RawBuilder<unknown> {
  if (by.length === 0) return sql``;
  const columns = by.map((word, index) => {
    const value = isTime(word)
      ? sql`date_trunc(${sql.lit(word)}, ${sql.ref(time)}, 'UTC')`
      : sql.ref(FILTER_COLUMNS[word]);
    return sql`${value} as ${sql.ref(`w${index}`)}`;
  });
  return sql`${sql.join(columns)},`;
}

function grouping(by: readonly UsageWord[]): RawBuilder<unknown> {
  return by.length === 0 ? sql`` : sql`group by ${sql.raw(by.map((_, index) => index + 1).join(", "))}`;
}

function countsByStatus(count: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql.join(
    SUMS.slice(1, 6).map(
      (status) => sql`${count} filter (where status = ${sql.lit(status)}) as ${sql.ref(status)}`,
    ),
  );
}

function conditions(filters: Filters): RawBuilder<unknown> {
  const all = Object.entries(filters).flatMap(([word, value]) =>
    value === undefined ? [] : [condition(FILTER_COLUMNS[word as FilterWord], value)],
  );
  return all.length === 0 ? sql`` : sql.join(all, sql` `);
}

/** The empty text asks for rows without the word: no word has an empty value. */
function condition(column: string, value: string): RawBuilder<unknown> {
  return value === "" ? sql`and ${sql.ref(column)} is null` : sql`and ${sql.ref(column)} = ${value}`;
}

function sumOfParts(name: SumColumn): RawBuilder<unknown> {
  return sql`coalesce(sum(${sql.ref(name)}), 0) as ${sql.ref(name)}`;
}

function answerOf({ by }: UsageQuestion, rows: readonly Row[]): UsageAnswer {
  const total = sumsOf(rows[0]);
  const shown = by.length === 0 ? [] : rows.slice(1);
  const answered = shown.map((row) => ({
    words: Object.fromEntries(by.map((word, index) => [word, wordText(word, row[`w${index}`])])),
    sums: sumsOf(row),
  }));
  const groups = Number(rows[0]?.["groups"] ?? 0);
  if (groups <= answered.length) return { rows: answered, total, rest: undefined };
  const rest = answered.reduce((left, { sums }) => minus(left, sums), total);
  return { rows: answered, total, rest: { groups: groups - answered.length, sums: rest } };
}

function sumsOf(row: Row | undefined): UsageSums {
  const of = (name: SumColumn): bigint => BigInt(row?.[name] ?? 0);
  return {
    exchanges: of("exchanges"),
    answered: of("answered"),
    refused: of("refused"),
    failed: of("failed"),
    abandoned: of("abandoned"),
    killed: of("killed"),
    estimated: of("estimated"),
    flagged: of("flagged"),
    inputTokens: of("input_tokens"),
    cachedInputTokens: of("cached_input_tokens"),
    cacheWriteInputTokens: of("cache_write_input_tokens"),
    outputTokens: of("output_tokens"),
    reasoningTokens: of("reasoning_tokens"),
    costNano: of("cost_nano"),
    estimatedCostNano: of("estimated_cost_nano"),
    cacheSavedNano: of("cache_saved_nano"),
  };
}

function minus(a: UsageSums, b: UsageSums): UsageSums {
  return Object.fromEntries(
    Object.entries(a).map(([name, value]) => [name, (value as bigint) - b[name as keyof UsageSums]]),
  ) as unknown as UsageSums;
}

function wordText(word: UsageWord, value: unknown): string | null {
  if (!(value instanceof Date)) return (value ?? null) as string | null;
  const iso = value.toISOString();
  return word === "hour" ? iso : word === "day" ? iso.slice(0, 10) : iso.slice(0, 7);
}

function isTime(word: UsageWord): word is TimeWord {
  return (TIME_WORDS as readonly string[]).includes(word);
}

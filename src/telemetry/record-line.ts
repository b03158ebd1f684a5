import type { Nanodollars } from "../core/money.ts";
import { brief } from "../core/text.ts";
import type { AttemptSummary, ExchangeRecord } from "./record.ts";

/**
 * What stands in a record's line, in this order. A list instead of an object: it is written for every exchange twice
 * and read by the database once, and names would be half of it. Every segment of the journal begins with these names.
 */
export const COLUMNS = [
  "id",
  "startedAtMs",
  "durationMs",
  "status",
  "code",
  "dialect",
  "operation",
  "stream",
  "tenant",
  "user",
  "app",
  "feature",
  "workflow",
  "journey",
  "task",
  "latency",
  "sensitivity",
  "budget",
  "prompt",
  "key",
  "target",
  "provider",
  "model",
  "attempts",
  "attemptMs",
  "firstTokenMs",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteInputTokens",
  "outputTokens",
  "reasoningTokens",
  "costNano",
  "estimated",
  "estimatedNano",
  "flagged",
  "configHash",
  "detail",
  "cacheSavedNano",
] as const;

export type Column = (typeof COLUMNS)[number];

/** Between a record and the decision behind it; JSON has no bare tabs. */
const TAB = "\t";
const MESSAGE_MAX = 300;
const CAUSE_MAX = 160;
/** Characters of tags that are kept. */
const TAGS_MAX = 512;

/** What few exchanges have, and stands in one column. */
export interface RecordDetail {
  readonly message?: string;
  /** Where there were several attempts, or one that did not answer; else the row itself tells of the only one. */
  readonly attempts?: readonly AttemptDetail[];
  readonly tags?: Readonly<Record<string, string>>;
  /** Of the row's cache writes, those for an hour. */
  readonly cacheWrite1h?: number;
  /** How many tags were too long to be kept. */
  readonly tagsCut?: number;
  /** A reported usage that cannot be. */
  readonly reported?: string;
  /** Nano-dollars; of exchanges that were killed and are charged it. */
  readonly ceiling?: string;
}

/** A list, because names would be half of it. The milliseconds of `after` count from the exchange's start. */
export type AttemptDetail = readonly [
  target: string,
  after: number,
  status: string,
  cause: string | null,
  firstTokenMs: number | null,
  /** In the order of the usage's columns; a sixth are the cache writes for an hour. */
  usage: readonly number[] | null,
  costNano: string | null,
  estimated: boolean,
];

/**
 * A record as a line of text: a JSON list, and after a tab the decision as JSON, where there is one.
 *
 * @param decision  the decision's text, made once an exchange
 */
export function recordLine(record: ExchangeRecord, decision: string | undefined): string {
  const { context, usage, attempts } = record;
  const last = attempts.at(-1);
  const text = JSON.stringify([
    record.id,
    record.startedAtMs,
    record.endedAtMs - record.startedAtMs,
    record.status,
    record.code,
    record.dialect,
    record.operation,
    record.stream,
    record.tenant,
    context?.user,
    context?.app,
    context?.feature,
    context?.workflow,
    context?.journey,
    context?.task,
    context?.latency,
    context?.sensitivity,
    context?.budget,
    context?.prompt,
    record.keyId,
    record.target,
    record.provider,
    record.model,
    attempts.length,
    last === undefined ? undefined : last.startedAtMs - record.startedAtMs,
    record.firstTokenMs,
    usage?.inputTokens,
    usage?.cachedInputTokens,
    usage?.cacheWriteInputTokens,
    usage?.outputTokens,
    usage?.reasoningTokens,
    record.costNano.toString(),
    record.estimated,
    record.estimated ? estimatedNano(record).toString() : undefined,
    record.flagged !== undefined,
    record.configHash,
    detailOf(record),
    record.cacheSavedNano === 0n ? undefined : record.cacheSavedNano.toString(),
  ]);
  return storable(decision === undefined ? text : text + TAB + decision);
}

/** The part of an exchange's cost that no upstream reported. */
export function estimatedNano({
  estimated,
  attempts,
  costNano,
}: Pick<ExchangeRecord, "estimated" | "attempts" | "costNano">): Nanodollars {
  if (!estimated) return 0n;
  const guessed = attempts.filter((attempt) => attempt.estimated);
  // Of an exchange that was killed no attempt is known.
  if (guessed.length === 0) return costNano;
  const sum = guessed.reduce((all, attempt) => all + (attempt.costNano ?? 0n), 0n);
  return sum < costNano ? sum : costNano;
}

/** A decision as text, without its id: it is the exchange's, and without it most decisions are alike. */
export function decisionText(decision: { readonly id: string }): string {
  return JSON.stringify({ ...decision, id: undefined });
}

/** What recovery must know of a line. @param body  what `recordLine` made */
export function lineFacts(body: string): { readonly id: string; readonly endedAtMs: number } {
  const [id, startedAtMs, durationMs] = JSON.parse(recordPart(body)) as [string, number, number];
  return { id, endedAtMs: startedAtMs + durationMs };
}

/** The line of an exchange that was last known to be alive at an instant. */
export function endedLine(body: string, endedAtMs: number): string {
  const record = recordPart(body);
  const values = JSON.parse(record) as unknown[];
  values[COLUMNS.indexOf("durationMs")] = Math.min(2 ** 31 - 1, Math.max(0, endedAtMs - Number(values[1])));
  return JSON.stringify(values) + body.slice(record.length);
}

/** A line's record and its decision, both as text. */
export function lineParts(body: string): { readonly record: string; readonly decision: string | undefined } {
  const record = recordPart(body);
  return { record, decision: record.length === body.length ? undefined : body.slice(record.length + 1) };
}

function recordPart(body: string): string {
  const end = body.indexOf(TAB);
  return end === -1 ? body : body.slice(0, end);
}

function detailOf(record: ExchangeRecord): RecordDetail | undefined {
  const { message, attempts, tags, flagged, status, ceilingNano } = record;
  const long = record.usage?.cacheWrite1hInputTokens ?? 0;
  const tellsAttempts =
    attempts.length > 1 || (attempts[0] !== undefined && attempts[0].status !== "answered");
  const isPlain = message === undefined && !tellsAttempts && flagged === undefined && status !== "killed";
  if (isPlain && long === 0 && !hasAny(tags)) return undefined;
  return {
    ...(message !== undefined && { message: brief(message, MESSAGE_MAX) }),
    ...(tellsAttempts && { attempts: attempts.map((attempt) => attemptDetail(attempt, record.startedAtMs)) }),
    ...keptTags(tags),
    ...(long > 0 && { cacheWrite1h: long }),
    ...(flagged !== undefined && { reported: brief(flagged, MESSAGE_MAX) }),
    ...(status === "killed" && ceilingNano !== undefined && { ceiling: ceilingNano.toString() }),
  };
}

function attemptDetail(attempt: AttemptSummary, startedAtMs: number): AttemptDetail {
  const { usage, cause } = attempt;
  return [
    attempt.target,
    attempt.startedAtMs - startedAtMs,
    attempt.status,
    cause === undefined ? null : brief(cause, CAUSE_MAX),
    attempt.firstTokenMs ?? null,
    usage === undefined
      ? null
      : [
          usage.inputTokens,
          usage.cachedInputTokens,
          usage.cacheWriteInputTokens,
          usage.outputTokens,
          usage.reasoningTokens,
          ...(usage.cacheWrite1hInputTokens === undefined ? [] : [usage.cacheWrite1hInputTokens]),
        ],
    attempt.costNano?.toString() ?? null,
    attempt.estimated,
  ];
}

function hasAny(tags: Readonly<Record<string, string>>): boolean {
  for (const _ in tags) return true;
  return false;
}

function keptTags(tags: Readonly<Record<string, string>>): Pick<RecordDetail, "tags" | "tagsCut"> {
  if (!hasAny(tags)) return {};
  let left = TAGS_MAX;
  const all = Object.entries(tags);
  const kept = all.filter(
    ([key, value]) => key.length + value.length <= left && ((left -= key.length + value.length), true),
  );
  return {
    tags: Object.fromEntries(kept),
    ...(kept.length < all.length && { tagsCut: all.length - kept.length }),
  };
}

/** Escapes of what no text of PostgreSQL can hold: NUL, and halves of surrogate pairs. */
const UNSTORABLE = /\\(?:u(?:0000|d[89a-f][0-9a-f]{2})|.)/g;

function storable(json: string): string {
  if (!json.includes("\\u")) return json;
  return json.replace(UNSTORABLE, (escape) => (escape.length > 2 ? "\\ufffd" : escape));
}

import { formatUsd } from "../core/money.ts";
import type { LatencyClass, Sensitivity } from "../core/context.ts";
import type { ExchangeStatus } from "../core/status.ts";
import type { StoredExchange } from "../budget/ledger/exchange-query.ts";
import type { AttemptDetail, RecordDetail } from "../telemetry/record-line.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { AttemptInfo, ExchangeInfo } from "./contract.ts";

/** An exchange of the ledger, as the control API shows it. */
export function exchangeView(row: StoredExchange): ExchangeInfo {
  const startedAtMs = row.started_at.getTime();
  const detail = (row.detail ?? {}) as RecordDetail;
  const usage = {
    inputTokens: row.input_tokens,
    cachedInputTokens: row.cached_input_tokens,
    cacheWriteInputTokens: row.cache_write_input_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    ...(detail.cacheWrite1h !== undefined && { cacheWrite1hInputTokens: detail.cacheWrite1h }),
  };
  return {
    id: row.id,
    startedAt: iso(startedAtMs),
    endedAt: iso(startedAtMs + row.duration_ms),
    status: row.status as ExchangeStatus,
    code: row.code,
    message: detail.message ?? null,
    dialect: row.dialect,
    operation: row.operation,
    stream: row.stream,
    tenant: row.tenant,
    user: row.end_user,
    app: row.app,
    feature: row.feature,
    workflow: row.workflow,
    journey: row.journey,
    task: row.task,
    latency: row.latency as LatencyClass | null,
    sensitivity: row.sensitivity as Sensitivity | null,
    budget: row.budget,
    prompt: row.prompt,
    tags: detail.tags ?? {},
    tagsCut: detail.tagsCut ?? 0,
    key: row.key_id,
    target: row.target,
    provider: row.provider,
    model: row.model,
    attempts: attemptsOf(row, detail, startedAtMs, usage),
    firstTokenMs: row.first_token_ms,
    usage,
    costNano: row.cost_nano,
    costUsd: formatUsd(BigInt(row.cost_nano)),
    cacheSavedNano: row.cache_saved_nano,
    estimated: row.estimated,
    flagged: row.flagged,
    reported: detail.reported ?? null,
    configHash: row.config_hash.toString("hex"),
    decisionId: row.decision === null ? null : row.id,
  };
}

/** An exchange that is just over, as the control API will show it when it is in the ledger. */
export function recordView(record: ExchangeRecord): ExchangeInfo {
  const { context, usage } = record;
  return {
    id: record.id,
    startedAt: iso(record.startedAtMs),
    endedAt: iso(record.endedAtMs),
    status: record.status,
    code: record.code ?? null,
    message: record.message ?? null,
    dialect: record.dialect,
    operation: record.operation,
    stream: record.stream,
    tenant: record.tenant ?? null,
    user: context?.user ?? null,
    app: context?.app ?? null,
    feature: context?.feature ?? null,
    workflow: context?.workflow ?? null,
    journey: context?.journey ?? null,
    task: context?.task ?? null,
    latency: context?.latency ?? null,
    sensitivity: context?.sensitivity ?? null,
    budget: context?.budget ?? null,
    prompt: context?.prompt ?? null,
    tags: record.tags,
    tagsCut: 0,
    key: record.keyId ?? null,
    target: record.target ?? null,
    provider: record.provider ?? null,
    model: record.model ?? null,
    attempts: record.attempts.map((attempt) => ({
      target: attempt.target,
      replica: null,
      startedAt: iso(attempt.startedAtMs),
      status: attempt.status,
      cause: attempt.cause ?? null,
      firstTokenMs: attempt.firstTokenMs ?? null,
      usage: attempt.usage ?? null,
      costNano: attempt.costNano?.toString() ?? null,
      estimated: attempt.estimated,
    })),
    firstTokenMs: record.firstTokenMs ?? null,
    usage: usage ?? NO_TOKENS,
    costNano: record.costNano.toString(),
    costUsd: formatUsd(record.costNano),
    cacheSavedNano: record.cacheSavedNano.toString(),
    estimated: record.estimated,
    flagged: record.flagged !== undefined,
    reported: record.flagged ?? null,
    configHash: record.configHash,
    decisionId: record.decision?.id ?? null,
  };
}

const NO_TOKENS = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};

function attemptsOf(
  row: StoredExchange,
  detail: RecordDetail,
  startedAtMs: number,
  usage: ExchangeInfo["usage"],
): AttemptInfo[] {
  if (detail.attempts !== undefined)
    return detail.attempts.map((attempt) => attemptView(attempt, startedAtMs));
  if (row.attempts === 0 || row.target === null) return [];
  // The only attempt answered: the row tells of it.
  const after = row.attempt_ms ?? 0;
  return [
    {
      target: row.target,
      replica: null,
      startedAt: iso(startedAtMs + after),
      status: "answered",
      cause: null,
      firstTokenMs: row.first_token_ms === null ? null : Math.max(0, row.first_token_ms - after),
      usage,
      costNano: row.cost_nano,
      estimated: row.estimated,
    },
  ];
}

function attemptView(attempt: AttemptDetail, startedAtMs: number): AttemptInfo {
  const [target, after, status, cause, firstTokenMs, usage, costNano, estimated] = attempt;
  return {
    target,
    replica: null,
    startedAt: iso(startedAtMs + after),
    status,
    cause,
    firstTokenMs,
    usage:
      usage === null
        ? null
        : {
            inputTokens: usage[0] ?? 0,
            cachedInputTokens: usage[1] ?? 0,
            cacheWriteInputTokens: usage[2] ?? 0,
            outputTokens: usage[3] ?? 0,
            reasoningTokens: usage[4] ?? 0,
            ...(usage[5] !== undefined && { cacheWrite1hInputTokens: usage[5] }),
          },
    costNano,
    estimated,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

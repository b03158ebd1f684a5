import { formatUsd } from "../core/money.ts";
import type { AttemptSummary, ExchangeRecord } from "./record.ts";

/** A record as the control API shows it, with the decision beside it. */
export interface RecordView {
  readonly exchange: object;
  readonly decision: object | undefined;
}

export function recordView(record: ExchangeRecord): RecordView {
  return {
    exchange: {
      id: record.id,
      startedAt: iso(record.startedAtMs),
      endedAt: iso(record.endedAtMs),
      status: record.status,
      code: record.code ?? null,
      message: record.message ?? null,
      dialect: record.dialect,
      operation: record.operation,
      stream: record.stream,
      ...record.context,
      tags: record.tags,
      keyId: record.keyId ?? null,
      target: record.target ?? null,
      attempts: record.attempts.map(attemptView),
      firstTokenMs: record.firstTokenMs ?? null,
      usage: record.usage ?? null,
      // Null where the upstream reported nothing: an unknown cost is not 0.
      costNano: record.costNano?.toString() ?? null,
      costUsd: record.costNano === undefined ? null : formatUsd(record.costNano),
      configHash: record.configHash,
      decisionId: (record.decision as { id?: string } | undefined)?.id ?? null,
    },
    decision: record.decision,
  };
}

function attemptView(attempt: AttemptSummary): object {
  return {
    target: attempt.target,
    replica: null,
    startedAt: iso(attempt.startedAtMs),
    status: attempt.status,
    cause: attempt.cause ?? null,
    firstTokenMs: attempt.firstTokenMs ?? null,
    usage: attempt.usage ?? null,
    costNano: attempt.costNano?.toString() ?? null,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

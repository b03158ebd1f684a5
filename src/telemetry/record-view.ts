import { formatUsd } from "../core/money.ts";
import type { AttemptSummary, ExchangeRecord } from "./record.ts";

/** A record as the control API shows it, with the decision beside it. */
export interface RecordView {
  readonly exchange: object;
  readonly decision: object | undefined;
}

type Packed<Money> = Omit<Money, "costNano" | "attempts"> & { readonly costNano: string | undefined };
type PackedAttempt = Packed<AttemptSummary>;
type PackedRecord = Packed<ExchangeRecord> & { readonly attempts: readonly PackedAttempt[] };

/** A record as text. Done for every exchange, so that whatever only readers want (dates, decimals) is left to `viewOf`. */
export function packRecord(record: ExchangeRecord): string {
  const packed: PackedRecord = {
    ...record,
    costNano: record.costNano?.toString(),
    attempts: record.attempts.map((attempt) =>
      Object.assign({ ...attempt }, { costNano: attempt.costNano?.toString() }),
    ),
  };
  return JSON.stringify(packed);
}

/** @param text  what `packRecord` made */
export function viewOf(text: string): RecordView {
  const record = JSON.parse(text) as PackedRecord;
  const {
    startedAtMs,
    endedAtMs,
    code,
    message,
    context,
    keyId,
    target,
    attempts,
    firstTokenMs,
    usage,
    costNano,
    decision,
    id,
    status,
    dialect,
    operation,
    stream,
    tags,
    configHash,
  } = record;
  return {
    exchange: {
      id,
      startedAt: iso(startedAtMs),
      endedAt: iso(endedAtMs),
      status,
      code: code ?? null,
      message: message ?? null,
      dialect,
      operation,
      stream,
      ...context,
      tags,
      keyId: keyId ?? null,
      target: target ?? null,
      attempts: attempts.map(attemptView),
      firstTokenMs: firstTokenMs ?? null,
      usage: usage ?? null,
      // Null where the upstream reported nothing: an unknown cost is not 0.
      costNano: costNano ?? null,
      costUsd: costNano === undefined ? null : formatUsd(BigInt(costNano)),
      configHash,
      decisionId: decision?.id ?? null,
    },
    decision,
  };
}

function attemptView(attempt: PackedAttempt): object {
  const { startedAtMs, cause, firstTokenMs, usage, costNano, ...rest } = attempt;
  return {
    ...rest,
    replica: null,
    startedAt: iso(startedAtMs),
    cause: cause ?? null,
    firstTokenMs: firstTokenMs ?? null,
    usage: usage ?? null,
    costNano: costNano ?? null,
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

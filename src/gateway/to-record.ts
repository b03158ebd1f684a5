import { rounded, roundedDifference, type Nanodollars } from "../core/money.ts";
import { NO_USAGE, addUsage, type Usage } from "../core/usage.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Exchange } from "./exchange.ts";

/** What is kept of an exchange that is over. */
export function toRecord(exchange: Exchange): ExchangeRecord {
  const { attempts } = exchange;
  const last = attempts.at(-1);
  let usage: Usage | undefined;
  let charge = 0n;
  let saved = 0n;
  let estimated = false;
  for (const attempt of attempts) {
    if (attempt.usage !== undefined)
      usage = usage === undefined ? attempt.usage : addUsage(usage, attempt.usage);
    charge += attempt.charge ?? 0n;
    saved += attempt.cacheSaved;
    estimated ||= attempt.estimated;
  }
  return {
    ...facts(exchange),
    endedAtMs: exchange.endedAtMs,
    status: exchange.status ?? "failed",
    ...servedBy(exchange, last?.target),
    attempts,
    firstTokenMs: exchange.firstTokenMs,
    overheadMs: exchange.overheadMs,
    usage,
    costNano: rounded(charge),
    cacheSavedNano: roundedDifference(saved),
    estimated,
    flagged: attempts.find(({ flagged }) => flagged !== undefined)?.flagged,
  };
}

/** What is left of an exchange if the process dies now: it is charged the most that it could cost. */
export function toOpenedRecord(exchange: Exchange): ExchangeRecord {
  return {
    ...facts(exchange),
    endedAtMs: exchange.startedAtMs,
    status: "killed",
    ...servedBy(exchange, exchange.plan[0]?.target.id),
    attempts: [],
    firstTokenMs: undefined,
    overheadMs: undefined,
    usage: NO_USAGE,
    costNano: ceilingOfPlan(exchange) ?? 0n,
    cacheSavedNano: 0n,
    estimated: true,
    flagged: undefined,
  };
}

type Facts =
  | "id"
  | "startedAtMs"
  | "code"
  | "message"
  | "dialect"
  | "operation"
  | "stream"
  | "tenant"
  | "context";

function facts(
  exchange: Exchange,
): Pick<ExchangeRecord, Facts | "tags" | "keyId" | "ceilingNano" | "configHash" | "decision"> {
  const { error, context, key } = exchange;
  return {
    id: exchange.id,
    startedAtMs: exchange.startedAtMs,
    code: error?.code,
    message: error?.message,
    dialect: exchange.dialect.id,
    operation: exchange.operation,
    stream: exchange.request?.stream ?? false,
    tenant: context?.tenant ?? key?.tenant,
    context,
    tags: exchange.tags,
    keyId: key?.id,
    ceilingNano: ceilingOfPlan(exchange),
    configHash: exchange.snapshot.hash,
    decision: exchange.decision,
  };
}

function servedBy(
  exchange: Exchange,
  id: string | undefined,
): Pick<ExchangeRecord, "target" | "provider" | "model"> {
  const target = id === undefined ? undefined : exchange.snapshot.targets.get(id);
  return { target: id, provider: target?.provider, model: target?.model };
}

function ceilingOfPlan({ plan }: Exchange): Nanodollars | undefined {
  let most: Nanodollars | undefined;
  for (const { ceilingNano } of plan) if (most === undefined || ceilingNano > most) most = ceilingNano;
  return most;
}

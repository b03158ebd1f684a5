import type { ExchangeRecord } from "../telemetry/record.ts";
import type { Exchange } from "./exchange.ts";

/** What is kept of an exchange that is over. */
export function toRecord(exchange: Exchange): ExchangeRecord {
  return {
    id: exchange.id,
    startedAtMs: exchange.startedAtMs,
    endedAtMs: exchange.endedAtMs,
    status: exchange.status ?? "failed",
    code: exchange.error?.code,
    message: exchange.error?.message,
    dialect: exchange.dialect.id,
    operation: exchange.operation,
    stream: exchange.request?.stream ?? false,
    context: exchange.context,
    tags: exchange.tags,
    keyId: exchange.key?.id,
    target: exchange.attempts.at(-1)?.target,
    attempts: exchange.attempts,
    firstTokenMs: exchange.firstTokenMs,
    usage: exchange.usage,
    costNano: exchange.costNano,
    configHash: exchange.snapshot.hash,
    decision: exchange.decision,
  };
}

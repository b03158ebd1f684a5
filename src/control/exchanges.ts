import { AppError } from "../core/errors.ts";
import { formatUsd } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { Route } from "../gateway/routes.ts";
import type { RecentExchanges } from "../telemetry/recent.ts";
import type { AttemptSummary, ExchangeRecord } from "../telemetry/record.ts";

const DEFAULT_LIMIT = 100;

/** The last exchanges of this process. They are kept in memory until the ledger keeps all of them. */
export function exchangeRoutes(recent: RecentExchanges): Route[] {
  const base = { authorisation: "admin", plane: "control", method: "GET" } as const;
  const find = (id: string): ExchangeRecord => {
    const record = recent.get(id);
    if (record === undefined)
      throw new AppError("not_found", "there is no such exchange among the last 1,000 of this process");
    return record;
  };
  return [
    {
      ...base,
      url: "/api/exchanges",
      summary: "The last exchanges, newest first.",
      handler: (request) => {
        const wanted = Number((request.query as { limit?: string }).limit ?? DEFAULT_LIMIT);
        if (!Number.isInteger(wanted) || wanted < 1 || wanted > 1_000) {
          throw new AppError("invalid_request", "limit: expected a whole number from 1 to 1000");
        }
        return { rows: recent.list(wanted).map(exchangeView), next: null };
      },
    },
    {
      ...base,
      url: "/api/exchanges/:id",
      summary: "One exchange.",
      handler: (request) => exchangeView(find((request.params as { id: string }).id)),
    },
    {
      ...base,
      url: "/api/exchanges/:id/decision",
      summary: "Why its route was chosen: every candidate with its reason.",
      handler: (request) => {
        const { decision } = find((request.params as { id: string }).id);
        if (decision === undefined)
          throw new AppError("not_found", "the exchange was refused before a route was decided");
        return decision;
      },
    },
  ];
}

function exchangeView(record: ExchangeRecord): object {
  const { context } = record;
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
    ...context,
    tags: record.tags,
    keyId: record.keyId ?? null,
    target: record.target ?? null,
    attempts: record.attempts.map(attemptView),
    firstTokenMs: record.firstTokenMs ?? null,
    usage: record.usage === undefined ? null : usageView(record.usage),
    ...costView(record.costNano),
    configHash: record.configHash,
    decisionId: (record.decision as { id?: string } | undefined)?.id ?? null,
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
    usage: attempt.usage === undefined ? null : usageView(attempt.usage),
    costNano: attempt.costNano?.toString() ?? null,
  };
}

function usageView(usage: Usage): object {
  return { ...usage };
}

/** Null where the upstream reported nothing: an unknown cost is not 0. */
function costView(cost: bigint | undefined): object {
  return { costNano: cost?.toString() ?? null, costUsd: cost === undefined ? null : formatUsd(cost) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

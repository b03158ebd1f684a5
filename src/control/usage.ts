import type { Ledger } from "../budget/ledger/ledger.ts";
import type { UsageSums } from "../budget/ledger/usage-query.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { formatUsd } from "../core/money.ts";
import type { UsageTotal } from "./contract.ts";
import { instantMs, type Handlers } from "./handlers.ts";

/** How long a question waits for records that are still on their way into the database. */
const SETTLE_MS = 2_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function usageHandlers(ledger: Ledger, clock: Clock): Pick<Handlers, "getUsage"> {
  return {
    async getUsage({ query }) {
      const { by, since, until, limit, ...filters } = query;
      const now = clock.now();
      const oldestMs = now - ledger.retention.exchanges * DAY_MS;
      const sinceMs = startOf(instantMs(since, now), oldestMs);
      // What ends in this very millisecond belongs to the answer.
      const untilMs = until === undefined ? now + 1 : endOf(instantMs(until, now), oldestMs);
      if (sinceMs >= untilMs) throw new AppError("invalid_request", "since: is not before until");
      await ledger.shipper.settle(SETTLE_MS);
      const answer = await ledger.usage.ask({ by: by ?? [], sinceMs, untilMs, filters, limit });
      return {
        rows: answer.rows.map(({ words, sums }) => ({ ...words, ...usageSums(sums) })),
        total: usageSums(answer.total),
        rest:
          answer.rest === undefined ? null : { groups: answer.rest.groups, ...usageSums(answer.rest.sums) },
        since: new Date(sinceMs).toISOString(),
        until: new Date(untilMs).toISOString(),
        lagSeconds: ledger.shipper.lagMs / 1_000,
      };
    },
  };
}

/** Where exchanges are gone by retention, only whole hours can be told. */
function startOf(sinceMs: number, oldestExchangeMs: number): number {
  return sinceMs < oldestExchangeMs ? Math.floor(sinceMs / HOUR_MS) * HOUR_MS : sinceMs;
}

function endOf(untilMs: number, oldestExchangeMs: number): number {
  return untilMs < oldestExchangeMs ? Math.ceil(untilMs / HOUR_MS) * HOUR_MS : untilMs;
}

export function usageSums(sums: UsageSums): UsageTotal {
  return {
    exchanges: Number(sums.exchanges),
    answered: Number(sums.answered),
    refused: Number(sums.refused),
    failed: Number(sums.failed),
    abandoned: Number(sums.abandoned),
    killed: Number(sums.killed),
    inputTokens: Number(sums.inputTokens),
    cachedInputTokens: Number(sums.cachedInputTokens),
    cacheWriteInputTokens: Number(sums.cacheWriteInputTokens),
    outputTokens: Number(sums.outputTokens),
    reasoningTokens: Number(sums.reasoningTokens),
    costNano: sums.costNano.toString(),
    costUsd: formatUsd(sums.costNano),
    estimated: Number(sums.estimated),
    estimatedCostNano: sums.estimatedCostNano.toString(),
    cacheSavedNano: sums.cacheSavedNano.toString(),
    flagged: Number(sums.flagged),
  };
}

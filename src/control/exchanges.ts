import type { Ledger } from "../budget/ledger/ledger.ts";
import type { ExchangePlace, StoredExchange } from "../budget/ledger/exchange-query.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { DecisionInfo } from "./contract.ts";
import { exchangeView } from "./exchange-view.ts";
import { instantMs, type Handlers } from "./handlers.ts";
import { usageSums } from "./usage.ts";

/** How long a question waits for records that are still on their way into the database. */
const SETTLE_MS = 2_000;

/** Exchanges, their decisions, journeys. */
export function exchangeHandlers(
  ledger: Ledger,
  clock: Clock,
): Pick<Handlers, "listExchanges" | "getExchange" | "getDecision" | "getJourney"> {
  const find = async (id: string): Promise<StoredExchange> => {
    const row = (await ledger.exchanges.find(id)) ?? (await settled(ledger, () => ledger.exchanges.find(id)));
    if (row !== undefined) return row;
    throw new AppError(
      "not_found",
      "there is no such exchange; one that is under way is there when it is over, and old ones leave by storage.retention",
    );
  };
  return {
    async listExchanges({ query }) {
      const { since, until, cursor, limit, ...filters } = query;
      const now = clock.now();
      const sinceMs = since === undefined ? undefined : instantMs(since, now);
      const untilMs = until === undefined ? undefined : instantMs(until, now);
      if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs)
        throw new AppError("invalid_request", "since: is not before until");
      if (cursor === undefined) await ledger.shipper.settle(SETTLE_MS);
      const rows = await ledger.exchanges.search({
        sinceMs,
        untilMs,
        filters,
        after: cursor === undefined ? undefined : readCursor(cursor),
        // One more than asked for tells whether there is a next page.
        limit: limit + 1,
      });
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        rows: page.map(exchangeView),
        next: rows.length > limit && last !== undefined ? writeCursor(last) : null,
      };
    },

    getExchange: async ({ params }) => exchangeView(await find(params.id)),

    async getDecision({ params }) {
      const row = await find(params.id);
      const text = row.decision === null ? undefined : await ledger.exchanges.decision(row.decision);
      if (text === undefined)
        throw new AppError(
          "not_found",
          row.decision === null
            ? "the exchange was refused before a route was decided"
            : "the decision is no longer kept; decisions leave by storage.retention",
        );
      return { id: row.id, ...(JSON.parse(text) as Omit<DecisionInfo, "id">) } as DecisionInfo;
    },

    async getJourney({ params, query }) {
      await ledger.shipper.settle(SETTLE_MS);
      const span = await ledger.exchanges.journeySpan(params.id, query.tenant);
      if (span === undefined) throw new AppError("not_found", "no exchange belongs to such a journey");
      const rows = await ledger.exchanges.journey(params.id, query.tenant, query.limit);
      const usage = await ledger.usage.ask({
        by: [],
        sinceMs: span.firstMs,
        untilMs: span.lastMs + 1,
        filters: { journey: params.id, ...(query.tenant !== undefined && { tenant: query.tenant }) },
        limit: 1,
      });
      return {
        id: params.id,
        tenants: [...span.tenants],
        startedAt: new Date(span.firstMs).toISOString(),
        endedAt: new Date(span.endMs).toISOString(),
        total: usageSums(usage.total),
        rows: rows.map(exchangeView),
      };
    },
  };
}

/** Asks again, when what was on its way has arrived. */
async function settled<Found>(ledger: Ledger, ask: () => Promise<Found>): Promise<Found> {
  await ledger.shipper.settle(SETTLE_MS);
  return ask();
}

function writeCursor(row: StoredExchange): string {
  return Buffer.from(`${row.started_at.getTime()}.${row.id}`).toString("base64url");
}

/** Ids have room for instants below it. */
const LATEST_MS = 2 ** 48;
const CURSOR = /^(-?\d{1,16})\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

function readCursor(text: string): ExchangePlace {
  const match = CURSOR.exec(Buffer.from(text, "base64url").toString());
  const startedAtMs = Number(match?.[1]);
  if (match === null || Math.abs(startedAtMs) >= LATEST_MS)
    throw new AppError("invalid_request", "cursor: is not one that a page gave as `next`");
  return { startedAtMs, id: match[2] ?? "" };
}

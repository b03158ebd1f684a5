import type { Ledger } from "../budget/ledger/ledger.ts";
import type { ExchangePlace, StoredExchange } from "../budget/ledger/exchange-query.ts";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import type { DecisionInfo, ExchangeInfo } from "./contract.ts";
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
      if (cursor === undefined) await ledger.shipper.settle(SETTLE_MS);
      const rows = await ledger.exchanges.search({
        sinceMs: since === undefined ? undefined : instantMs(since, now),
        untilMs: until === undefined ? undefined : instantMs(until, now),
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
        throw new AppError("not_found", "the exchange was refused before a route was decided");
      return { id: row.id, ...(JSON.parse(text) as Omit<DecisionInfo, "id">) } as DecisionInfo;
    },

    async getJourney({ params, query }) {
      await ledger.shipper.settle(SETTLE_MS);
      const found = await ledger.exchanges.journey(params.id, query.tenant, query.limit);
      const rows = found.map(exchangeView);
      const [first] = rows;
      if (first === undefined) throw new AppError("not_found", "no exchange belongs to such a journey");
      const usage = await ledger.usage.ask({
        by: [],
        sinceMs: Date.parse(first.startedAt),
        // Where the rows were cut, the sums go on to what is newest.
        untilMs: rows.length < query.limit ? Date.parse(rows.at(-1)?.startedAt ?? "") + 1 : clock.now() + 1,
        filters: { journey: params.id, ...(query.tenant !== undefined && { tenant: query.tenant }) },
        limit: 1,
      });
      return {
        id: params.id,
        tenants: [...new Set(rows.flatMap(({ tenant }) => tenant ?? []))],
        startedAt: first.startedAt,
        endedAt: latestEnd(rows),
        total: usageSums(usage.total),
        rows,
      };
    },
  };
}

/** Asks again, when what was on its way has arrived. */
async function settled<Found>(ledger: Ledger, ask: () => Promise<Found>): Promise<Found> {
  await ledger.shipper.settle(SETTLE_MS);
  return ask();
}

function latestEnd(rows: readonly ExchangeInfo[]): string {
  return rows.reduce((latest, { endedAt }) => (endedAt > latest ? endedAt : latest), "");
}

function writeCursor(row: StoredExchange): string {
  return Buffer.from(`${row.started_at.getTime()}.${row.id}`).toString("base64url");
}

const CURSOR = /^(-?\d{1,16})\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

function readCursor(text: string): ExchangePlace {
  const match = CURSOR.exec(Buffer.from(text, "base64url").toString());
  const startedAtMs = Number(match?.[1]);
  if (match === null || Number.isNaN(new Date(startedAtMs).getTime()))
    throw new AppError("invalid_request", "cursor: is not one that a page gave as `next`");
  return { startedAtMs, id: match[2] ?? "" };
}

import { AppError } from "../core/errors.ts";
import type { Route } from "../gateway/routes.ts";
import type { RecentExchanges } from "../telemetry/recent.ts";
import { viewOf, type RecordView } from "../telemetry/record-view.ts";

const DEFAULT_LIMIT = 100;

/** The last exchanges of this process. They are kept in memory until the ledger keeps all of them. */
export function exchangeRoutes(recent: RecentExchanges): Route[] {
  const base = { authorisation: "admin", plane: "control", method: "GET" } as const;
  const find = (id: string): RecordView => {
    const text = recent.get(id);
    if (text === undefined)
      throw new AppError("not_found", "there is no such exchange among the last 1,000 of this process");
    return viewOf(text);
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
        return { rows: recent.list(wanted).map((text) => viewOf(text).exchange), next: null };
      },
    },
    {
      ...base,
      url: "/api/exchanges/:id",
      summary: "One exchange.",
      handler: (request) => find((request.params as { id: string }).id).exchange,
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

import type { Route } from "../gateway/routes.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** @param isPublic  on a listener of its own it needs no token */
export function metricsRoute(metrics: Metrics, isPublic: boolean): Route {
  return {
    method: "GET",
    url: "/metrics",
    plane: "control",
    authorisation: isPublic ? "public" : "admin",
    summary: "Prometheus metrics; they need the admin token except on a listener of their own.",
    handler: async (_request, reply) => {
      void reply.header("content-type", metrics.contentType);
      return metrics.text();
    },
  };
}

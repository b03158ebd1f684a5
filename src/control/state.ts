import type { Gateway } from "../gateway/gateway.ts";
import type { Route } from "../gateway/routes.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** What is configured and how it fares. */
export function stateRoutes(gateway: Gateway, metrics: Metrics, metricsArePublic: boolean): Route[] {
  const base = { authorisation: "admin", plane: "control", method: "GET" } as const;
  return [
    {
      ...base,
      url: "/api/config",
      summary: "Which configuration is in force; all nodes must show the same hash.",
      handler: () => {
        const { hash, loadedAtMs, config } = gateway.snapshot;
        return {
          hash,
          loadedAt: new Date(loadedAtMs).toISOString(),
          tenants: Object.keys(config.tenants),
          tasks: Object.keys(config.tasks),
          targets: Object.keys(config.targets),
          providers: Object.keys(config.providers),
        };
      },
    },
    {
      ...base,
      url: "/api/targets",
      summary: "The targets of the configuration in force.",
      handler: () => ({
        rows: [...gateway.snapshot.targets.values()].map((target) => ({
          id: target.id,
          provider: target.provider,
          kind: target.adapter.kind,
          model: target.model,
          tier: target.tier,
          dataClasses: target.dataClasses,
          maxOutputTokens: target.maxOutputTokens ?? null,
        })),
        next: null,
      }),
    },
    {
      ...base,
      authorisation: metricsArePublic ? "public" : "admin",
      url: "/metrics",
      summary: "Prometheus metrics; they need the admin token except on a listener of their own.",
      handler: async (_request, reply) => {
        metrics.inFlight(gateway.inFlight);
        void reply.header("content-type", metrics.contentType);
        return metrics.text();
      },
    },
  ];
}

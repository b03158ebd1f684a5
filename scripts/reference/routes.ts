import { apiRoutes } from "../../src/control/api-routes.ts";
import type { Handlers } from "../../src/control/handlers.ts";
import { liveRoutes } from "../../src/control/live.ts";
import { metricsRoute } from "../../src/control/metrics-route.ts";
import { pageRoutes } from "../../src/control/page.ts";
import { clientRoutes } from "../../src/gateway/client-routes.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Route } from "../../src/gateway/routes.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { LiveFeed } from "../../src/telemetry/live-feed.ts";

/** docs/reference/routes.md, from the route tables themselves. */
export function routesReference(): string {
  // Only what the routes declare is read here; no handler is called.
  const gateway = { sealKey: Buffer.alloc(32) } as Gateway;
  const control = [
    ...pageRoutes(gateway, () => ""),
    ...apiRoutes({} as Handlers, ""),
    ...liveRoutes(new LiveFeed()),
    metricsRoute(new Metrics(), false),
  ];
  return `# Routes

Every route declares who may call it; one that does not cannot be registered.

## For clients
${table(clientRoutes(gateway))}

## Control
Served on loopback only, or on \`server.control.listen\`.

${table(control)}
`;
}

function table(routes: readonly Route[]): string {
  const rows = routes.map(
    ({ method, url, authorisation, summary }) =>
      `| \`${method} ${url}\` | ${AUTHORISATION[authorisation]} | ${summary} |`,
  );
  return `\n| route | who | what |\n|---|---|---|\n${rows.join("\n")}`;
}

const AUTHORISATION = {
  public: "anybody",
  "client-key": "a client's key",
  admin: "the admin token",
} as const;

import { exchangeRoutes } from "../../src/control/exchanges.ts";
import { keyRoutes } from "../../src/control/keys.ts";
import type { KeysService } from "../../src/control/keys-service.ts";
import { pageRoutes } from "../../src/control/page.ts";
import { stateRoutes } from "../../src/control/state.ts";
import { clientRoutes } from "../../src/gateway/client-routes.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { Route } from "../../src/gateway/routes.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { RecentExchanges } from "../../src/telemetry/recent.ts";

/** docs/reference/routes.md, from the route tables themselves. */
export function routesReference(): string {
  // Only what the routes declare is read here; no handler is called.
  const gateway = {} as Gateway;
  const control = [
    ...pageRoutes(gateway, () => ""),
    ...keyRoutes({} as KeysService),
    ...exchangeRoutes(new RecentExchanges()),
    ...stateRoutes(gateway, new Metrics(), false),
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

import { AppError } from "../core/errors.ts";
import type { Route } from "../gateway/routes.ts";
import { ENDPOINTS, type EndpointId } from "./contract.ts";
import type { Endpoint } from "./endpoint.ts";
import { answer, type Handlers } from "./handlers.ts";
import { openApi } from "./openapi.ts";

/** The control API's endpoints as routes. */
export function apiRoutes(handlers: Handlers, version: string): Route[] {
  const base = { authorisation: "admin", plane: "control" } as const;
  const ids = Object.keys(ENDPOINTS) as EndpointId[];
  const routes = ids.map((id): Route => {
    const { method, url, summary, status }: Endpoint = ENDPOINTS[id];
    return {
      ...base,
      method,
      url,
      summary,
      handler: async (request, reply) => {
        const raw = {
          params: request.params,
          query: request.query,
          body: method === "POST" ? jsonBody(request.body) : undefined,
        };
        const result = await answer(handlers, id, raw);
        if (status !== undefined) void reply.code(status);
        return result;
      },
    };
  });
  return [
    ...routes,
    {
      ...base,
      authorisation: "public",
      method: "GET",
      url: "/api/openapi.json",
      summary: "The control API, as an OpenAPI 3.1 document.",
      handler: () => openApi(version),
    },
  ];
}

/** @throws AppError invalid_request */
function jsonBody(body: unknown): unknown {
  try {
    return JSON.parse(body instanceof Buffer ? body.toString() : "");
  } catch {
    throw new AppError("invalid_request", 'the body is not JSON; send an object such as {"tenant":"acme"}');
  }
}

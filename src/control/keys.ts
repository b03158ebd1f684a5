import { AppError } from "../core/errors.ts";
import type { Route } from "../gateway/routes.ts";
import type { KeysService } from "./keys-service.ts";

export function keyRoutes(keys: KeysService): Route[] {
  const base = { authorisation: "admin", plane: "control" } as const;
  return [
    {
      ...base,
      method: "GET",
      url: "/api/keys",
      summary: "All keys, without the keys themselves.",
      handler: async () => ({ rows: await keys.list(), next: null }),
    },
    {
      ...base,
      method: "POST",
      url: "/api/keys",
      summary: "Issues a key; the answer is the only place where it is ever shown.",
      handler: async (request, reply) => {
        const created = await keys.create(jsonBody(request.body));
        void reply.code(201);
        return created;
      },
    },
    {
      ...base,
      method: "DELETE",
      url: "/api/keys/:id",
      summary: "Revokes a key; from then on it is refused.",
      handler: (request) => keys.revoke((request.params as { id: string }).id),
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

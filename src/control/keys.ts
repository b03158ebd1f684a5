import type { Handlers } from "./handlers.ts";
import type { KeysService } from "./keys-service.ts";

export function keyHandlers(keys: KeysService): Pick<Handlers, "listKeys" | "createKey" | "revokeKey"> {
  return {
    listKeys: async () => ({ rows: await keys.list(), next: null }),
    createKey: ({ body }) => keys.create(body),
    revokeKey: ({ params }) => keys.revoke(params.id),
  };
}

import type { Inexpressible } from "../../core/chat.ts";

/** What Responses cannot say. */
export function missing(name: string, droppable: boolean): Inexpressible {
  return { name, why: "has no place in Responses", droppable };
}

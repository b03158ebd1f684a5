import type { Inexpressible } from "../../core/chat.ts";

/** What chat completions cannot say. */
export function missing(name: string, droppable: boolean): Inexpressible {
  return { name, why: "has no place in chat completions", droppable };
}

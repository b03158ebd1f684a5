import type { Exchange } from "../exchange.ts";

/** Whose a signed request is; one that carries a key was known before its body came. */
export function verifySigner(exchange: Exchange): void {
  if (exchange.verifySigner !== undefined) exchange.key = exchange.verifySigner(exchange.body);
}

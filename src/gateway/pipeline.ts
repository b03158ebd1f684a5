import type { Exchange } from "./exchange.ts";

/**
 * One step before the attempts. It adds to the exchange or refuses it by throwing an AppError; one that wants to watch
 * the reply pushes a tap, and one that must know the end pushes to `atEnd`. Most have nothing to wait for and return
 * nothing, which keeps the whole way to the upstream in one turn of the event loop.
 */
export type Stage = (exchange: Exchange) => void | Promise<void>;

/** Runs the stages in order; the promise is there only where a stage waited. */
export function runStages(stages: readonly Stage[], exchange: Exchange): void | Promise<void> {
  for (let index = 0; index < stages.length; index++) {
    const waiting = stages[index]?.(exchange);
    if (waiting !== undefined) return waiting.then(() => runStages(stages.slice(index + 1), exchange));
  }
}

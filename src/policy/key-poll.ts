import type { Log } from "../telemetry/log.ts";
import type { KeyRing } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";

/** How often nodes that share a database look for keys that another node issued or revoked. */
const POLL_MS = 500;
/** How far back they look each time: more than a poll, a slow commit and a pause together. */
const WINDOW_S = 30;

/** Keeps a ring up to date with a database that others write to. @returns what ends it */
export function pollKeys(store: KeyStore, ring: KeyRing, log: Log): () => void {
  let stopped = false;
  let isAway = false;
  let lastAt = Date.now();
  const poll = async (): Promise<void> => {
    try {
      // After a pause longer than the window (a frozen machine, a database that was away) only the whole list tells.
      const isBehind = Date.now() - lastAt > (WINDOW_S * 1_000) / 2;
      ring.put(await (isBehind ? store.list() : store.changedWithin(WINDOW_S)));
      lastAt = Date.now();
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error as Error }, "the database does not answer; keys stay as last known");
      isAway = true;
    }
    if (!stopped) timer = setTimeout(() => void poll(), POLL_MS);
  };
  let timer = setTimeout(() => void poll(), POLL_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

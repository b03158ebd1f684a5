import { Pool, type Dispatcher } from "undici";
import type { UpstreamReply } from "./upstream-reply.ts";
import { WatchedClient, type WatchedOptions } from "./watched-client.ts";

/** Connections to one upstream. */
export class Upstream {
  readonly #origin: string;
  readonly #connections: number;
  readonly #pools = new Map<number, Pool>();

  /** @param connections  at most */
  constructor(origin: string, connections: number) {
    this.#origin = origin;
    this.#connections = connections;
  }

  send(connectTimeoutMs: number, request: Dispatcher.DispatchOptions, reply: UpstreamReply): void {
    const pool = this.#pool(connectTimeoutMs);
    reply.start(() => pool.dispatch(request, reply));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }

  #pool(connectTimeoutMs: number): Pool {
    let pool = this.#pools.get(connectTimeoutMs);
    if (pool === undefined) {
      pool = new Pool(this.#origin, {
        connections: this.#connections,
        factory: (origin, options) => new WatchedClient(origin, options as WatchedOptions),
        connect: { timeout: connectTimeoutMs },
        // The attempt has its own deadlines; undici's would only add timers.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      this.#pools.set(connectTimeoutMs, pool);
    }
    return pool;
  }
}

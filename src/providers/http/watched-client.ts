import type net from "node:net";
import { buildConnector, Client, type Dispatcher } from "undici";
import { UpstreamReply } from "./upstream-reply.ts";

export type WatchedOptions = Client.Options & { readonly connect: buildConnector.connector };

/** Tells a reply over which connection its request goes, where that connection has served before. */
export class WatchedClient extends Client {
  readonly #current: { socket: net.Socket | undefined };

  constructor(origin: URL | string, options: WatchedOptions) {
    const current: { socket: net.Socket | undefined } = { socket: undefined };
    super(origin, {
      ...options,
      connect: (how, done) =>
        options.connect(how, (...result) => {
          current.socket = result[1] ?? undefined;
          done(...result);
        }),
    });
    this.#current = current;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { socket } = this.#current;
    if (handler instanceof UpstreamReply) {
      handler.reused =
        this.stats.connected && socket !== undefined ? { socket, bytesRead: socket.bytesRead } : undefined;
    }
    return super.dispatch(options, handler);
  }
}

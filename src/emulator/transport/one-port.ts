import http from "node:http";
import http2 from "node:http2";
import net from "node:net";

/** What both of Node's servers give: the compatibility interface of HTTP/2 is HTTP/1.1's. */
export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** What every HTTP/2 connection begins with (RFC 9113, section 3.4). */
const PREFACE = "PRI";
/** For a connection's first bytes, and for a head to be complete. */
const FIRST_BYTES_MS = 15_000;
const REQUEST_MS = 120_000;

/**
 * HTTP/1.1 and HTTP/2 without TLS on one port: the AWS SDK for JavaScript speaks HTTP/2 with prior knowledge to an
 * http:// endpoint of Bedrock, every other AWS client HTTP/1.1.
 */
export class OnePort {
  readonly #listener: net.Server;
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #sockets = new Set<net.Socket>();

  constructor(handler: Handler) {
    this.#http1 = http.createServer(
      { headersTimeout: FIRST_BYTES_MS, requestTimeout: REQUEST_MS, noDelay: true },
      handler,
    );
    // A server that never listens itself would never look for requests past their time.
    this.#http1.emit("listening");
    this.#http1.on("clientError", (_error, socket) => socket.destroy());
    this.#http2 = http2.createServer(
      {},
      handler as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
    );
    this.#http2.on("sessionError", () => {});
    this.#http2.on("session", (session) => session.on("error", () => {}));
    this.#listener = net.createServer({ noDelay: true }, (socket) => this.#peek(socket));
  }

  /** @returns the port, chosen by the system where 0 was asked for */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#listener.once("error", reject);
      this.#listener.listen(port, host, resolve);
    });
    return (this.#listener.address() as net.AddressInfo).port;
  }

  /** Closes every connection, whatever it does. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#http1.close(() => {});
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Waits for the first bytes and hands the connection to the server that speaks so. */
  #peek(socket: net.Socket): void {
    this.#sockets.add(socket);
    const deadline = setTimeout(() => socket.destroy(), FIRST_BYTES_MS);
    const onError = (): void => void socket.destroy();
    let first = Buffer.alloc(0);
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes !== null) first = Buffer.concat([first, bytes]);
      const start = first.toString("latin1", 0, PREFACE.length);
      if (start.length < PREFACE.length && PREFACE.startsWith(start)) return;
      clearTimeout(deadline);
      socket.off("error", onError);
      socket.off("readable", onReadable);
      socket.unshift(first);
      (start === PREFACE ? this.#http2 : this.#http1).emit("connection", socket);
    };
    socket.on("error", onError);
    socket.on("readable", onReadable);
    socket.once("close", () => {
      clearTimeout(deadline);
      this.#sockets.delete(socket);
    });
  }
}

import http from "node:http";
import http2 from "node:http2";
import net from "node:net";
import tls from "node:tls";
import { markOverdue } from "./overdue.ts";

export interface FrontDoorOptions {
  /** Milliseconds from a connection's first byte to the end of the headers. */
  readonly headersTimeout: number;
  /** Milliseconds from a request's first byte to the end of its body. */
  readonly requestTimeout: number;
  /** Milliseconds that an idle connection is kept. */
  readonly keepAliveTimeout: number;
  /** PEM certificate chain and key; plain HTTP where absent. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
}

export type HttpHandler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** What every HTTP/2 connection begins with (RFC 9113, section 3.4); no HTTP/1.1 method does. */
const HTTP2_PREFACE = "PRI";
/** How often Node looks for requests past their deadlines. */
const CHECK_INTERVAL_MS = 1_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_STREAMS = 250;
/** Between telling an HTTP/2 peer that its session ends and ending it. */
const GOODBYE_MS = 1_000;

/**
 * One listening socket for HTTP/1.1 and HTTP/2: on TLS the client chooses by ALPN, on plain TCP the first bytes tell.
 * Behind it stand Node's own two servers, which never listen themselves.
 */
export class FrontDoor {
  readonly server: net.Server;
  readonly #http1: http.Server;
  readonly #http2: http2.Http2Server;
  readonly #options: FrontDoorOptions;
  /** Connections that have not sent anything yet. */
  readonly #silent = new Set<net.Socket>();
  readonly #sockets = new Set<net.Socket>();
  readonly #http1Sockets = new Set<net.Socket>();
  readonly #sessions = new Set<http2.ServerHttp2Session>();

  constructor(
    handler: HttpHandler,
    onClientError: (error: Error, socket: net.Socket) => void,
    options: FrontDoorOptions,
  ) {
    this.#options = options;
    this.#http1 = http.createServer(
      {
        headersTimeout: options.headersTimeout,
        requestTimeout: options.requestTimeout,
        keepAliveTimeout: options.keepAliveTimeout,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
      handler,
    );
    this.#http1.on("clientError", (error, socket) => onClientError(error, socket as net.Socket));
    // A server that does not listen never starts to look for late headers and bodies; this starts it.
    this.#http1.emit("listening");
    this.#http2 = http2.createServer(
      { settings: { maxConcurrentStreams: MAX_STREAMS }, maxHeaderListPairs: 200 },
      handler as unknown as (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => void,
    );
    this.#http2.on("session", (session) => this.#watchSession(session));
    this.#http2.on("sessionError", () => {});
    this.server =
      options.tls === undefined
        ? net.createServer({ noDelay: true }, (socket) => this.#peek(socket))
        : this.#tlsServer(options.tls);
    this.server.on("connection", (socket: net.Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Closes what serves nothing now: idle connections, silent ones, and HTTP/2 sessions once their streams end. */
  closeIdle(): void {
    // Node's own closeIdleConnections would also cut replies whose last bytes still wait for their client.
    for (const socket of this.#http1Sockets) if (!isAnswering(socket)) socket.destroy();
    for (const session of this.#sessions) session.close();
    for (const socket of this.#silent) socket.destroy();
  }

  /** Stops listening and closes every connection, whatever it does. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    // Node counts this server as not running, but stops its timer all the same.
    this.#http1.close(() => {});
    for (const session of this.#sessions) session.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #tlsServer(pem: { readonly cert: string; readonly key: string }): tls.Server {
    const options: tls.TlsOptions = {
      ...pem,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: this.#options.headersTimeout,
      minVersion: "TLSv1.2",
      noDelay: true,
    };
    const server = tls.createServer(options, (socket) => {
      this.#hand(socket, socket.alpnProtocol === "h2");
    });
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    return server;
  }

  /** Waits for the first bytes and hands the connection to the server that speaks so. */
  #peek(socket: net.Socket): void {
    this.#silent.add(socket);
    const deadline = setTimeout(() => socket.destroy(), this.#options.headersTimeout);
    const forget = (): void => {
      clearTimeout(deadline);
      this.#silent.delete(socket);
    };
    const onError = (): void => void socket.destroy();
    let first = Buffer.alloc(0);
    const onReadable = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes !== null) first = Buffer.concat([first, bytes]);
      const start = first.toString("latin1", 0, HTTP2_PREFACE.length);
      // Too few bytes to tell; more will come, or the deadline.
      if (start.length < HTTP2_PREFACE.length && HTTP2_PREFACE.startsWith(start)) return;
      forget();
      socket.off("error", onError);
      socket.off("readable", onReadable);
      socket.unshift(first);
      this.#hand(socket, start === HTTP2_PREFACE);
    };
    socket.on("error", onError);
    socket.once("close", forget);
    socket.on("readable", onReadable);
  }

  #hand(socket: net.Socket, isHttp2: boolean): void {
    if (isHttp2) {
      // An ended session ends our side only; a peer that never ends its own would be kept for ever.
      socket.once("finish", () => setTimeout(() => socket.destroy(), GOODBYE_MS).unref());
    }
    if (!isHttp2) {
      this.#http1Sockets.add(socket);
      socket.once("close", () => this.#http1Sockets.delete(socket));
    }
    (isHttp2 ? this.#http2 : this.#http1).emit("connection", socket);
  }

  /** HTTP/2 has no deadlines of its own in Node: idle sessions and half-sent bodies end here. */
  #watchSession(session: http2.ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on("close", () => this.#sessions.delete(session));
    session.on("error", () => {});
    let streams = 0;
    const end = (): void => {
      session.close();
      // A peer that does not close its side, or holds a header block open, is not waited for.
      idle = setTimeout(() => session.destroy(), GOODBYE_MS);
    };
    let idle = setTimeout(end, this.#options.headersTimeout);
    session.on("close", () => clearTimeout(idle));
    session.on("stream", (stream) => {
      streams++;
      clearTimeout(idle);
      const late = setTimeout(() => {
        markOverdue(stream);
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }, this.#options.requestTimeout);
      stream.once("end", () => clearTimeout(late));
      stream.once("error", () => {});
      stream.once("close", () => {
        clearTimeout(late);
        if (--streams === 0) idle = setTimeout(end, this.#options.keepAliveTimeout);
      });
    });
  }
}

/** Whether a reply of HTTP/1.1 is under way or not yet flushed; Node keeps it on the socket until then. */
function isAnswering(socket: net.Socket): boolean {
  const { _httpMessage: message } = socket as { _httpMessage?: http.ServerResponse | null };
  return message !== undefined && message !== null;
}

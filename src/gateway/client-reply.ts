import type { AppError } from "../core/errors.ts";
import type { WholeReply } from "../providers/provider.ts";
import type { Exchange } from "./exchange.ts";

/** What is used of Node's responses, HTTP/1.1's and HTTP/2's alike. */
export interface RawResponse {
  on(event: "close" | "drain" | "error", listener: () => void): unknown;
  writeHead(status: number, headers: ReplyHeaders): unknown;
  write(bytes: Uint8Array): boolean;
  end(bytes: Uint8Array): unknown;
  end(text: string, encoding: "latin1"): unknown;
  destroy(): unknown;
  setTimeout(ms: number, onTimeout?: () => void): unknown;
  /** Bytes that wait for the client to read. */
  readonly writableLength: number;
}

type ReplyHeaders = Record<string, string | number>;

/** Above it copying costs more than a second piece. */
const ONE_WRITE_BYTES = 32 * 1024;

const STREAM_HEADERS: ReplyHeaders = { "cache-control": "no-store", "x-accel-buffering": "no" };

/**
 * The way back to the client: a head, then bytes. It knows what was already sent, so that an error comes as an error
 * reply before the head and as the dialect's error event after it.
 */
export class ClientReply {
  readonly #raw: RawResponse;
  readonly #exchange: Exchange;
  readonly #closeAfter: () => boolean;
  #streaming = false;
  #over = false;
  #watched = false;
  #onLeave: () => void = () => {};
  #onDrain: () => void = () => {};

  /** @param closeAfter  whether the connection shall end with this reply, asked when the head is written */
  constructor(raw: RawResponse, exchange: Exchange, closeAfter: () => boolean) {
    this.#raw = raw;
    this.#exchange = exchange;
    this.#closeAfter = closeAfter;
    raw.on("close", () => {
      if (!this.#over) {
        this.#over = true;
        this.#onLeave();
      }
    });
    // A reset connection is told by "close"; without a listener it would end the process.
    raw.on("error", () => {});
  }

  /** @param leave  the client went away before the reply was over */
  onLeave(leave: () => void): void {
    if (this.#over) leave();
    else this.#onLeave = leave;
  }

  /** @param drain  the client has read what was held back */
  onDrain(drain: () => void): void {
    this.#onDrain = drain;
  }

  /** Whether the head of a stream was sent; no other status can be told any more. */
  get streaming(): boolean {
    return this.#streaming;
  }

  get over(): boolean {
    return this.#over;
  }

  whole(reply: WholeReply, headers: ReplyHeaders): void {
    if (this.#over) return;
    this.#over = true;
    const head: ReplyHeaders = {
      "content-type": reply.contentType,
      "content-length": reply.body.length,
      "cache-control": "no-store",
      ...this.#own(),
      ...reply.headers,
      ...headers,
    };
    this.#head(reply.status, head);
    this.#finish(reply.body);
  }

  openStream(headers: ReplyHeaders): void {
    if (this.#over || this.#streaming) return;
    this.#streaming = true;
    this.#raw.on("drain", () => {
      if (!this.#over) this.#watchReading(false);
      this.#onDrain();
    });
    this.#head(200, {
      ...STREAM_HEADERS,
      ...this.#exchange.dialect.streamHeaders,
      ...this.#own(),
      ...headers,
    });
  }

  /** @returns whether the client keeps up; if not, `onDrain` tells when it has */
  chunk(bytes: Buffer): boolean {
    if (this.#over || this.#raw.write(bytes)) return true;
    this.#watchReading(true);
    return false;
  }

  end(last: Buffer): void {
    if (this.#over) return;
    this.#over = true;
    this.#finish(last);
  }

  /** @param status  of the upstream's own refusal, where it is told instead of the error's */
  error(error: AppError, status?: number): void {
    if (this.#over) return;
    this.#over = true;
    const { dialect, id } = this.#exchange;
    if (this.#streaming) {
      this.#finish(dialect.errorEvent(error, id, this.#exchange.operation));
      return;
    }
    const reply = dialect.errorReply(error, id);
    const attempts = this.#exchange.attempts.length;
    this.#head(status ?? reply.status, {
      ...reply.headers,
      "content-length": reply.body.length,
      "cache-control": "no-store",
      "x-switchyard-exchange": id,
      ...(attempts > 0 && { "x-switchyard-attempts": attempts }),
    });
    this.#finish(reply.body);
  }

  #own(): Readonly<Record<string, string>> | undefined {
    const { dialect, id } = this.#exchange;
    return dialect.replyHeaders?.(id);
  }

  /** Sends the last bytes. */
  #finish(last: Buffer): void {
    // Node joins a text with the head and writes both at once; bytes it would write as a piece of their own.
    if (!this.#streaming && last.length < ONE_WRITE_BYTES) this.#raw.end(last.toString("latin1"), "latin1");
    else this.#raw.end(last);
    if (this.#raw.writableLength > 0) this.#watchReading(true);
  }

  /**
   * Gives up a client that does not come to read what waits for it. The connection's own timeout is used, because it
   * knows of bytes that have left although their write is not done.
   */
  #watchReading(on: boolean): void {
    const ms = on ? this.#exchange.snapshot.config.server.timeouts.stalledClient : 0;
    if (this.#watched) this.#raw.setTimeout(ms);
    else if (on) this.#raw.setTimeout(ms, () => this.#raw.destroy());
    this.#watched ||= on;
  }

  #head(status: number, headers: ReplyHeaders): void {
    if (this.#closeAfter() && this.#exchange.httpVersionMajor === 1) headers["connection"] = "close";
    this.#raw.writeHead(status, headers);
  }
}

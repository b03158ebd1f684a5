import type { Dispatcher } from "undici";
import type { AttemptFailure, UpstreamHandle } from "../provider.ts";
import { connectionFailure } from "./failure.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How the replies of one API are read: what is theirs alone. One for each request. */
export interface ReplyReading {
  /** Tells that a part of a plain reply has come. */
  alive(): void;
  /** A reader for a 200 of this media type, where it is a stream; a failure where it must not be one. */
  stream(contentType: string, headers: Headers): StreamReading | AttemptFailure | undefined;
  /** A whole reply of 2xx; the reading tells the sink. */
  answer(status: number, headers: Headers, body: Buffer): void;
  /** A whole reply of another status. */
  refuse(status: number, headers: Headers, body: Buffer): void;
  fail(failure: AttemptFailure): void;
}

/** Reads a stream; whatever it finds it tells the sink itself. */
export interface StreamReading {
  push(bytes: Buffer): void;
  /** The upstream closed the connection. */
  finish(): void;
  /** Nothing more is told. */
  stop(): void;
  /** The end was told. */
  readonly ended: boolean;
}

/** The longest plain reply that is taken; it is held whole, because its cost stands in the head of ours. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024;
/** Of a refusal, only as much as a message needs. */
const MAX_ERROR_BYTES = 1024 * 1024;
/** After the stream's end marker, how long the connection may take to become free for the next request. */
const LINGER_MS = 1_000;

/** A close that the upstream had begun shows within a round trip; what comes later happened to this very request. */
const STALE_MS = 500;
/** Those that a message may name; anything else that stands there may be anything. */
const ENCODINGS: ReadonlySet<string> = new Set(["gzip", "br", "deflate", "zstd", "compress"]);

/** One reply of an upstream, from undici's callbacks to what reads it. */
export class UpstreamReply implements Dispatcher.DispatchHandler, UpstreamHandle {
  readonly #reading: ReplyReading;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #stream: StreamReading | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #cancelled = false;
  #settled = false;
  #started = false;
  #lingerTimer: NodeJS.Timeout | undefined;
  #sentAt = 0;
  #resend: (() => void) | undefined;
  /** The connection, where it had served another request before, and what it had received until then. */
  reused: { readonly socket: { readonly bytesRead: number }; readonly bytesRead: number } | undefined;

  constructor(reading: ReplyReading) {
    this.#reading = reading;
  }

  /** @param send  sends the request; called again at most once */
  start(send: () => void): void {
    // Cancelled while it waited for credentials.
    if (this.#cancelled) return;
    this.#resend = send;
    this.#started = true;
    send();
  }

  /** Not while credentials are waited for. */
  get sent(): boolean {
    return this.#started;
  }

  /** What is needed to send it cannot be had. */
  abandon(failure: AttemptFailure): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reading.fail(failure);
  }

  cancel(): void {
    this.#settled = true;
    this.#cancelled = true;
    this.#stream?.stop();
    this.#controller?.abort(new Error("cancelled"));
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#sentAt = performance.now();
    // Cancelled while it waited for a connection: it must not be sent at all.
    if (this.#cancelled) controller.abort(new Error("cancelled"));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const encoding = text(headers["content-encoding"]);
    if (encoding !== undefined && encoding !== "identity") {
      this.#abort({
        kind: "protocol",
        message: `the upstream sent its reply encoded${ENCODINGS.has(encoding) ? ` (${encoding})` : ""} though none was accepted`,
      });
    } else if (status === 200) {
      const stream = this.#reading.stream(text(headers["content-type"]) ?? "", headers);
      if (stream === undefined) return;
      if ("kind" in stream) this.#abort(stream);
      else this.#stream = stream;
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    if (this.#stream !== undefined) {
      this.#stream.push(chunk);
      if (this.#stream.ended) this.#linger();
      return;
    }
    this.#reading.alive();
    this.#received += chunk.length;
    const limit = this.#status < 400 ? MAX_REPLY_BYTES : MAX_ERROR_BYTES;
    if (this.#received <= limit) this.#chunks.push(chunk);
    else if (this.#status < 400) {
      this.#abort({
        kind: "protocol",
        message: `the upstream's reply is longer than ${MAX_REPLY_BYTES} bytes`,
      });
    }
  }

  onResponseEnd(): void {
    clearTimeout(this.#lingerTimer);
    if (this.#settled) return;
    if (this.#stream === undefined) this.#whole();
    else this.#stream.finish();
    this.#settled = true;
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    clearTimeout(this.#lingerTimer);
    if (this.#settled || this.#stream?.ended === true) return;
    const resend = this.#takeResend();
    if (resend !== undefined) return resend();
    this.#settled = true;
    this.#reading.fail(connectionFailure(error, this.#status !== 0));
  }

  /**
   * The request again, where it met a connection that the upstream was just closing: a reused one, broken at once and
   * before any answer. Once only.
   */
  #takeResend(): (() => void) | undefined {
    const resend = this.#resend;
    this.#resend = undefined;
    const isUnanswered = this.reused !== undefined && this.reused.socket.bytesRead === this.reused.bytesRead;
    const isStale = isUnanswered && performance.now() - this.#sentAt < STALE_MS;
    return isStale ? resend : undefined;
  }

  #whole(): void {
    const body = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    if (this.#status < 300) this.#reading.answer(this.#status, this.#headers, body);
    else this.#reading.refuse(this.#status, this.#headers, body);
  }

  /** The reply is over for the client; what is left is read so that the connection can serve again. */
  #linger(): void {
    this.#settled = true;
    const controller = this.#controller;
    this.#lingerTimer = setTimeout(
      () => controller?.abort(new Error("no end after the end marker")),
      LINGER_MS,
    );
  }

  #abort(failure: AttemptFailure): void {
    this.#settled = true;
    this.#controller?.abort(new Error(failure.message));
    this.#reading.fail(failure);
  }
}

/** The first of several. */
export function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** @param names  reply headers that tell something to the client and nothing about our account */
export function passedHeaders(
  headers: Headers,
  names: readonly string[],
  secrets: { appearIn(text: string): boolean },
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = text(headers[name]);
    if (value !== undefined && !secrets.appearIn(value)) kept[name] = value;
  }
  return kept;
}

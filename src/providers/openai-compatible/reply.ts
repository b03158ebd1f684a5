import type { Dispatcher } from "undici";
import type { AttemptFailure, ReplySink, UpstreamHandle, WholeReply } from "../provider.ts";
import { connectionFailure, statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import { OpenAiStream } from "./stream.ts";
import { usageOfBody } from "./usage.ts";

type Headers = Record<string, string | string[] | undefined>;

/** The longest plain reply that is taken; it is held whole, because its cost stands in the head of ours. */
const MAX_REPLY_BYTES = 256 * 1024 * 1024;
/** Of a refusal, only as much as a message needs. */
const MAX_ERROR_BYTES = 1024 * 1024;
/** After the stream's end marker, how long the connection may take to become free for the next request. */
const LINGER_MS = 1_000;

/** A close that the upstream had begun shows within a round trip; what comes later happened to this very request. */
const STALE_MS = 500;
const STREAM_TYPE = /^text\/event-stream\b/i;
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

/** Reply headers that tell something to the client and nothing about our account. */
const PASSED_HEADERS = [
  "x-request-id",
  "openai-processing-ms",
  "openai-version",
  "openai-model",
  "apim-request-id",
] as const;

/** One reply of an OpenAI-compatible upstream, from undici's callbacks to the sink. */
export class UpstreamReply implements Dispatcher.DispatchHandler, UpstreamHandle {
  readonly #sink: ReplySink;
  readonly #wantsStream: boolean;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: Headers = {};
  #stream: OpenAiStream | undefined;
  #chunks: Buffer[] = [];
  #received = 0;
  #cancelled = false;
  #settled = false;
  #lingerTimer: NodeJS.Timeout | undefined;
  #sentAt = 0;
  #resend: (() => void) | undefined;
  /** The connection, where it had served another request before, and what it had received until then. */
  reused: { readonly socket: { readonly bytesRead: number }; readonly bytesRead: number } | undefined;

  constructor(sink: ReplySink, wantsStream: boolean, hideUsage: boolean, secrets: Secrets) {
    this.#wantsStream = wantsStream;
    this.#sink = sink;
    this.#hideUsage = hideUsage;
    this.#secrets = secrets;
  }

  /** @param send  sends the request; called again at most once */
  start(send: () => void): void {
    this.#resend = send;
    send();
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
        message: `the upstream sent its reply encoded (${encoding}) though none was accepted`,
      });
    } else if (status === 200 && STREAM_TYPE.test(text(headers["content-type"]) ?? "")) {
      if (!this.#wantsStream) {
        return this.#abort({
          kind: "protocol",
          message: "the upstream answered with a stream that nobody asked for",
        });
      }
      this.#stream = new OpenAiStream(this.#sink, this.#hideUsage, this.#secrets);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    if (this.#stream !== undefined) {
      this.#stream.push(chunk);
      if (this.#stream.ended) this.#linger();
      return;
    }
    this.#sink.alive();
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
    this.#sink.fail(connectionFailure(error, this.#status !== 0));
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
    const reply: WholeReply = {
      status: this.#status,
      contentType: jsonType(text(this.#headers["content-type"]), this.#secrets),
      headers: passed(this.#headers, this.#secrets),
      body,
    };
    if (this.#status >= 200 && this.#status < 300) {
      this.#answer(reply);
      return;
    }
    this.#sink.fail(statusFailure(reply, text(this.#headers["retry-after"]), this.#secrets, Date.now()));
  }

  #answer(reply: WholeReply): void {
    try {
      const usage = usageOfBody(reply.body);
      if (usage !== undefined) this.#sink.usage(usage);
    } catch {
      const message = `the upstream answered ${reply.status} with something that is no JSON object`;
      return this.#sink.fail({ kind: "protocol", message, status: reply.status });
    }
    this.#sink.whole(reply);
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
    this.#sink.fail(failure);
  }
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** The reply's own type where it is one of JSON; what is passed on is JSON in any case. */
function jsonType(type: string | undefined, secrets: Secrets): string {
  return type !== undefined && JSON_TYPE.test(type) && !secrets.appearIn(type) ? type : "application/json";
}

function passed(headers: Headers, secrets: Secrets): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of PASSED_HEADERS) {
    const value = text(headers[name]);
    if (value !== undefined && !secrets.appearIn(value)) kept[name] = value;
  }
  return kept;
}

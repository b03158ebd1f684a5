import type { ReportedUsage } from "../core/usage.ts";
import type { Dialect, WireRequest } from "../core/wire.ts";

/**
 * One upstream API. To add one: a folder here, a line in registry.ts, and its subject in the conformance kit, which
 * every adapter must pass.
 */
export interface Provider {
  readonly id: string;
  readonly kind: string;
  /** The dialects that it takes and answers without translation. */
  readonly dialects: readonly Dialect[];
  /** Starts one attempt. Must not throw: whatever goes wrong is told to `sink.fail`, also at once. */
  send(call: UpstreamCall, sink: ReplySink): UpstreamHandle;
  /** Lets go of connections when nothing uses them any more. */
  close(): Promise<void>;
}

/** What an attempt needs to know. */
export interface UpstreamCall {
  readonly request: WireRequest;
  /** The model's id at the provider. */
  readonly model: string;
  /** Output tokens a choice to ask for at most, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  readonly connectTimeoutMs: number;
}

/**
 * Where an adapter tells what comes back: `usage` at any time before the end; `chunk` any number of times; then exactly
 * one of `whole`, `end` and `fail`, and nothing after it. It may all come before `send` has returned.
 */
export interface ReplySink {
  /** The reply of a plain request, or a refusal that is about the request itself. */
  whole(reply: WholeReply): void;
  /** Complete events of a stream, as they came. */
  chunk(bytes: Buffer): void;
  /** The stream came to its proper end; `last` is its closing bytes. */
  end(last: Buffer): void;
  usage(usage: ReportedUsage): void;
  /** A part of a plain reply has come; it is told as a whole later. */
  alive(): void;
  fail(failure: AttemptFailure): void;
}

export interface WholeReply {
  readonly status: number;
  readonly contentType: string;
  /** Reply headers that may go to the client. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A running attempt. */
export interface UpstreamHandle {
  /** Stops the upstream; the sink hears nothing more. */
  cancel(): void;
  /** Stops reading, so that a slow client holds its upstream back instead of filling memory. */
  pause(): void;
  resume(): void;
}

/**
 * Why an attempt failed.
 * - `connect`: no connection; nothing was sent
 * - `timeout`: a deadline of the target passed, or the upstream said 408
 * - `throttled`: 429
 * - `credentials`: 401, 402 or 403, which are about our account and none of the client's business
 * - `status`: the upstream's own failure
 * - `rejected`: the request itself is at fault; `reply` is what the upstream says about it
 * - `cut`: the reply broke off
 * - `protocol`: the reply is not what the API promises
 */
export interface AttemptFailure {
  readonly kind:
    | "connect"
    | "timeout"
    | "throttled"
    | "credentials"
    | "status"
    | "rejected"
    | "cut"
    | "protocol";
  /** One sentence for the record and the client; no credentials, no prompt text. */
  readonly message: string;
  /** The upstream's own words, without credentials: for the client alone, because they may quote the prompt. */
  readonly said?: string | undefined;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly reply?: WholeReply;
}

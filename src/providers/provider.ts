import type { ChatEvent, ChatReply, ChatRequest, EmbeddingsReply, EmbeddingsRequest } from "../core/chat.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { ReportedUsage, Usage } from "../core/usage.ts";
import type { WireRequest } from "../core/wire.ts";

/**
 * One upstream API. To add one: a folder here, a line in registry.ts, and its subject in the conformance kit, which
 * every adapter must pass.
 */
export interface Provider {
  readonly id: string;
  readonly kind: string;
  /** How it serves requests of a kind on a model. */
  serves(request: RequestKind, model: string): Service;
  /**
   * Learns what must be known of a model before anything is decided about it. Undefined when it is known; it never
   * rejects: what cannot be learnt, `serves` tells.
   */
  prepare?(model: string): Promise<void> | undefined;
  /** The model behind an id, whatever Region or profile it names; absent where ids are models. */
  canonical?(model: string): string;
  /** The client's own limit of output in a body that belongs to a model; absent where the dialect itself has one. */
  namedLimit?(request: WireRequest, model: string): number | undefined;
  /** Output tokens that it asks for where nobody names a limit; absent or undefined where it asks for none. */
  unnamedLimit?(request: RequestKind, model: string): number | undefined;
  /** Whether an output cap reaches the model; where a body belongs to a model that nobody knows, it has no place in it. */
  caps?(request: RequestKind, model: string): boolean;
  /** Starts one attempt of a request that passes. Must not throw: whatever goes wrong is told to `sink.fail`, also at once. */
  send(call: UpstreamCall, sink: ReplySink): UpstreamHandle;
  /** The same for a chat request of another dialect. */
  chat(call: ChatCall, sink: ChatSink): UpstreamHandle;
  /** The same for embeddings; absent where `serves` never translates them. */
  embed?(call: EmbedCall, sink: EmbedSink): UpstreamHandle;
  /** Counts the tokens of a chat request by the provider's own counter; absent where `serves` never translates it. */
  count?(call: CountCall, sink: CountSink): UpstreamHandle;
  /** Lets go of connections when nothing uses them any more. */
  close(): Promise<void>;
}

export type RequestKind = Pick<WireRequest, "dialect" | "operation" | "invokeBody">;

/**
 * - `pass`: its bytes go on, but for a few edits
 * - `translate`: by the form that is in no dialect
 * - `estimate`: only of tokens to be counted: the upstream has no counter, and the gateway counts by itself
 * - or why not at all
 */
export type Service = "pass" | "translate" | "estimate" | { readonly why: string; readonly code?: ErrorCode };

/** What every attempt needs to know. */
export interface Call {
  /** The model's id at the provider. */
  readonly model: string;
  /** Output tokens a choice to ask for at most, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  readonly connectTimeoutMs: number;
  /** Whether the beginning of the prompt is to be marked for the provider's prompt cache, where the client marked nothing. */
  readonly autoCache: boolean;
  readonly labels: CallLabels;
  /** Another model than the one that made them gets no thoughts back: their signatures are its own. */
  readonly withoutThoughts: boolean;
}

/** Who asks: for providers that can say so in their own logs and bills. */
export interface CallLabels {
  readonly exchange: string;
  /** The one that the key belongs to, or may act for and does. */
  readonly tenant: string;
  /** The client's own metadata. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface UpstreamCall extends Call {
  readonly request: WireRequest;
}

export interface ChatCall extends Call {
  readonly chat: ChatRequest;
  readonly stream: boolean;
  /** Whether what cannot be expressed, and is not needed, is left out and told; else the attempt fails. */
  readonly mayDrop: boolean;
}

export interface CountCall extends Call {
  readonly chat: ChatRequest;
}

export interface EmbedCall extends Call {
  readonly embeddings: EmbeddingsRequest;
  readonly mayDrop: boolean;
}

/**
 * Where an adapter tells what comes back: `usage` at any time before the end; `chunk` any number of times; then exactly
 * one of `whole`, `end` and `fail`, and nothing after it. It may all come before `send` has returned.
 */
export interface ReplySink extends AttemptSink {
  /** Headers of a stream's reply that may go to the client; before its first chunk. */
  head(headers: Readonly<Record<string, string>>): void;
  /** The reply of a plain request, or a refusal that is about the request itself. */
  whole(reply: WholeReply): void;
  /** Complete events of a stream, as they came. */
  chunk(bytes: Buffer): void;
  /** The stream came to its proper end; `last` is its closing bytes. */
  end(last: Buffer): void;
}

/** The same for replies that are in no dialect: `event` any number of times; then one of `whole`, `end` and `fail`. */
export interface ChatSink extends AttemptSink {
  whole(reply: ChatReply): void;
  event(event: ChatEvent): void;
  end(): void;
}

export interface EmbedSink extends AttemptSink {
  whole(reply: EmbeddingsReply): void;
}

export interface CountSink extends AttemptSink {
  /**
   * @param inputTokens  those that the request would cost, >= 0
   * @param isWhole  whether all of the request is in it; true where absent
   */
  whole(inputTokens: number, isWhole?: boolean): void;
}

/** What every attempt tells. */
export interface AttemptSink {
  /**
   * What was told last holds; undefined takes it back.
   *
   * @param estimated  whether a part of it is the adapter's own guess
   */
  usage(usage: ReportedUsage | undefined, estimated?: boolean): void;
  /**
   * What the upstream has counted before its stream is over: the input, and of the output what there was then. A stream
   * that does not come to its end is estimated from it. Absent where nobody estimates.
   */
  begun?(usage: Usage): void;
  /** Parameters that were left out, as the client calls them. */
  dropped(names: readonly string[]): void;
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
  /** False while nothing went upstream yet; absent where that is at once. */
  readonly sent?: boolean;
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
 * - `unsupported`: the request says what this target cannot express; nothing was sent
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
    | "protocol"
    | "unsupported";
  /** What it is for the client, where the kind says too little. */
  readonly code?: ErrorCode;
  /** The conversation holds thoughts of another model; without them it may be served. */
  readonly foreignThoughts?: boolean;
  /** Whether the upstream may charge for it, where that is known otherwise than by the kind. */
  readonly charged?: boolean;
  /** For our own log, where operators must act: what the message must not tell. */
  readonly detail?: string;
  /** A fault in the program itself, for its log. */
  readonly bug?: unknown;
  /** Whether another target may serve what this one refuses. */
  readonly elsewhere?: boolean;
  /** One sentence for the record and the client; no credentials, no prompt text. */
  readonly message: string;
  /** The upstream's own words, without credentials: for the client alone, because they may quote the prompt. */
  readonly said?: string | undefined;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  readonly reply?: WholeReply;
  /** In mid-stream: the upstream's own last words, in the dialect of the request. */
  readonly event?: Buffer;
}

import type { IncomingHttpHeaders } from "node:http";
import type { ChatRequest, EmbeddingsReply, EmbeddingsRequest } from "../../core/chat.ts";
import type { ContextWord } from "../../core/context.ts";
import type { AppError } from "../../core/errors.ts";
import type { Dialect, Operation, WireRequest } from "../../core/wire.ts";
import type { ChatWriter, ReplyFacts } from "./chat-writer.ts";

/** A way in which clients write requests and want replies: what is special about it, and nothing else. */
export interface ClientDialect {
  readonly id: Dialect;
  /** @throws AppError invalid_request or context_invalid */
  parse(input: ParseInput): ParsedRequest;
  /** An error reply before anything else was sent. */
  errorReply(error: AppError, exchangeId: string): ErrorReply;
  /** An error after the stream began; the stream ends after it, without its normal end. */
  errorEvent(error: AppError, exchangeId: string, operation: Operation): Buffer;
  /** Whether an upstream's refusal is in the dialect's own form, so that its SDKs can read it. */
  isError(body: Buffer): boolean;
  /**
   * The chat request in no dialect, for upstreams that speak another.
   *
   * @throws AppError invalid_request where it is none
   */
  readChat(request: WireRequest): ChatRequest;
  chatWriter(facts: ReplyFacts): ChatWriter;
  /** The same for embeddings; absent where the dialect has none. */
  readonly embeddings?: {
    readonly read: (request: WireRequest) => EmbeddingsRequest;
    readonly write: (reply: EmbeddingsReply, request: EmbeddingsRequest, facts: ReplyFacts) => Buffer;
  };
  /** The same for counting tokens; absent where the dialect has none. */
  readonly count?: {
    readonly read: (request: WireRequest) => ChatRequest;
    /** @param inputTokens  >= 0 */
    readonly write: (inputTokens: number) => Buffer;
  };
  /** What a model reads of a request, for an estimate of its tokens. */
  requestText(request: WireRequest): TextSample;
  /** What a model wrote in a reply, for an estimate of its tokens. */
  replyText(reply: ReplyBytes): TextSample;
  /** Whether a request may hold content whose tokens have nothing to do with its bytes. */
  holdsMedia(request: WireRequest): boolean;
  /** Headers of every reply, where the upstream sent none of that name. */
  replyHeaders?(exchangeId: string): Readonly<Record<string, string>>;
  readonly streamHeaders: Readonly<Record<string, string>>;
  /** What a client skips over; keeps intermediaries from closing a silent stream. Absent where clients skip nothing. */
  readonly keepAliveComment?: Buffer;
}

export interface ParseInput {
  readonly operation: Operation;
  /** What the address says. */
  readonly address: RequestAddress;
  readonly bytes: Buffer;
  readonly headers: IncomingHttpHeaders;
  /** Whether bare words in the metadata count, beside the prefixed ones. */
  readonly metadataWords: boolean;
}

/** What a request's address says of it, in dialects where it does. */
export interface RequestAddress {
  readonly model?: string;
  readonly stream?: boolean;
}

export interface ParsedRequest {
  readonly request: WireRequest;
  /** Words of the context in the body's metadata, not yet checked. */
  readonly words: { readonly [word in ContextWord]?: string };
  /** The rest of the metadata, as text. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whom a field of the API's own names as its user: it counts where no word, header or key does. */
  readonly user?: string | undefined;
}

/** What is known of a reply's bytes. */
export interface ReplyBytes {
  /** All of them, or their beginning. */
  readonly bytes: Buffer;
  /** How many there were. */
  readonly total: number;
  readonly isStream: boolean;
}

/** A part of a text, and how much of the whole it stands for. */
export interface TextSample {
  readonly text: string;
  /** The whole's length over the sample's; 1 where the sample is the whole. */
  readonly scale: number;
}

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

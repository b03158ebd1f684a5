import type { Usage } from "./usage.ts";

/**
 * A chat request and its reply in no dialect: what the dialects can say together, for the way between two of them.
 * Where client and upstream speak the same dialect, none of this is used and bytes pass.
 *
 * A dialect has a reader and a writer of requests, and a reader and a writer of replies, to and from this form; so N
 * dialects and M upstream APIs need N + M translators. What a writer cannot express it says (`Inexpressible`); nothing is
 * left out in silence.
 */
export interface ChatRequest {
  /** Instructions before the conversation, in order. */
  readonly system: readonly (TextPart | CachePoint | OpaquePart)[];
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly (Tool | CachePoint | OpaquePart)[];
  /** `any`: some tool must be called. */
  readonly toolChoice: "auto" | "any" | "none" | { readonly tool: string } | undefined;
  readonly parallelToolCalls: boolean | undefined;
  /** Output tokens at most, >= 1. */
  readonly maxOutputTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  /** The model chooses among so many of the likeliest tokens, >= 0. */
  readonly topK: number | undefined;
  readonly stop: readonly string[];
  readonly output: OutputFormat | undefined;
  /** none, minimal, low, medium, high, xhigh or max; other words as the client wrote them. */
  readonly reasoningEffort: string | undefined;
  /** Tokens to think in at most, where the client counts them; `reasoningEffort` then says about the same as a word. */
  readonly thinkingTokens: number | undefined;
  /** As the client's dialect calls it. */
  readonly serviceTier: string | undefined;
  /** Whose prompt cache entries may be shared; OpenAI's prompt_cache_key. */
  readonly cacheKey: string | undefined;
  /** What the dialect has and this form has not, where it asks for something: a default written out is left away. */
  readonly others: readonly OtherParameter[];
}

/** A parameter that only its own dialect knows. */
export interface OtherParameter {
  /** As it is called there; with the path where it is not at the top, such as `messages.2.name`. */
  readonly name: string;
  readonly value: unknown;
}

/**
 * Consecutive messages of one role may occur, and so may system messages in the middle; what is legal is the writer's
 * business. Results of tools stand in user messages.
 */
export interface ChatMessage {
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly ChatPart[];
}

export type ChatPart =
  | TextPart
  | MediaPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RedactedReasoningPart
  | CachePoint
  | OpaquePart;

export interface TextPart {
  readonly type: "text";
  /** May be empty or blank. */
  readonly text: string;
}

export interface MediaPart {
  readonly type: "image" | "document" | "audio" | "video";
  readonly source: MediaSource;
  /**
   * As the client named it, in lower case and without the class: `png`, `jpeg`, `pdf`, `x-wav`. Labels lie; where bytes
   * are there, their beginning tells more.
   */
  readonly format: string | undefined;
  /** Of a document, as the client named it. */
  readonly name: string | undefined;
}

export type MediaSource =
  /** Base64, standard alphabet, as it came. */
  | { readonly base64: string }
  /** http: or https:, not yet fetched; whatever fetches it guards against addresses of ours. */
  | { readonly url: string }
  | { readonly text: string }
  | { readonly s3: { readonly uri: string; readonly bucketOwner: string | undefined } };

export interface ToolCallPart {
  readonly type: "tool-call";
  /** May stand for several calls in different turns; some engines count from 0 in each. */
  readonly id: string;
  readonly name: string;
  /** The arguments as JSON text, so that no digit is lost: an object, or "" for none. */
  readonly input: string;
}

export interface ToolResultPart {
  readonly type: "tool-result";
  readonly id: string;
  readonly content: readonly (TextPart | JsonPart | MediaPart | CachePoint | OpaquePart)[];
  readonly isError: boolean;
}

/** JSON as text. */
export interface JsonPart {
  readonly type: "json";
  readonly json: string;
}

export interface ReasoningPart {
  readonly type: "reasoning";
  /** May be empty, where a model shows only that it thought. */
  readonly text: string;
  /** The maker's proof that it is its own; goes back byte for byte. */
  readonly signature: string | undefined;
}

export interface RedactedReasoningPart {
  readonly type: "redacted-reasoning";
  /** The maker's text, opaque. */
  readonly data: string;
}

/** All before it may be kept in the provider's prompt cache. */
export interface CachePoint {
  readonly type: "cache-point";
  readonly ttl: "5m" | "1h" | undefined;
}

/** What only its own dialect knows; another refuses it. */
export interface OpaquePart {
  readonly type: "opaque";
  /** As the dialect calls it, for a refusal. */
  readonly name: string;
}

export interface Tool {
  readonly type: "tool";
  readonly name: string;
  readonly description: string | undefined;
  /** JSON schema of its arguments; undefined for none. */
  readonly schema: Readonly<Record<string, unknown>> | undefined;
  /** Whether arguments must follow the schema to the letter. */
  readonly strict: boolean | undefined;
}

export type OutputFormat =
  /** Some JSON object. */
  | { readonly type: "json" }
  | {
      readonly type: "json-schema";
      readonly name: string;
      readonly description: string | undefined;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict: boolean | undefined;
    };

/**
 * Why a reply ended.
 * - `end`: the model had said what it wanted
 * - `stop-sequence`: it wrote one of `stop`
 * - `max-tokens`, `context-full`: no room for more
 * - `tool-calls`: it waits for results
 * - `content-filter`: the provider's filter cut it
 * - `guardrail`: a guardrail stepped in
 */
export type StopReason =
  | "end"
  | "stop-sequence"
  | "max-tokens"
  | "context-full"
  | "tool-calls"
  | "content-filter"
  | "guardrail";

/** A whole reply. */
export interface ChatReply {
  /** In the order in which they were made. */
  readonly parts: readonly (TextPart | ReasoningPart | RedactedReasoningPart | ToolCallPart)[];
  readonly stop: StopReason;
  /** Which of `stop` it was, where the upstream tells. */
  readonly stopSequence?: string;
  readonly usage: Usage | undefined;
  /** What the upstream says that generation took. */
  readonly latencyMs: number | undefined;
  /** Resolved by the upstream, in its own words. */
  readonly serviceTier: string | undefined;
}

/**
 * A piece of a streamed reply. A part's pieces come together: deltas of its kind, then whatever begins the next part.
 * `tool-call` begins a call, and its arguments follow in pieces; no pieces are an empty object.
 * `stop` comes once, last but for `usage`.
 */
export type ChatEvent =
  | { readonly type: "text"; readonly text: string }
  /** A piece of a thought; `signature` closes it and may come alone. */
  | { readonly type: "reasoning"; readonly text: string; readonly signature: string | undefined }
  | { readonly type: "redacted-reasoning"; readonly data: string }
  | { readonly type: "tool-call"; readonly id: string; readonly name: string }
  | { readonly type: "tool-input"; readonly json: string }
  /** The part that was open is complete; the next event begins another, even of the same kind. */
  | { readonly type: "part-end" }
  /** `sequence` is which of `stop` it was, where the upstream tells. */
  | { readonly type: "stop"; readonly reason: StopReason; readonly sequence?: string }
  | {
      readonly type: "usage";
      readonly usage: Usage;
      readonly latencyMs: number | undefined;
      readonly serviceTier: string | undefined;
    };

/** Something that a dialect or a model cannot express. */
export interface Inexpressible {
  /** The parameter as the client's dialect calls it, or a place in its body. */
  readonly name: string;
  /** Why, as the rest of a sentence: "has no place in Converse". */
  readonly why: string;
  /** Whether the request still means about the same without it, so that a policy may leave it out. */
  readonly droppable: boolean;
}

/** A request's way into embeddings, in no dialect. */
export interface EmbeddingsRequest {
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  /** How numbers are wanted back. */
  readonly encoding: "float" | "base64";
  /** What the texts are for, where the model wants to know: `search_document`, `search_query`, … */
  readonly purpose: string | undefined;
  readonly others: readonly OtherParameter[];
}

export interface EmbeddingsReply {
  /** One for each text, in order. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Usage | undefined;
}

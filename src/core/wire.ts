import type { JsonMember } from "./json-scan.ts";
import type { MemberEdits } from "./splice.ts";

/** Ways of writing requests and replies: `openai` is chat completions and what goes with them, `responses` OpenAI's Responses. */
export const DIALECTS = ["openai", "responses", "anthropic", "bedrock"] as const;
export type Dialect = (typeof DIALECTS)[number];

/**
 * What a request asks for. `completions` is OpenAI's older one, a prompt continued; `invoke` is Bedrock's InvokeModel, whose
 * body is the model's own; `count-tokens` generates nothing and costs nothing.
 */
export type Operation = "chat" | "completions" | "embeddings" | "invoke" | "count-tokens";

/**
 * A client's request: its bytes as they came, and what its envelope says. The envelope is read once; whoever sends the
 * request on edits byte ranges and leaves the rest alone.
 */
export interface WireRequest {
  readonly dialect: Dialect;
  readonly operation: Operation;
  readonly bytes: Buffer;
  /** The body's top-level members. */
  readonly members: readonly JsonMember[];
  /** Offset just after the body's opening brace. */
  readonly inside: number;
  readonly model: string | undefined;
  readonly stream: boolean;
  /** Whose body it is, of `invoke` where the body tells: Claude's is known, and may be served by others. */
  readonly invokeBody?: "anthropic";
  /** Whether the client itself asked for the usage frame of a stream. */
  readonly includeUsage: boolean;
  /** The client's own limit of output tokens a choice. */
  readonly maxOutputTokens: number | undefined;
  /** Alternative replies asked for (`n`), >= 1. */
  readonly choices: number;
  /** Whether the client asked the provider to keep the exchange (`store`). */
  readonly store: boolean;
  /** Edits that take the context's words out. */
  readonly wordEdits: MemberEdits;
  /** Client headers that go on to the upstream: tracing and the dialect's own. */
  readonly headers: Readonly<Record<string, string>>;
}

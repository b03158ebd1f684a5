import type { Json, JsonObject } from "../json.ts";

/** What a model said, before it is written in any of the forms of the wire. */
export interface Answer {
  readonly blocks: readonly AnswerBlock[];
  readonly stopReason: StopReason;
  /** The sequence at which the text ended. */
  readonly stopSequence?: string;
  readonly usage: AnswerUsage;
  readonly trace?: JsonObject;
}

export type StopReason = "end_turn" | "tool_use" | "max_tokens" | "stop_sequence" | "guardrail_intervened";

export type AnswerBlock =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string; readonly signature?: string }
  /** `data`: Anthropic's own text, which is base64; Converse wraps it in base64 once more. */
  | { readonly kind: "redacted"; readonly data: string }
  | {
      readonly kind: "tool";
      readonly id: string;
      readonly name: string;
      readonly input: Json;
      /** Run by the service itself; its result follows in the same answer. */
      readonly server?: boolean;
    }
  | { readonly kind: "server-result"; readonly id: string; readonly type: string; readonly json: Json };

export interface AnswerUsage {
  /** Without what came from the cache or went into it. */
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** Of what was written, by time to live; 1h before 5m. */
  readonly written: readonly { readonly ttl: "5m" | "1h"; readonly tokens: number }[];
  /** Whether the usage names the cache although nothing came of it. */
  readonly tellsCache: boolean;
}

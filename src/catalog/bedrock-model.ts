/** How InvokeModel's body is written for a model; undefined where no source tells. */
export type BedrockInvokeBody =
  | "anthropic"
  | "nova"
  | "llama"
  | "mistral"
  | "openai"
  | "titan-embed-v1"
  | "titan-embed-v2"
  | "cohere-embed-v3"
  | "cohere-embed-v4"
  | "nova-embed";

/** Kinds of content that a message holds. */
export type BedrockMedia = "image" | "document" | "video" | "audio";

/**
 * How a model is told how hard to think.
 *
 * - `claude-budget`: additionalModelRequestFields `{"thinking":{"type":"enabled","budget_tokens":n}}`
 * - `claude-adaptive`: `{"thinking":{"type":"adaptive"},"output_config":{"effort":word}}` there
 * - `effort`: Converse's own `outputConfig.effort`
 * - `gpt-oss`: `{"reasoning_effort":word}`
 * - `gpt-5`: `{"reasoning":{"effort":word}}`
 * - `qwen`: `{"reasoning_config":word}`
 * - `nova`: `{"reasoningConfig":{"type":"enabled","maxReasoningEffort":word}}`
 */
export interface BedrockReasoning {
  readonly kind:
    | "none"
    | "claude-budget"
    | "claude-adaptive"
    | "effort"
    | "gpt-oss"
    | "gpt-5"
    | "qwen"
    | "nova";
  /** The words it knows, weakest first; for a budget, those that a budget is known for. */
  readonly efforts: readonly string[];
  /** How it is told not to think: by saying nothing, by saying so, or not at all. */
  readonly off: "silence" | "disabled" | "never";
}

/** What a model on Bedrock can do and what it refuses. Capabilities are of the model, never guessed from its name elsewhere. */
export interface BedrockModel {
  readonly family: string;
  /** Whether the table has the model; else what is said here is the least that any model can. */
  readonly known: boolean;
  readonly apis: {
    readonly converse: boolean;
    /** Chat Completions at bedrock-runtime's /openai/v1. */
    readonly openai: boolean;
    readonly invokeBody: BedrockInvokeBody | undefined;
  };
  readonly streaming: boolean;
  readonly system: boolean;
  /** Whether a message in the middle may have the role `system`. */
  readonly midSystem: boolean;
  readonly tools: boolean;
  /** Whether tools may be there when a stream is asked for. */
  readonly streamingTools: boolean;
  readonly toolChoice: { readonly any: boolean; readonly tool: boolean };
  /** Whether `toolSpec.strict` is known. */
  readonly strictTools: boolean;
  /** Whether parallel calls can be forbidden. */
  readonly parallelToolSwitch: boolean;
  /** Ids of tool calls: as Converse allows them, or nine letters and digits. */
  readonly toolIds: "any" | "nine";
  readonly toolResults: {
    readonly images: boolean;
    /** `text`: csv, txt, md and html. */
    readonly documents: "none" | "text" | "all";
    /** Whether `status` is known. */
    readonly status: boolean;
    /** What else may stand in a message that holds results. */
    readonly beside: readonly ("text" | BedrockMedia)[];
  };
  readonly images: boolean;
  readonly documents: boolean;
  readonly video: boolean;
  readonly audio: boolean;
  /** Whether media may be named by their place in S3. */
  readonly s3Location: boolean;
  /** `native`: outputConfig.textFormat; `tool`: by a tool that must be called; `none`: it can only be asked for. */
  readonly jsonSchema: "native" | "tool" | "none";
  readonly reasoning: BedrockReasoning;
  /** Whether its own thoughts may come back in a request. */
  readonly acceptsReasoningBack: boolean;
  readonly sampling: {
    readonly temperature: "yes" | "deprecated";
    readonly topP: "yes" | "deprecated";
    readonly temperatureWithTopP: boolean;
  };
  readonly stopSequences: boolean;
  /** Whether a conversation may end with the beginning of the answer. */
  readonly prefill: boolean;
  /** Where and how `top_k` goes in additionalModelRequestFields. */
  readonly topK: "flat" | "nova" | undefined;
  readonly cache:
    | {
        /** Tokens before a point from which on it counts. */
        readonly minTokens: number;
        readonly ttl1h: boolean;
        readonly maxPoints: number;
        /** Whether a point may stand among the tools. */
        readonly tools: boolean;
      }
    | undefined;
  /** `base-only`: by the model's own id, not by a profile's. */
  readonly countTokens: "yes" | "no" | "base-only";
  readonly maxOutputTokens: number;
  readonly contextWindow: number;
  /** How often an output token counts in the quota of tokens a minute. */
  readonly burndown: 1 | 5;
  readonly embeddings:
    | {
        /** Those that can be asked for, the default last. */
        readonly dimensions: readonly number[];
        readonly maxTexts: number;
      }
    | undefined;
  /** Whether it is invoked by an inference profile alone. */
  readonly profileOnly: boolean;
}

/** The least that any model can: what a model that the table does not know is taken for. */
export const UNKNOWN_MODEL: BedrockModel = {
  family: "unknown",
  known: false,
  apis: { converse: true, openai: false, invokeBody: undefined },
  streaming: true,
  system: true,
  midSystem: false,
  tools: true,
  streamingTools: true,
  toolChoice: { any: false, tool: false },
  strictTools: false,
  parallelToolSwitch: false,
  toolIds: "any",
  toolResults: { images: false, documents: "none", status: false, beside: ["text"] },
  images: false,
  documents: false,
  video: false,
  audio: false,
  s3Location: false,
  jsonSchema: "none",
  reasoning: { kind: "none", efforts: [], off: "silence" },
  acceptsReasoningBack: false,
  sampling: { temperature: "yes", topP: "yes", temperatureWithTopP: true },
  stopSequences: true,
  prefill: false,
  topK: undefined,
  cache: undefined,
  countTokens: "no",
  maxOutputTokens: 4_096,
  contextWindow: 128_000,
  burndown: 1,
  embeddings: undefined,
  profileOnly: false,
};

/** A row of the table: what an id looks like, and its model. */
export type BedrockRow = readonly [match: RegExp, model: BedrockModel];

export type Differences = Partial<BedrockModel>;

/** A model by what it can do beyond the least, a family's part first. */
export function row(match: RegExp, base: Differences, differences: Differences = {}): BedrockRow {
  return [match, { ...UNKNOWN_MODEL, known: true, ...base, ...differences }];
}

/** How InvokeModel's body is written for a model. */
export type BodyForm =
  | "anthropic"
  | "nova"
  | "llama"
  | "mistral-prompt"
  | "openai"
  | "titan-embedding-1"
  | "titan-embedding-2"
  | "cohere-embedding-3"
  | "cohere-embedding-4"
  | "nova-embedding";

export type Media = "image" | "document" | "video" | "audio";
export type ToolChoice = "auto" | "any" | "tool";

/**
 * How a model is told to think before it answers.
 *
 * - `budget`, `adaptive`, `budget-or-adaptive`: Claude's `thinking`
 * - `level`: a field of additionalModelRequestFields names a level (`reasoning_config`, `reasoningConfig`,
 *   `reasoning_effort`)
 * - `always`: it cannot be turned off
 */
export type Reasoning = "none" | "budget" | "adaptive" | "budget-or-adaptive" | "level" | "always";

/** What a model can do and what it refuses. */
export interface Model {
  /** Without region prefix: `anthropic.claude-sonnet-4-6`. */
  readonly id: string;
  readonly name: string;
  readonly kind: "chat" | "embedding";
  readonly body: BodyForm;
  /** Prefixes of the system inference profiles that contain it. */
  readonly scopes: readonly string[];
  /** Whether its bare id may be invoked; the others answer only through a profile. */
  readonly onDemand: boolean;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** How often an output token counts in the tokens-per-minute quota. */
  readonly burndown: 1 | 5;
  readonly media: readonly Media[];
  /** Whether media may be named by their place in S3. */
  readonly s3: boolean;
  readonly system: boolean;
  readonly tools: boolean;
  readonly toolChoices: readonly ToolChoice[];
  readonly streaming: boolean;
  readonly streamedTools: boolean;
  readonly structuredOutput: boolean;
  readonly cache: { readonly minimumTokens: number; readonly oneHour: boolean } | undefined;
  readonly countsTokens: boolean;
  readonly reasoning: Reasoning;
  /** Whether its reasoning carries a signature that must come back unchanged. */
  readonly signsReasoning: boolean;
  /** Whether user and assistant must take turns, the user first. */
  readonly strictTurns: boolean;
  /** Whether a message may have the role `system`. */
  readonly systemTurns: boolean;
  /** `any`; `one`: temperature or topP, not both; `none`: neither. */
  readonly sampling: "any" | "one" | "none";
  /** Whether a conversation may end with the beginning of the assistant's answer. */
  readonly prefill: boolean;
  /** Whether `performanceConfig.latency: optimized` is to be had. */
  readonly optimizedLatency: boolean;
  /** Whether POST /openai/v1/chat/completions serves it. */
  readonly chatCompletions: boolean;
  /**
   * A text that ends at a stop sequence: most leave the sequence out and say `stop_sequence`; Nova keeps it and says
   * `end_turn`, as recorded.
   */
  readonly keepsStopSequence: boolean;
}

const CHAT: Omit<Model, "id" | "name"> = {
  kind: "chat",
  body: "openai",
  scopes: [],
  onDemand: true,
  contextTokens: 128_000,
  maxOutputTokens: 8_192,
  burndown: 1,
  media: [],
  s3: false,
  system: true,
  tools: true,
  toolChoices: ["auto", "any", "tool"],
  streaming: true,
  streamedTools: true,
  structuredOutput: false,
  cache: undefined,
  countsTokens: false,
  reasoning: "none",
  signsReasoning: false,
  strictTurns: true,
  systemTurns: false,
  sampling: "any",
  prefill: true,
  optimizedLatency: false,
  chatCompletions: false,
  keepsStopSequence: false,
};

/** A model that answers in words: what differs from the plainest one. */
export function chat(id: string, name: string, differences: Partial<Model> = {}): Model {
  return { ...CHAT, ...differences, id, name };
}

export function embedding(id: string, name: string, body: BodyForm, differences: Partial<Model> = {}): Model {
  return {
    ...CHAT,
    kind: "embedding",
    streaming: false,
    tools: false,
    system: false,
    contextTokens: 8_192,
    maxOutputTokens: 0,
    body,
    ...differences,
    id,
    name,
  };
}

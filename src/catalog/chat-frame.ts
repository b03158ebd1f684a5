import type { TokenFamily } from "./token-family.ts";

/** Tokens that a family adds to the texts of a chat, where it writes roles, calls and tools around them. */
export interface ChatFrame {
  readonly request: number;
  /** For each message. */
  readonly message: number;
  /** For instructions before the conversation. */
  readonly system: number;
  /** Where the client gives the thoughts a budget. */
  readonly thinking: number;
  /** For each tool, beside its texts. */
  readonly tool: number;
  /** Where there are tools at all, and the model may choose whether to call one. */
  readonly tools: number;
  /** The same, where it must. */
  readonly toolsForced: number;
  /** For a call and for a result, in the conversation. */
  readonly call: number;
  readonly result: number;
  /** For a call in a reply, beside its name and arguments. */
  readonly replyCall: number;
  /** For a reply. */
  readonly reply: number;
  /** Where a JSON schema for the reply is written into the prompt, beside the schema; undefined where it is not. */
  readonly outputSchema: number | undefined;
  /** How the family reads a tool's description. */
  readonly toolTexts: "json" | "openai";
}

/**
 * Three for a message, one for its role, three for the beginning of the reply; of tools what the cookbook says.
 * https://developers.openai.com/cookbook/examples/how_to_count_tokens_with_tiktoken
 */
const OPENAI: ChatFrame = {
  request: 3,
  message: 4,
  system: 4,
  thinking: 0,
  tool: 7,
  tools: 12,
  toolsForced: 12,
  call: 3,
  result: 0,
  replyCall: 3,
  reply: 0,
  outputSchema: 0,
  toolTexts: "openai",
};

/**
 * What recordings of CountTokens and Converse show. For tools Anthropic says 346, and 313 where one is forced; that holds the
 * first tool's frame.
 * https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview#pricing
 */
const CLAUDE: ChatFrame = {
  request: 4,
  message: 3,
  system: 3,
  thinking: 28,
  tool: 20,
  tools: 306,
  toolsForced: 273,
  call: 28,
  result: 24,
  replyCall: 28,
  reply: 3,
  outputSchema: 120,
  toolTexts: "json",
};
/** Theirs are longer than the documented ones. */
const CLAUDE_4_5: ChatFrame = { ...CLAUDE, tools: 507, toolsForced: 585 };

/** Shows no frame around a single message. */
const NOVA: ChatFrame = {
  request: -3,
  message: 3,
  system: 0,
  thinking: 0,
  tool: 20,
  tools: 355,
  toolsForced: 355,
  call: 18,
  result: 15,
  replyCall: 9,
  reply: 1,
  outputSchema: undefined,
  toolTexts: "json",
};

/** `<|im_start|>role\n…<|im_end|>\n`, and the beginning of a reply. https://github.com/openai/openai-python/blob/v0.28.1/chatml.md */
const CHATML: ChatFrame = {
  request: 3,
  message: 5,
  system: 5,
  thinking: 0,
  tool: 5,
  tools: 110,
  toolsForced: 110,
  call: 12,
  result: 8,
  replyCall: 12,
  reply: 2,
  outputSchema: undefined,
  toolTexts: "json",
};

/** `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`. https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/ */
const LLAMA: ChatFrame = { ...CHATML, request: 5, tools: 85 };

/** `[INST] … [/INST]`. https://docs.mistral.ai/guides/tokenization/ */
const MISTRAL: ChatFrame = {
  ...CHATML,
  request: 1,
  message: 2,
  system: 2,
  tools: 15,
  toolsForced: 15,
};

export const CHAT_FRAMES: Readonly<Record<TokenFamily, ChatFrame>> = {
  "openai-o200k": OPENAI,
  "openai-cl100k": { ...OPENAI, tool: 10 },
  // The cookbook does not know them; so their recordings have it.
  "openai-gpt-5": { ...OPENAI, request: 2, tools: 96, toolsForced: 96 },
  // Its own system message: identity, cut-off, date, effort, channels. https://developers.openai.com/cookbook/articles/openai-harmony
  "gpt-oss": { ...OPENAI, request: 63 },
  claude: CLAUDE,
  "claude-4.5": CLAUDE_4_5,
  "claude-4.7": CLAUDE_4_5,
  nova: NOVA,
  "nova-2": { ...NOVA, tools: 840, toolsForced: 840 },
  "llama-2": MISTRAL,
  "llama-3": LLAMA,
  "llama-4": LLAMA,
  mistral: MISTRAL,
  tekken: MISTRAL,
  qwen: CHATML,
  deepseek: CHATML,
  gemma: CHATML,
  glm: CHATML,
  minimax: CHATML,
  nemotron: CHATML,
  unknown: CHATML,
};

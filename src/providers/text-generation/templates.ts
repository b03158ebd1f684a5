import type { ChatTemplateName } from "./chat-template.ts";

/** A turn's text, ready to be put between the template's tokens. */
export interface TurnText {
  readonly role: "system" | "user" | "assistant";
  readonly text: string;
}

/**
 * How one family of models writes a conversation. The very first token, that of the beginning of a text, is left away:
 * vLLM, TGI and the TensorRT-LLM backend put it there when they tokenise a prompt, and twice is once too often.
 */
export interface Template {
  /** Where instructions stand: in turns of their own, or in front of the text of the user's first or last turn. */
  readonly system: "turn" | "first-user" | "last-user";
  /** Whether turns of user and assistant must take turns, beginning with the user. */
  readonly alternates: boolean;
  /** Whether the space around a turn's text falls away. */
  readonly trims: boolean;
  /** A whole turn. */
  turn(turn: TurnText): string;
  /** The assistant's turn that the model goes on with, as far as it is written. */
  open(begun: string): string;
  /** What the model writes before its own words, where nothing is begun. */
  readonly lead: string;
  /** Instructions and the user's text as one, where instructions have no turn. */
  instructed(system: string, text: string): string;
  /** What ends a turn, should the engine not know it for an end. */
  readonly stop: readonly string[];
  /** What the tokenizer or the model takes for a part of the template wherever it stands. */
  readonly control: RegExp;
  /** Of these, what a detokenizer leaves away. */
  readonly special: RegExp;
  /** The token that a turn begins with and the engine adds to the first by itself. */
  readonly begin: string;
}

const PIPED = /<\|[^|<>\s]{1,64}\|>/;
const PIPED_OR_S = /<\|[^|<>\s]{1,64}\|>|<\/?s>/;
const SENTENCE = /<\/?s>|<unk>|<pad>/;
const joined = (system: string, text: string): string => (text === "" ? system : `${system}\n\n${text}`);
const ALTERNATING = { alternates: true, trims: true, instructed: joined, lead: "", begin: "" } as const;
const FREE = { system: "turn", alternates: false, instructed: joined, lead: "", begin: "" } as const;

/** https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-3/ */
const llama3: Template = {
  ...FREE,
  trims: true,
  turn: ({ role, text }) => `<|start_header_id|>${role}<|end_header_id|>\n\n${text}<|eot_id|>`,
  open: (begun) => `<|start_header_id|>assistant<|end_header_id|>\n\n${begun}`,
  stop: ["<|eot_id|>"],
  control: PIPED,
  special: PIPED,
};

/**
 * Each pair of turns is a text of its own, with a beginning and an end.
 * https://www.llama.com/docs/model-cards-and-prompt-formats/meta-llama-2/ and
 * https://huggingface.co/blog/llama2#how-to-prompt-llama-2
 */
const llama2: Template = {
  ...ALTERNATING,
  system: "first-user",
  instructed: (system, text) => `<<SYS>>\n${system}\n<</SYS>>\n\n${text}`,
  turn: ({ role, text }) => (role === "assistant" ? ` ${text} </s>` : `<s>[INST] ${text} [/INST]`),
  open: (begun) => (begun === "" ? "" : ` ${begun}`),
  lead: " ",
  stop: ["</s>"],
  control: /<\/?s>|<unk>|<pad>|\[\/?INST\]|<<\/?SYS>>/,
  special: SENTENCE,
  begin: "<s>",
};

/**
 * Of the tokenizers V3 (7B-Instruct-v0.3, Mixtral 8x22B): instructions come before the last user's text.
 * https://docs.mistral.ai/cookbook/concept-deep-dive-tokenization-chat_templates
 */
const mistral: Template = {
  ...ALTERNATING,
  system: "last-user",
  trims: false,
  turn: ({ role, text }) => (role === "assistant" ? ` ${text.trim()}</s>` : `[INST] ${text}[/INST]`),
  open: (begun) => (begun === "" ? "" : ` ${begun}`),
  lead: " ",
  stop: ["</s>"],
  control:
    /<\/?s>|<unk>|<pad>|\[\/?(?:INST|AVAILABLE_TOOLS|TOOL_RESULTS|SYSTEM_PROMPT|TOOL_CALLS|TOOL_CONTENT|IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|ARGS|CALL_ID|THINK|AUDIO|BEGIN_AUDIO)\]/,
  special: SENTENCE,
};

/** https://github.com/openai/openai-python/blob/release-v0.28.0/chatml.md, as Qwen, Hermes and others have it. */
const chatml: Template = {
  ...FREE,
  trims: false,
  turn: ({ role, text }) => `<|im_start|>${role}\n${text}<|im_end|>\n`,
  open: (begun) => `<|im_start|>assistant\n${begun}`,
  stop: ["<|im_end|>"],
  control: PIPED_OR_S,
  special: PIPED_OR_S,
};

/** Without a role for instructions. https://ai.google.dev/gemma/docs/core/prompt-structure */
const gemma: Template = {
  ...ALTERNATING,
  system: "first-user",
  turn: ({ role, text }) =>
    `<start_of_turn>${role === "assistant" ? "model" : "user"}\n${text}<end_of_turn>\n`,
  open: (begun) => `<start_of_turn>model\n${begun}`,
  stop: ["<end_of_turn>"],
  control: /<(?:start_of_turn|end_of_turn|start_of_image|end_of_image|bos|eos|pad|unk|mask|unused\d+)>/,
  special: /<(?:start_of_turn|end_of_turn|start_of_image|end_of_image|bos|eos|pad|unk|mask)>/,
};

/** https://huggingface.co/microsoft/Phi-3-mini-4k-instruct#chat-format */
const phi3: Template = {
  ...FREE,
  trims: false,
  turn: ({ role, text }) => `<|${role}|>\n${text}<|end|>\n`,
  open: (begun) => `<|assistant|>\n${begun}`,
  stop: ["<|end|>"],
  control: PIPED_OR_S,
  special: PIPED_OR_S,
};

const LABELS = { system: "System", user: "User", assistant: "Assistant" } as const;

/** Names before each turn, for models that were trained on no form of conversation. Ours alone. */
const plain: Template = {
  ...FREE,
  trims: true,
  turn: ({ role, text }) => `${LABELS[role]}: ${text}\n\n`,
  open: (begun) => (begun === "" ? "Assistant:" : `Assistant: ${begun}`),
  lead: " ",
  stop: ["\nUser:"],
  // Only where a line begins does a name begin a turn.
  control: /[\n\r\v\f\u0085\u2028\u2029][^\S\n]*(?:System|User|Assistant):/,
  special: /(?!)/,
};

export const TEMPLATES: Readonly<Record<ChatTemplateName, Template>> = {
  llama3,
  llama2,
  mistral,
  chatml,
  gemma,
  phi3,
  plain,
};

import { parseBedrockModelId } from "./bedrock-model-id.ts";

export type Vocabulary = "o200k" | "cl100k";

/** How many tokens a family makes of a text, told by a vocabulary that we have. */
export interface Measure {
  readonly vocabulary: Vocabulary;
  /** Tokens of the family for one of the vocabulary. */
  readonly factor: number;
}

/** How far a family's counts were checked; the errors are in docs/guides/token-counting.md. */
export type Basis =
  /** The family's own vocabulary. */
  | "vocabulary"
  /** A factor, from counts that providers reported or that the maker's vocabulary gives. */
  | "measured"
  /** A guess: the error is not known. */
  | "unmeasured";

export interface FamilyFacts {
  readonly title: string;
  /** Text in Latin letters, code, numbers. */
  readonly latin: Measure;
  /** Text that is mostly in other scripts. */
  readonly beyond: Measure;
  readonly basis: Basis;
  /** The same for other scripts, where it differs. */
  readonly beyondBasis?: Basis;
}

const O200K: Measure = { vocabulary: "o200k", factor: 1 };
const CL100K: Measure = { vocabulary: "cl100k", factor: 1 };
const UNMEASURED = { latin: O200K, beyond: O200K, basis: "unmeasured" } as const;

/** Models that share a vocabulary and a way of writing a chat down as one text. */
export const TOKEN_FAMILIES = {
  "openai-o200k": { title: "OpenAI since GPT-4o", latin: O200K, beyond: O200K, basis: "vocabulary" },
  "openai-gpt-5": { title: "OpenAI GPT-5", latin: O200K, beyond: O200K, basis: "vocabulary" },
  "openai-cl100k": {
    title: "OpenAI GPT-3.5, GPT-4, embeddings",
    latin: CL100K,
    beyond: CL100K,
    basis: "vocabulary",
  },
  // o200k_harmony differs in its control tokens alone. https://github.com/openai/harmony
  "gpt-oss": { title: "gpt-oss", latin: O200K, beyond: O200K, basis: "vocabulary" },
  // Other scripts: Claude 2's published vocabulary needs 1.2 to 2.7 times o200k; newer ones are not published.
  claude: {
    title: "Claude up to Sonnet 4 and Opus 4.1",
    latin: over("o200k", 1.12),
    beyond: over("o200k", 1.3),
    basis: "measured",
    beyondBasis: "unmeasured",
  },
  "claude-4.5": {
    title: "Claude 4.5 and 4.6",
    latin: over("o200k", 1.12),
    beyond: over("o200k", 1.3),
    basis: "measured",
    beyondBasis: "unmeasured",
  },
  // Anthropic says "roughly 1 to 1.35 times" the tokens of 4.6; others measured 1.33 for what people send, and 1.0 for
  // other scripts. https://www.claudecodecamp.com/p/i-measured-claude-4-7-s-new-tokenizer-here-s-what-it-costs-you
  "claude-4.7": {
    title: "Claude since Opus 4.7",
    latin: over("o200k", 1.49),
    beyond: over("o200k", 1.3),
    basis: "unmeasured",
  },
  nova: {
    title: "Amazon Nova 1",
    latin: O200K,
    beyond: O200K,
    basis: "measured",
    beyondBasis: "unmeasured",
  },
  "nova-2": {
    title: "Amazon Nova 2",
    latin: O200K,
    beyond: O200K,
    basis: "measured",
    beyondBasis: "unmeasured",
  },
  // Its vocabulary is cl100k's and 28,000 tokens for other languages. https://ai.meta.com/blog/meta-llama-3/
  "llama-3": { title: "Llama 3", latin: CL100K, beyond: over("o200k", 1.07), basis: "measured" },
  "llama-4": { title: "Llama 4", ...UNMEASURED },
  "llama-2": {
    title: "Llama 2, Code Llama",
    latin: over("cl100k", 1.22),
    beyond: over("cl100k", 1.2),
    basis: "measured",
  },
  mistral: {
    title: "Mistral with SentencePiece: 7B, Mixtral, Large up to 2411",
    latin: over("cl100k", 1.22),
    beyond: over("cl100k", 1.15),
    basis: "measured",
  },
  tekken: {
    title: "Mistral with Tekken: Nemo, Ministral, Small 3 and newer",
    latin: over("o200k", 1.08),
    beyond: over("o200k", 1.09),
    basis: "measured",
  },
  // cl100k, enlarged for Chinese and with numbers in single digits. https://arxiv.org/abs/2309.16609, section 2.2
  qwen: {
    title: "Qwen",
    latin: over("cl100k", 1.03),
    beyond: O200K,
    basis: "measured",
    beyondBasis: "unmeasured",
  },
  deepseek: { title: "DeepSeek", ...UNMEASURED },
  gemma: { title: "Gemma, Gemini", ...UNMEASURED },
  glm: { title: "GLM", ...UNMEASURED },
  minimax: { title: "MiniMax", ...UNMEASURED },
  nemotron: { title: "Nemotron", ...UNMEASURED },
  unknown: { title: "any other model", ...UNMEASURED },
} as const satisfies Record<string, FamilyFacts>;

export type TokenFamily = keyof typeof TOKEN_FAMILIES;

/** The first that matches: a model made of another keeps its vocabulary. */
const RULES: readonly (readonly [RegExp, TokenFamily])[] = [
  // Distilled from DeepSeek into other models, which keep their vocabularies.
  [/distill.*llama/, "llama-3"],
  [/distill.*qwen/, "qwen"],
  [/deepseek/, "deepseek"],
  [/gpt-?oss/, "gpt-oss"],
  [/claude-(opus|sonnet|haiku)-4[.-][56](?!\d)/, "claude-4.5"],
  [/claude-(opus|sonnet|haiku)-4[.-][7-9](?!\d)/, "claude-4.7"],
  [/claude-[a-z]+-[5-9](?!\d)/, "claude-4.7"],
  [/claude/, "claude"],
  [/nova-2/, "nova-2"],
  [/nova/, "nova"],
  [/(?<!llama.*)nemotron/, "nemotron"],
  [/code-?llama|llama-?2|vicuna/, "llama-2"],
  [/llama-?4/, "llama-4"],
  [/llama/, "llama-3"],
  [/mi[sx]tral-(8x|7b)|mixtral|mathstral|codestral-(22b|2405)|pixtral-large/, "mistral"],
  [/mistral-(small|medium|large)-(instruct-)?(2312|240\d|241\d)/, "mistral"],
  [/mistral|ministral|pixtral|codestral|devstral|magistral|voxtral/, "tekken"],
  [/qwen|qwq/, "qwen"],
  [/gemma|gemini/, "gemma"],
  [/\bglm/, "glm"],
  [/minimax/, "minimax"],
  [/gpt-?3[.-]?5|text-embedding-(ada|3)|babbage-002|davinci-002/, "openai-cl100k"],
  // Not gpt-4o, gpt-4.1, gpt-4.5, nor gpt-41, as deployments call it; gpt-4-0613 and gpt-4-1106-preview are.
  [/gpt-4(?![o.\d]|-[15](?!\d))/, "openai-cl100k"],
  [/gpt-?5/, "openai-gpt-5"],
  [/gpt-?[4-9]|\bo[134](?![a-z\d])|chatgpt|codex/, "openai-o200k"],
];

/**
 * Whose tokens a model counts in.
 *
 * @param model  as any provider calls it: an id, a path, an id of Bedrock with its prefix, an ARN
 * @returns `unknown` where the name says nothing, such as for a profile of one's own
 */
export function tokenFamilyOf(model: string): TokenFamily {
  const bedrock = parseBedrockModelId(model);
  // What an account calls its own resource says nothing of the model behind it.
  if (bedrock.needsResolution && bedrock.arnKind !== undefined) return "unknown";
  const name = bedrock.canonical.toLowerCase().replaceAll("_", "-");
  return RULES.find(([pattern]) => pattern.test(name))?.[1] ?? "unknown";
}

function over(vocabulary: Vocabulary, factor: number): Measure {
  return { vocabulary, factor };
}

import { chat, type Model } from "./model.ts";

/** Llama does not let a tool be forced, nor calls tools in a stream. */
const LLAMA: Partial<Model> = {
  body: "llama",
  toolChoices: ["auto"],
  streamedTools: false,
  maxOutputTokens: 8_192,
  scopes: ["us"],
  onDemand: false,
};
const LLAMA_3: Partial<Model> = { ...LLAMA, scopes: [], onDemand: true, tools: false, contextTokens: 8_192 };
const STRUCTURED: Partial<Model> = { structuredOutput: true };

/** Models of other makers, most of them with open weights. They take OpenAI's JSON in InvokeModel unless noted. */
export const OPEN_WEIGHTS: readonly Model[] = [
  chat("meta.llama3-8b-instruct-v1:0", "Llama 3 8B Instruct", LLAMA_3),
  chat("meta.llama3-70b-instruct-v1:0", "Llama 3 70B Instruct", LLAMA_3),
  chat("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", { ...LLAMA, onDemand: true }),
  chat("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct", {
    ...LLAMA,
    onDemand: true,
    optimizedLatency: true,
  }),
  chat("meta.llama3-1-405b-instruct-v1:0", "Llama 3.1 405B Instruct", { ...LLAMA, optimizedLatency: true }),
  chat("meta.llama3-2-1b-instruct-v1:0", "Llama 3.2 1B Instruct", { ...LLAMA, tools: false }),
  chat("meta.llama3-2-3b-instruct-v1:0", "Llama 3.2 3B Instruct", { ...LLAMA, tools: false }),
  chat("meta.llama3-2-11b-instruct-v1:0", "Llama 3.2 11B Instruct", {
    ...LLAMA,
    media: ["image", "document"],
  }),
  chat("meta.llama3-2-90b-instruct-v1:0", "Llama 3.2 90B Instruct", {
    ...LLAMA,
    media: ["image", "document"],
  }),
  chat("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", { ...LLAMA, media: ["document"] }),
  chat("meta.llama4-scout-17b-instruct-v1:0", "Llama 4 Scout", { ...LLAMA, media: ["image", "document"] }),
  chat("meta.llama4-maverick-17b-instruct-v1:0", "Llama 4 Maverick", {
    ...LLAMA,
    media: ["image", "document"],
  }),

  chat("mistral.mistral-7b-instruct-v0:2", "Mistral 7B Instruct", {
    body: "mistral-prompt",
    system: false,
    tools: false,
    contextTokens: 32_000,
  }),
  chat("mistral.mixtral-8x7b-instruct-v0:1", "Mixtral 8x7B Instruct", {
    body: "mistral-prompt",
    system: false,
    tools: false,
    contextTokens: 32_000,
  }),
  chat("mistral.mistral-small-2402-v1:0", "Mistral Small (24.02)", {
    body: "mistral-prompt",
    contextTokens: 32_000,
  }),
  chat("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)", {
    body: "mistral-prompt",
    contextTokens: 32_000,
    media: ["document"],
  }),
  chat("mistral.mistral-large-2407-v1:0", "Mistral Large (24.07)", {
    body: "openai",
    media: ["document"],
  }),
  chat("mistral.pixtral-large-2502-v1:0", "Pixtral Large (25.02)", {
    scopes: ["us", "eu"],
    onDemand: false,
    media: ["image", "document"],
  }),
  chat("mistral.mistral-large-3-675b-instruct", "Mistral Large 3", {
    ...STRUCTURED,
    contextTokens: 256_000,
    media: ["image", "document"],
  }),
  chat("mistral.ministral-3-3b-instruct", "Ministral 3B", { ...STRUCTURED, media: ["image"] }),
  chat("mistral.ministral-3-8b-instruct", "Ministral 8B", { ...STRUCTURED, media: ["image"] }),
  chat("mistral.ministral-3-14b-instruct", "Ministral 14B", { ...STRUCTURED, media: ["image"] }),
  chat("mistral.magistral-small-2509", "Magistral Small", { ...STRUCTURED, media: ["image"] }),
  chat("mistral.devstral-2-123b", "Devstral 2 123B", STRUCTURED),
  chat("mistral.voxtral-mini-3b-2507", "Voxtral Mini 3B", { media: ["audio"] }),
  chat("mistral.voxtral-small-24b-2507", "Voxtral Small 24B", { media: ["audio"] }),

  chat("cohere.command-r-v1:0", "Command R", {
    maxOutputTokens: 4_000,
    toolChoices: ["auto"],
    media: ["document"],
  }),
  chat("cohere.command-r-plus-v1:0", "Command R+", {
    maxOutputTokens: 4_000,
    toolChoices: ["auto"],
    media: ["document"],
  }),

  chat("deepseek.r1-v1:0", "DeepSeek-R1", {
    scopes: ["us"],
    onDemand: false,
    tools: false,
    reasoning: "always",
    maxOutputTokens: 32_768,
    media: ["document"],
  }),
  chat("deepseek.v3-v1:0", "DeepSeek-V3.1", { ...STRUCTURED, reasoning: "level", maxOutputTokens: 81_920 }),
  chat("deepseek.v3.2", "DeepSeek-V3.2", { ...STRUCTURED, reasoning: "level", maxOutputTokens: 81_920 }),

  chat("qwen.qwen3-32b-v1:0", "Qwen3 32B", { ...STRUCTURED, reasoning: "level", contextTokens: 32_768 }),
  chat("qwen.qwen3-coder-30b-a3b-v1:0", "Qwen3 Coder 30B A3B", { ...STRUCTURED, contextTokens: 262_144 }),
  chat("qwen.qwen3-coder-480b-a35b-v1:0", "Qwen3 Coder 480B A35B", { ...STRUCTURED, contextTokens: 131_072 }),
  chat("qwen.qwen3-235b-a22b-2507-v1:0", "Qwen3 235B A22B 2507", { ...STRUCTURED, contextTokens: 262_144 }),
  chat("qwen.qwen3-next-80b-a3b", "Qwen3 Next 80B A3B", { ...STRUCTURED, contextTokens: 262_144 }),
  chat("qwen.qwen3-vl-235b-a22b", "Qwen3 VL 235B A22B", { ...STRUCTURED, media: ["image"] }),

  ...["120b", "20b"].map((size) =>
    chat(`openai.gpt-oss-${size}-1:0`, `gpt-oss-${size}`, {
      reasoning: "always",
      chatCompletions: true,
      toolChoices: ["auto"],
      maxOutputTokens: 128_000,
    }),
  ),
  ...["120b", "20b"].map((size) =>
    chat(`openai.gpt-oss-safeguard-${size}`, `GPT OSS Safeguard ${size}`, {
      reasoning: "always",
      chatCompletions: true,
      tools: false,
      maxOutputTokens: 128_000,
    }),
  ),
  ...["gpt-5.4", "gpt-5.5", "gpt-5.6-sol"].map((version) =>
    chat(`openai.${version}`, version.toUpperCase(), {
      scopes: ["us", "global"],
      onDemand: false,
      reasoning: "level",
      chatCompletions: true,
      media: ["image", "document"],
      structuredOutput: true,
      contextTokens: 400_000,
      maxOutputTokens: 128_000,
    }),
  ),

  chat("minimax.minimax-m2", "MiniMax M2", { ...STRUCTURED, reasoning: "always", contextTokens: 196_608 }),
  chat("minimax.minimax-m2.1", "MiniMax M2.1", {
    ...STRUCTURED,
    reasoning: "always",
    contextTokens: 196_608,
  }),
  chat("nvidia.nemotron-nano-9b-v2", "Nemotron Nano 9B v2", STRUCTURED),
  chat("nvidia.nemotron-nano-12b-v2", "Nemotron Nano 12B v2 VL", { ...STRUCTURED, media: ["image"] }),
  chat("nvidia.nemotron-nano-3-30b", "Nemotron 3 Nano 30B", { ...STRUCTURED, contextTokens: 262_144 }),
  chat("zai.glm-4.7", "GLM 4.7", { ...STRUCTURED, reasoning: "level", contextTokens: 202_752 }),
  chat("zai.glm-4.7-flash", "GLM 4.7 Flash", { ...STRUCTURED, reasoning: "level", contextTokens: 202_752 }),
  chat("zai.glm-5", "GLM 5", { ...STRUCTURED, reasoning: "level", contextTokens: 202_752 }),
  chat("moonshot.kimi-k2-thinking", "Kimi K2 Thinking", {
    ...STRUCTURED,
    reasoning: "always",
    contextTokens: 262_144,
  }),
  chat("moonshotai.kimi-k2.5", "Kimi K2.5", { ...STRUCTURED, contextTokens: 262_144, media: ["image"] }),
  ...["4b", "12b", "27b"].map((size) =>
    chat(`google.gemma-3-${size}-it`, `Gemma 3 ${size.toUpperCase()}`, {
      ...STRUCTURED,
      media: ["image"],
      tools: false,
    }),
  ),
  chat("xai.grok-4.3", "Grok 4.3", {
    ...STRUCTURED,
    scopes: ["us", "global"],
    onDemand: false,
    reasoning: "level",
    media: ["image"],
    chatCompletions: true,
  }),
  chat("writer.palmyra-x4-v1:0", "Palmyra X4", { scopes: ["us"], onDemand: false, media: ["document"] }),
  chat("writer.palmyra-x5-v1:0", "Palmyra X5", {
    scopes: ["us"],
    onDemand: false,
    media: ["document"],
    contextTokens: 1_000_000,
  }),
  chat("ai21.jamba-1-5-mini-v1:0", "Jamba 1.5 Mini", { contextTokens: 256_000, toolChoices: ["auto"] }),
  chat("ai21.jamba-1-5-large-v1:0", "Jamba 1.5 Large", { contextTokens: 256_000, toolChoices: ["auto"] }),
];

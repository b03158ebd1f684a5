import type { ChatRequest } from "../../src/core/chat.ts";

/** A request that asks for nothing; tests add what they are about. */
export const EMPTY_CHAT: ChatRequest = {
  system: [],
  messages: [],
  tools: [],
  toolChoice: undefined,
  parallelToolCalls: undefined,
  maxOutputTokens: undefined,
  temperature: undefined,
  topP: undefined,
  topK: undefined,
  stop: [],
  output: undefined,
  reasoningEffort: undefined,
  thinkingTokens: undefined,
  serviceTier: undefined,
  cacheKey: undefined,
  others: [],
};

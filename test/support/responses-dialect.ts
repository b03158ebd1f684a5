import { randomBytes } from "node:crypto";
import type { ChatReply } from "../../src/core/chat.ts";
import type { Usage } from "../../src/core/usage.ts";
import type { ReplyFacts } from "../../src/gateway/dialects/chat-writer.ts";
import type { ParsedRequest } from "../../src/gateway/dialects/dialect.ts";
import { parseResponsesRequest } from "../../src/gateway/dialects/responses/request.ts";

/** What tests of this dialect share. */
export const SEAL_KEY = randomBytes(32);

export const FACTS: ReplyFacts = {
  exchangeId: "0190ab00-0000-7000-8000-0000000000ff",
  model: 'a "model"',
  startedAtMs: 1_700_000_000_999,
  includeUsage: true,
};

export const USAGE: Usage = {
  inputTokens: 1_324,
  cachedInputTokens: 1_000,
  cacheWriteInputTokens: 20,
  outputTokens: 15,
  reasoningTokens: 7,
};

export function parse(body: object | string, metadataWords = false): ParsedRequest {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return parseResponsesRequest({ operation: "chat", address: {}, bytes, headers: {}, metadataWords });
}

export function factsOf(body: object): ReplyFacts {
  return { ...FACTS, request: parse(body).request };
}

export function replyOf(reply: Partial<ChatReply>): ChatReply {
  return { parts: [], stop: "end", usage: undefined, latencyMs: 7, serviceTier: undefined, ...reply };
}

import type { ChatReply, ReasoningPart, RedactedReasoningPart, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import type { ReplyFacts } from "../chat-writer.ts";

/** Why a reply ended, as OpenAI says it. */
export const FINISH_REASONS: Readonly<Record<StopReason, string>> = {
  end: "stop",
  "stop-sequence": "stop",
  "max-tokens": "length",
  "context-full": "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  guardrail: "content_filter",
};

/** https://platform.openai.com/docs/api-reference/chat/object#chat-object-service_tier */
const SERVICE_TIERS: ReadonlySet<string> = new Set(["auto", "default", "flex", "scale", "priority", "fast"]);

export function completionId(facts: ReplyFacts): string {
  return `chatcmpl-${facts.exchangeId}`;
}

export function createdAt(facts: ReplyFacts): number {
  return Math.floor(facts.startedAtMs / 1000);
}

/** https://platform.openai.com/docs/api-reference/chat/object */
export function completion(reply: ChatReply, facts: ReplyFacts): object {
  return {
    id: completionId(facts),
    object: "chat.completion",
    created: createdAt(facts),
    model: facts.model,
    choices: [
      {
        index: 0,
        message: message(reply),
        logprobs: null,
        finish_reason: FINISH_REASONS[reply.stop],
      },
    ],
    ...(reply.usage !== undefined && { usage: usageBody(reply.usage) }),
    ...tierBody(reply.serviceTier),
  };
}

export function tierBody(tier: string | undefined): { service_tier?: string } {
  return tier !== undefined && SERVICE_TIERS.has(tier) ? { service_tier: tier } : {};
}

function message(reply: ChatReply): object {
  let content = "";
  let thoughts = "";
  const thinking: object[] = [];
  const calls: object[] = [];
  for (const part of reply.parts) {
    if (part.type === "text") content += part.text;
    else if (part.type === "tool-call")
      calls.push({
        id: part.id,
        type: "function",
        function: { name: part.name, arguments: part.input === "" ? "{}" : part.input },
      });
    else {
      if (part.type === "reasoning") thoughts += part.text;
      const block = thinkingBlock(part);
      if (block !== undefined) thinking.push(block);
    }
  }
  return {
    role: "assistant",
    content: content === "" && calls.length > 0 ? null : content,
    refusal: null,
    ...(thoughts !== "" && { reasoning_content: thoughts }),
    ...(thinking.length > 0 && { thinking_blocks: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/**
 * A thought that must come back byte for byte, in the form that LiteLLM made known in this dialect. What nobody signed
 * is told by `reasoning_content` alone. https://docs.litellm.ai/docs/reasoning_content
 */
export function thinkingBlock(part: ReasoningPart | RedactedReasoningPart): object | undefined {
  if (part.type === "redacted-reasoning") return { type: "redacted_thinking", data: part.data };
  if (part.signature === undefined) return undefined;
  return { type: "thinking", thinking: part.text, signature: part.signature };
}

/** Tokens of thought are told only where they are known: a 0 would say that there were none. */
export function usageBody(usage: Usage): object {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedInputTokens,
      ...(usage.cacheWriteInputTokens > 0 && { cache_write_tokens: usage.cacheWriteInputTokens }),
    },
    ...(usage.reasoningTokens > 0 && {
      completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    }),
  };
}

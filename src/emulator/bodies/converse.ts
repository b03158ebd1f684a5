import type { Answer, AnswerBlock, AnswerUsage } from "../answer/answer.ts";
import type { ConverseRequest } from "../converse-request.ts";
import type { JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import { responseFields } from "./response-fields.ts";

/** The body of Converse; its members in the order of the recorded ones. */
export function converseBody(
  request: ConverseRequest,
  model: Model,
  answer: Answer,
  latencyMs: number,
): JsonObject {
  const fields = responseFields(request.additionalModelResponseFieldPaths ?? [], answer);
  return {
    ...(fields !== undefined && { additionalModelResponseFields: fields }),
    metrics: { latencyMs },
    output: {
      message: { content: answer.blocks.map((block) => contentBlock(block, model)), role: "assistant" },
    },
    ...echoes(request),
    stopReason: answer.stopReason,
    ...(answer.trace !== undefined && { trace: answer.trace }),
    usage: converseUsage(answer.usage),
  };
}

/** What the service repeats of the request, resolved. */
export function echoes({ performanceConfig, serviceTier }: ConverseRequest): JsonObject {
  return {
    ...(performanceConfig?.latency !== undefined && {
      performanceConfig: { latency: performanceConfig.latency },
    }),
    ...(serviceTier !== undefined && { serviceTier: { type: serviceTier.type } }),
  };
}

/** `totalTokens` is the sum of all four kinds; the `…Count` members are on the wire although no SDK knows them. */
export function converseUsage(usage: AnswerUsage): JsonObject {
  const { input, output, cacheRead, cacheWrite, written } = usage;
  return {
    ...(written.length > 0 && {
      cacheDetails: written.map(({ ttl, tokens }) => ({ inputTokens: tokens, ttl })),
    }),
    ...(usage.tellsCache && {
      cacheReadInputTokenCount: cacheRead,
      cacheReadInputTokens: cacheRead,
      cacheWriteInputTokenCount: cacheWrite,
      cacheWriteInputTokens: cacheWrite,
    }),
    inputTokens: input,
    outputTokens: output,
    serverToolUsage: {},
    totalTokens: input + output + cacheRead + cacheWrite,
  };
}

export function contentBlock(block: AnswerBlock, model: Model): JsonObject {
  switch (block.kind) {
    case "text":
      return { text: block.text };
    case "reasoning":
      return {
        reasoningContent: {
          reasoningText: {
            ...(block.signature !== undefined && { signature: block.signature }),
            text: block.text,
          },
        },
      };
    case "redacted":
      return { reasoningContent: { redactedContent: Buffer.from(block.data).toString("base64") } };
    case "tool": {
      // Claude's calls name their type, others' do not.
      const type = block.server === true ? "server_tool_use" : model.signsReasoning ? "tool_use" : undefined;
      return {
        toolUse: {
          input: block.input,
          name: block.name,
          toolUseId: block.id,
          ...(type !== undefined && { type }),
        },
      };
    }
    case "server-result":
      return {
        toolResult: {
          content: [{ json: block.json }],
          status: "success",
          toolUseId: block.id,
          type: block.type,
        },
      };
    default:
      return block satisfies never;
  }
}

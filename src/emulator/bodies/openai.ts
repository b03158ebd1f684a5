import type { Answer, AnswerBlock } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { countTokens } from "../answer/tokens.ts";
import type { JsonObject } from "../json.ts";
import { fragments, runsOf } from "./converse-stream.ts";
import type { Form, FormEvent } from "./form.ts";
import { readOpenai } from "./openai-read.ts";

/** OpenAI's chat completions, as most models with open weights take and give them. */
export const OPENAI: Form = {
  toolIds: "call",

  read: (body) => readOpenai(body),

  whole(answer, model, id) {
    const calls = callsOf(answer);
    const reasoning = reasoningOf(answer);
    return {
      choices: [
        {
          finish_reason: finishReason(answer),
          index: 0,
          logprobs: null,
          message: {
            content: calls.length > 0 && textOfAnswer(answer) === "" ? null : textOfAnswer(answer),
            refusal: null,
            role: "assistant",
            ...(reasoning !== "" && { reasoning }),
            ...(calls.length > 0 && {
              tool_calls: calls.map(({ id: callId, name, input }) => ({
                function: { arguments: JSON.stringify(input), name },
                id: callId,
                type: "function",
              })),
            }),
          },
        },
      ],
      created: CREATED,
      id: `chatcmpl-${id}`,
      model: model.id,
      object: "chat.completion",
      service_tier: "default",
      usage: usageOf(answer),
    };
  },

  /** The last event holds the usage; a client of chat completions gets it only when it asked. */
  events(answer, model, id) {
    const random = new Random(id);
    const chunk = (choices: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
      choices,
      created: CREATED,
      id: `chatcmpl-${id}`,
      model: model.id,
      object: "chat.completion.chunk",
      service_tier: "default",
      ...more,
    });
    const delta = (inner: JsonObject, tokens = 0): FormEvent => ({
      json: chunk([{ delta: inner, finish_reason: null, index: 0, logprobs: null }]),
      tokens,
    });
    let call = -1;
    return [
      delta({ content: "", role: "assistant" }),
      ...answer.blocks.flatMap((block) => {
        if (block.kind === "tool") call++;
        return deltasOf(block, call, random).map(({ json, tokens }) => delta(json, tokens));
      }),
      {
        json: chunk([{ delta: {}, finish_reason: finishReason(answer), index: 0, logprobs: null }]),
        tokens: 0,
        stops: true,
      },
      { json: chunk([], { usage: usageOf(answer) }), tokens: 0 },
    ];
  },
};

/** Made up, so that the same request has the same answer: 2026-01-01. */
const CREATED = 1_767_225_600;

function deltasOf(block: AnswerBlock, call: number, random: Random): FormEvent[] {
  switch (block.kind) {
    case "text":
      return runsOf(block.text, random).map((content) => ({
        json: { content },
        tokens: countTokens(content),
      }));
    case "reasoning":
      return runsOf(block.text, random).map((reasoning) => ({
        json: { reasoning },
        tokens: countTokens(reasoning),
      }));
    case "tool":
      return [
        {
          json: {
            tool_calls: [
              { function: { arguments: "", name: block.name }, id: block.id, index: call, type: "function" },
            ],
          },
          tokens: 0,
        },
        ...fragments(JSON.stringify(block.input), random).map((part) => ({
          json: { tool_calls: [{ function: { arguments: part }, index: call }] },
          tokens: countTokens(part),
        })),
      ];
    case "redacted":
    case "server-result":
      return [];
    default:
      return block satisfies never;
  }
}

function callsOf({ blocks }: Answer): Extract<AnswerBlock, { kind: "tool" }>[] {
  return blocks.flatMap((block) => (block.kind === "tool" ? block : []));
}

function textOfAnswer({ blocks }: Answer): string {
  return blocks.flatMap((block) => (block.kind === "text" ? block.text : [])).join("");
}

function reasoningOf({ blocks }: Answer): string {
  return blocks.flatMap((block) => (block.kind === "reasoning" ? block.text : [])).join("");
}

function finishReason({ stopReason }: Answer): string {
  if (stopReason === "tool_use") return "tool_calls";
  if (stopReason === "guardrail_intervened") return "content_filter";
  return stopReason === "max_tokens" ? "length" : "stop";
}

/** OpenAI's input includes what the cache held. */
function usageOf({ usage }: Answer): JsonObject {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
  return {
    completion_tokens: usage.output,
    prompt_tokens: prompt,
    prompt_tokens_details: { cached_tokens: usage.cacheRead },
    total_tokens: prompt + usage.output,
  };
}

import type { Answer, AnswerBlock } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { countTokens } from "../answer/tokens.ts";
import type { JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import { readAnthropic } from "./anthropic-read.ts";
import { checkAnthropic } from "./check-anthropic.ts";
import { fragments, runsOf } from "./converse-stream.ts";
import type { Form, FormEvent } from "./form.ts";

/** Anthropic's Messages, as InvokeModel takes and gives them: without `model` and `stream`, with a version in the body. */
export const ANTHROPIC: Form = {
  toolIds: "toolu",

  read(body, model) {
    checkAnthropic(body, model);
    return readAnthropic(body);
  },

  whole(answer, model, id) {
    return {
      model: nameOf(model),
      id: `msg_bdrk_${id}`,
      type: "message",
      role: "assistant",
      content: answer.blocks.flatMap(contentOf),
      stop_reason: reasonOf(answer),
      stop_sequence: answer.stopSequence ?? null,
      usage: { ...inputUsage(answer), output_tokens: answer.usage.output },
    };
  },

  events(answer, model, id) {
    const random = new Random(id);
    return [
      {
        json: {
          type: "message_start",
          message: {
            model: nameOf(model),
            id: `msg_bdrk_${id}`,
            type: "message",
            role: "assistant",
            content: [],
            stop_reason: null,
            stop_sequence: null,
            usage: { ...inputUsage(answer), output_tokens: 1 },
          },
        },
        tokens: 0,
      },
      ...answer.blocks.flatMap((block, index) => blockEvents(block, index, random)),
      {
        json: {
          type: "message_delta",
          delta: { stop_reason: reasonOf(answer), stop_sequence: answer.stopSequence ?? null },
          usage: { ...inputUsage(answer), output_tokens: answer.usage.output },
        },
        tokens: 0,
        stops: true,
      },
      { json: { type: "message_stop" }, tokens: 0 },
    ];
  },
};

function blockEvents(block: AnswerBlock, index: number, random: Random): FormEvent[] {
  const [content] = contentOf(block);
  if (content === undefined) return [];
  const deltas = deltasOf(block, random);
  return [
    {
      json: { type: "content_block_start", index, content_block: { ...content, ...emptied(block) } },
      tokens: 0,
    },
    ...deltas.map(({ json, tokens }) => ({
      json: { type: "content_block_delta", index, delta: json },
      tokens,
    })),
    { json: { type: "content_block_stop", index }, tokens: 0 },
  ];
}

/** A block starts without what its deltas will bring; redacted thinking comes whole. */
function emptied(block: AnswerBlock): JsonObject {
  if (block.kind === "text") return { text: "" };
  if (block.kind === "reasoning") return { thinking: "", signature: "" };
  return block.kind === "tool" ? { input: {} } : {};
}

function deltasOf(block: AnswerBlock, random: Random): FormEvent[] {
  if (block.kind === "text")
    return runsOf(block.text, random).map((text) => ({
      json: { type: "text_delta", text },
      tokens: countTokens(text),
    }));
  if (block.kind === "reasoning")
    return [
      ...runsOf(block.text, random).map((thinking) => ({
        json: { type: "thinking_delta", thinking },
        tokens: countTokens(thinking),
      })),
      { json: { type: "signature_delta", signature: block.signature ?? "" }, tokens: 0 },
    ];
  if (block.kind === "tool")
    return ["", ...fragments(JSON.stringify(block.input), random)].map((partial_json) => ({
      json: { type: "input_json_delta", partial_json },
      tokens: countTokens(partial_json),
    }));
  return [];
}

function contentOf(block: AnswerBlock): JsonObject[] {
  switch (block.kind) {
    case "text":
      return [{ type: "text", text: block.text }];
    case "reasoning":
      return [{ type: "thinking", thinking: block.text, signature: block.signature ?? "" }];
    case "redacted":
      return [{ type: "redacted_thinking", data: block.data }];
    case "tool":
      return [{ type: "tool_use", id: block.id, name: block.name, input: block.input }];
    case "server-result":
      return [];
    default:
      return block satisfies never;
  }
}

function inputUsage({ usage }: Answer): JsonObject {
  const written = (ttl: string): number => usage.written.find((part) => part.ttl === ttl)?.tokens ?? 0;
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: written("5m"),
      ephemeral_1h_input_tokens: written("1h"),
    },
  };
}

/** Anthropic has no word for a guardrail of Bedrock's; the text says it. */
function reasonOf({ stopReason }: Answer): string {
  return stopReason === "guardrail_intervened" ? "end_turn" : stopReason;
}

/** The model's name without vendor and revision: `claude-sonnet-4-5-20250929`. */
function nameOf({ id }: Model): string {
  return id.replace(/^anthropic\./, "").replace(/-v\d+(:\d+)?$/, "");
}

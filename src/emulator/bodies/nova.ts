import { Random } from "../answer/random.ts";
import { countTokens } from "../answer/tokens.ts";
import type { ConverseRequest } from "../converse-request.ts";
import { numberOf, textsOf, type Json, type JsonObject } from "../json.ts";
import { ServiceError } from "../service-error.ts";
import { readShape } from "../validate/read-shape.ts";
import { CONVERSE } from "../validate/converse-shape.ts";
import { definedOnly } from "./anthropic-read.ts";
import { contentBlock, converseUsage } from "./converse.ts";
import { fragments, runsOf } from "./converse-stream.ts";
import type { Form, FormEvent } from "./form.ts";
import { checkMembers, malformed } from "./malformed.ts";

const MEMBERS = {
  schemaVersion: "string",
  messages: "array",
  system: "array",
  inferenceConfig: "object",
  toolConfig: "object",
  reasoningConfig: "object",
} as const;

/** Nova's own body, much like Converse's. */
export const NOVA: Form = {
  toolIds: "tooluse",

  read(body): ConverseRequest {
    checkMembers(body, MEMBERS, ["messages"]);
    const {
      messages,
      system,
      toolConfig,
      inferenceConfig: config,
      reasoningConfig,
    } = body as unknown as Body;
    if (messages.length === 0) throw malformed("expected minimum item count: 1, found: 0", "/messages");
    return {
      ...readParts({
        messages,
        ...(system !== undefined && { system }),
        ...(toolConfig !== undefined && { toolConfig }),
      }),
      inferenceConfig: definedOnly({
        maxTokens: numberOf(config?.["maxTokens"]) ?? numberOf(config?.["max_new_tokens"]),
        temperature: numberOf(config?.["temperature"]),
        topP: numberOf(config?.["topP"]) ?? numberOf(config?.["top_p"]),
        stopSequences: textsOf(config?.["stopSequences"]),
      }),
      ...(reasoningConfig !== undefined && { additionalModelRequestFields: { reasoningConfig } }),
    };
  },

  whole(answer, model) {
    return {
      output: {
        message: { content: answer.blocks.map((block) => contentBlock(block, model)), role: "assistant" },
      },
      stopReason: answer.stopReason,
      usage: converseUsage(answer.usage),
    };
  },

  events(answer, _model, id) {
    const random = new Random(id);
    const events: FormEvent[] = [event({ messageStart: { role: "assistant" } })];
    answer.blocks.forEach((block, contentBlockIndex) => {
      const delta = (inner: JsonObject, tokens: number): void =>
        void events.push(event({ contentBlockDelta: { delta: inner, contentBlockIndex } }, tokens));
      if (block.kind === "text")
        for (const text of runsOf(block.text, random)) delta({ text }, countTokens(text));
      if (block.kind === "reasoning")
        for (const text of runsOf(block.text, random))
          delta({ reasoningContent: { reasoningText: { text } } }, countTokens(text));
      if (block.kind === "tool") {
        const start = { toolUse: { toolUseId: block.id, name: block.name } };
        events.push(event({ contentBlockStart: { start, contentBlockIndex } }));
        for (const input of fragments(JSON.stringify(block.input), random))
          delta({ toolUse: { input } }, countTokens(input));
      }
      events.push(event({ contentBlockStop: { contentBlockIndex } }));
    });
    events.push(
      { ...event({ messageStop: { stopReason: answer.stopReason } }), stops: true },
      event({ metadata: { usage: converseUsage(answer.usage), metrics: {}, trace: {} } }),
    );
    return events;
  },
};

/** The members of a body whose types have been checked. */
interface Body {
  readonly messages: readonly Json[];
  readonly system?: Json;
  readonly toolConfig?: Json;
  readonly inferenceConfig?: JsonObject;
  readonly reasoningConfig?: Json;
}

/** Nova's parts are Converse's, its words are not. */
function readParts(parts: JsonObject): ConverseRequest {
  try {
    return readShape(parts, CONVERSE) as ConverseRequest;
  } catch (error) {
    if (error instanceof ServiceError) throw malformed(error.message);
    throw error;
  }
}

function event(json: JsonObject, tokens = 0): FormEvent {
  return { json, tokens };
}

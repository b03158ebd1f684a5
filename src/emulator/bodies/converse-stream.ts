import { writeEvent } from "../../core/event-stream.ts";
import type { Answer, AnswerBlock } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { countTokens, tokensOf } from "../answer/tokens.ts";
import type { ConverseRequest } from "../converse-request.ts";
import { canonicalJson, type JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import type { Piece } from "../transport/reply.ts";
import { converseUsage, echoes } from "./converse.ts";
import { padding } from "./padding.ts";
import { responseFields } from "./response-fields.ts";

/**
 * The events of ConverseStream in the order of the recorded ones: text and reasoning have no contentBlockStart, tool
 * arguments come in fragments of their text, metadata is last.
 */
export function converseEvents(
  request: ConverseRequest,
  model: Model,
  answer: Answer,
  latencyMs: number,
): Piece[] {
  const fields = responseFields(request.additionalModelResponseFieldPaths ?? [], answer);
  const random = new Random(canonicalJson(answer.usage as unknown as JsonObject));
  const pieces = [event("messageStart", { role: "assistant" })];
  let index = 0;
  if (model.id.startsWith("openai.gpt-oss")) {
    pieces.push(delta(index, { text: "" }, 0), stop(index));
    index++;
  }
  for (const block of answer.blocks) {
    pieces.push(...blockEvents(block, index, random), stop(index));
    index++;
  }
  pieces.push(
    event("messageStop", {
      ...(fields !== undefined && { additionalModelResponseFields: fields }),
      stopReason: answer.stopReason,
    }),
    event("metadata", {
      metrics: { latencyMs },
      ...echoes(request),
      ...(answer.trace !== undefined && { trace: answer.trace }),
      usage: converseUsage(answer.usage),
    }),
  );
  return pieces;
}

function blockEvents(block: AnswerBlock, index: number, random: Random): Piece[] {
  switch (block.kind) {
    case "text":
      return runsOf(block.text, random).map((text) => delta(index, { text }, countTokens(text)));
    case "reasoning": {
      const signature =
        block.signature === undefined
          ? []
          : [delta(index, { reasoningContent: { signature: block.signature } }, 0)];
      const said = block.text === "" ? [] : runsOf(block.text, random);
      return [
        ...said.map((text) => delta(index, { reasoningContent: { text } }, countTokens(text))),
        ...signature,
      ];
    }
    case "redacted": {
      const redactedContent = Buffer.from(block.data).toString("base64");
      return [delta(index, { reasoningContent: { redactedContent } }, 0)];
    }
    case "tool": {
      const type = block.server === true ? "server_tool_use" : "tool_use";
      const start = { toolUse: { name: block.name, toolUseId: block.id, type } };
      return [
        event("contentBlockStart", { contentBlockIndex: index, start }),
        ...fragments(JSON.stringify(block.input), random).map((input) =>
          delta(index, { toolUse: { input } }, countTokens(input)),
        ),
      ];
    }
    case "server-result": {
      const start = { toolResult: { status: "success", toolUseId: block.id, type: block.type } };
      return [
        event("contentBlockStart", { contentBlockIndex: index, start }),
        delta(index, { toolResult: [{ json: block.json }] }, 0),
      ];
    }
    default:
      return block satisfies never;
  }
}

function delta(index: number, inner: JsonObject, tokens: number): Piece {
  return event("contentBlockDelta", { contentBlockIndex: index, delta: inner }, tokens);
}

function stop(index: number): Piece {
  return event("contentBlockStop", { contentBlockIndex: index });
}

/** Sorts members as the service does; the padding stands among them. */
function event(type: string, members: JsonObject, tokens = 0): Piece {
  return { bytes: writeEvent(type, canonicalTop({ ...members, p: padding() })), type, tokens };
}

function canonicalTop(members: JsonObject): string {
  const sorted = Object.keys(members)
    .sort()
    .map((key) => [key, members[key]] as const);
  return JSON.stringify(Object.fromEntries(sorted));
}

/** Some tokens at a time, as they come from the service. */
export function runsOf(text: string, random: Random): string[] {
  const tokens = tokensOf(text);
  const runs: string[] = [];
  for (let at = 0; at < tokens.length;) {
    const length = random.between(2, 8);
    runs.push(tokens.slice(at, at + length).join(""));
    at += length;
  }
  return runs;
}

/** Cuts anywhere but within a character; a call without arguments has one fragment of none. */
export function fragments(text: string, random: Random): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    let end = at + random.between(3, 14);
    // Never between the two halves of a character beyond the 16-bit ones.
    if (text.charCodeAt(end - 1) >= 0xd800 && text.charCodeAt(end - 1) < 0xdc00) end++;
    pieces.push(text.slice(at, end));
    at = end;
  }
  return pieces;
}

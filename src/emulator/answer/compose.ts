import { hash } from "node:crypto";
import { lastUserText, type ConverseRequest } from "../converse-request.ts";
import { canonicalJson, type Json } from "../json.ts";
import type { Model } from "../models/model.ts";
import type { Answer, AnswerBlock, AnswerUsage, StopReason } from "./answer.ts";
import { assess, guardedInput, type GuardrailRule } from "./guardrail.ts";
import { guardOutput, guardrailOf, intervened } from "./guarded.ts";
import { instanceOf } from "./instance.ts";
import { segmentsOf } from "./prompt.ts";
import type { PromptCache } from "./prompt-cache.ts";
import { Random } from "./random.ts";
import { reasoningBlock, reasoningBlocks, thinks } from "./reasoning.ts";
import { countJsonTokens, countTokens, firstTokens } from "./tokens.ts";
import { calledTools, callBlock, interpretedCode, toolCall, type ToolIds } from "./tool-calls.ts";
import { madeUpText } from "./words.ts";
import { wantedSchema } from "../wanted-schema.ts";

/** What an answer depends on besides its request. */
export interface Surroundings {
  readonly cache: PromptCache;
  /** Account and model. */
  readonly owner: string;
  readonly guardrails: readonly GuardrailRule[];
  /** Texts to say where the user's last text holds a phrase. */
  readonly said: readonly ScriptedAnswer[];
  readonly speaker: Speaker | undefined;
  readonly toolIds: ToolIds;
  readonly nowMs: number;
}

export interface ScriptedAnswer {
  readonly contains: string;
  readonly text: string;
}

/** What a program says in a model's place. */
export interface Said {
  /** Only of models that think. */
  readonly thought?: string | undefined;
  readonly text: string;
  readonly calls: readonly { readonly name: string; readonly input: Json }[];
}

/** @returns undefined where the answer shall be made up */
export type Speaker = (request: ConverseRequest, model: Model) => Said | undefined;

/** Makes up an answer: always the same one for the same request. */
export function compose(request: ConverseRequest, model: Model, around: Surroundings): Answer {
  const guardrail = guardrailOf(request, around.guardrails);
  const input = guardrail === undefined ? undefined : assess(guardedInput(request), guardrail);
  if (guardrail !== undefined && input?.blocked === true)
    return intervened(request, guardrail.blockedInputMessage, nothingUsed(), { input });
  const usage = cacheUsage(request, model, around);
  const made = cut(blocksOf(request, model, around), request.inferenceConfig ?? {}, model);
  const answer: Answer = { ...made, usage: { ...usage, output: outputTokens(made.blocks) } };
  return guardrail === undefined ? answer : guardOutput(request, answer, guardrail, input);
}

function blocksOf(request: ConverseRequest, model: Model, around: Surroundings): AnswerBlock[] {
  // Labels for a log change no answer.
  const { requestMetadata: _, ...asked } = request;
  const random = new Random(hash("sha256", `${model.id}\n${canonicalJson(asked as Json)}`));
  const said = around.speaker?.(request, model);
  if (said !== undefined) return saidBlocks(said, model, around.toolIds, random);
  const blocks: AnswerBlock[] = thinks(request, model) ? reasoningBlocks(request, model, random) : [];
  blocks.push(...interpretedCode(request, random));
  const tools = calledTools(request);
  if (tools.length === 0) return [...blocks, { kind: "text", text: wordsOf(request, around, random) }];
  const forced = request.toolConfig?.toolChoice;
  if (model.signsReasoning && forced?.any === undefined && forced?.tool === undefined)
    blocks.push({ kind: "text", text: `I'll use ${tools.map(({ name }) => name).join(" and ")}.` });
  const ids = model.id.startsWith("moonshot") ? "functions" : around.toolIds;
  tools.forEach((tool, index) => blocks.push(toolCall(tool, index, ids, random)));
  return blocks;
}

function saidBlocks(said: Said, model: Model, toolIds: ToolIds, random: Random): AnswerBlock[] {
  const { thought, text, calls } = said;
  return [
    ...(thought === undefined ? [] : [reasoningBlock(thought, model)]),
    ...(text === "" && calls.length > 0 ? [] : [{ kind: "text", text } as const]),
    ...calls.map(({ name, input }, index) => callBlock({ name, input, index }, toolIds, random)),
  ];
}

function wordsOf(request: ConverseRequest, { said }: Surroundings, random: Random): string {
  const schema = wantedSchema(request);
  if (schema !== undefined) return JSON.stringify(instanceOf(schema, random));
  const prompt = lastUserText(request);
  const scripted = said.find(({ contains }) => prompt.includes(contains));
  if (scripted !== undefined) return scripted.text;
  const asked = /\b(\d{1,5}) words\b/.exec(prompt)?.[1];
  const text = madeUpText(random, asked === undefined ? random.between(12, 40) : Number(asked));
  // A sequence that the user speaks of comes up in the answer, or stop sequences could not be tried out.
  const stop = request.inferenceConfig?.stopSequences?.find((sequence) => prompt.includes(sequence));
  if (stop === undefined) return text;
  const half = text.indexOf(" ", text.length / 2);
  return `${text.slice(0, half)} ${stop}${text.slice(half)}`;
}

/** Ends the answer at a stop sequence or at the most tokens that were allowed. */
function cut(
  blocks: readonly AnswerBlock[],
  { maxTokens, stopSequences = [] }: { maxTokens?: number; stopSequences?: readonly string[] },
  model: Model,
): Omit<Answer, "usage"> {
  const kept: AnswerBlock[] = [];
  let left = maxTokens ?? model.maxOutputTokens;
  for (const block of blocks) {
    const stopped = block.kind === "text" ? stopAt(block.text, stopSequences, model) : undefined;
    const whole = stopped === undefined ? block : ({ kind: "text", text: stopped.text } as const);
    const tokens = tokensOfBlock(whole);
    if (tokens > left) {
      if (left > 0 && (whole.kind === "text" || whole.kind === "reasoning"))
        kept.push({ kind: whole.kind, text: firstTokens(whole.text, left) });
      return { blocks: kept, stopReason: "max_tokens" };
    }
    left -= tokens;
    kept.push(whole);
    if (stopped !== undefined)
      return model.keepsStopSequence
        ? { blocks: kept, stopReason: "end_turn" }
        : { blocks: kept, stopReason: "stop_sequence", stopSequence: stopped.sequence };
  }
  const calls = kept.some((block) => block.kind === "tool" && block.server !== true);
  const stopReason: StopReason = calls ? "tool_use" : "end_turn";
  return { blocks: kept, stopReason };
}

function stopAt(
  text: string,
  sequences: readonly string[],
  model: Model,
): { readonly text: string; readonly sequence: string } | undefined {
  let best: { at: number; sequence: string } | undefined;
  for (const sequence of sequences) {
    const at = text.indexOf(sequence);
    if (at !== -1 && (best === undefined || at < best.at)) best = { at, sequence };
  }
  if (best === undefined) return undefined;
  const end = model.keepsStopSequence ? best.at + best.sequence.length : best.at;
  return { text: text.slice(0, end), sequence: best.sequence };
}

function cacheUsage(
  request: ConverseRequest,
  model: Model,
  around: Surroundings,
): Omit<AnswerUsage, "output"> {
  const minimum = model.cache?.minimumTokens ?? Infinity;
  const usage = around.cache.use(around.owner, segmentsOf(request), minimum, around.nowMs);
  // Claude's usage always names the cache, as recorded; others' only where there was a cache point.
  return { ...usage, tellsCache: usage.tellsCache || model.body === "anthropic" };
}

export function tokensOfBlock(block: AnswerBlock): number {
  switch (block.kind) {
    case "text":
    case "reasoning":
      return countTokens(block.text);
    case "redacted":
      return 100;
    case "tool":
      return countTokens(block.name) + countJsonTokens(block.input);
    case "server-result":
      return countJsonTokens(block.json);
    default:
      return block satisfies never;
  }
}

function outputTokens(blocks: readonly AnswerBlock[]): number {
  return blocks.reduce((sum, block) => sum + tokensOfBlock(block), 0);
}

/** A request that was blocked never reached the model. */
function nothingUsed(): AnswerUsage {
  return { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, written: [], tellsCache: false };
}

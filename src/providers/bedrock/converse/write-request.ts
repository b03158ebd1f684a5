import type { BedrockModel } from "../../../catalog/bedrock-models.ts";
import type { ChatRequest, Inexpressible } from "../../../core/chat.ts";
import { brief } from "../../../core/text.ts";
import type { Turn } from "../../conversation/block.ts";
import { markBeginnings, settleCachePoints } from "../../conversation/cache-points.ts";
import { flattenTools, hasCalls } from "../../conversation/flatten-tools.ts";
import { outputLimit, writeInference } from "../../conversation/inference.ts";
import { legalToolName } from "../../conversation/legal-name.ts";
import type { Losses } from "../../conversation/losses.ts";
import { type Conversation, writeMessages } from "../../conversation/messages.ts";
import { writeOthers } from "../../conversation/others.ts";
import { type NativeFormat, outputWay, type OutputWay } from "../../conversation/output-format.ts";
import type { ReadBack } from "../../conversation/read-back.ts";
import { writeThinking } from "../../conversation/reasoning.ts";
import { converseForm, joinBlocks } from "./request/form.ts";
import { requestMetadata } from "./request/request-metadata.ts";
import { type ToolConfig, writeToolConfig } from "../../conversation/tool-config.ts";
import { Writing } from "../../conversation/writing.ts";

export interface ConverseWish {
  readonly chat: ChatRequest;
  readonly model: BedrockModel;
  /** Output tokens at most, from our side. */
  readonly outputCap: number | undefined;
  /** Whether thoughts in the history are another model's. */
  readonly withoutThoughts: boolean;
  /** Whether the beginning of the prompt is marked for the cache where the client marked nothing. */
  readonly autoCache?: boolean;
  /** For the provider's own log. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ConverseBody {
  readonly body: string;
  readonly how: ReadBack;
  /** All that the body does not say; where one of it is not droppable, the body must not be sent. */
  readonly inexpressible: readonly Inexpressible[];
}

/**
 * A chat request as the body of Converse and ConverseStream.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
 */
export function writeConverse({
  chat: wanted,
  model,
  outputCap,
  withoutThoughts,
  autoCache = false,
  metadata,
}: ConverseWish): ConverseBody {
  const chat = wanted.toolChoice === "none" && hasCalls(wanted) ? flattenTools(wanted) : wanted;
  const writing = new Writing(converseForm(model), model, withoutThoughts);
  const conversation = writeMessages(chat, writing);
  const output = outputWay(chat, writing);
  const tools = writeToolConfig(chat, output.byTool, writing);
  placeSystem(conversation, output.instruction, writing);
  const { system, turns } = conversation;
  if (autoCache && !writing.hasCachePoints && model.cache !== undefined) {
    markBeginnings([model.cache.tools ? tools.blocks : undefined, system, turns.at(-1)?.blocks]);
    writing.hasCachePoints = true;
  }
  if (writing.hasCachePoints)
    settleCachePoints(tools.blocks, [system, ...turns.map(({ blocks }) => blocks)], model, writing.losses);
  const members = [messagesJson(conversation), toolConfigJson(tools)];
  members.push(...settings(chat, limitOf(chat, outputCap, model), { turns, tools, output }, writing));
  members.push(member("requestMetadata", requestMetadata(metadata, writing.losses)));
  return {
    body: `{${members.filter((text) => text !== "").join(",")}}`,
    how: { names: writing.names.changed, schemaTool: tools.schemaTool },
    inexpressible: writing.losses.list,
  };
}

/** Without any, Bedrock reserves all that the model can give. */
function limitOf(
  { maxOutputTokens: asked }: ChatRequest,
  cap: number | undefined,
  { maxOutputTokens: most }: BedrockModel,
): number | undefined {
  return asked === undefined && cap === undefined ? undefined : outputLimit(asked, cap, most);
}

interface Written {
  readonly turns: readonly Turn[];
  readonly tools: ToolConfig;
  readonly output: OutputWay;
}

/** How the model is to answer. */
function settings(
  chat: ChatRequest,
  maxTokens: number | undefined,
  { turns, tools, output }: Written,
  writing: Writing,
): string[] {
  const { thinkingTokens } = chat;
  const conditions = { maxTokens, thinkingTokens, isForced: tools.isForced, turns };
  const thinking = writeThinking(chat.reasoningEffort, conditions, writing);
  const { rulesSampling } = thinking;
  if (chat.cacheKey !== undefined)
    writing.losses.drop("prompt_cache_key", "has no place in Converse: a cache belongs to the account");
  return [
    member("inferenceConfig", writeInference(chat, maxTokens, rulesSampling, writing)),
    member("additionalModelRequestFields", {
      ...writeOthers(chat.others, chat.topK, rulesSampling, writing),
      ...thinking.fields,
      ...(tools.claudeChoice !== undefined && { tool_choice: tools.claudeChoice }),
    }),
    member("outputConfig", {
      textFormat: output.native && textFormat(output.native),
      effort: thinking.effort,
    }),
    member("serviceTier", serviceTier(chat.serviceTier, writing.losses)),
  ];
}

function textFormat({ name, description, schema }: NativeFormat): unknown {
  return {
    type: "json_schema",
    structure: {
      // The schema is a text on the wire.
      jsonSchema: { schema: JSON.stringify(schema), name: legalToolName(name), description },
    },
  };
}

/** What the system says, with what is added to it; a model that knows no system hears it from the user, first. */
function placeSystem(
  { system, turns }: Conversation,
  instruction: string | undefined,
  { model, form }: Writing,
): void {
  if (instruction !== undefined) system.push(form.text(instruction));
  if (!model.system) turns[0]?.blocks.unshift(...system.splice(0));
}

function messagesJson({ system, turns }: Conversation): string {
  const messages = turns.map(({ role, blocks }) => `{"role":"${role}","content":${joinBlocks(blocks)}}`);
  const systemJson = system.length === 0 ? "" : `,"system":${joinBlocks(system)}`;
  return `"messages":[${messages.join(",")}]${systemJson}`;
}

function toolConfigJson({ blocks, choice }: ToolConfig): string {
  if (blocks.length === 0) return "";
  const choiceJson = choice === undefined ? "" : `,"toolChoice":${JSON.stringify(choice)}`;
  return `"toolConfig":{"tools":${joinBlocks(blocks)}${choiceJson}}`;
}

/** "" where there is nothing to say. */
function member(name: string, value: object | undefined): string {
  if (value === undefined) return "";
  const json = JSON.stringify(value);
  return json === "{}" ? "" : `"${name}":${json}`;
}

const TIERS: ReadonlyMap<string, string> = new Map([
  ["default", "default"],
  ["standard", "default"],
  ["standard_only", "default"],
  ["flex", "flex"],
  ["priority", "priority"],
  ["reserved", "reserved"],
]);

/** https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html; `auto` is what nothing says. */
function serviceTier(wanted: string | undefined, losses: Losses): { readonly type: string } | undefined {
  if (wanted === undefined || wanted === "auto") return undefined;
  const type = TIERS.get(wanted);
  if (type === undefined) losses.drop("service_tier", `has no meaning on Bedrock: ${brief(wanted, 20)}`);
  return type === undefined ? undefined : { type };
}

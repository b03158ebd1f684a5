import type { ClaudeModel } from "../../catalog/claude-models.ts";
import type { ChatRequest, Inexpressible } from "../../core/chat.ts";
import { brief } from "../../core/text.ts";
import { markBeginnings, settleCachePoints } from "../conversation/cache-points.ts";
import { outputLimit, writeInference } from "../conversation/inference.ts";
import type { Losses } from "../conversation/losses.ts";
import { type Conversation, writeMessages } from "../conversation/messages.ts";
import { writeOthers } from "../conversation/others.ts";
import { outputWay, type OutputWay } from "../conversation/output-format.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { type Thinking, writeThinking } from "../conversation/reasoning.ts";
import { claudeChoice, type ToolConfig, writeToolConfig } from "../conversation/tool-config.ts";
import { Writing } from "../conversation/writing.ts";
import { joinBlocks, messagesForm } from "./form.ts";

export interface MessagesWish {
  readonly chat: ChatRequest;
  /** As the upstream calls it. */
  readonly model: string;
  readonly abilities: ClaudeModel;
  /** `count`: for the counter of tokens, which takes what is counted and nothing else. */
  readonly purpose: "whole" | "stream" | "count";
  /** Output tokens at most, from our side. */
  readonly outputCap: number | undefined;
  /** Whether thoughts in the history are another model's. */
  readonly withoutThoughts: boolean;
  /** Whether the beginning of the prompt is marked for the cache where the client marked nothing. */
  readonly autoCache: boolean;
}

export interface MessagesBody {
  readonly body: string;
  readonly how: ReadBack;
  /** All that the body does not say; where one of it is not droppable, the body must not be sent. */
  readonly inexpressible: readonly Inexpressible[];
}

/** A chat request as the body of Anthropic's Messages. https://platform.claude.com/docs/en/api/messages */
export function writeAnthropicMessages(wish: MessagesWish): MessagesBody {
  const { chat, abilities, purpose } = wish;
  const writing = new Writing(messagesForm(abilities), abilities, wish.withoutThoughts);
  const conversation = writeMessages(chat, writing);
  const output = outputWay(chat, writing);
  const tools = writeToolConfig(chat, output.byTool, writing);
  if (output.instruction !== undefined) conversation.system.push(writing.form.text(output.instruction));
  placeCachePoints(conversation, tools, wish, writing);
  const maxTokens = outputLimit(chat.maxOutputTokens, wish.outputCap, abilities.maxOutputTokens);
  const thinking = think(chat, maxTokens, conversation, tools, writing);
  const members = [
    member("model", wish.model),
    ...(purpose === "count" ? [] : settings(chat, maxTokens, thinking, purpose, writing)),
    ...formOfAnswer(output, thinking),
    ...toolMembers(chat, tools),
    conversationJson(conversation),
  ];
  return {
    body: `{${members.filter((text) => text !== "").join(",")}}`,
    how: { names: writing.names.changed, schemaTool: tools.schemaTool },
    inexpressible: writing.losses.list,
  };
}

function placeCachePoints(
  { system, turns }: Conversation,
  { blocks }: ToolConfig,
  { autoCache, abilities, purpose }: MessagesWish,
  writing: Writing,
): void {
  if (autoCache && !writing.hasCachePoints && purpose !== "count") {
    markBeginnings([blocks, system, turns.at(-1)?.blocks]);
    writing.hasCachePoints = true;
  }
  if (writing.hasCachePoints)
    settleCachePoints(blocks, [system, ...turns.map((turn) => turn.blocks)], abilities, writing.losses);
}

function think(
  { reasoningEffort, thinkingTokens }: ChatRequest,
  maxTokens: number,
  { turns }: Conversation,
  { isForced }: ToolConfig,
  writing: Writing,
): Thinking {
  return writeThinking(reasoningEffort, { maxTokens, thinkingTokens, isForced, turns }, writing);
}

/** How the model is to answer. */
function settings(
  chat: ChatRequest,
  maxTokens: number,
  { rulesSampling }: Thinking,
  purpose: "whole" | "stream",
  writing: Writing,
): string[] {
  const inference = writeInference(chat, maxTokens, rulesSampling, writing);
  if (chat.cacheKey !== undefined)
    writing.losses.drop("prompt_cache_key", "has no place in Messages: a cache belongs to the account");
  return [
    member("max_tokens", inference.maxTokens),
    member("stream", purpose === "stream" ? true : undefined),
    member("temperature", inference.temperature),
    member("top_p", inference.topP),
    ...Object.entries(writeOthers(chat.others, chat.topK, rulesSampling, writing)).map(([name, value]) =>
      member(name, value),
    ),
    member("stop_sequences", inference.stopSequences),
    member("service_tier", serviceTier(chat.serviceTier, writing.losses)),
  ];
}

/** How hard the model thinks, and the schema that it is held to. */
function formOfAnswer({ native }: OutputWay, { fields }: Thinking): string[] {
  const format = native && { type: "json_schema", schema: native.schema };
  const { output_config: effort, ...others } = fields;
  const outputConfig = { ...(effort as object | undefined), ...(format && { format }) };
  return [
    ...Object.entries(others).map(([name, value]) => member(name, value)),
    member("output_config", Object.keys(outputConfig).length > 0 ? outputConfig : undefined),
  ];
}

function toolMembers({ toolChoice }: ChatRequest, tools: ToolConfig): string[] {
  const { blocks, choice } = tools;
  if (blocks.length === 0) return [];
  const said = tools.claudeChoice ?? (choice && claudeChoice(choice));
  return [
    `"tools":${joinBlocks(blocks)}`,
    member("tool_choice", said ?? (toolChoice === "none" ? { type: "none" } : undefined)),
  ];
}

function conversationJson({ system, turns }: Conversation): string {
  const messages = turns.map(({ role, blocks }) => `{"role":"${role}","content":${joinBlocks(blocks)}}`);
  const systemJson = system.length === 0 ? "" : `"system":${joinBlocks(system)},`;
  return `${systemJson}"messages":[${messages.join(",")}]`;
}

/** "" where there is nothing to say. */
function member(name: string, value: unknown): string {
  return value === undefined ? "" : `"${name}":${JSON.stringify(value)}`;
}

const STANDARD: ReadonlySet<string> = new Set(["default", "standard", "standard_only"]);

/** https://platform.claude.com/docs/en/api/service-tiers; `auto` is what nothing says. */
function serviceTier(wanted: string | undefined, losses: Losses): string | undefined {
  if (wanted === undefined || wanted === "auto") return undefined;
  if (STANDARD.has(wanted)) return "standard_only";
  losses.drop("service_tier", `has no meaning in Messages: ${brief(wanted, 20)}`);
  return undefined;
}

import { isObject, objectOf, objectsOf, textOf, type Json, type JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import { invalid } from "../service-error.ts";

const MEMBERS = new Set([
  "anthropic_version",
  "anthropic_beta",
  "amazon-bedrock-guardrailConfig",
  "context_management",
  "max_tokens",
  "messages",
  "metadata",
  "output_config",
  "output_format",
  "stop_sequences",
  "system",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p",
]);
/** Tools that run at the client; the service's own, such as web search, are not to be had on Bedrock. As recorded. */
const TOOL_TYPES = [
  "bash_20250124",
  "custom",
  "text_editor_20250124",
  "text_editor_20250429",
  "text_editor_20250728",
];
const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;

/**
 * What the front of Anthropic's models refuses of a body.
 *
 * @param counting  CountTokens wants no max_tokens
 * @throws ServiceError
 */
export function checkAnthropic(body: JsonObject, model: Model, counting = false): void {
  if (body["anthropic_version"] === undefined) throw invalid("anthropic_version: Field required");
  if (body["max_tokens"] === undefined && !counting) throw invalid("max_tokens: Field required");
  for (const name of Object.keys(body))
    if (!MEMBERS.has(name)) throw invalid(`${name}: Extra inputs are not permitted`);
  checkNumbers(body, model);
  checkTools(body["tools"]);
  const messages = objectsOf(body["messages"]);
  if (messages.length === 0) throw invalid("messages: at least one message is required");
  messages.forEach((message, index) => checkMessage(message, index, messages));
}

function checkNumbers(body: JsonObject, model: Model): void {
  const most = body["max_tokens"];
  if (most !== undefined && (typeof most !== "number" || !Number.isInteger(most)))
    throw invalid("max_tokens: Input should be a valid integer");
  if (typeof most === "number" && most < 1)
    throw invalid("max_tokens: Input should be greater than or equal to 1");
  if (typeof most === "number" && most > model.maxOutputTokens)
    throw invalid(
      `max_tokens: ${most} > ${model.maxOutputTokens}, which is the maximum allowed number of output tokens for ${model.id}`,
    );
  for (const name of ["temperature", "top_p"]) {
    const value = body[name];
    if (typeof value === "number" && value > 1)
      throw invalid(`${name}: Input should be less than or equal to 1`);
    if (typeof value === "number" && value < 0)
      throw invalid(`${name}: Input should be greater than or equal to 0`);
  }
}

function checkTools(tools: Json | undefined): void {
  objectsOf(tools).forEach((tool, index) => {
    const type = textOf(tool["type"]) ?? "custom";
    if (!TOOL_TYPES.includes(type))
      throw invalid(
        `tools.${index}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${TOOL_TYPES.map((known) => `'${known}'`).join(", ")}`,
      );
    if (!TOOL_NAME.test(textOf(tool["name"]) ?? ""))
      throw invalid(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    const schema = objectOf(tool["input_schema"]);
    if (type === "custom" && schema === undefined)
      throw invalid(`tools.${index}.custom.input_schema: Field required`);
    if (type === "custom" && schema?.["type"] !== "object")
      throw invalid(`tools.${index}.custom.input_schema.type: Input should be 'object'`);
  });
}

function checkMessage(message: JsonObject, index: number, messages: readonly JsonObject[]): void {
  const { role, content } = message;
  if (role !== "user" && role !== "assistant" && role !== "system")
    throw invalid(`messages.${index}.role: Input should be 'user' or 'assistant'`);
  const isFinalAssistant = role === "assistant" && index === messages.length - 1;
  const isEmpty = content === "" || (Array.isArray(content) && content.length === 0);
  if (isEmpty && !isFinalAssistant)
    throw invalid(
      `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
    );
  if (typeof content === "string") checkText(content);
  const blocks = objectsOf(content);
  for (const block of blocks) if (block["type"] === "text") checkText(textOf(block["text"]) ?? "");
  checkToolResults(blocks, index, messages);
  checkToolUses(blocks, index, messages);
}

function checkText(text: string): void {
  if (text === "") throw invalid("messages: text content blocks must be non-empty");
  if (text.trim() === "") throw invalid("messages: text content blocks must contain non-whitespace text");
}

function checkToolUses(blocks: readonly JsonObject[], index: number, messages: readonly JsonObject[]): void {
  const ids = idsOf(blocks, "tool_use", "id");
  if (ids.length === 0) return;
  const answered = new Set(idsOf(objectsOf(messages[index + 1]?.["content"]), "tool_result", "tool_use_id"));
  const missing = ids.filter((id) => !answered.has(id));
  if (missing.length > 0)
    throw invalid(
      `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`,
    );
}

function checkToolResults(
  blocks: readonly JsonObject[],
  index: number,
  messages: readonly JsonObject[],
): void {
  const asked = new Set(idsOf(objectsOf(messages[index - 1]?.["content"]), "tool_use", "id"));
  blocks.forEach((block, at) => {
    if (block["type"] !== "tool_result") return;
    const id = textOf(block["tool_use_id"]) ?? "";
    if (!asked.has(id))
      throw invalid(
        `messages.${index}.content.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`,
      );
    for (const part of objectsOf(block["content"]))
      if (isObject(part["cache_control"]) && part["type"] === "text" && part["text"] === "")
        throw invalid("cache_control cannot be set for empty text blocks");
  });
}

function idsOf(blocks: readonly JsonObject[], type: string, member: string): string[] {
  return blocks.flatMap((block) => (block["type"] === type ? (textOf(block[member]) ?? []) : []));
}

import type { ConversationModel } from "../../catalog/conversation-model.ts";
import { type Block, isCachePoint } from "../conversation/block.ts";
import type { Form } from "../conversation/form.ts";
import { legalMessagesId, legalToolName } from "../conversation/legal-name.ts";
import { mediaBlock } from "./media.ts";

/** Longer names of tools are refused. https://platform.claude.com/docs/en/api/messages */
const LONGEST_NAME = 128;

/** How Anthropic's Messages spells a conversation. */
export function messagesForm(model: Pick<ConversationModel, "images" | "documents">): Form {
  return { ...FORM, media: (part, losses) => mediaBlock(part, model, losses) };
}

const FORM: Omit<Form, "media"> = {
  api: "Messages",
  noneChoice: true,
  toolName: (name) => legalToolName(name, LONGEST_NAME),
  callId: legalMessagesId,
  text,
  toolUse: (id, name, input) => ({
    kind: "tool-use",
    json: `{"type":"tool_use","id":"${id}","name":"${name}","input":${input}}`,
  }),
  toolResult: (id, content, isError) => ({
    kind: "tool-result",
    json: `{"type":"tool_result","tool_use_id":"${id}","content":${joinBlocks(content)}${isError ? ',"is_error":true' : ""}}`,
  }),
  // Results are texts, also where they are JSON.
  json: text,
  thought: (thinking, signature) => ({
    kind: "reasoning",
    json: `{"type":"thinking","thinking":${JSON.stringify(thinking)},"signature":${JSON.stringify(signature)}}`,
  }),
  redactedThought: (data) => ({
    kind: "reasoning",
    json: `{"type":"redacted_thinking","data":${JSON.stringify(data)}}`,
  }),
  tool: ({ name, description, schema, strict }) => ({
    kind: "tool-use",
    json: `{"name":"${name}"${description === undefined ? "" : `,"description":${JSON.stringify(description)}`},"input_schema":${JSON.stringify(schema)}${strict ? ',"strict":true' : ""}}`,
  }),
};

function text(words: string): Block {
  return { kind: "text", json: `{"type":"text","text":${JSON.stringify(words)}}` };
}

/**
 * Blocks as a list. A cache point is a mark on the block before it, which there is: points were put where they may stand.
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
export function joinBlocks(blocks: readonly Block[]): string {
  let joined = "";
  for (const [index, block] of blocks.entries()) {
    if (isCachePoint(block)) continue;
    const next = blocks[index + 1];
    const json = next !== undefined && isCachePoint(next) ? marked(block.json, next.ttl) : block.json;
    joined += joined === "" ? json : `,${json}`;
  }
  return `[${joined}]`;
}

/** @param ttl  five minutes where nothing is said */
function marked(json: string, ttl: "5m" | "1h" | undefined): string {
  const mark = ttl === undefined ? '{"type":"ephemeral"}' : `{"type":"ephemeral","ttl":"${ttl}"}`;
  return `${json.slice(0, -1)},"cache_control":${mark}}`;
}

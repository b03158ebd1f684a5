import type { BedrockModel } from "../../../../catalog/bedrock-models.ts";
import { redactedBytes } from "../../../../core/bedrock-redacted.ts";
import { type Block, isCachePoint } from "../../../conversation/block.ts";
import type { Form, WireTool } from "../../../conversation/form.ts";
import { legalCallId, legalToolName, nineCharacterId } from "../../../conversation/legal-name.ts";
import { DocumentNames } from "./document-names.ts";
import { mediaBlock } from "./media.ts";

/**
 * How Converse spells a conversation. One for each request: names of documents must differ within it.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlock.html
 */
export function converseForm(model: BedrockModel): Form {
  const documents = new DocumentNames();
  return {
    ...FORM,
    callId: model.toolIds === "nine" ? nineCharacterId : legalCallId,
    media: (part, losses) => mediaBlock(part, model, documents, losses),
  };
}

const FORM: Omit<Form, "callId" | "media"> = {
  api: "Converse",
  noneChoice: false,
  toolName: (name) => legalToolName(name),
  text: (text) => ({ kind: "text", json: `{"text":${JSON.stringify(text)}}` }),
  toolUse: (id, name, input) => ({
    kind: "tool-use",
    json: `{"toolUse":{"toolUseId":${JSON.stringify(id)},"name":"${name}","input":${input}}}`,
  }),
  toolResult: (id, content, isError) => ({
    kind: "tool-result",
    json: `{"toolResult":{"toolUseId":${JSON.stringify(id)},"content":${joinBlocks(content)}${isError ? ',"status":"error"' : ""}}}`,
  }),
  json: (object) => ({ kind: "text", json: `{"json":${object}}` }),
  thought: (text, signature) => ({
    kind: "reasoning",
    json: `{"reasoningContent":{"reasoningText":{"text":${JSON.stringify(text)},"signature":${JSON.stringify(signature)}}}}`,
  }),
  redactedThought: (data) => ({
    kind: "reasoning",
    json: `{"reasoningContent":{"redactedContent":"${redactedBytes(data).toString("base64")}"}}`,
  }),
  tool: ({ name, description, schema, strict }: WireTool) => ({
    kind: "tool-use",
    json: `{"toolSpec":{"name":"${name}"${description === undefined ? "" : `,"description":${JSON.stringify(description)}`},"inputSchema":{"json":${JSON.stringify(schema)}}${strict ? ',"strict":true' : ""}}}`,
  }),
};

/** Blocks as a list. A cache point is a block of its own; without a time it is five minutes, also where a model knows no times. */
export function joinBlocks(blocks: readonly Block[]): string {
  return `[${blocks.map((block) => (isCachePoint(block) ? (block.ttl === "1h" ? ONE_HOUR : FIVE_MINUTES) : block.json)).join(",")}]`;
}

const ONE_HOUR = '{"cachePoint":{"type":"default","ttl":"1h"}}';
const FIVE_MINUTES = '{"cachePoint":{"type":"default"}}';

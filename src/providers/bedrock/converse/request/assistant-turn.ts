import type { ChatPart, RedactedReasoningPart, ReasoningPart, ToolCallPart } from "../../../../core/chat.ts";
import { brief } from "../../../../core/text.ts";
import { type Block, isBlank, textBlock } from "./block.ts";
import { jsonObject } from "./json-object.ts";
import { redactedBytes } from "../../../../core/bedrock-redacted.ts";
import type { Writing } from "./writing.ts";

/** What the assistant said, in order; empty where nothing of it may come back. */
export function assistantBlocks(parts: readonly ChatPart[], writing: Writing): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    const block = assistantBlock(part, writing);
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

function assistantBlock(part: ChatPart, writing: Writing): Block | undefined {
  switch (part.type) {
    case "text":
      return isBlank(part.text) ? undefined : textBlock(part.text);
    case "tool-call":
      return toolUseBlock(part, writing);
    case "reasoning":
    case "redacted-reasoning":
      return thoughtBlock(part, writing);
    case "cache-point":
      return writing.cachePoint(part.ttl);
    case "opaque":
      writing.losses.refuse(part.name, "has no place in Converse");
      return undefined;
    case "image":
    case "document":
    case "audio":
    case "video":
    case "tool-result":
      writing.losses.refuse(`${part.type} of the assistant`, "stands in user messages alone in Converse");
      return undefined;
    default:
      return part satisfies never;
  }
}

/** Arguments stand as they came: read and written again, long numbers would change. */
function toolUseBlock({ id, name, input }: ToolCallPart, writing: Writing): Block | undefined {
  const { losses, model, names, ids, called } = writing;
  if (!model.tools) {
    losses.refuse("tools", "are not known to this model, and the conversation has calls of some");
    return undefined;
  }
  const object = jsonObject(input);
  if (object === undefined) losses.refuse(`arguments of ${brief(name, 64)}`, "are no JSON object");
  const wireName = names.wire(name);
  called.add(wireName);
  const json = `{"toolUse":{"toolUseId":${JSON.stringify(ids.call(id))},"name":"${wireName}","input":${object ?? "{}"}}}`;
  return { kind: "tool-use", json };
}

/**
 * A thought goes back to the model that made it and proves that it is its own; what another has thought is no part of the
 * conversation. A signature alone, with no text, is a thought that a model does not show, and belongs to it all the same.
 */
function thoughtBlock(
  part: ReasoningPart | RedactedReasoningPart,
  { model, withoutThoughts }: Writing,
): Block | undefined {
  if (withoutThoughts || !model.acceptsReasoningBack) return undefined;
  if (part.type === "redacted-reasoning") {
    const bytes = redactedBytes(part.data).toString("base64");
    return { kind: "reasoning", json: `{"reasoningContent":{"redactedContent":"${bytes}"}}` };
  }
  if (part.signature === undefined || part.signature === "") return undefined;
  const text = JSON.stringify(part.text);
  const signature = JSON.stringify(part.signature);
  return {
    kind: "reasoning",
    json: `{"reasoningContent":{"reasoningText":{"text":${text},"signature":${signature}}}}`,
  };
}

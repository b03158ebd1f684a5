import type { ChatPart, RedactedReasoningPart, ReasoningPart, ToolCallPart } from "../../core/chat.ts";
import { brief } from "../../core/text.ts";
import { type Block, isBlank } from "./block.ts";
import { isResponsesSignature } from "../openai-responses/thought-signature.ts";
import { jsonObject } from "./json-object.ts";
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
      return isBlank(part.text) ? undefined : writing.form.text(part.text);
    case "tool-call":
      return toolUseBlock(part, writing);
    case "reasoning":
    case "redacted-reasoning":
      return thoughtBlock(part, writing);
    case "cache-point":
      return writing.cachePoint(part.ttl);
    case "opaque":
      writing.losses.refuse(part.name, `has no place in ${writing.form.api}`);
      return undefined;
    case "image":
    case "document":
    case "audio":
    case "video":
    case "tool-result":
      writing.losses.refuse(
        `${part.type} of the assistant`,
        `stands in user messages alone in ${writing.form.api}`,
      );
      return undefined;
    default:
      return part satisfies never;
  }
}

/** Arguments stand as they came: read and written again, long numbers would change. */
function toolUseBlock({ id, name, input }: ToolCallPart, writing: Writing): Block | undefined {
  const { losses, model, names, ids, called, form } = writing;
  if (!model.tools) {
    losses.refuse("tools", "are not known to this model, and the conversation has calls of some");
    return undefined;
  }
  const object = jsonObject(input);
  if (object === undefined) losses.refuse(`arguments of ${brief(name, 64)}`, "are no JSON object");
  const wireName = names.wire(name);
  called.add(wireName);
  return form.toolUse(ids.call(id), wireName, object ?? "{}");
}

/**
 * A thought goes back to the model that made it and proves that it is its own; what another has thought is no part of the
 * conversation. A signature alone, with no text, is a thought that a model does not show, and belongs to it all the same.
 */
function thoughtBlock(
  part: ReasoningPart | RedactedReasoningPart,
  { model, withoutThoughts, form }: Writing,
): Block | undefined {
  if (withoutThoughts || !model.acceptsReasoningBack) return undefined;
  if (part.type === "redacted-reasoning") return form.redactedThought(part.data);
  if (part.signature === undefined || part.signature === "") return undefined;
  // It says whose it is, and that is none of Claude's or Bedrock's.
  if (isResponsesSignature(part.signature)) return undefined;
  return form.thought(part.text, part.signature);
}

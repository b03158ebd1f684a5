import type { ReasoningPart, RedactedReasoningPart } from "../../core/chat.ts";
import { contentText, fieldsOf, listOf, textOf, type Fields } from "./fields.ts";

/**
 * What a message or a delta says of the model's thoughts: signed blocks as gateways such as LiteLLM and this one send
 * them, or a text under one of the two names that engines use.
 */
export function readThoughts(fields: Fields): (ReasoningPart | RedactedReasoningPart)[] {
  const blocks = listOf(fields["thinking_blocks"]);
  if (blocks.length > 0) return blocks.flatMap((block) => readBlock(fieldsOf(block)) ?? []);
  const text = contentText(fields["reasoning_content"]) || contentText(fields["reasoning"]);
  return text === "" ? [] : [{ type: "reasoning", text, signature: undefined }];
}

function readBlock(block: Fields | undefined): ReasoningPart | RedactedReasoningPart | undefined {
  const data = textOf(block?.["data"]);
  if (data !== undefined) return { type: "redacted-reasoning", data };
  const text = textOf(block?.["thinking"]) ?? "";
  const signature = textOf(block?.["signature"]);
  return text === "" && signature === undefined ? undefined : { type: "reasoning", text, signature };
}

import type { ChatPart } from "../../../core/chat.ts";
import { type Block, isBlank, textBlock } from "./block.ts";
import type { Writing } from "./writing.ts";

/** Blocks of the system prompt, or of a system message in the middle: text and cache points are all that they hold. */
export function systemBlocks(parts: readonly ChatPart[], writing: Writing): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    if (part.type === "text") {
      if (!isBlank(part.text)) blocks.push(textBlock(part.text));
    } else if (part.type === "cache-point") blocks.push(writing.cachePoint(part.ttl));
    else
      writing.losses.refuse(
        part.type === "opaque" ? part.name : part.type,
        "has no place among Converse's system blocks",
      );
  }
  return blocks;
}

import type { ChatPart } from "../../core/chat.ts";
import { type Block, isBlank, pushTurn, textOf, type Turn } from "./block.ts";
import type { Form } from "./form.ts";
import type { Writing } from "./writing.ts";

/** Blocks of the system prompt, or of a system message in the middle: text and cache points are all that they hold. */
export function systemBlocks(parts: readonly ChatPart[], writing: Writing): Block[] {
  const blocks: Block[] = [];
  for (const part of parts) {
    if (part.type === "text") {
      if (!isBlank(part.text)) blocks.push(writing.form.text(part.text));
    } else if (part.type === "cache-point") blocks.push(writing.cachePoint(part.ttl));
    else
      writing.losses.refuse(
        part.type === "opaque" ? part.name : part.type,
        `has no place among ${writing.form.api}'s system blocks`,
      );
  }
  return blocks;
}

/** What the system says in the middle, where nothing but the user's turn has a place for it. */
export function markedAsSystem(text: string): string {
  return `<system>\n${text}\n</system>`;
}

/**
 * Leaves system messages where a model takes them, behind the user and before the assistant or the end, and makes the
 * others part of the user's turn.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
export function settleSystemTurns(turns: readonly Turn[], form: Form): Turn[] {
  const settled: Turn[] = [];
  for (const [index, { role, blocks }] of turns.entries()) {
    const mayStay =
      role !== "system" || (settled.at(-1)?.role === "user" && turns[index + 1]?.role !== "user");
    if (mayStay) pushTurn(settled, role, blocks);
    else
      pushTurn(
        settled,
        "user",
        blocks.map((block) => (block.kind === "text" ? form.text(markedAsSystem(textOf(block))) : block)),
      );
  }
  return settled;
}

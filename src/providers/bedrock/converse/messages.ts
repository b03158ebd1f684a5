import type { ChatRequest } from "../../../core/chat.ts";
import { assistantBlocks } from "./assistant-turn.ts";
import { type Block, isBlank, textBlock, type Turn } from "./block.ts";
import { mergeTurns } from "./merge-turns.ts";
import { partFromResults } from "./part-from-results.ts";
import { systemBlocks } from "./system.ts";
import { missingResults, userBlocks } from "./user-turn.ts";
import type { Writing } from "./writing.ts";

/** Where Converse wants a turn and there is nothing to say. */
const PLACEHOLDER = ".";

export interface Conversation {
  readonly system: Block[];
  readonly turns: Turn[];
}

/**
 * The conversation as Converse takes it: it begins with the user, roles alternate, no message is empty, and the results of
 * a turn's calls stand in the one message after it.
 */
export function writeMessages(chat: ChatRequest, writing: Writing): Conversation {
  const { leading, turns: merged } = mergeTurns(chat.messages, writing.model.midSystem);
  const system = systemBlocks([...chat.system, ...leading], writing);
  const turns: Turn[] = [];
  for (const { role, parts } of merged) {
    if (role === "assistant") {
      writing.ids.beginTurn();
      push(turns, role, assistantBlocks(parts, writing));
    } else if (role === "system") push(turns, role, systemBlocks(parts, writing));
    else {
      const blocks = userBlocks(parts, writing);
      const isNeeded = blocks.length === 0 && turns.at(-1)?.role !== "user";
      push(turns, role, isNeeded ? [textBlock(PLACEHOLDER)] : blocks);
    }
  }
  push(turns, "user", missingResults(writing));
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", blocks: [textBlock(PLACEHOLDER)] });
  if (turns.at(-1)?.role === "assistant") endWithUser(turns, writing);
  return { system, turns: partFromResults(turns, writing.model) };
}

function push(turns: Turn[], role: Turn["role"], blocks: readonly Block[]): void {
  if (blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === role) last.blocks.push(...blocks);
  else turns.push({ role, blocks: [...blocks] });
}

/** A conversation that ends with the assistant: the beginning of its answer, for models that go on from there. */
function endWithUser(turns: Turn[], { model, losses }: Writing): void {
  if (model.prefill) {
    trimEnd(turns.at(-1)?.blocks ?? []);
    return;
  }
  losses.drop(
    "messages",
    "end with the assistant's words, which this model does not go on from; it is asked to continue",
  );
  turns.push({ role: "user", blocks: [textBlock("Please continue.")] });
}

/** "final assistant content cannot end with trailing whitespace" */
function trimEnd(blocks: Block[]): void {
  const last = blocks.at(-1);
  if (last?.kind !== "text") return;
  const { text } = JSON.parse(last.json) as { text: string };
  const trimmed = text.trimEnd();
  if (trimmed !== text && !isBlank(trimmed)) blocks[blocks.length - 1] = textBlock(trimmed);
}

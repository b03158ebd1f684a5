import { append } from "../../core/append.ts";
import type { ChatRequest } from "../../core/chat.ts";
import { assistantBlocks } from "./assistant-turn.ts";
import { type Block, isBlank, isCachePoint, pushTurn, textOf, type Turn } from "./block.ts";
import type { Form } from "./form.ts";
import { mergeTurns } from "./merge-turns.ts";
import { partFromResults } from "./part-from-results.ts";
import { settleSystemTurns, systemBlocks } from "./system.ts";
import { missingResults, userBlocks } from "./user-turn.ts";
import type { Writing } from "./writing.ts";

/** Where the upstream wants a turn and there is nothing to say. */
const PLACEHOLDER = ".";

export interface Conversation {
  readonly system: Block[];
  readonly turns: Turn[];
}

/**
 * The conversation as Claude and Bedrock take it: it begins with the user, roles alternate, no message is empty, and the results of
 * a turn's calls stand in the one message after it.
 */
export function writeMessages(chat: ChatRequest, writing: Writing): Conversation {
  const { form } = writing;
  const { leading, turns: merged } = mergeTurns(chat.messages, writing.model.midSystem);
  const system = systemBlocks([...chat.system, ...leading], writing);
  let turns: Turn[] = [];
  const add = (role: Turn["role"], blocks: readonly Block[]): void => {
    // Cache points alone make no message: they belong to the end of what is before them.
    if (blocks.every(isCachePoint)) append(turns.at(-1)?.blocks ?? system, blocks);
    else pushTurn(turns, role, blocks);
  };
  for (const { role, parts } of merged) {
    if (role === "assistant") {
      writing.ids.beginTurn();
      add(role, assistantBlocks(parts, writing));
    } else if (role === "system") add(role, systemBlocks(parts, writing));
    else {
      add(role, userBlocks(parts, writing));
      if (lastSpeaker(turns) !== "user") add(role, [form.text(PLACEHOLDER)]);
    }
  }
  pushTurn(turns, "user", missingResults(writing));
  if (writing.model.midSystem) turns = settleSystemTurns(turns, form);
  if (turns[0]?.role !== "user") turns.unshift({ role: "user", blocks: [form.text(PLACEHOLDER)] });
  if (turns.at(-1)?.role === "assistant") endWithUser(turns, writing);
  return { system, turns: partFromResults(turns, writing.model, form) };
}

function lastSpeaker(turns: readonly Turn[]): Turn["role"] | undefined {
  return turns.findLast(({ role }) => role !== "system")?.role;
}

/** A conversation that ends with the assistant: the beginning of its answer, for models that go on from there. */
function endWithUser(turns: Turn[], { model, losses, form }: Writing): void {
  if (model.prefill) {
    trimEnd(turns.at(-1)?.blocks ?? [], form);
    return;
  }
  losses.drop(
    "messages",
    "end with the assistant's words, which this model does not go on from; it is asked to continue",
  );
  turns.push({ role: "user", blocks: [form.text("Please continue.")] });
}

/** "final assistant content cannot end with trailing whitespace" */
function trimEnd(blocks: Block[], form: Form): void {
  const last = blocks.at(-1);
  if (last?.kind !== "text") return;
  const text = textOf(last);
  const trimmed = text.trimEnd();
  if (trimmed !== text && !isBlank(trimmed)) blocks[blocks.length - 1] = form.text(trimmed);
}

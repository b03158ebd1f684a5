import type { ConversationModel } from "../../catalog/conversation-model.ts";
import { type Block, isCachePoint, type Turn } from "./block.ts";
import type { Form } from "./form.ts";

/**
 * Some models want results of tools alone in their message. What comes beside them follows in another, with a word of the
 * assistant's between, because Bedrock merges messages of one role.
 * https://github.com/pydantic/pydantic-ai/pull/6098
 */
export function partFromResults(turns: Turn[], { toolResults }: ConversationModel, form: Form): Turn[] {
  const mayStandBeside = (block: Block): boolean =>
    block.kind === "tool-result" ||
    isCachePoint(block) ||
    (toolResults.beside as readonly string[]).includes(block.kind);
  const fits = ({ blocks }: Turn): boolean =>
    blocks.every(mayStandBeside) || !blocks.some(({ kind }) => kind === "tool-result");
  return turns.every(fits) ? turns : turns.flatMap((turn) => (fits(turn) ? [turn] : parted(turn, form)));
}

function parted({ role, blocks }: Turn, form: Form): Turn[] {
  const last = blocks.findLastIndex(({ kind }) => kind === "tool-result");
  const next = blocks.findIndex((block, index) => index > last && !isCachePoint(block));
  return [
    { role, blocks: blocks.slice(0, next) },
    { role: "assistant", blocks: [form.text("Understood.")] },
    { role, blocks: blocks.slice(next) },
  ];
}

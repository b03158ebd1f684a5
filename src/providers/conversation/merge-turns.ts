import { append } from "../../core/append.ts";
import { isBlank } from "./block.ts";
import { markedAsSystem } from "./system.ts";
import type { CachePoint, ChatMessage, ChatPart, OpaquePart, TextPart } from "../../core/chat.ts";

/** Consecutive messages of one role, as one. */
export interface MergedTurn {
  readonly role: ChatMessage["role"];
  readonly parts: ChatPart[];
}

export interface MergedTurns {
  /** System messages before all others: they are the system prompt, which has a place of its own. */
  readonly leading: readonly (TextPart | CachePoint | OpaquePart)[];
  readonly turns: readonly MergedTurn[];
}

/**
 * Brings messages of one role together. A system message in the middle keeps its role where the model knows such and it
 * follows the user, as it must; elsewhere it becomes marked text of the user's: hoisted to the beginning, it would mean
 * something else.
 */
export function mergeTurns(messages: readonly ChatMessage[], midSystem: boolean): MergedTurns {
  const leading: (TextPart | CachePoint | OpaquePart)[] = [];
  const turns: MergedTurn[] = [];
  for (const { role, parts } of messages) {
    const last = turns.at(-1);
    if (role !== "system") addTurn(turns, role, parts);
    else if (last === undefined) append(leading, systemParts(parts));
    else if (midSystem && last.role !== "assistant") addTurn(turns, "system", parts);
    else addTurn(turns, "user", parts.map(marked));
  }
  return { leading, turns };
}

function addTurn(turns: MergedTurn[], role: MergedTurn["role"], parts: readonly ChatPart[]): void {
  const last = turns.at(-1);
  if (last?.role === role) append(last.parts, parts);
  else turns.push({ role, parts: [...parts] });
}

function systemParts(parts: readonly ChatPart[]): (TextPart | CachePoint | OpaquePart)[] {
  return parts.map((part) =>
    part.type === "text" || part.type === "cache-point" || part.type === "opaque"
      ? part
      : { type: "opaque", name: `${part.type} in a system message` },
  );
}

/** Blank text stays blank, so that it falls away with other blank text. */
function marked(part: ChatPart): ChatPart {
  return part.type === "text" && !isBlank(part.text)
    ? { type: "text", text: markedAsSystem(part.text) }
    : part;
}

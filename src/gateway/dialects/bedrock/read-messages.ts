import type { ChatMessage, ChatPart } from "../../../core/chat.ts";
import { briefList } from "../brief-list.ts";
import { elementFields, requiredList, requiredText } from "../fields.ts";
import type { BlockReader } from "./read-blocks.ts";
import { emptyContent, memberPath, refused, violation } from "./refusals.ts";

/** Messages, and whether their tools' results are those of the calls before them. */
export function readMessages(list: readonly unknown[], blocks: BlockReader): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let calls: readonly string[] = [];
  for (let index = 0; index < list.length; index++) {
    const place = `messages.${index}`;
    const message = readMessage(list[index], place, blocks);
    messages.push(message);
    // Instructions may stand between calls and results.
    if (message.role === "system") continue;
    checkResults(message, calls, place);
    calls = message.role === "assistant" ? idsOf(message.parts, "tool-call") : [];
  }
  if (calls.length > 0) throw unanswered(calls, `messages.${list.length}`);
  return messages;
}

function readMessage(value: unknown, place: string, blocks: BlockReader): ChatMessage {
  const fields = elementFields(value, place);
  const role = requiredText(fields, "role", place);
  if (role !== "user" && role !== "assistant" && role !== "system")
    throw violation(role, memberPath(`${place}.role`), "satisfy enum value set: [user, assistant, system]");
  const content = requiredList(fields, "content", place);
  if (content.length === 0) throw emptyContent(place);
  const parts: ChatPart[] = [];
  for (let index = 0; index < content.length; index++) {
    const at = `${place}.content.${index}`;
    const part = blocks.read(content[index], at);
    checkSpeaker(part, role, at);
    parts.push(part);
  }
  return { role, parts };
}

/** Every call of the turn before has its result here, and nothing else has. */
function checkResults(message: ChatMessage, calls: readonly string[], place: string): void {
  const results = idsOf(message.parts, "tool-result");
  if (results.length === 0 && calls.length === 0) return;
  if (results.length > calls.length)
    throw refused(
      `The number of toolResult blocks at ${place}.content exceeds the number of toolUse blocks of previous turn`,
    );
  const answered = new Set(results);
  const missing = calls.filter((id) => !answered.has(id));
  if (missing.length > 0) throw unanswered(missing, place);
}

function unanswered(ids: readonly string[], place: string): Error {
  return refused(`Expected toolResult blocks at ${place}.content for the following Ids: ${briefList(ids)}`);
}

/** Blocks that only one of the two may use, and what the service calls them. */
const OWNERS: ReadonlyMap<ChatPart["type"], readonly ["user" | "assistant", string]> = new Map([
  ["image", ["user", "image"]],
  ["document", ["user", "document"]],
  ["video", ["user", "video"]],
  ["audio", ["user", "audio"]],
  ["tool-result", ["user", "toolResult"]],
  ["tool-call", ["assistant", "toolUse"]],
]);

function checkSpeaker({ type }: ChatPart, role: ChatMessage["role"], place: string): void {
  if (role === "user" && (type === "reasoning" || type === "redacted-reasoning"))
    throw refused(
      "User messages cannot contain reasoning content. Please remove the reasoning content and try again",
    );
  const [owner, kind] = OWNERS.get(type) ?? [role];
  if (owner === role) return;
  const who = { user: "User", assistant: "Assistant", system: "System" }[role];
  throw refused(
    `${who} messages cannot contain the ${kind} content block at ${place}. Remove the ${kind} content block and try again`,
  );
}

function idsOf(parts: readonly ChatPart[], type: "tool-call" | "tool-result"): readonly string[] {
  const ids: string[] = [];
  for (const part of parts) if (part.type === type) ids.push(part.id);
  return ids.length === 0 ? NONE : ids;
}

const NONE: readonly string[] = [];

import type { ChatMessage, ChatPart } from "../../../core/chat.ts";
import { brief } from "../../../core/text.ts";
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
  for (let index = 0; index < content.length; index++)
    parts.push(blocks.read(content[index], `${place}.content.${index}`));
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
  const missing = calls.filter((id) => !results.includes(id));
  if (missing.length > 0)
    throw refused(
      `Expected toolResult blocks at ${place}.content for the following Ids: ${missing.map((id) => brief(id)).join(", ")}`,
    );
}

function idsOf(parts: readonly ChatPart[], type: "tool-call" | "tool-result"): readonly string[] {
  const ids: string[] = [];
  for (const part of parts) if (part.type === type) ids.push(part.id);
  return ids.length === 0 ? NONE : ids;
}

const NONE: readonly string[] = [];

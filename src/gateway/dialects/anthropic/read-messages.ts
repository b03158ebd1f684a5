import type { CachePoint, ChatMessage, ChatPart } from "../../../core/chat.ts";
import { tellOthers } from "../fields.ts";
import { elementObject, requiredText } from "./look-ups.ts";
import { checkText, type BlockReader } from "./read-blocks.ts";
import { missing, refused, wrong } from "./refusals.ts";
import type { ToolPairs } from "./tool-pairs.ts";

const KEYS: ReadonlySet<string> = new Set(["role", "content"]);

/** @param last  the cache point of the whole request, which stands after its last message */
export function readMessages(
  list: readonly unknown[],
  blocks: BlockReader,
  pairs: ToolPairs,
  last: CachePoint | undefined,
): ChatMessage[] {
  if (list.length === 0) throw refused("messages: at least one message is required");
  const messages: ChatMessage[] = [];
  for (let index = 0; index < list.length; index++) {
    const place = `messages.${index}`;
    const message = elementObject(list[index], place);
    tellOthers(message, KEYS, place, blocks.others);
    const role = readRole(requiredText(message, "role", place), place);
    pairs.begin(role, place);
    const parts = readContent(message["content"], place, role, blocks);
    if (parts.length > 0) messages.push({ role, parts });
    // An empty turn of the assistant at the end only asks for one.
    else if (role !== "assistant" || index === 0 || index < list.length - 1)
      throw refused(
        `${place}: all messages must have non-empty content except for the optional final assistant message`,
      );
  }
  pairs.end();
  const end = messages.at(-1);
  if (last !== undefined && end !== undefined)
    messages[messages.length - 1] = { role: end.role, parts: [...end.parts, last] };
  return messages;
}

function readRole(role: string, place: string): ChatMessage["role"] {
  if (role === "user" || role === "assistant" || role === "system") return role;
  throw wrong(place, "role", "'user', 'assistant' or 'system'");
}

function readContent(
  content: unknown,
  place: string,
  role: ChatMessage["role"],
  blocks: BlockReader,
): readonly ChatPart[] {
  if (typeof content === "string") {
    if (content === "") return [];
    checkText(content, `${place}.content`, role !== "assistant");
    return [{ type: "text", text: content }];
  }
  if (content === undefined) throw missing(place, "content");
  if (!Array.isArray(content)) throw wrong(place, "content", "a valid string or list");
  const parts: ChatPart[] = [];
  for (let index = 0; index < content.length; index++)
    blocks.read(content[index], `${place}.content.${index}`, role, parts);
  return parts;
}

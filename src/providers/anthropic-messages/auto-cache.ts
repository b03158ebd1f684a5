import { parseExactly } from "../conversation/exact-json.ts";
import { asRecord, type Json } from "../json-value.ts";

export const MARK = { type: "ephemeral" };
const MARK_KEY = Buffer.from('"cache_control"');
/** Blocks that may bear no mark. https://platform.claude.com/docs/en/build-with-claude/prompt-caching#what-cannot-be-cached */
const UNMARKABLE: ReadonlySet<unknown> = new Set(["thinking", "redacted_thinking"]);

/** Whether a client has marked its prompt for the cache by itself. */
export function isMarked(body: Buffer): boolean {
  return body.includes(MARK_KEY);
}

/**
 * Marks the end of the tools, of the system or of the last message, for hosts that do not find the best places by themselves.
 *
 * @param names   which of them
 * @param textOf  a member of the body as JSON text; undefined where there is none
 * @param mark    the value of `cache_control`
 * @returns members of the body, as JSON text
 */
export function markEdits(
  names: readonly ("tools" | "system" | "messages")[],
  textOf: (name: string) => string | undefined,
  mark: unknown,
): ReadonlyMap<string, string> {
  const edits = new Map<string, string>();
  for (const name of names) {
    const text = textOf(name);
    if (text === undefined) continue;
    const value = parseExactly(text, JSON.parse(text));
    const marked = name === "messages" ? markedMessages(value, mark) : markedContent(value, mark);
    if (marked !== undefined) edits.set(name, JSON.stringify(marked));
  }
  return edits;
}

function markedMessages(messages: unknown, mark: unknown): unknown {
  if (!Array.isArray(messages)) return undefined;
  const last = asRecord(messages.at(-1));
  const content = markedContent(last?.["content"], mark);
  return content === undefined ? undefined : [...(messages as unknown[]).slice(0, -1), { ...last, content }];
}

/** A text alone, or a list of blocks or tools. */
function markedContent(content: unknown, mark: unknown): unknown {
  if (typeof content === "string")
    return content.trim() === "" ? undefined : [{ type: "text", text: content, cache_control: mark }];
  if (!Array.isArray(content)) return undefined;
  const list = content as unknown[];
  const at = list.findLastIndex((block) => isMarkable(asRecord(block)));
  return at === -1 ? undefined : list.with(at, { ...(list[at] as object), cache_control: mark });
}

function isMarkable(block: Json | undefined): boolean {
  if (block === undefined || UNMARKABLE.has(block["type"])) return false;
  return block["type"] !== "text" || (typeof block["text"] === "string" && block["text"].trim() !== "");
}

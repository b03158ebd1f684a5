import type { Inexpressible, ToolResultPart } from "../../core/chat.ts";
import { missing } from "./missing.ts";
import { writeMedia } from "./write-media.ts";

/** A tool's result as text, and the files in it as parts of a message of their own. */
export function writeResult(
  result: ToolResultPart,
  left: Inexpressible[],
): { readonly text: string; readonly files: readonly object[] } {
  const texts: string[] = [];
  const files: object[] = [];
  for (const part of result.content) {
    if (part.type === "text") texts.push(part.text);
    else if (part.type === "json") texts.push(part.json);
    else if (part.type === "opaque") left.push(missing(part.name, false));
    else if (part.type !== "cache-point") {
      const file = writeMedia(part, left);
      if (file !== undefined) files.push(file);
    }
  }
  if (files.length > 0) {
    files.unshift({ type: "text", text: `Of the result of tool call ${result.id}:` });
    texts.push("(see the message that follows)");
  }
  return { text: told(texts.join("\n"), result.isError), files };
}

/** There is no mark for a failure here, so the text says it. */
function told(text: string, isError: boolean): string {
  return isError && !/^\W*error\b/i.test(text) ? `Error: ${text}` : text;
}

import type { ChatPart, MediaPart } from "../../core/chat.ts";
import type { Losses } from "../conversation/losses.ts";
import { documentText } from "../document-text.ts";

/** Between the parts of a message, as vLLM has it where a template wants text. */
const BETWEEN = "\n";

/** What a message says, as text; what it holds beside text is refused. */
export function partsText(parts: readonly ChatPart[], losses: Losses): string {
  return parts
    .map((part) => partText(part, losses))
    .filter((text) => text !== undefined && text !== "")
    .join(BETWEEN);
}

function partText(part: ChatPart, losses: Losses): string | undefined {
  switch (part.type) {
    case "text":
      return part.text;
    case "document":
      return writeDocument(part, losses);
    case "image":
    case "audio":
    case "video":
      losses.refuse(
        part.type === "video" ? "a video" : `an ${part.type === "image" ? "image" : "audio"}`,
        "has no place in a prompt of text",
      );
      return undefined;
    case "tool-call":
      losses.refuse("a tool call", "has no place in a prompt of text");
      return undefined;
    case "tool-result":
      losses.refuse("a tool's result", "has no place in a prompt of text");
      return undefined;
    case "opaque":
      losses.refuse(part.name, "has no place in a prompt of text");
      return undefined;
    // The model that made them is another one, and engines keep their caches by themselves.
    case "reasoning":
    case "redacted-reasoning":
    case "cache-point":
      return undefined;
  }
}

function writeDocument(part: MediaPart, losses: Losses): string | undefined {
  const text = documentText(part);
  if (text === undefined)
    losses.refuse("a document", "has no place in a prompt of text, unless it is text itself");
  return text;
}

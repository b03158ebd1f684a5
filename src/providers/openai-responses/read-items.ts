import type { ReasoningPart } from "../../core/chat.ts";
import { fieldsOf, listOf, textOf, type Fields } from "../openai-chat/fields.ts";
import { toSignature } from "./thought-signature.ts";

/** What a message says; refusals are said like anything else. */
export function messageText(item: Fields): string {
  return listOf(item["content"])
    .map((part) => {
      const fields = fieldsOf(part);
      return textOf(fields?.["text"]) ?? textOf(fields?.["refusal"]) ?? "";
    })
    .join("");
}

/** A thought: what the model thought, where it shows it, else what it says that it thought. */
export function thoughtText(item: Fields): string {
  return textsOf(item["content"]) || textsOf(item["summary"]);
}

function textsOf(parts: unknown): string {
  return listOf(parts)
    .flatMap((part) => textOf(fieldsOf(part)?.["text"]) ?? [])
    .join(BETWEEN_THOUGHTS);
}

/** Between the paragraphs of a thought, which have none of their own. */
export const BETWEEN_THOUGHTS = "\n\n";

/** Undefined where the thought cannot be sent back. */
export function thoughtSignature(item: Fields): string | undefined {
  const encrypted = textOf(item["encrypted_content"]);
  return encrypted === undefined ? undefined : toSignature({ id: textOf(item["id"]) ?? "", encrypted });
}

/** @returns undefined where it says nothing and cannot be sent back */
export function readThought(item: Fields): ReasoningPart | undefined {
  const text = thoughtText(item);
  const signature = thoughtSignature(item);
  return text === "" && signature === undefined ? undefined : { type: "reasoning", text, signature };
}

import type { ChatMessage, ChatPart, ChatRequest, Inexpressible } from "../../core/chat.ts";
import { CallIds } from "./call-ids.ts";
import { missing } from "./missing.ts";
import { fromSignature } from "./thought-signature.ts";
import { writeContent, writeResult } from "./write-content.ts";

export interface InputOptions {
  /** Another model made them. */
  readonly withoutThoughts: boolean;
}

/** Instructions before the conversation; undefined where there are none. */
export function writeInstructions(chat: ChatRequest, left: Inexpressible[]): string | undefined {
  const texts = chat.system.flatMap((part) => {
    if (part.type === "opaque") left.push(missing(part.name, false));
    return part.type === "text" ? [part.text] : [];
  });
  return texts.length === 0 ? undefined : texts.join("\n\n");
}

/** The conversation as items. https://platform.openai.com/docs/api-reference/responses/create#responses-create-input */
export function writeInput(chat: ChatRequest, left: Inexpressible[], how: InputOptions): readonly object[] {
  const ids = new CallIds();
  return chat.messages.flatMap((message) => {
    if (message.role === "assistant") return assistantItems(message.parts, left, ids, how);
    return heardItems(message, left, ids);
  });
}

/** Results first, then what the user says, or what instructs the model in the middle of it all. */
function heardItems({ role, parts }: ChatMessage, left: Inexpressible[], ids: CallIds): object[] {
  const items: object[] = [];
  for (const part of parts) {
    if (part.type !== "tool-result") continue;
    items.push({
      type: "function_call_output",
      call_id: ids.result(part.id),
      output: writeResult(part, left),
    });
  }
  const content = parts.flatMap((part) => writeContent(part, left) ?? []);
  if (content.length > 0) items.push({ type: "message", role, content });
  return items;
}

function assistantItems(
  parts: readonly ChatPart[],
  left: Inexpressible[],
  ids: CallIds,
  { withoutThoughts }: InputOptions,
): object[] {
  ids.beginTurn();
  const items: object[] = [];
  let thoughts: object[] = [];
  const add = (item: object): void => {
    items.push(...thoughts, item);
    thoughts = [];
  };
  for (const part of parts) {
    // A thought without what follows from it is refused: it waits for that, and is left out where nothing comes.
    if (part.type === "reasoning") thoughts.push(...(withoutThoughts ? [] : thoughtItems(part)));
    else if (part.type === "text") {
      if (part.text !== "") add({ type: "message", role: "assistant", content: part.text });
    } else if (part.type === "tool-call") {
      const { name, input } = part;
      const args = input === "" ? "{}" : input;
      add({ type: "function_call", call_id: ids.call(part.id), name, arguments: args });
    } else if (part.type === "opaque") left.push(missing(part.name, false));
    else if ("source" in part) left.push(missing(`an assistant's ${part.type}`, false));
  }
  return items;
}

/** Only thoughts that this API made, and that it can read again, go back; others are another maker's. */
function thoughtItems({
  text,
  signature,
}: {
  readonly text: string;
  readonly signature: string | undefined;
}): object[] {
  const thought = fromSignature(signature);
  if (thought === undefined) return [];
  const summary = text === "" ? [] : [{ type: "summary_text", text }];
  return [
    {
      type: "reasoning",
      ...(thought.id !== "" && { id: thought.id }),
      summary,
      encrypted_content: thought.encrypted,
    },
  ];
}

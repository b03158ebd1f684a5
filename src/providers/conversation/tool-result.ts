import type { ConversationModel } from "../../catalog/conversation-model.ts";
import type { MediaPart, ToolResultPart } from "../../core/chat.ts";
import { type Block, isBlank } from "./block.ts";
import { jsonObject } from "./json-object.ts";
import type { Form, MediaBlock } from "./form.ts";
import type { Writing } from "./writing.ts";

const TEXT_DOCUMENTS: ReadonlySet<string> = new Set(["csv", "txt", "md", "html"]);

export interface ResultBlocks {
  /** The result, and a cache point after it where one stood inside. */
  readonly result: readonly Block[];
  /** What the model does not take inside a result: it follows in the message, and the result says so. */
  readonly attached: readonly Block[];
}

/** @param id  of the call, on the wire */
export function toolResultBlocks(part: ToolResultPart, id: string, writing: Writing): ResultBlocks {
  const { form } = writing;
  const { toolResults } = writing.model;
  const inside: Block[] = [];
  const attached: Block[] = [];
  let cachePoint: Block | undefined;
  if (part.isError && !toolResults.status) inside.push(form.text("The tool failed:"));
  for (const item of part.content) {
    if (item.type === "text") {
      if (!isBlank(item.text)) inside.push(form.text(item.text));
    } else if (item.type === "json") inside.push(jsonBlock(item.json, form));
    else if (item.type === "cache-point") cachePoint = writing.cachePoint(item.ttl);
    else if (item.type === "opaque")
      writing.losses.refuse(item.name, `has no place in a tool's result in ${form.api}`);
    else placeMedia(item, writing, inside, attached);
  }
  if (inside.length === 0) inside.push(form.text("(empty)"));
  const result = form.toolResult(id, inside, part.isError && toolResults.status);
  return { result: cachePoint === undefined ? [result] : [result, cachePoint], attached };
}

/** The service wants an object: "Provide a json object for the field and try again." */
function jsonBlock(json: string, form: Form): Block {
  return jsonObject(json) === undefined ? form.text(json) : form.json(json);
}

function placeMedia(part: MediaPart, writing: Writing, inside: Block[], attached: Block[]): void {
  const block = writing.media(part);
  if (block === undefined) return;
  if (fitsInside(block, writing.model)) {
    inside.push(block);
    return;
  }
  const label = block.name ?? `${block.kind} ${++writing.attachments}`;
  inside.push(writing.form.text(`It is attached below: ${label}`));
  attached.push(writing.form.text(`Attached to the result: ${label}`), block);
}

function fitsInside(block: MediaBlock, { toolResults }: ConversationModel): boolean {
  if (block.kind === "image") return toolResults.images;
  if (block.kind !== "document") return false;
  return (
    toolResults.documents === "all" || (toolResults.documents === "text" && TEXT_DOCUMENTS.has(block.format))
  );
}

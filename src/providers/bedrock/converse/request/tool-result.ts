import type { BedrockModel } from "../../../../catalog/bedrock-models.ts";
import type { MediaPart, ToolResultPart } from "../../../../core/chat.ts";
import { type Block, isBlank, textBlock } from "./block.ts";
import { jsonObject } from "./json-object.ts";
import type { MediaBlock } from "./media.ts";
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
  const { toolResults } = writing.model;
  const inside: Block[] = [];
  const attached: Block[] = [];
  let cachePoint: Block | undefined;
  if (part.isError && !toolResults.status) inside.push(textBlock("The tool failed:"));
  for (const item of part.content) {
    if (item.type === "text") {
      if (!isBlank(item.text)) inside.push(textBlock(item.text));
    } else if (item.type === "json") inside.push(jsonBlock(item.json));
    else if (item.type === "cache-point") cachePoint = writing.cachePoint(item.ttl);
    else if (item.type === "opaque")
      writing.losses.refuse(item.name, "has no place in a tool's result in Converse");
    else placeMedia(item, writing, inside, attached);
  }
  if (inside.length === 0) inside.push(textBlock("(empty)"));
  const status = part.isError && toolResults.status ? ',"status":"error"' : "";
  const json = `{"toolResult":{"toolUseId":${JSON.stringify(id)},"content":[${inside
    .map((block) => block.json)
    .join(",")}]${status}}}`;
  const result: Block = { kind: "tool-result", json };
  return { result: cachePoint === undefined ? [result] : [result, cachePoint], attached };
}

/** The service wants an object: "Provide a json object for the field and try again." */
function jsonBlock(json: string): Block {
  return jsonObject(json) === undefined ? textBlock(json) : { kind: "text", json: `{"json":${json}}` };
}

function placeMedia(part: MediaPart, writing: Writing, inside: Block[], attached: Block[]): void {
  const block = writing.media(part);
  if (block === undefined) return;
  if (fitsInside(block, writing.model)) {
    inside.push(block);
    return;
  }
  const label = block.name ?? `${block.kind} ${++writing.attachments}`;
  inside.push(textBlock(`It is attached below: ${label}`));
  attached.push(textBlock(`Attached to the result: ${label}`), block);
}

function fitsInside(block: MediaBlock, { toolResults }: BedrockModel): boolean {
  if (block.kind === "image") return toolResults.images;
  if (block.kind !== "document") return false;
  return (
    toolResults.documents === "all" || (toolResults.documents === "text" && TEXT_DOCUMENTS.has(block.format))
  );
}

import type { MediaPart } from "../../core/chat.ts";
import type { Block } from "./block.ts";
import type { Losses } from "./losses.ts";

/**
 * How an upstream API spells what this folder has put in order. Converse and Messages have the same rules, because the one
 * hands its conversations on to the models of the other; they differ in words.
 */
export interface Form {
  /** As refusals call it: "Converse". */
  readonly api: string;
  /** Whether it can be said beside tools that none of them may be called. */
  readonly noneChoice: boolean;
  /** The name as the wire takes it; the same name always becomes the same, and no two names become one. */
  toolName(name: string): string;
  /** The id as the wire takes it. */
  callId(id: string): string;
  text(text: string): Block;
  /** @param input  a JSON object, as text */
  toolUse(id: string, name: string, input: string): Block;
  toolResult(id: string, content: readonly Block[], isError: boolean): Block;
  /** A JSON object within a result. */
  json(object: string): Block;
  thought(text: string, signature: string): Block;
  redactedThought(data: string): Block;
  tool(tool: WireTool): Block;
  /** @returns undefined where it cannot be said; that is among the losses then */
  media(part: MediaPart, losses: Losses): MediaBlock | undefined;
}

export interface WireTool {
  readonly name: string;
  readonly description: string | undefined;
  readonly schema: object;
  readonly strict: boolean;
}

export interface MediaBlock extends Block {
  readonly kind: MediaPart["type"];
  /** As Converse calls it: `png`, `pdf`, `txt`. */
  readonly format: string;
  /** Of a document. */
  readonly name: string | undefined;
}

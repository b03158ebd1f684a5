import { append } from "../../core/append.ts";

/** What a content block holds, as far as its place among others depends on it. */
export type BlockKind =
  | "text"
  | "reasoning"
  | "image"
  | "document"
  | "video"
  | "audio"
  | "tool-use"
  | "tool-result"
  | "cache-point";

/**
 * A block of a list of content, system or tools. It is written as soon as it is known, so that the JSON of
 * clients stands in the body digit by digit as it came; a cache point has no text of its own before its place is settled.
 */
export interface Block {
  readonly kind: BlockKind;
  readonly json: string;
}

export interface CachePointBlock extends Block {
  readonly kind: "cache-point";
  readonly ttl: "5m" | "1h" | undefined;
}

/** A message under construction. */
export interface Turn {
  readonly role: "user" | "assistant" | "system";
  readonly blocks: Block[];
}

/** The text of a block of kind `text`; in every form it stands under the same name. */
export function textOf(block: Block): string {
  return (JSON.parse(block.json) as { readonly text: string }).text;
}

export function cachePointBlock(ttl: "5m" | "1h" | undefined): CachePointBlock {
  return { kind: "cache-point", json: "", ttl };
}

export function isCachePoint(block: Block): block is CachePointBlock {
  return block.kind === "cache-point";
}

/** Whether Claude and Bedrock would refuse it: "The text field in the ContentBlock object … is blank." */
export function isBlank(text: string): boolean {
  return !/\S/.test(text);
}

/** Adds to the last turn where it has the same role; nothing makes no turn. */
export function pushTurn(turns: Turn[], role: Turn["role"], blocks: readonly Block[]): void {
  if (blocks.length === 0) return;
  const last = turns.at(-1);
  if (last?.role === role) append(last.blocks, blocks);
  else turns.push({ role, blocks: [...blocks] });
}

import type { ChatPart, ToolResultPart } from "../../core/chat.ts";
import { brief } from "../../core/text.ts";
import { type Block, isBlank } from "./block.ts";
import { toolResultBlocks } from "./tool-result.ts";
import type { Writing } from "./writing.ts";

/** A user message by the places of its blocks. */
interface UserBlocks {
  /** Cache points that come before anything. */
  readonly first: Block[];
  readonly results: Block[];
  /** What belongs to results and cannot stand in them. */
  readonly attached: Block[];
  readonly rest: Block[];
}

/**
 * A user's turn: results of tools first, as they must be, then the rest in order. A call that has no result gets one
 * that says so.
 */
export function userBlocks(parts: readonly ChatPart[], writing: Writing): Block[] {
  const places: UserBlocks = { first: [], results: [], attached: [], rest: [] };
  // A cache point follows what it stands behind.
  let last = places.first;
  for (const part of parts) {
    if (part.type === "cache-point") last.push(writing.cachePoint(part.ttl));
    else last = place(part, places, writing) ?? last;
  }
  places.results.push(...missingResults(writing));
  const { first, results, attached, rest } = places;
  const blocks = [...first, ...results, ...attached, ...rest];
  const hasLoneDocument =
    blocks.some(({ kind }) => kind === "document") && !blocks.some(({ kind }) => kind === "text");
  if (hasLoneDocument) blocks.push(writing.form.text("The document is attached."));
  return blocks;
}

/** Results for the calls of the turn before that have none: one is expected for each. */
export function missingResults({ ids, losses, form }: Writing): Block[] {
  return ids.takeUnanswered().map(({ id, wire }) => {
    losses.drop(`tool call ${brief(id, 64)}`, "has no result; one that says so stands in for it");
    return form.toolResult(wire, [form.text("The tool gave no result.")], false);
  });
}

/** @returns where it was put */
function place(part: ChatPart, places: UserBlocks, writing: Writing): Block[] | undefined {
  switch (part.type) {
    case "text":
      if (isBlank(part.text)) return undefined;
      places.rest.push(writing.form.text(part.text));
      return places.rest;
    case "tool-result":
      return placeResult(part, places, writing);
    case "image":
    case "document":
    case "audio":
    case "video": {
      const block = writing.media(part);
      if (block === undefined) return undefined;
      places.rest.push(block);
      return places.rest;
    }
    case "opaque":
      writing.losses.refuse(part.name, `has no place in ${writing.form.api}`);
      return undefined;
    case "cache-point":
    case "tool-call":
    case "reasoning":
    case "redacted-reasoning":
      writing.losses.refuse(
        `${part.type} of the user`,
        `stands in assistant messages alone in ${writing.form.api}`,
      );
      return undefined;
    default:
      return part satisfies never;
  }
}

function placeResult(part: ToolResultPart, places: UserBlocks, writing: Writing): Block[] | undefined {
  if (!writing.model.tools) {
    writing.losses.refuse("tools", "are not known to this model, and the conversation has calls of some");
    return undefined;
  }
  const id = writing.ids.result(part.id);
  if (id === undefined) {
    writing.losses.refuse(
      `tool result ${brief(part.id, 64)}`,
      "belongs to no call of the assistant's turn before it",
    );
    return undefined;
  }
  const { result, attached } = toolResultBlocks(part, id, writing);
  places.results.push(...result);
  places.attached.push(...attached);
  return places.results;
}

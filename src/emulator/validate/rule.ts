import type { IssuedReasoning } from "../answer/issued-reasoning.ts";
import type { ContentBlock, ConverseRequest, Message } from "../converse-request.ts";
import type { Resolved } from "../models/resolve.ts";

/** A request that fits the shapes, with what rules go by. */
export interface Checked {
  readonly request: ConverseRequest;
  readonly resolved: Resolved;
  readonly streams: boolean;
  readonly issued: IssuedReasoning;
}

/** @returns what the service says against a request; undefined where it has nothing against it */
export type Rule = (checked: Checked) => string | undefined;

/** A block with its place, `messages.0.content.1`. */
export interface Placed {
  readonly block: ContentBlock;
  readonly place: string;
  readonly message: Message;
  /** Index of the message. */
  readonly index: number;
  /** Index within the message. */
  readonly at: number;
}

export function placedBlocks({ messages = [] }: ConverseRequest): Placed[] {
  return messages.flatMap((message, index) =>
    message.content.map((block, at) => ({
      block,
      place: `messages.${index}.content.${at}`,
      message,
      index,
      at,
    })),
  );
}

/** The first thing that one of the rules says. */
export function firstOf(rules: readonly Rule[], checked: Checked): string | undefined {
  for (const rule of rules) {
    const said = rule(checked);
    if (said !== undefined) return said;
  }
  return undefined;
}

/** The first thing that is said of one of the elements. */
export function firstSaid<T>(
  elements: readonly T[],
  say: (element: T, index: number) => string | undefined,
): string | undefined {
  for (const [index, element] of elements.entries()) {
    const said = say(element, index);
    if (said !== undefined) return said;
  }
  return undefined;
}

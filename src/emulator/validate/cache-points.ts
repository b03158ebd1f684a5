import type { CachePoint, ConverseRequest } from "../converse-request.ts";
import { firstSaid, type Rule } from "./rule.ts";

/** Where Bedrock itself lets no cache point stand; number and order of their times are the model's affair. */
export const CACHE_POINT_RULES: readonly Rule[] = [
  ({ request: { messages = [] } }) =>
    firstSaid(messages, ({ content }) =>
      content[0]?.cachePoint === undefined ? undefined : "There is nothing available to cache.",
    ),
  ({ request: { system = [] } }) =>
    system[0]?.cachePoint === undefined ? undefined : "There is nothing available to cache.",
  ({ request }) =>
    request.toolConfig?.tools[0]?.cachePoint === undefined
      ? undefined
      : "There is nothing available to cache.",
  ({ request: { messages = [] } }) =>
    firstSaid(messages, ({ content }) =>
      content.some(
        ({ cachePoint }, at) => cachePoint !== undefined && content[at - 1]?.reasoningContent !== undefined,
      )
        ? "Cache point cannot be inserted after reasoning block. Please remove the invalid cache point and try again."
        : undefined,
    ),
];

export interface PlacedCachePoint {
  readonly point: CachePoint;
  /** As Anthropic names the block that carries it. */
  readonly place: string;
}

/** All of them in the order in which they are processed: tools, system, messages. */
export function cachePointsOf({
  toolConfig,
  system = [],
  messages = [],
}: ConverseRequest): PlacedCachePoint[] {
  const placed = (
    blocks: readonly { readonly cachePoint?: CachePoint }[],
    place: (before: number) => string,
  ): PlacedCachePoint[] => {
    let before = -1;
    return blocks.flatMap(({ cachePoint }) => {
      if (cachePoint !== undefined) return [{ point: cachePoint, place: place(Math.max(0, before)) }];
      before++;
      return [];
    });
  };
  return [
    ...placed(toolConfig?.tools ?? [], (at) => `tools.${at}`),
    ...placed(system, (at) => `system.${at}`),
    ...messages.flatMap(({ content }, index) => placed(content, (at) => `messages.${index}.content.${at}`)),
  ];
}

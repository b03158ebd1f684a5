import { append } from "../../core/append.ts";
import type { ConversationModel } from "../../catalog/conversation-model.ts";
import { type Block, type CachePointBlock, cachePointBlock, isCachePoint } from "./block.ts";
import type { Losses } from "./losses.ts";

const NAME = "cache_control";

/**
 * Puts cache points where Claude and Bedrock take them: behind a block, not first in a list, not behind a thought, longer ones before
 * shorter ones, no more than are allowed. A point that may not stand where it is moves towards the beginning, to the nearest
 * place where it may; less is cached then, and never something else.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 *
 * @param tools  are changed, as is `rest`: the system and the messages, in order
 */
export function settleCachePoints(
  tools: Block[],
  rest: readonly Block[][],
  { cache }: Pick<ConversationModel, "cache">,
  losses: Losses,
): void {
  if (cache === undefined) {
    for (const list of [tools, ...rest]) removeAll(list);
    losses.drop(NAME, "has no effect: this model keeps no prompt cache by request");
    return;
  }
  if (!cache.tools && removeAll(tools)) losses.drop(NAME, "may not stand among the tools of this model");
  const lists = cache.tools ? [tools, ...rest] : rest;
  for (const [index, list] of lists.entries()) {
    const blocks = list.splice(0);
    for (const block of blocks) {
      if (isCachePoint(block)) lists.slice(0, index + 1).findLast((earlier) => put(block, earlier));
      else list.push(block);
    }
  }
  const [system = [], ...messages] = rest;
  limit([...messages, system, tools], cache.maxPoints, losses);
  orderTimes(lists, cache.ttl1h, losses);
}

/**
 * Marks what requests have in common where a client marked nothing: the end of the tools, of the system and of the last
 * message.
 */
export function markBeginnings(lists: readonly (Block[] | undefined)[]): void {
  for (const list of lists) if (list !== undefined && list.length > 0) list.push(cachePointBlock(undefined));
}

function removeAll(list: Block[]): boolean {
  const kept = list.filter((block) => !isCachePoint(block));
  if (kept.length === list.length) return false;
  list.splice(0, list.length, ...kept);
  return true;
}

/** @returns whether the list has a place for it; without any, there is nothing before it that could be cached */
function put(point: CachePointBlock, list: Block[]): boolean {
  const before = list.findLastIndex(({ kind }) => kind !== "reasoning");
  const block = list[before];
  if (block === undefined) return false;
  if (!isCachePoint(block)) list.splice(before + 1, 0, point);
  else if (point.ttl === "1h") list[before] = point;
  return true;
}

/**
 * The first points of a conversation go first: those of tools and system serve other conversations, and the last one serves
 * the next turn.
 *
 * @param byWorth  the lists whose points are worth least first
 */
function limit(byWorth: readonly Block[][], most: number, losses: Losses): void {
  let excess = byWorth.reduce((sum, list) => sum + list.filter(isCachePoint).length, 0) - most;
  if (excess <= 0) return;
  losses.drop(NAME, `may stand in ${most} places at most; the earliest in the messages go`);
  for (const list of byWorth) {
    if (excess <= 0) return;
    // In one pass: taking them out one by one takes the square of many.
    const kept = list.filter((block) => !isCachePoint(block) || excess-- <= 0);
    list.length = 0;
    append(list, kept);
  }
}

/** "1h" must not come after "5m", and not every model knows it. */
function orderTimes(lists: readonly Block[][], knowsHour: boolean, losses: Losses): void {
  let mayLast = knowsHour;
  for (const list of lists) {
    for (const [at, block] of list.entries()) {
      if (!isCachePoint(block)) continue;
      if (block.ttl !== "1h") mayLast = false;
      else if (!mayLast) {
        losses.drop(
          NAME,
          knowsHour ? "of an hour may not come after one of five minutes" : "lasts five minutes",
        );
        list[at] = cachePointBlock(undefined);
      }
    }
  }
}

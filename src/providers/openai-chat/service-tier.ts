import type { Inexpressible } from "../../core/chat.ts";

/** The names of tiers in all dialects, as OpenAI calls them. */
const TIERS: ReadonlyMap<string, string> = new Map([
  ["auto", "auto"],
  ["default", "default"],
  ["standard_only", "default"],
  ["flex", "flex"],
  ["priority", "priority"],
  ["scale", "scale"],
  ["fast", "fast"],
]);

/** @param missing  how the API calls what it cannot say */
export function writeTier(
  tier: string | undefined,
  left: Inexpressible[],
  missing: (name: string, droppable: boolean) => Inexpressible,
): string | undefined {
  if (tier === undefined) return undefined;
  const written = TIERS.get(tier);
  if (written === undefined) left.push(missing(`the service tier ${tier}`, true));
  return written;
}

import type { Losses } from "../../../conversation/losses.ts";

const MOST_PAIRS = 16;
const LONGEST = 256;
const ILLEGAL = /[^a-zA-Z0-9\s:_@$#=/+,\-.]/g;

/**
 * `requestMetadata`, which stands in the invocation log: 1 to 16 pairs, of a small set of characters. What is not in it
 * becomes `_`.
 *
 * @returns undefined for none
 */
export function requestMetadata(
  metadata: Readonly<Record<string, string>>,
  losses: Losses,
): Readonly<Record<string, string>> | undefined {
  const legal = new Map<string, string>();
  let given = 0;
  for (const key in metadata) {
    const name = cleaned(key);
    if (!legal.has(name) && legal.size < MOST_PAIRS)
      legal.set(name === "" ? "_" : name, cleaned(metadata[key] ?? ""));
    given++;
  }
  if (legal.size < given)
    losses.drop("metadata", `may have ${MOST_PAIRS} entries of different names at most`);
  return legal.size === 0 ? undefined : Object.fromEntries(legal);
}

function cleaned(text: string): string {
  return text.slice(0, LONGEST).replace(ILLEGAL, "_");
}

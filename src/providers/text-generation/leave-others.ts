import type { OtherParameter } from "../../core/chat.ts";
import type { Losses } from "../conversation/losses.ts";
import { isDroppable } from "../droppable.ts";

/**
 * What a client's dialect has beside all this, and the engine has not.
 *
 * @param expressed  names of those that the engine takes, which the caller writes
 */
export function leaveOthers(
  others: readonly OtherParameter[],
  expressed: ReadonlySet<string>,
  losses: Losses,
): void {
  for (const { name, value } of others) {
    if (expressed.has(name) || (name === "n" && value === 1)) continue;
    if (isDroppable(name)) losses.drop(name, "is not known to this engine");
    else losses.refuse(name, "is not known to this engine");
  }
}

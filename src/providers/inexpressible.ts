import type { Inexpressible } from "../core/chat.ts";
import { brief } from "../core/text.ts";
import { keepsTheAnswer } from "./droppable.ts";
import type { AttemptFailure, AttemptSink } from "./provider.ts";

/** Names that a message repeats. */
const MOST_NAMED = 8;

/**
 * What becomes of a request that says what its target cannot express: nothing is left out in silence.
 *
 * @param mayDrop  whether the target's policy leaves out what is not needed
 * @returns why the attempt fails; undefined where it may go on, and what was left out is told
 */
export function refuseOrDrop(
  inexpressible: readonly Inexpressible[],
  mayDrop: boolean,
  sink: Pick<AttemptSink, "dropped">,
): AttemptFailure | undefined {
  if (inexpressible.length === 0) return undefined;
  const refused = inexpressible.filter(
    ({ name, droppable }) => !droppable || (!mayDrop && !keepsTheAnswer(name)),
  );
  if (refused.length === 0) {
    sink.dropped(inexpressible.map(({ name }) => name));
    return undefined;
  }
  const named = refused.slice(0, MOST_NAMED);
  const more = refused.length > MOST_NAMED ? ` and ${refused.length - MOST_NAMED} more` : "";
  const advice = refused.every(({ droppable }) => droppable)
    ? "; with unsupported: drop in the target's configuration it is left out, or the nearest is sent"
    : "";
  return {
    kind: "unsupported",
    message: `it cannot express ${named.map(({ name }) => plain(name)).join(", ")}${more}`,
    // For the client alone: reasons may quote what it wrote.
    said: `${named.map(({ name, why }) => `${brief(name)} ${why}`).join("; ")}${more}${advice}`,
  };
}

/** Things without a name of their own, as adapters call them. */
const THINGS: ReadonlySet<string> = new Set([
  "a document",
  "a tool call",
  "a tool's result",
  "a video",
  "an audio",
  "an image",
]);

/** A name as records may hold it: one that is no identifier may be somebody's text. */
function plain(name: string): string {
  if (THINGS.has(name)) return name;
  return /^[a-z_][\w.[\]-]{0,63}$/i.test(name) ? name : "a parameter of another name";
}

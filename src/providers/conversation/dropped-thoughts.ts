import type { ChatRequest, Inexpressible } from "../../core/chat.ts";
import type { AttemptSink, ChatCall } from "../provider.ts";

/**
 * Tells of thoughts that were left out because another model made them, and of what goes with them whatever the policy:
 * some models think on only where their earlier thoughts are there.
 *
 * @returns what else could not be expressed
 */
export function tellDropped(
  { chat, withoutThoughts }: Pick<ChatCall, "chat" | "withoutThoughts">,
  inexpressible: readonly Inexpressible[],
  sink: Pick<AttemptSink, "dropped">,
): readonly Inexpressible[] {
  if (!withoutThoughts || !hasThoughts(chat)) return inexpressible;
  sink.dropped(["reasoning"]);
  const goesAlong = inexpressible.filter(({ name }) => name === "reasoning_effort");
  if (goesAlong.length > 0) sink.dropped(["reasoning_effort"]);
  return inexpressible.filter((one) => !goesAlong.includes(one));
}

function hasThoughts({ messages }: ChatRequest): boolean {
  return messages.some(({ parts }) =>
    parts.some(({ type }) => type === "reasoning" || type === "redacted-reasoning"),
  );
}

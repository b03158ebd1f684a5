import type { ChatRequest } from "../../core/chat.ts";
import type { Losses } from "../conversation/losses.ts";

const WHY = "has no place in a prompt of text";
/** Each is looked for in every piece of the answer; more would take the time of others. Engines take 4 to a few dozen. */
const MOST_STOPS = 256;

/** What a request asks for beside the conversation that no prompt of text can say. */
export function cannotSay(chat: ChatRequest, losses: Losses): void {
  if (chat.tools.some(({ type }) => type === "tool") && chat.toolChoice !== "none")
    losses.refuse("tools", WHY);
  for (const tool of chat.tools) if (tool.type === "opaque") losses.refuse(tool.name, WHY);
  if (chat.toolChoice === "any" || typeof chat.toolChoice === "object") losses.refuse("tool_choice", WHY);
  if (chat.output !== undefined) losses.refuse("response_format", "cannot be enforced by a prompt of text");
  if (chat.stop.length > MOST_STOPS) losses.refuse("stop", `may have ${MOST_STOPS} sequences at most`);
  if (chat.reasoningEffort !== undefined) losses.drop("reasoning_effort", WHY);
  else if (chat.thinkingTokens !== undefined) losses.drop("thinking", WHY);
  if (chat.serviceTier !== undefined) losses.drop("service_tier", WHY);
  if (chat.cacheKey !== undefined) losses.drop("prompt_cache_key", WHY);
}

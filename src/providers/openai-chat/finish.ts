import type { StopReason } from "../../core/chat.ts";
import { textOf, type Fields } from "./fields.ts";
import { ReplyFault } from "../reply-fault.ts";

/** https://platform.openai.com/docs/api-reference/chat/object, and what TGI says instead. */
const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ["stop", "end"],
  ["eos_token", "end"],
  ["stop_sequence", "stop-sequence"],
  ["length", "max-tokens"],
  ["tool_calls", "tool-calls"],
  ["function_call", "tool-calls"],
  ["content_filter", "content-filter"],
]);

/** Words of engines whose reply broke off in the middle. */
const FAILED: ReadonlySet<string> = new Set(["error", "abort"]);

/**
 * Why a choice ended.
 *
 * @param hasCalls  a reply with calls that "stops" waits for their results: that is what OpenAI says where a tool was
 *   forced, and what some engines always say
 * @throws ReplyFault where the engine says that it failed
 */
export function stopReason(choice: Fields, hasCalls: boolean): StopReason {
  const word = textOf(choice["finish_reason"]) ?? "stop";
  if (FAILED.has(word)) throw new ReplyFault(`the upstream ended its reply with finish_reason "${word}"`);
  const reason = REASONS.get(word) ?? "end";
  if (reason !== "end") return reason;
  if (hasCalls) return "tool-calls";
  // vLLM names the sequence beside it.
  return typeof choice["stop_reason"] === "string" ? "stop-sequence" : "end";
}

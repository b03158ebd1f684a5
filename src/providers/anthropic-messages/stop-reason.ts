import type { StopReason } from "../../core/chat.ts";
import { ReplyFault } from "../reply-fault.ts";

const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ["stop_sequence", "stop-sequence"],
  ["max_tokens", "max-tokens"],
  ["model_context_window_exceeded", "context-full"],
  ["refusal", "content-filter"],
]);

/**
 * Why the model stopped. Between an end and a wait for results the calls decide: a call of the tool that answers is an
 * answer. A reason that came after this was written counts as an end, and so does `pause_turn`, which a request without
 * tools of the service's own never meets.
 * https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
 *
 * @throws ReplyFault where there is no reason
 */
export function readStopReason(value: unknown, hasCalls: boolean): StopReason {
  if (typeof value !== "string") throw new ReplyFault("the reply does not say why it ends");
  return REASONS.get(value) ?? (hasCalls ? "tool-calls" : "end");
}

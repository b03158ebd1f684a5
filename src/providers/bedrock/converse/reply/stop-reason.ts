import type { StopReason } from "../../../../core/chat.ts";
import { ReplyFault } from "../../../reply-fault.ts";

const REASONS: ReadonlyMap<string, StopReason> = new Map([
  ["stop_sequence", "stop-sequence"],
  ["max_tokens", "max-tokens"],
  ["model_context_window_exceeded", "context-full"],
  ["content_filtered", "content-filter"],
  ["guardrail_intervened", "guardrail"],
]);

/**
 * Why the model stopped. Between an end and a wait for results, the calls decide, not the reason: a call of the tool that
 * answers is an answer, and a call of the service's own tools is nobody's business. A reason that came after this was
 * written counts as an end.
 *
 * @throws ReplyFault where the model wrote what cannot be read, or there is no reason
 */
export function readStopReason(value: unknown, hasCalls: boolean): StopReason {
  if (typeof value !== "string") throw new ReplyFault("the reply does not say why it ends");
  if (value === "malformed_model_output" || value === "malformed_tool_use")
    throw new ReplyFault(`the model's output could not be read (${value})`);
  return REASONS.get(value) ?? (hasCalls ? "tool-calls" : "end");
}

import type { StopReason } from "../../core/chat.ts";
import { fieldsOf, type Fields } from "../openai-chat/fields.ts";
import { ReplyFault } from "../reply-fault.ts";

/**
 * Why a response ended. https://platform.openai.com/docs/api-reference/responses/object#responses/object-incomplete_details
 *
 * @throws ReplyFault where it is no end
 */
export function stopReason(response: Fields, hasCalls: boolean): StopReason {
  const { status } = response;
  if (status === "incomplete") {
    const reason = fieldsOf(response["incomplete_details"])?.["reason"];
    return reason === "content_filter" ? "content-filter" : "max-tokens";
  }
  // Some engines leave the status out of what they say is complete.
  if (status === "completed" || status === undefined || status === null)
    return hasCalls ? "tool-calls" : "end";
  throw new ReplyFault("the upstream's response is over and not complete");
}

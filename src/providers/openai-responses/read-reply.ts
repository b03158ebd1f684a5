import type { ChatReply } from "../../core/chat.ts";
import { fieldsOf, textOf, type Fields } from "../openai-chat/fields.ts";
import { argumentsText, parsedReply } from "../openai-chat/read-reply.ts";
import { readResponsesUsage } from "../openai-compatible/usage.ts";
import { ReplyFault } from "../reply-fault.ts";
import { messageText, readThought } from "./read-items.ts";
import { stopReason } from "./stop-reason.ts";

type Part = ChatReply["parts"][number];

/**
 * A plain response in no dialect. Items of tools that run at the upstream are not looked at: we never ask for any. A usage
 * that cannot be is left out. https://platform.openai.com/docs/api-reference/responses/object
 *
 * @throws ReplyFault
 */
export function readResponse(body: Buffer): ChatReply {
  const response = parsedReply(body);
  if (!Array.isArray(response["output"])) throw new ReplyFault("the upstream's response has no output");
  const parts = response["output"].flatMap((item) => readItem(fieldsOf(item) ?? {}));
  const usage = readResponsesUsage(response["usage"]);
  return {
    parts,
    stop: stopReason(
      response,
      parts.some(({ type }) => type === "tool-call"),
    ),
    usage: usage === "invalid" ? undefined : usage,
    latencyMs: undefined,
    serviceTier: textOf(response["service_tier"]),
  };
}

function readItem(item: Fields): Part[] {
  switch (item["type"]) {
    case "message": {
      const text = messageText(item);
      return text === "" ? [] : [{ type: "text", text }];
    }
    case "reasoning": {
      const thought = readThought(item);
      return thought === undefined ? [] : [thought];
    }
    case "function_call":
      return [{ type: "tool-call", ...readCall(item), input: argumentsText(item["arguments"]) }];
    default:
      return [];
  }
}

/** @throws ReplyFault where the call has no name */
export function readCall(item: Fields): { readonly id: string; readonly name: string } {
  const name = textOf(item["name"]);
  if (name === undefined) throw new ReplyFault("the upstream's response has a function call without a name");
  return { id: textOf(item["call_id"]) ?? textOf(item["id"]) ?? "call", name };
}

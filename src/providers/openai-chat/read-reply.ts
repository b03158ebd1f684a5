import type { ChatReply } from "../../core/chat.ts";
import { readUsage } from "../openai-compatible/usage.ts";
import { contentText, fieldsOf, listOf, textOf, type Fields } from "./fields.ts";
import { stopReason } from "./finish.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readThoughts } from "./thoughts.ts";

type Part = ChatReply["parts"][number];

/**
 * The plain reply of an engine that speaks chat completions, in no dialect. A usage that cannot be is left out.
 * https://platform.openai.com/docs/api-reference/chat/object
 *
 * @throws ReplyFault
 */
export function readOpenAiReply(body: Buffer): ChatReply {
  const reply = parsedReply(body);
  const choice = fieldsOf(listOf(reply["choices"])[0]);
  const message = fieldsOf(choice?.["message"]);
  if (choice === undefined || message === undefined)
    throw new ReplyFault("the upstream's reply has no choice with a message");
  const parts: Part[] = readThoughts(message);
  const said = contentText(message["content"]) + contentText(message["refusal"]);
  if (said !== "") parts.push({ type: "text", text: said });
  const before = parts.length;
  readCalls(message, parts);
  const usage = readUsage(reply["usage"]);
  return {
    parts,
    stop: stopReason(choice, parts.length > before),
    usage: usage === "invalid" ? undefined : usage,
    latencyMs: undefined,
    serviceTier: textOf(reply["service_tier"]),
  };
}

/** @throws ReplyFault where it is no JSON object */
export function parsedReply(body: Buffer): Fields {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    value = undefined;
  }
  const fields = fieldsOf(value);
  if (fields === undefined) throw new ReplyFault("the upstream's reply is no JSON object");
  return fields;
}

function readCalls(message: Fields, parts: Part[]): void {
  for (const value of listOf(message["tool_calls"])) {
    const call = fieldsOf(value);
    addCall(fieldsOf(call?.["function"]), textOf(call?.["id"]), parts);
  }
  if (fieldsOf(message["function_call"]) !== undefined)
    addCall(fieldsOf(message["function_call"]), undefined, parts);
}

function addCall(called: Fields | undefined, id: string | undefined, parts: Part[]): void {
  const name = textOf(called?.["name"]);
  if (called === undefined || name === undefined)
    throw new ReplyFault("the upstream's reply has a tool call without a name");
  parts.push({
    type: "tool-call",
    id: id ?? `call_${parts.length}`,
    name,
    input: argumentsText(called["arguments"]),
  });
}

/** Text, as the API has it; some engines send the object itself. */
export function argumentsText(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

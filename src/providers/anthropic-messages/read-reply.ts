import type { ChatReply } from "../../core/chat.ts";
import { parseExactly } from "../conversation/exact-json.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { asRecord, asText, type Json } from "../json-value.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readStopReason } from "./stop-reason.ts";
import { readAnthropicUsage } from "./usage.ts";

type Part = ChatReply["parts"][number];

/**
 * A whole reply of Messages, in no dialect. Blocks that this program does not know are passed over, and so are calls of the
 * service's own tools and their results. A usage that cannot be is left out.
 * https://platform.claude.com/docs/en/api/messages
 *
 * @throws ReplyFault
 */
export function readMessagesReply(body: Buffer, how: ReadBack): ChatReply {
  const text = body.toString();
  const reply = parse(text);
  const content = contentOf(reply);
  if (content === undefined) throw new ReplyFault("the reply is none of Messages");
  const exact = content.some(isCall) ? (contentOf(asRecord(parseExactly(text, reply))) ?? content) : content;
  const isAnswer = (block: Json): boolean =>
    how.schemaTool !== undefined && isCall(block) && block["name"] === how.schemaTool;
  const answer = exact.find(isAnswer);
  // Beside an answer in the form that was asked for, other words would spoil the form.
  const told = answer === undefined ? exact : exact.filter((block) => block === answer || !isAnswer(block));
  const parts = told.flatMap((block) => partsOf(block, answer !== undefined, how));
  const hasCalls = parts.some(({ type }) => type === "tool-call");
  const usage = readAnthropicUsage(reply?.["usage"]);
  const sequence = asText(reply?.["stop_sequence"]);
  return {
    parts,
    stop: readStopReason(reply?.["stop_reason"], hasCalls),
    ...(sequence !== undefined && { stopSequence: sequence }),
    usage: usage === "invalid" ? undefined : usage,
    latencyMs: undefined,
    serviceTier: asText(asRecord(reply?.["usage"])?.["service_tier"]),
  };
}

function parse(text: string): Json | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    throw new ReplyFault("the reply is no JSON");
  }
}

function contentOf(reply: Json | undefined): readonly Json[] | undefined {
  const content = reply?.["content"];
  return Array.isArray(content) ? content.map((block) => asRecord(block) ?? {}) : undefined;
}

/** Of one of the client's tools, or of the one that answers. */
function isCall(block: Json): boolean {
  return block["type"] === "tool_use";
}

function partsOf(block: Json, isFormed: boolean, how: ReadBack): Part[] {
  switch (block["type"]) {
    case "tool_use":
      return [callPart(block, how)];
    case "text": {
      const text = asText(block["text"]) ?? "";
      return text === "" || isFormed ? [] : [{ type: "text", text }];
    }
    case "thinking": {
      const text = asText(block["thinking"]) ?? "";
      const signature = asText(block["signature"]) || undefined;
      return text === "" && signature === undefined ? [] : [{ type: "reasoning", text, signature }];
    }
    case "redacted_thinking":
      return [{ type: "redacted-reasoning", data: asText(block["data"]) ?? "" }];
    default:
      return [];
  }
}

function callPart({ id, name, input }: Json, { names, schemaTool }: ReadBack): Part {
  const json = input === undefined ? "{}" : JSON.stringify(input);
  const wireName = asText(name);
  const wireId = asText(id);
  if (wireName === undefined || wireId === undefined)
    throw new ReplyFault("a tool call has no name or no id");
  if (wireName === schemaTool) return { type: "text", text: json };
  return { type: "tool-call", id: wireId, name: names.get(wireName) ?? wireName, input: json };
}

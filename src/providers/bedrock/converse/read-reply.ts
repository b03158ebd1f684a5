import type { ChatReply } from "../../../core/chat.ts";
import { readCircumstances } from "./reply/circumstances.ts";
import { parseExactly } from "../../conversation/exact-json.ts";
import { asRecord, asText, type Json } from "../../json-value.ts";
import { redactedData } from "../../../core/bedrock-redacted.ts";
import { ReplyFault } from "../../reply-fault.ts";
import { readStopReason } from "./reply/stop-reason.ts";
import { readConverseUsage } from "./usage.ts";
import type { ReadBack } from "../../conversation/read-back.ts";

type Part = ChatReply["parts"][number];

/**
 * A whole reply of Converse. Blocks that this program does not know are passed over, and so are the service's own calls of
 * tools and their results, which stand in the assistant's message.
 *
 * @throws ReplyFault
 */
export function readConverseReply(body: Buffer, how: ReadBack): ChatReply {
  const text = body.toString();
  const reply = parse(text);
  const content = contentOf(reply);
  if (content === undefined) throw notConverse(reply);
  const exact = content.some(isCall) ? (contentOf(asRecord(parseExactly(text, reply))) ?? content) : content;
  const isAnswer = (block: Json): boolean =>
    how.schemaTool !== undefined && isCall(block) && nameOf(block) === how.schemaTool;
  const answer = exact.find(isAnswer);
  // Beside an answer in the form that was asked for, other words would spoil the form.
  const told = answer === undefined ? exact : exact.filter((block) => block === answer || !isAnswer(block));
  const parts = told.flatMap((block) => partsOf(block, answer !== undefined, how));
  const hasCalls = parts.some(({ type }) => type === "tool-call");
  const usage = readConverseUsage(reply?.["usage"]);
  return {
    parts,
    stop: readStopReason(reply?.["stopReason"], hasCalls),
    usage: usage === "invalid" ? undefined : usage,
    ...readCircumstances(reply ?? {}),
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
  const content = asRecord(asRecord(reply?.["output"])?.["message"])?.["content"];
  return Array.isArray(content) ? content.map((block) => asRecord(block) ?? {}) : undefined;
}

/** Where an ARN in the path is not escaped, the service answers 200 and `{"Output":{"__type":"…UnknownOperationException"}}`. */
function notConverse(reply: Json | undefined): ReplyFault {
  const type = asText(asRecord(reply?.["Output"])?.["__type"]);
  const name = type === undefined ? undefined : /#(\w{1,60})$/.exec(type)?.[1];
  return new ReplyFault(
    name === undefined
      ? "the reply is none of Converse"
      : `the service does not know the operation (${name})`,
  );
}

/** Of one of the client's tools, or of the one that answers. */
function isCall(block: Json): boolean {
  const call = asRecord(block["toolUse"]);
  return call !== undefined && call["type"] !== "server_tool_use";
}

function nameOf(block: Json): unknown {
  return asRecord(block["toolUse"])?.["name"];
}

function partsOf(block: Json, isFormed: boolean, how: ReadBack): Part[] {
  if (isCall(block)) return [callPart(asRecord(block["toolUse"]) ?? {}, how)];
  const text = asText(block["text"]) ?? citedText(block["citationsContent"]);
  if (text !== undefined) return text === "" || isFormed ? [] : [{ type: "text", text }];
  return thoughts(asRecord(block["reasoningContent"]));
}

function callPart({ toolUseId, name, input }: Json, { names, schemaTool }: ReadBack): Part {
  const json = input === undefined ? "{}" : JSON.stringify(input);
  const wireName = asText(name);
  const id = asText(toolUseId);
  if (wireName === undefined || id === undefined) throw new ReplyFault("a tool call has no name or no id");
  if (wireName === schemaTool) return { type: "text", text: json };
  return { type: "tool-call", id, name: names.get(wireName) ?? wireName, input: json };
}

function citedText(cited: unknown): string | undefined {
  const content = asRecord(cited)?.["content"];
  if (!Array.isArray(content)) return undefined;
  return content.map((piece) => asText(asRecord(piece)?.["text"]) ?? "").join("");
}

function thoughts(content: Json | undefined): Part[] {
  const redacted = asText(content?.["redactedContent"]);
  if (redacted !== undefined)
    return [{ type: "redacted-reasoning", data: redactedData(Buffer.from(redacted, "base64")) }];
  const thought = asRecord(content?.["reasoningText"]);
  if (thought === undefined) return [];
  const text = asText(thought["text"]) ?? "";
  const signature = asText(thought["signature"]);
  return text === "" && signature === undefined ? [] : [{ type: "reasoning", text, signature }];
}

import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { ChatReading, type ReplyForm } from "../chat-reading.ts";
import { sendWritten } from "../openai-chat/send-written.ts";
import type { ChatCall, ChatSink, ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { thinksEncrypted } from "./encrypted-reasoning.ts";
import { readResponse } from "./read-reply.ts";
import { ResponsesEvents } from "./read-stream.ts";
import { writeResponse } from "./write-request.ts";

/** What differs between upstreams that speak Responses. */
export interface ResponsesForm {
  /** The least output that a response may be limited to. */
  readonly leastResponse: number;
  /** Whether models that think give their thoughts encrypted. */
  readonly encryptsReasoning: boolean;
}

const RESPONSES: ReplyForm = { whole: readResponse, events: (tell) => new ResponsesEvents(tell) };

/**
 * Serves a chat request of another dialect by an adapter that speaks Responses.
 *
 * @param send  the adapter's own way of sending
 */
export function chatByResponses(
  call: ChatCall,
  sink: ChatSink,
  { leastResponse: leastOutput, encryptsReasoning }: ResponsesForm,
  send: (call: UpstreamCall, sink: ReplySink) => UpstreamHandle,
): UpstreamHandle {
  const { chat, model, stream, outputCap, withoutThoughts } = call;
  const { body, inexpressible } = writeResponse(chat, {
    model,
    stream,
    outputCap,
    leastOutput,
    encryptsReasoning: encryptsReasoning && (chat.reasoningEffort !== undefined || thinksEncrypted(model)),
    withoutThoughts,
  });
  const failure = refuseOrDrop(inexpressible, call.mayDrop, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  if (withoutThoughts && hasThoughts(call)) sink.dropped(["reasoning"]);
  return sendWritten({
    call,
    body,
    dialect: "responses",
    send,
    sink: new ChatReading(sink, stream, RESPONSES),
  });
}

function hasThoughts({ chat }: ChatCall): boolean {
  return chat.messages.some(({ parts }) => parts.some(({ type }) => type === "reasoning"));
}

import { NOTHING_SENT } from "../nothing-sent.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type {
  ChatCall,
  ChatSink,
  ReplySink,
  RequestKind,
  Service,
  UpstreamCall,
  UpstreamHandle,
} from "../provider.ts";
import { ChatReading, type ReplyForm } from "../chat-reading.ts";
import { readOpenAiReply } from "./read-reply.ts";
import { OpenAiEvents } from "./read-stream.ts";
import { servesInvoke } from "../serves-invoke.ts";
import { sendWritten } from "./send-written.ts";
import { writeOpenAiChat } from "./write-request.ts";

/** What an adapter serves that speaks OpenAI: its own dialect as it is, chat of the others by translation. */
export function servesByOpenAi(request: RequestKind): Service {
  switch (request.operation) {
    case "chat":
      return request.dialect === "openai" ? "pass" : "translate";
    case "completions":
    case "embeddings":
      return "pass";
    case "count-tokens":
      return "estimate";
    case "invoke":
      return servesInvoke(request);
  }
}

/** What differs between engines that speak chat completions. */
export interface OpenAiForm {
  /** The parameter that limits a choice's output. */
  readonly outputCap: "max_tokens" | "max_completion_tokens";
  /** Whether `top_k` is known. */
  readonly topK: boolean;
}

/**
 * Serves a chat request of another dialect by an adapter that speaks OpenAI.
 *
 * @param send  the adapter's own way of sending
 */
export function chatByOpenAi(
  call: ChatCall,
  sink: ChatSink,
  { outputCap: outputParam, topK }: OpenAiForm,
  send: (call: UpstreamCall, sink: ReplySink) => UpstreamHandle,
): UpstreamHandle {
  const { chat, model, stream, outputCap } = call;
  const { body, inexpressible } = writeOpenAiChat(chat, { model, stream, outputCap, outputParam, topK });
  const failure = refuseOrDrop(inexpressible, call.mayDrop, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  return sendWritten({ call, body, dialect: "openai", send, sink: new ChatReading(sink, stream, OPENAI) });
}

const OPENAI: ReplyForm = { whole: readOpenAiReply, events: (tell) => new OpenAiEvents(tell) };

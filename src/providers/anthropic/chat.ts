import type { ClaudeModel } from "../../catalog/claude-models.ts";
import { MessagesEvents } from "../anthropic-messages/read-stream.ts";
import { readMessagesReply } from "../anthropic-messages/read-reply.ts";
import { writeAnthropicMessages } from "../anthropic-messages/write-request.ts";
import { ChatReading } from "../chat-reading.ts";
import { tellDropped } from "../conversation/dropped-thoughts.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import type { ChatCall, ChatSink, UpstreamHandle } from "../provider.ts";
import type { Post } from "./sending.ts";

/** Serves a chat request of another dialect by Messages. */
export function chatByMessages(
  call: ChatCall,
  sink: ChatSink,
  abilities: ClaudeModel,
  post: Post,
): UpstreamHandle {
  const { chat, model, stream, outputCap, withoutThoughts, autoCache } = call;
  const { body, how, inexpressible } = writeAnthropicMessages({
    chat,
    model,
    abilities,
    purpose: stream ? "stream" : "whole",
    outputCap,
    withoutThoughts,
    autoCache,
  });
  const others = tellDropped(call, inexpressible, sink);
  const failure = refuseOrDrop(others, call.mayDrop, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  const reading = new ChatReading(sink, stream, {
    whole: (reply) => readMessagesReply(reply, how),
    events: (tell) => new MessagesEvents(how, tell),
  });
  reading.handle = post({ call, operation: "chat", body, stream, headers: {}, sink: reading });
  return reading.handle;
}

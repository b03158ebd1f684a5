import type { ClaudeModel } from "../../catalog/claude-models.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import { MessagesEvents } from "../anthropic-messages/read-stream.ts";
import { readMessagesReply } from "../anthropic-messages/read-reply.ts";
import { writeAnthropicMessages } from "../anthropic-messages/write-request.ts";
import { tellDropped } from "../conversation/dropped-thoughts.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../openai-chat/chat-by-openai.ts";
import type {
  AttemptFailure,
  ChatCall,
  ChatSink,
  ReplySink,
  UpstreamHandle,
  WholeReply,
} from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
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
  const reading = new ChatReading(sink, how);
  reading.handle = post({ call, operation: "chat", body, stream, headers: {}, sink: reading });
  return reading.handle;
}

/** From a reply of Messages to one that is in no dialect. */
class ChatReading implements ReplySink {
  handle: UpstreamHandle | undefined;
  readonly #sink: ChatSink;
  readonly #how: ReadBack;
  readonly #events: MessagesEvents;
  #over = false;

  constructor(sink: ChatSink, how: ReadBack) {
    this.#sink = sink;
    this.#how = how;
    this.#events = new MessagesEvents(how, (event) => sink.event(event));
  }

  head(): void {}

  usage(usage: ReportedUsage | undefined): void {
    this.#sink.usage(usage);
  }

  dropped(names: readonly string[]): void {
    this.#sink.dropped(names);
  }

  alive(): void {
    this.#sink.alive();
  }

  whole(reply: WholeReply): void {
    this.#read(() => this.#sink.whole(readMessagesReply(reply.body, this.#how)));
  }

  chunk(bytes: Buffer): void {
    this.#read(() => this.#events.push(bytes));
  }

  end(last: Buffer): void {
    this.#read(() => {
      this.#events.push(last);
      this.#sink.end();
    });
  }

  fail(failure: AttemptFailure): void {
    if (!this.#over) this.#sink.fail(failure);
    this.#over = true;
  }

  #read(step: () => void): void {
    if (this.#over) return;
    try {
      step();
    } catch (error) {
      if (error instanceof ReplyFault) this.#broken(error.message);
      else this.#broken("the upstream's reply cannot be read", error);
    }
  }

  #broken(message: string, bug?: unknown): void {
    this.fail({ kind: "protocol", message, bug });
    this.handle?.cancel();
  }
}

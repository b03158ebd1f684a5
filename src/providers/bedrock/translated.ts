import { CONVERSE_EXCEPTIONS } from "../../core/bedrock-exceptions.ts";
import type { ChatEvent } from "../../core/chat.ts";
import type { Frame } from "../../core/event-stream.ts";
import type { AttemptFailure, ChatSink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { ConverseEvents } from "./converse/read-events.ts";
import { readConverseReply } from "./converse/read-reply.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { usageOfConverse } from "./native.ts";
import type { Meaning } from "./reading.ts";
import type { Events } from "./stream.ts";

/** What a Converse reply means for a client of another dialect. */
export function translated(sink: ChatSink, how: ReadBack, stream: boolean): Meaning {
  return {
    sink,
    ...(stream && { events: new TranslatedEvents(sink, how) }),
    whole(reply) {
      // First, because a reply that is of no use was paid for, too.
      const usage = usageOfConverse(reply.body);
      if (usage !== undefined) sink.usage(usage);
      sink.whole(readConverseReply(reply.body, how));
    },
  };
}

class TranslatedEvents implements Events {
  readonly #sink: ChatSink;
  readonly #events: ConverseEvents;
  ended = false;
  readonly exceptions = CONVERSE_EXCEPTIONS;

  constructor(sink: ChatSink, how: ReadBack) {
    this.#sink = sink;
    this.#events = new ConverseEvents(how, (event: ChatEvent) => sink.event(event));
  }

  events(frames: readonly Frame[]): void {
    for (const frame of frames) {
      const { type } = frame;
      this.#events.read(type, frame.payload);
      if (type !== "metadata") continue;
      if (!this.#events.stopped)
        throw new ReplyFault("the upstream's stream has its metadata before its messageStop");
      const { usage } = this.#events;
      if (usage !== undefined) this.#sink.usage(usage);
      this.ended = true;
      return this.#sink.end();
    }
  }

  closed(): string {
    return this.#events.stopped
      ? "the upstream's stream ended before its metadata"
      : "the upstream's stream ended before its messageStop";
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }
}

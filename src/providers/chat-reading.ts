import type { ChatEvent, ChatReply } from "../core/chat.ts";
import type { ReportedUsage, Usage } from "../core/usage.ts";
import { asEvents } from "./as-events.ts";
import type { AttemptFailure, ChatSink, ReplySink, UpstreamHandle, WholeReply } from "./provider.ts";
import { ReplyFault } from "./reply-fault.ts";

/** How the replies of one API are read into the form that is in no dialect. */
export interface ReplyForm {
  /** @throws ReplyFault */
  whole(body: Buffer): ChatReply;
  events(tell: (event: ChatEvent) => void): {
    /**
     * @param bytes  complete events, as they came
     * @throws ReplyFault where they are none of this API; nothing more can be read then
     */
    push(bytes: Buffer): void;
  };
}

/** From the reply to a request that we wrote to one that is in no dialect. */
export class ChatReading implements ReplySink {
  handle: UpstreamHandle | undefined;
  readonly #sink: ChatSink;
  readonly #whole: ChatSink;
  readonly #form: ReplyForm;
  readonly #events: ReturnType<ReplyForm["events"]>;
  #stopped = false;
  #over = false;

  /** @param stream  whether a stream was asked for; an engine that answers with a whole reply gives one all the same */
  constructor(sink: ChatSink, stream: boolean, form: ReplyForm) {
    this.#sink = sink;
    this.#whole = stream ? asEvents(sink) : sink;
    this.#form = form;
    this.#events = form.events((event) => {
      if (event.type === "stop") this.#stopped = true;
      sink.event(event);
    });
  }

  head(): void {}

  usage(usage: ReportedUsage | undefined, estimated?: boolean): void {
    this.#sink.usage(usage, estimated);
  }

  begun(usage: Usage): void {
    this.#sink.begun?.(usage);
  }

  dropped(names: readonly string[]): void {
    this.#sink.dropped(names);
  }

  alive(): void {
    this.#sink.alive();
  }

  whole(reply: WholeReply): void {
    this.#read(() => this.#whole.whole(this.#form.whole(reply.body)));
  }

  chunk(bytes: Buffer): void {
    this.#read(() => this.#events.push(bytes));
  }

  end(last: Buffer): void {
    this.#read(() => {
      this.#events.push(last);
      if (this.#stopped) this.#sink.end();
      else this.#broken("the upstream's stream ended without a finish reason");
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

import type { ChatEvent, ChatReply, EmbeddingsReply } from "../core/chat.ts";
import { NO_USAGE, type ReportedUsage, type Usage } from "../core/usage.ts";
import type {
  AttemptFailure,
  AttemptSink,
  ChatSink,
  CountSink,
  EmbedSink,
  ReplySink,
} from "../providers/provider.ts";
import type { ChatWriter } from "./dialects/chat-writer.ts";

/** From an upstream that speaks another dialect to the client's: what comes in no dialect goes on in the client's. */
abstract class Translated implements AttemptSink {
  protected readonly sink: ReplySink;

  constructor(sink: ReplySink) {
    this.sink = sink;
  }

  usage(usage: ReportedUsage | undefined, estimated?: boolean): void {
    this.sink.usage(usage, estimated);
  }

  begun(usage: Usage): void {
    this.sink.begun?.(usage);
  }

  dropped(names: readonly string[]): void {
    this.sink.dropped(names);
  }

  alive(): void {
    this.sink.alive();
  }

  /** The upstream's refusal is in a form that the client does not know: its words go on, its bytes do not. */
  fail(failure: AttemptFailure): void {
    const { reply: _reply, event: _event, ...rest } = failure;
    this.sink.fail(rest);
  }
}

export class TranslatedChat extends Translated implements ChatSink {
  readonly #writer: ChatWriter;

  constructor(writer: ChatWriter, sink: ReplySink) {
    super(sink);
    this.#writer = writer;
  }

  whole(reply: ChatReply): void {
    this.sink.whole({
      status: 200,
      contentType: "application/json",
      headers: {},
      body: this.#writer.whole(reply),
    });
  }

  event(event: ChatEvent): void {
    const bytes = this.#writer.event(event);
    if (bytes === undefined) this.sink.alive();
    else this.sink.chunk(bytes);
  }

  end(): void {
    this.sink.end(this.#writer.end());
  }
}

export class TranslatedEmbeddings extends Translated implements EmbedSink {
  readonly #write: (reply: EmbeddingsReply) => Buffer;

  constructor(write: (reply: EmbeddingsReply) => Buffer, sink: ReplySink) {
    super(sink);
    this.#write = write;
  }

  whole(reply: EmbeddingsReply): void {
    this.sink.whole({
      status: 200,
      contentType: "application/json",
      headers: {},
      body: this.#write(reply),
    });
  }
}

/** Counting is free, whoever counts. */
const FREE = NO_USAGE;
/** Tells a client that a count is the gateway's own and not the provider's, and whether anything is not in it. */
const ESTIMATED = "x-switchyard-estimated";

export class TranslatedCount extends Translated implements CountSink {
  readonly #write: (inputTokens: number) => Buffer;
  readonly #isOurs: boolean;

  /** @param isOurs  whether no provider counts */
  constructor(write: (inputTokens: number) => Buffer, isOurs: boolean, sink: ReplySink) {
    super(sink);
    this.#write = write;
    this.#isOurs = isOurs;
  }

  whole(inputTokens: number, isWhole = true): void {
    this.sink.usage(FREE);
    this.sink.whole({
      status: 200,
      contentType: "application/json",
      headers: this.#isOurs ? { [ESTIMATED]: isWhole ? "input_tokens" : "input_tokens;incomplete" } : {},
      body: this.#write(inputTokens),
    });
  }
}

/** What an upstream answers that has no counter after all. */
const NO_COUNTER: ReadonlySet<number | undefined> = new Set([404, 405, 501]);

/** Where the upstream turns out to have no counter, the gateway counts by itself: a number was asked for and nothing else. */
export class CountOrEstimate implements CountSink {
  readonly #sink: CountSink;
  readonly #estimate: () => void;

  constructor(sink: CountSink, estimate: () => void) {
    this.#sink = sink;
    this.#estimate = estimate;
  }

  usage(usage: ReportedUsage | undefined, estimated?: boolean): void {
    this.#sink.usage(usage, estimated);
  }

  dropped(names: readonly string[]): void {
    this.#sink.dropped(names);
  }

  alive(): void {
    this.#sink.alive();
  }

  whole(inputTokens: number, isWhole?: boolean): void {
    this.#sink.whole(inputTokens, isWhole);
  }

  fail(failure: AttemptFailure): void {
    if (failure.kind === "unsupported" || NO_COUNTER.has(failure.status)) this.#estimate();
    else this.#sink.fail(failure);
  }
}

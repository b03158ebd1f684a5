import { scanTrusted } from "../../core/json-scan.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import type { WireRequest } from "../../core/wire.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type {
  AttemptFailure,
  ChatCall,
  ChatSink,
  ReplySink,
  RequestKind,
  Service,
  UpstreamCall,
  UpstreamHandle,
  WholeReply,
} from "../provider.ts";
import { asEvents } from "../as-events.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readOpenAiReply } from "./read-reply.ts";
import { OpenAiEvents } from "./read-stream.ts";
import { writeOpenAiChat } from "./write-request.ts";

/** What an adapter serves that speaks OpenAI: its own dialect as it is, chat of the others by translation. */
export function servesByOpenAi({ dialect, operation }: RequestKind): Service {
  switch (operation) {
    case "chat":
      return dialect === "openai" ? "pass" : "translate";
    case "completions":
    case "embeddings":
      return "pass";
    case "count-tokens":
      return "estimate";
    case "invoke":
      return { why: "takes no bodies that belong to a model of Bedrock; ask by Converse" };
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
  const reading = new ChatReading(sink, stream);
  // The cap stands in the body already.
  reading.handle = send(
    { ...call, request: wireRequest(body, model, stream), outputCap: undefined },
    reading,
  );
  return reading.handle;
}

/** A handle of an attempt that is over before it began. */
export const NOTHING_SENT: UpstreamHandle = { cancel() {}, pause() {}, resume() {}, sent: false };

function wireRequest(body: string, model: string, stream: boolean): WireRequest {
  const bytes = Buffer.from(body);
  return {
    dialect: "openai",
    operation: "chat",
    bytes,
    members: scanTrusted(bytes),
    inside: 1,
    model,
    stream,
    includeUsage: true,
    maxOutputTokens: undefined,
    choices: 1,
    store: false,
    wordEdits: new Map(),
    headers: {},
  };
}

/** From an OpenAI reply to one that is in no dialect. */
class ChatReading implements ReplySink {
  handle: UpstreamHandle | undefined;
  readonly #sink: ChatSink;
  readonly #whole: ChatSink;
  readonly #events: OpenAiEvents;
  #stopped = false;
  #over = false;

  /** @param stream  whether a stream was asked for; an engine that answers with a whole reply gives one all the same */
  constructor(sink: ChatSink, stream: boolean) {
    this.#sink = sink;
    this.#whole = stream ? asEvents(sink) : sink;
    this.#events = new OpenAiEvents((event) => {
      if (event.type === "stop") this.#stopped = true;
      sink.event(event);
    });
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
    this.#read(() => this.#whole.whole(readOpenAiReply(reply.body)));
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

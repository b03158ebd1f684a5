import type { ChatReply } from "../../core/chat.ts";
import { asEvents } from "../as-events.ts";
import type { Secrets } from "../http/secrets.ts";
import { text, type Headers, type ReplyReading, type StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure, ChatSink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { tritonFailure } from "./failure.ts";
import type { Generation } from "./generation.ts";
import { readAnswer, UpstreamError } from "./read-answer.ts";
import { TritonStream } from "./stream.ts";

const STREAM_TYPE = /^text\/event-stream\b/i;
/** Characters of the server's own words that an error repeats. */
const MAX_SAID = 500;

/** What is known of the request whose reply is read. */
export interface Asked {
  readonly stream: boolean;
  /** The tensor that holds the text. */
  readonly output: string;
  readonly generation: Generation;
}

/** Reads one reply of Triton's generate endpoints. */
export class TritonReading implements ReplyReading {
  readonly #sink: ChatSink;
  readonly #asked: Asked;
  readonly #secrets: Secrets;

  constructor(sink: ChatSink, asked: Asked, secrets: Secrets) {
    this.#sink = sink;
    this.#asked = asked;
    this.#secrets = secrets;
  }

  alive(): void {
    this.#sink.alive();
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }

  stream(contentType: string, headers: Headers): StreamReading | AttemptFailure | undefined {
    if (!STREAM_TYPE.test(contentType)) return undefined;
    if (!this.#asked.stream)
      return { kind: "protocol", message: "the upstream answered with a stream that nobody asked for" };
    const isFramed = headers["transfer-encoding"] !== undefined || headers["content-length"] !== undefined;
    return new TritonStream(this.#sink, this.#asked, isFramed, (error) => this.#failure(error));
  }

  answer(_status: number, _headers: Headers, body: Buffer): void {
    const { generation, output, stream } = this.#asked;
    let reply: ChatReply;
    try {
      const said = generation.push(readAnswer(body.toString(), output)) + generation.end();
      reply = wholeReply(said, generation);
    } catch (error) {
      // A reply that is of no use was paid for, too.
      this.#count();
      return this.fail(this.#failure(error));
    }
    this.#count();
    (stream ? asEvents(this.#sink) : this.#sink).whole(reply);
  }

  #count(): void {
    const { usage } = this.#asked.generation;
    if (usage !== undefined) this.#sink.usage(usage);
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = { status, contentType: "application/json", headers: {}, body };
    this.fail(tritonFailure(reply, text(headers["retry-after"]), this.#secrets));
  }

  #failure(error: unknown): AttemptFailure {
    if (error instanceof ReplyFault) return { kind: "protocol", message: error.message };
    if (!(error instanceof UpstreamError))
      return { kind: "protocol", message: "the upstream's reply cannot be read", bug: error };
    const said = this.#secrets.tellable(error.message, MAX_SAID);
    return { kind: "status", message: "the upstream answered with an error", said };
  }
}

function wholeReply(said: string, { stop, usage }: Generation): ChatReply {
  return {
    parts: said === "" ? [] : [{ type: "text", text: said }],
    stop: stop.reason,
    ...(stop.sequence !== undefined && { stopSequence: stop.sequence }),
    usage: usage === "invalid" ? undefined : usage,
    latencyMs: undefined,
    serviceTier: undefined,
  };
}

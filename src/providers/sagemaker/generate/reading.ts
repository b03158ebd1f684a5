import { asEvents } from "../../as-events.ts";
import type { Secrets } from "../../http/secrets.ts";
import type { Headers, ReplyReading, StreamReading } from "../../http/upstream-reply.ts";
import { fieldsOf } from "../../openai-chat/fields.ts";
import type { AttemptFailure, ChatSink } from "../../provider.ts";
import { ReplyFault } from "../../reply-fault.ts";
import { StopText } from "../../text-generation/stop-text.ts";
import { sageMakerFailure } from "../failure.ts";
import { EVENT_STREAM, PayloadStream } from "../payload-stream.ts";
import { containerFault } from "./container-fault.ts";
import { countsOf, endOf, errorOf, readGenerated, usageOf } from "./generated.ts";
import { TokenStream } from "./token-stream.ts";

/** What a reply's reader must know of the request. */
export interface Asked {
  readonly prompt: string;
  readonly stops: { readonly own: readonly string[]; readonly template: readonly string[] };
}

/** Reads the replies of containers that continue a prompt. */
export class GenerateReading implements ReplyReading {
  readonly #sink: ChatSink;
  readonly #wantsStream: boolean;
  readonly #asked: Asked;
  readonly #secrets: Secrets;

  constructor(sink: ChatSink, wantsStream: boolean, asked: Asked, secrets: Secrets) {
    this.#sink = sink;
    this.#wantsStream = wantsStream;
    this.#asked = asked;
    this.#secrets = secrets;
  }

  alive(): void {
    this.#sink.alive();
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }

  stream(contentType: string): StreamReading | AttemptFailure | undefined {
    if (!EVENT_STREAM.test(contentType)) return undefined;
    if (!this.#wantsStream)
      return { kind: "protocol", message: "SageMaker answered with a stream that nobody asked for" };
    const tokens = new TokenStream(this.#sink, this.#asked, this.#secrets);
    return new PayloadStream(tokens, (failure) => this.fail(failure), this.#secrets);
  }

  answer(status: number, _headers: Headers, body: Buffer): void {
    try {
      this.#whole(body.toString());
    } catch (error) {
      if (error instanceof ReplyFault) this.fail({ kind: "status", status, message: error.message });
      else
        this.fail({ kind: "protocol", status, message: "the upstream's reply cannot be read", bug: error });
    }
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = { status, contentType: "application/json", headers: {}, body };
    this.fail(sageMakerFailure(reply, headers, this.#secrets));
  }

  #whole(json: string): void {
    const generated = readGenerated(json);
    const said = generated === undefined ? undefined : errorOf(generated);
    if (said !== undefined) return this.fail(containerFault(said, this.#secrets));
    const text = generated?.["generated_text"];
    if (typeof text !== "string")
      return this.fail({ kind: "protocol", message: "the upstream's reply has no generated_text" });
    const details = fieldsOf(generated?.["details"]);
    // First, because a reply that is of no use was paid for, too.
    const counted = usageOf(countsOf(details), this.#asked.prompt);
    if (counted !== undefined) this.#sink.usage(counted.usage, counted.isGuessed);
    const { own, template } = this.#asked.stops;
    const stops = new StopText([...own, ...template]);
    const cut = stops.push(text);
    const { reason, sequence } = endOf(details, cut.stop, own);
    const sink = this.#wantsStream ? asEvents(this.#sink) : this.#sink;
    sink.whole({
      parts: [{ type: "text", text: cut.text + stops.end() }],
      stop: reason,
      ...(sequence !== undefined && { stopSequence: sequence }),
      // What is guessed is for our books, and no client is told that it was counted.
      usage: counted?.isGuessed === false ? counted.usage : undefined,
      latencyMs: undefined,
      serviceTier: undefined,
    });
  }
}

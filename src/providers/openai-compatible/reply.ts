import type { AttemptFailure, ReplySink, WholeReply } from "../provider.ts";
import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import {
  passedHeaders,
  text,
  type Headers,
  type ReplyReading,
  type StreamReading,
} from "../http/upstream-reply.ts";
import { OpenAiStream } from "./stream.ts";
import { usageOfBody } from "./usage.ts";

const STREAM_TYPE = /^text\/event-stream\b/i;
const JSON_TYPE = /^application\/([\w.-]+\+)?json\b/i;

/** Reply headers that tell something to the client and nothing about our account. */
const PASSED_HEADERS = [
  "x-request-id",
  "openai-processing-ms",
  "openai-version",
  "openai-model",
  "apim-request-id",
  "x-amzn-requestid",
] as const;

/** Reads the replies of an OpenAI-compatible upstream. */
export class OpenAiReading implements ReplyReading {
  readonly #sink: ReplySink;
  readonly #wantsStream: boolean;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;

  constructor(sink: ReplySink, wantsStream: boolean, hideUsage: boolean, secrets: Secrets) {
    this.#sink = sink;
    this.#wantsStream = wantsStream;
    this.#hideUsage = hideUsage;
    this.#secrets = secrets;
  }

  alive(): void {
    this.#sink.alive();
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }

  stream(contentType: string): StreamReading | AttemptFailure | undefined {
    if (!STREAM_TYPE.test(contentType)) return undefined;
    if (!this.#wantsStream)
      return { kind: "protocol", message: "the upstream answered with a stream that nobody asked for" };
    return new OpenAiStream(this.#sink, this.#hideUsage, this.#secrets);
  }

  answer(status: number, headers: Headers, body: Buffer): void {
    const reply = this.#reply(status, headers, body);
    try {
      const usage = usageOfBody(body);
      if (usage !== undefined) this.#sink.usage(usage);
    } catch {
      const message = `the upstream answered ${status} with something that is no JSON object`;
      return this.#sink.fail({ kind: "protocol", message, status });
    }
    this.#sink.whole(reply);
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = this.#reply(status, headers, body);
    this.#sink.fail(statusFailure(reply, text(headers["retry-after"]), this.#secrets, Date.now()));
  }

  #reply(status: number, headers: Headers, body: Buffer): WholeReply {
    return {
      status,
      contentType: jsonType(text(headers["content-type"]), this.#secrets),
      headers: passedHeaders(headers, PASSED_HEADERS, this.#secrets),
      body,
    };
  }
}

/** The reply's own type where it is one of JSON; what is passed on is JSON in any case. */
function jsonType(type: string | undefined, secrets: Secrets): string {
  return type !== undefined && JSON_TYPE.test(type) && !secrets.appearIn(type) ? type : "application/json";
}

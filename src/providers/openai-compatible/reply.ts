import type { ReportedUsage } from "../../core/usage.ts";
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
import { countsSound, readUsage, usageMember } from "./usage.ts";

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

export interface Verdict {
  readonly usage: ReportedUsage | undefined;
  /** Whether what it costs is a guess. */
  readonly isGuessed?: boolean;
  /** A reply of status 200 may say that nothing came of it. */
  readonly failure?: AttemptFailure | undefined;
}

/** Reads the replies of an OpenAI-compatible upstream. */
export class OpenAiReading implements ReplyReading {
  readonly #sink: ReplySink;
  readonly #wantsStream: boolean;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;

  /** @param hideUsage  whether the usage frame of a stream is ours alone */
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
    return this.reader();
  }

  /** What reads the events of a stream. */
  protected reader(): StreamReading {
    return new OpenAiStream(this.#sink, this.#hideUsage, this.#secrets);
  }

  /**
   * What a plain reply says of itself.
   *
   * @throws JsonFault where it is no JSON object
   */
  protected verdict(body: Buffer): Verdict {
    const said = usageMember(body);
    return { usage: readUsage(said), isGuessed: countsSound(said) };
  }

  answer(status: number, headers: Headers, body: Buffer): void {
    const reply = this.#reply(status, headers, body);
    let verdict: Verdict;
    try {
      verdict = this.verdict(body);
    } catch {
      const message = `the upstream answered ${status} with something that is no JSON object`;
      return this.#sink.fail({ kind: "protocol", message, status });
    }
    const { usage, failure, isGuessed } = verdict;
    if (usage !== undefined) this.#sink.usage(usage, isGuessed);
    if (failure === undefined) this.#sink.whole(reply);
    else this.#sink.fail(failure);
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = this.#reply(status, headers, body);
    const failure = statusFailure(reply, text(headers["retry-after"]), this.#secrets, Date.now());
    this.#sink.fail(this.understood(failure, body));
  }

  /** What a refusal means beyond its status. */
  protected understood(failure: AttemptFailure, _body: Buffer): AttemptFailure {
    return failure;
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

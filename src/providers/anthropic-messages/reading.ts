import { scanTrusted, memberValue } from "../../core/json-scan.ts";
import { NO_USAGE, type ReportedUsage } from "../../core/usage.ts";
import type { Operation } from "../../core/wire.ts";
import type { Secrets } from "../http/secrets.ts";
import {
  passedHeaders,
  text,
  type Headers,
  type ReplyReading,
  type StreamReading,
} from "../http/upstream-reply.ts";
import type { AttemptFailure, ReplySink, WholeReply } from "../provider.ts";
import { messagesFailure } from "./failure.ts";
import { MessagesStream } from "./stream.ts";
import { readAnthropicUsage } from "./usage.ts";

const STREAM_TYPE = /^text\/event-stream\b/i;

/** Reply headers that tell something to the client; limits and organisations are of our account. */
const PASSED_HEADERS = ["request-id", "x-request-id", "apim-request-id", "x-amzn-requestid"] as const;

/** Counting tokens is free. https://platform.claude.com/docs/en/build-with-claude/token-counting */
const FREE: ReportedUsage = NO_USAGE;

/** Reads the replies of an upstream that speaks Anthropic's Messages. */
export class MessagesReading implements ReplyReading {
  readonly #sink: ReplySink;
  readonly #operation: Operation;
  readonly #wantsStream: boolean;
  readonly #secrets: Secrets;

  constructor(sink: ReplySink, operation: Operation, wantsStream: boolean, secrets: Secrets) {
    this.#sink = sink;
    this.#operation = operation;
    this.#wantsStream = wantsStream;
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
    if (!this.#wantsStream)
      return { kind: "protocol", message: "the upstream answered with a stream that nobody asked for" };
    this.#sink.head(passedHeaders(headers, PASSED_HEADERS, this.#secrets));
    return new MessagesStream(this.#sink, this.#secrets);
  }

  answer(status: number, headers: Headers, body: Buffer): void {
    const fault = this.#read(body);
    if (fault !== undefined)
      return this.#sink.fail({
        kind: "protocol",
        status,
        message: `the upstream answered ${status} ${fault}`,
      });
    this.#sink.whole(this.#reply(status, headers, body));
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    if (this.#operation === "count-tokens" && hasNoCounter(status, body)) return this.#sink.fail(NO_COUNTER);
    const reply = this.#reply(status, headers, body);
    this.#sink.fail(messagesFailure(reply, text(headers["retry-after"]), this.#secrets, Date.now()));
  }

  /** @returns what is wrong with a reply */
  #read(body: Buffer): string | undefined {
    try {
      const members = scanTrusted(body);
      if (this.#operation === "count-tokens") this.#sink.usage(FREE);
      else {
        const member = members.findLast(({ key }) => key === "usage");
        const usage = member === undefined ? undefined : readAnthropicUsage(memberValue(body, member));
        // First, because a reply that is of no use was paid for, too.
        if (usage !== undefined) this.#sink.usage(usage);
      }
      if (this.#wantsStream) return "with a plain reply where a stream was asked for";
      const wanted = this.#operation === "count-tokens" ? "input_tokens" : "content";
      return members.some(({ key }) => key === wanted) ? undefined : `with something that has no ${wanted}`;
    } catch {
      return "with something that is no JSON object";
    }
  }

  #reply(status: number, headers: Headers, body: Buffer): WholeReply {
    return {
      status,
      contentType: "application/json",
      headers: passedHeaders(headers, PASSED_HEADERS, this.#secrets),
      body,
    };
  }
}

const NO_COUNTER: AttemptFailure = {
  kind: "unsupported",
  elsewhere: true,
  message: "the upstream has no counter of tokens",
};

/** Engines that speak Messages need not count; Anthropic's own 404 is about the model, and says so. */
function hasNoCounter(status: number, body: Buffer): boolean {
  return status === 405 || status === 501 || (status === 404 && !body.includes("not_found_error"));
}

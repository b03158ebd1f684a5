import type { Secrets } from "../http/secrets.ts";
import {
  passedHeaders,
  text,
  type Headers,
  type ReplyReading,
  type StreamReading,
} from "../http/upstream-reply.ts";
import type { AttemptFailure, AttemptSink, WholeReply } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { bedrockFailure } from "./failure.ts";
import { BedrockStream, type Events } from "./stream.ts";

const STREAM_TYPE = /^application\/vnd\.amazon\.eventstream\b/i;

/** Reply headers that tell something to the client and nothing about our account. */
const PASSED_HEADERS = [
  "x-amzn-requestid",
  "x-amzn-errortype",
  "x-amzn-bedrock-input-token-count",
  "x-amzn-bedrock-output-token-count",
  "x-amzn-bedrock-invocation-latency",
  "x-amzn-bedrock-cache-read-input-token-count",
  "x-amzn-bedrock-cache-write-input-token-count",
  "x-amzn-bedrock-content-type",
  "x-amzn-bedrock-performanceconfig-latency",
  "x-amzn-bedrock-service-tier",
] as const;

/** A syntax error's own message quotes what it could not read. */
const NO_JSON = "it is no JSON";

/** What is done with a reply, which differs from one operation and client to another. */
export interface Meaning {
  readonly sink: AttemptSink & { fail(failure: AttemptFailure): void };
  /** Reads the events of a stream; absent where none was asked for. */
  readonly events?: Events;
  /** @throws ReplyFault where the reply is not what the API promises */
  whole(reply: WholeReply, headers: Headers): void;
  head?(headers: Readonly<Record<string, string>>): void;
}

/** Reads one reply of Bedrock's runtime. */
export class BedrockReading implements ReplyReading {
  readonly #meaning: Meaning;
  readonly #secrets: Secrets;

  constructor(meaning: Meaning, secrets: Secrets) {
    this.#meaning = meaning;
    this.#secrets = secrets;
  }

  alive(): void {
    this.#meaning.sink.alive();
  }

  fail(failure: AttemptFailure): void {
    this.#meaning.sink.fail(failure);
  }

  stream(contentType: string, headers: Headers): StreamReading | AttemptFailure | undefined {
    if (!STREAM_TYPE.test(contentType)) return undefined;
    const { events } = this.#meaning;
    if (events === undefined)
      return { kind: "protocol", message: "Bedrock answered with a stream that nobody asked for" };
    this.#meaning.head?.(passedHeaders(headers, PASSED_HEADERS, this.#secrets));
    return new BedrockStream(events, this.#secrets);
  }

  answer(status: number, headers: Headers, body: Buffer): void {
    if (isUnknownOperation(body))
      return this.fail({
        kind: "protocol",
        status,
        message: "Bedrock does not know the operation at this path",
      });
    if (this.#meaning.events !== undefined)
      return this.fail({ kind: "protocol", status, message: "Bedrock answered a stream with a plain reply" });
    try {
      this.#meaning.whole(this.#reply(status, headers, body), headers);
    } catch (error) {
      const known =
        error instanceof ReplyFault ? error.message : error instanceof SyntaxError ? NO_JSON : undefined;
      const message = `Bedrock's reply cannot be read${known === undefined ? "" : `: ${known}`}`;
      this.fail({ kind: "protocol", status, message, ...(known === undefined && { bug: error }) });
    }
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = this.#reply(status, headers, body);
    const failure = bedrockFailure(reply, headers, this.#secrets);
    const isHidden = failure.reply !== undefined && this.#secrets.hiddenIn(body.toString());
    this.fail(isHidden ? { ...failure, reply: { ...reply, body: Buffer.from("{}") } } : failure);
  }

  #reply(status: number, headers: Headers, body: Buffer): WholeReply {
    return {
      status,
      contentType: typeOf(text(headers["content-type"]), this.#secrets),
      headers: passedHeaders(headers, PASSED_HEADERS, this.#secrets),
      body,
    };
  }
}

/** InvokeModel answers in whatever form the model has. */
function typeOf(type: string | undefined, secrets: Secrets): string {
  const isPlain = type !== undefined && /^[\w.+-]+\/[\w.+-]+(; ?charset=[\w-]+)?$/.test(type);
  return isPlain && !secrets.appearIn(type) ? type : "application/json";
}

/** What the service says, with status 200, where it does not know the path: as where an ARN's slash is not encoded. */
export function isUnknownOperation(body: Buffer): boolean {
  if (body.length > 1_024 || !body.includes("UnknownOperationException")) return false;
  try {
    const value = JSON.parse(body.toString()) as { Output?: { __type?: unknown } } | null;
    return String(value?.Output?.__type).endsWith("UnknownOperationException");
  } catch {
    return false;
  }
}

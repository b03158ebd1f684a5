import type { Secrets } from "../http/secrets.ts";
import { passedHeaders, type Headers, type StreamReading } from "../http/upstream-reply.ts";
import { OpenAiReading } from "../openai-compatible/reply.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { sageMakerFailure } from "./failure.ts";
import { OpenAiText } from "./openai-text.ts";
import { EVENT_STREAM, PayloadStream } from "./payload-stream.ts";

const TEXT_STREAM = /^(text\/event-stream|application\/(x-)?(jsonlines|jsonl|ndjson))\b/i;
/** A quoted key cannot stand in a model's text, where quotes are escaped. */
const FAILED = /"finish_reason"\s*:\s*"(error|abort)"/;

/** Replies of a container that speaks OpenAI, and SageMaker's own refusals. */
export class SageMakerOpenAiReading extends OpenAiReading {
  readonly #sink: ReplySink;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;
  readonly #wantsStream: boolean;

  constructor(sink: ReplySink, wantsStream: boolean, hideUsage: boolean, secrets: Secrets) {
    super(sink, wantsStream, hideUsage, secrets);
    this.#sink = sink;
    this.#wantsStream = wantsStream;
    this.#hideUsage = hideUsage;
    this.#secrets = secrets;
  }

  override stream(contentType: string): StreamReading | AttemptFailure | undefined {
    const isFramed = EVENT_STREAM.test(contentType);
    if (!isFramed && !TEXT_STREAM.test(contentType)) return undefined;
    if (!this.#wantsStream)
      return { kind: "protocol", message: "SageMaker answered with a stream that nobody asked for" };
    const text = new OpenAiText(this.#sink, this.#hideUsage, this.#secrets);
    return isFramed ? new PayloadStream(text, (failure) => this.fail(failure), this.#secrets) : text;
  }

  override answer(status: number, headers: Headers, body: Buffer): void {
    if (!FAILED.test(body.toString("latin1"))) return super.answer(status, headers, body);
    this.#count(body);
    this.fail({ kind: "status", status, message: "the model ended its reply with an error" });
  }

  /** A reply that is of no use was paid for, too. */
  #count(body: Buffer): void {
    let usage;
    try {
      ({ usage } = this.verdict(body));
    } catch {
      // It is no JSON object, and tells nothing.
      return;
    }
    if (usage !== undefined) this.#sink.usage(usage);
  }

  override refuse(status: number, headers: Headers, body: Buffer): void {
    const passed = passedHeaders(headers, ["x-amzn-requestid"], this.#secrets);
    const reply = { status, contentType: "application/json", headers: passed, body };
    this.fail(sageMakerFailure(reply, headers, this.#secrets));
  }
}

import { memberValue, scanTrusted } from "../../core/json-scan.ts";
import { NO_USAGE } from "../../core/usage.ts";
import type { Secrets } from "../http/secrets.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { OpenAiReading, type Verdict } from "./reply.ts";
import { responseFailure } from "./responses-failure.ts";
import { ResponsesStream } from "./responses-stream.ts";
import { readResponsesUsage } from "./usage.ts";

/** Reads the replies of an upstream that speaks Responses. */
export class ResponsesReading extends OpenAiReading {
  readonly #to: ReplySink;
  readonly #hidden: Secrets;

  constructor(sink: ReplySink, wantsStream: boolean, secrets: Secrets) {
    super(sink, wantsStream, false, secrets);
    this.#to = sink;
    this.#hidden = secrets;
  }

  protected override reader(): StreamReading {
    return new ResponsesStream(this.#to, this.#hidden);
  }

  protected override verdict(body: Buffer): Verdict {
    const members = scanTrusted(body);
    const value = (key: string): unknown => {
      const member = members.findLast((one) => one.key === key);
      return member === undefined ? undefined : memberValue(body, member);
    };
    const isFailed = value("status") === "failed";
    return {
      usage: readResponsesUsage(value("usage")),
      failure: isFailed ? responseFailure(value("error"), this.#hidden) : undefined,
    };
  }

  /** Thoughts are encrypted for those that made them: another account cannot read them, nor another model. */
  protected override understood(failure: AttemptFailure, body: Buffer): AttemptFailure {
    const isForeign = failure.kind === "rejected" && body.includes('"invalid_encrypted_content"');
    return isForeign ? { ...failure, foreignThoughts: true } : failure;
  }
}

/** The same of a count of tokens, which is free. https://platform.openai.com/docs/api-reference/responses/input-tokens */
export class CountReading extends OpenAiReading {
  constructor(sink: ReplySink, secrets: Secrets) {
    super(sink, false, false, secrets);
  }

  protected override verdict(body: Buffer): Verdict {
    scanTrusted(body);
    return { usage: NO_USAGE };
  }
}

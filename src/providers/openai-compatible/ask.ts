import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import type { Upstream } from "../http/upstream.ts";
import { text, UpstreamReply, type Headers, type ReplyReading } from "../http/upstream-reply.ts";
import { fieldsOf, type Fields } from "../openai-chat/fields.ts";
import type { AttemptFailure, CountSink, UpstreamHandle } from "../provider.ts";

/** What it takes to ask an upstream something besides replies. */
export interface Asking {
  readonly upstream: Upstream;
  /** The base URL's path, without a slash at its end. */
  readonly prefix: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: Secrets;
}

export interface Question {
  readonly path: string;
  readonly body: object;
  readonly connectTimeoutMs: number;
}

/**
 * Asks for something that is answered with a JSON object.
 *
 * @param answered  is told the answer; whatever goes wrong before is told to the sink
 */
export function ask(
  { upstream, headers, secrets }: Asking,
  { path, body, connectTimeoutMs }: Question,
  sink: CountSink,
  answered: (answer: Fields) => void,
): UpstreamHandle {
  const reply = new UpstreamReply(new AnswerReading(sink, secrets, answered));
  const request = { method: "POST" as const, path, headers, body: JSON.stringify(body) };
  upstream.send(connectTimeoutMs, request, reply);
  return reply;
}

class AnswerReading implements ReplyReading {
  readonly #sink: CountSink;
  readonly #secrets: Secrets;
  readonly #answered: (answer: Fields) => void;

  constructor(sink: CountSink, secrets: Secrets, answered: (answer: Fields) => void) {
    this.#sink = sink;
    this.#secrets = secrets;
    this.#answered = answered;
  }

  alive(): void {
    this.#sink.alive();
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }

  stream(): undefined {}

  answer(status: number, _headers: Headers, body: Buffer): void {
    const answer = parsed(body);
    if (answer !== undefined) return this.#answered(answer);
    const message = `the upstream answered ${status} with something that is no JSON object`;
    this.fail({ kind: "protocol", message, status });
  }

  refuse(status: number, headers: Headers, body: Buffer): void {
    const reply = { status, contentType: "application/json", headers: {}, body };
    const failure = statusFailure(reply, text(headers["retry-after"]), this.#secrets, Date.now());
    // Of another API its bytes would tell the client nothing: its words go on.
    const { reply: _reply, ...rest } = failure;
    this.fail(rest);
  }
}

function parsed(body: Buffer): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(body.toString()));
  } catch {
    return undefined;
  }
}

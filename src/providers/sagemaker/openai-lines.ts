import type { StreamReading } from "../http/upstream-reply.ts";
import { fieldsOf, listOf, textOf, type Fields } from "../openai-chat/fields.ts";
import type { OpenAiStream } from "../openai-compatible/stream.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { LineReader } from "./line-reader.ts";

/** Words of containers whose reply broke off. */
const FAILED: ReadonlySet<string> = new Set(["error", "abort"]);
const DONE = Buffer.from("data: [DONE]\n\n");

/**
 * A chat stream in lines of JSON, each of which becomes an event for the client. It has no end marker: the choice's finish
 * reason must have come, and the connection must be closed as it should.
 * https://docs.djl.ai/master/docs/serving/serving/docs/lmi/user_guides/chat_input_output_schema.html
 */
export class OpenAiLines implements StreamReading {
  readonly #events: OpenAiStream;
  readonly #sink: ReplySink;
  readonly #lines = new LineReader();
  #isFinished = false;

  /** @param events  reads them as if they had come as events, and tells the sink */
  constructor(events: OpenAiStream, sink: ReplySink) {
    this.#events = events;
    this.#sink = sink;
  }

  get ended(): boolean {
    return this.#events.ended;
  }

  stop(): void {
    this.#events.stop();
  }

  push(bytes: Buffer): void {
    this.#read(() => {
      for (const line of this.#lines.push(bytes)) this.#line(line);
    });
  }

  finish(): void {
    this.#read(() => {
      const rest = this.#lines.rest();
      // The last line may lack its end; one that was cut short is none.
      if (parsed(rest) !== undefined) this.#line(rest);
    });
    if (this.#isFinished) this.#events.push(DONE);
    // Fails, because there was no end marker.
    else this.#events.finish();
  }

  #line(line: string): void {
    if (this.ended || line.trim() === "") return;
    const value = parsed(line);
    if (value === undefined) throw new ReplyFault("a line of the upstream's stream is no JSON object");
    for (const choice of listOf(value["choices"])) this.#choice(fieldsOf(choice));
    if (!this.ended) this.#events.push(Buffer.from(`data: ${line.trim()}\n\n`));
  }

  #choice(choice: Fields | undefined): void {
    if (choice?.["message"] !== undefined)
      throw new ReplyFault("the upstream answered a stream with a plain reply");
    const reason = textOf(choice?.["finish_reason"]);
    if (reason === undefined) return;
    if (!FAILED.has(reason)) this.#isFinished = true;
    else this.#fail({ kind: "status", charged: true, message: "the model ended its stream with an error" });
  }

  #read(step: () => void): void {
    if (this.ended) return;
    try {
      step();
    } catch (error) {
      if (error instanceof ReplyFault) this.#fail({ kind: "protocol", message: error.message });
      else this.#fail({ kind: "protocol", message: "the upstream's stream cannot be read", bug: error });
    }
  }

  #fail(failure: AttemptFailure): void {
    if (this.ended) return;
    this.#events.stop();
    this.#sink.fail(failure);
  }
}

function parsed(line: string): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    return undefined;
  }
}

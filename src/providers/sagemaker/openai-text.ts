import type { Secrets } from "../http/secrets.ts";
import type { StreamReading } from "../http/upstream-reply.ts";
import { OpenAiStream } from "../openai-compatible/stream.ts";
import type { ReplySink } from "../provider.ts";
import { OpenAiLines } from "./openai-lines.ts";

const OPEN_OBJECT = 0x7b;
const BLANK: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * A chat stream as containers write it: server-sent events, or lines of JSON, as LMI does. Which it is shows in the first
 * byte: what SageMaker puts around a stream does not tell its media type.
 */
export class OpenAiText implements StreamReading {
  readonly #events: OpenAiStream;
  readonly #lines: OpenAiLines;
  #reading: StreamReading | undefined;

  constructor(sink: ReplySink, hideUsage: boolean, secrets: Secrets) {
    this.#events = new OpenAiStream(sink, hideUsage, secrets);
    this.#lines = new OpenAiLines(this.#events, sink);
  }

  get ended(): boolean {
    return this.#events.ended;
  }

  stop(): void {
    this.#events.stop();
  }

  push(bytes: Buffer): void {
    if (this.#reading !== undefined) return this.#reading.push(bytes);
    const start = bytes.findIndex((byte) => !BLANK.has(byte));
    if (start === -1) return;
    this.#reading = bytes[start] === OPEN_OBJECT ? this.#lines : this.#events;
    this.#reading.push(bytes.subarray(start));
  }

  finish(): void {
    (this.#reading ?? this.#events).finish();
  }
}

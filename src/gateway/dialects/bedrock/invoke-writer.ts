import type { ChatEvent, ChatReply } from "../../../core/chat.ts";
import { writeEvent } from "../../../core/event-stream.ts";
import type { Usage } from "../../../core/usage.ts";
import { anthropicWriter } from "../anthropic/write-chat.ts";
import type { ChatWriter, ReplyFacts } from "../chat-writer.ts";

const DATA = "data: ";
const LAST = '"type":"message_stop"';

/**
 * Writes a reply as InvokeModel does of Claude: a Messages body, or its events in the chunks of an event stream, the last of
 * which bears the invocation's metrics.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
 */
export class InvokeWriter implements ChatWriter {
  readonly #messages: ChatWriter;
  readonly #startedAtMs: number;
  #usage: Usage | undefined;
  #firstByteMs: number | undefined;

  constructor(facts: ReplyFacts) {
    this.#messages = anthropicWriter(facts);
    this.#startedAtMs = facts.startedAtMs;
  }

  whole(reply: ChatReply): Buffer {
    return this.#messages.whole(reply);
  }

  event(event: ChatEvent): Buffer | undefined {
    if (event.type === "usage") this.#usage = event.usage;
    this.#firstByteMs ??= Date.now() - this.#startedAtMs;
    const bytes = this.#messages.event(event);
    return bytes === undefined ? undefined : this.#chunks(bytes);
  }

  end(): Buffer {
    return this.#chunks(this.#messages.end());
  }

  #chunks(events: Buffer): Buffer {
    const lines = events.toString().split("\n");
    const payloads = lines.filter((line) => line.startsWith(DATA)).map((line) => line.slice(DATA.length));
    return Buffer.concat(payloads.map((json) => chunk(json.includes(LAST) ? this.#withMetrics(json) : json)));
  }

  #withMetrics(json: string): string {
    const { inputTokens = 0, cachedInputTokens = 0, cacheWriteInputTokens = 0 } = this.#usage ?? {};
    const metrics = {
      // Without those of the cache, as in Converse.
      inputTokenCount: Math.max(0, inputTokens - cachedInputTokens - cacheWriteInputTokens),
      outputTokenCount: this.#usage?.outputTokens ?? 0,
      invocationLatency: Math.max(0, Date.now() - this.#startedAtMs),
      firstByteLatency: Math.max(0, this.#firstByteMs ?? 0),
      cacheReadInputTokenCount: cachedInputTokens,
      cacheWriteInputTokenCount: cacheWriteInputTokens,
    };
    return `${json.slice(0, -1)},"amazon-bedrock-invocationMetrics":${JSON.stringify(metrics)}}`;
  }
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html */
function chunk(json: string): Buffer {
  return writeEvent("chunk", JSON.stringify({ bytes: Buffer.from(json).toString("base64") }));
}

import { CONVERSE_EXCEPTIONS, INVOKE_EXCEPTIONS } from "../../core/bedrock-exceptions.ts";
import type { Frame } from "../../core/event-stream.ts";
import { NO_USAGE, type ReportedUsage } from "../../core/usage.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readAnthropicUsage } from "../anthropic-messages/usage.ts";
import { readConverseUsage, readInvocationMetrics } from "./converse/usage.ts";
import type { Events } from "./stream.ts";

/** Passes the events of ConverseStream on; the end is `metadata`, after `messageStop`. */
export class ConverseTap implements Events {
  readonly #sink: ReplySink;
  #stopped = false;
  ended = false;
  readonly exceptions = CONVERSE_EXCEPTIONS;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  events(frames: readonly Frame[]): void {
    for (const [index, frame] of frames.entries()) {
      const { type } = frame;
      if (type === "messageStop") this.#stopped = true;
      if (type !== "metadata") continue;
      if (!this.#stopped)
        throw new ReplyFault("the upstream's stream has its metadata before its messageStop");
      const usage = readConverseUsage(member(frame.payload, "usage"));
      if (usage !== undefined) this.#sink.usage(usage);
      this.ended = true;
      if (index > 0) this.#sink.chunk(joined(frames.slice(0, index)));
      return this.#sink.end(frame.bytes);
    }
    this.#sink.chunk(joined(frames));
  }

  closed(): string {
    return this.#stopped
      ? "the upstream's stream ended before its metadata"
      : "the upstream's stream ended before its messageStop";
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }
}

export const METRICS = "amazon-bedrock-invocationMetrics";

/** Passes the events of InvokeModelWithResponseStream on; the last bears the invocation's metrics. */
export class InvokeTap implements Events {
  readonly #sink: ReplySink;
  /** What the model's own first event said, which alone tells how long cache entries are kept. */
  #first: ReportedUsage | undefined;
  #seen = 0;
  ended = false;
  readonly exceptions = INVOKE_EXCEPTIONS;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  events(frames: readonly Frame[]): void {
    for (const [index, frame] of frames.entries()) {
      const text = chunkText(frame);
      if (this.#seen++ === 0) this.#begin(text);
      // The model's own words may hold the name: only a member of the chunk is it.
      const metrics = text.includes(METRICS) ? member(Buffer.from(text), METRICS) : undefined;
      if (metrics === undefined) continue;
      const usage = readInvocationMetrics(metrics);
      if (usage !== undefined) this.#sink.usage(withCacheTimes(usage, this.#first));
      this.ended = true;
      if (index > 0) this.#sink.chunk(joined(frames.slice(0, index)));
      return this.#sink.end(frame.bytes);
    }
    this.#sink.chunk(joined(frames));
  }

  #begin(text: string): void {
    this.#first = usageAtStart(text);
    if (this.#first !== undefined && this.#first !== "invalid") this.#sink.begun?.(this.#first);
  }

  closed(): string {
    return "the upstream's stream ended before its invocation metrics";
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }
}

/** The usage of a whole Converse reply. */
export function usageOfConverse(body: Buffer): ReportedUsage | undefined {
  return readConverseUsage(member(body, "usage"));
}

/** The usage in a whole reply of InvokeModel, where it is in Claude's form, which tells more than the headers do. */
export function usageOfMessages(body: Buffer): ReportedUsage | undefined {
  const usage = member(body, "usage");
  const isClaudes = typeof usage === "object" && usage !== null && "input_tokens" in usage;
  return isClaudes ? readAnthropicUsage(usage) : undefined;
}

/** Counting tokens is free. https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html */
export const FREE: ReportedUsage = NO_USAGE;

function usageAtStart(text: string): ReportedUsage | undefined {
  if (!text.includes('"message_start"')) return undefined;
  const message = member(Buffer.from(text), "message") as { usage?: unknown } | undefined;
  return readAnthropicUsage(message?.usage);
}

function withCacheTimes(usage: ReportedUsage, first: ReportedUsage | undefined): ReportedUsage {
  if (usage === "invalid" || first === undefined || first === "invalid") return usage;
  const long = first.cacheWrite1hInputTokens ?? 0;
  return long === 0
    ? usage
    : { ...usage, cacheWrite1hInputTokens: Math.min(long, usage.cacheWriteInputTokens) };
}

/** The model's own text in a `chunk` event. */
export function chunkText(frame: Frame): string {
  if (frame.type !== "chunk") return "";
  const bytes = member(frame.payload, "bytes");
  return typeof bytes === "string" ? Buffer.from(bytes, "base64").toString() : "";
}

/** @throws ReplyFault where the text is no JSON */
export function member(json: Buffer, name: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json.toString());
  } catch {
    throw new ReplyFault("the upstream sent something that is no JSON");
  }
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** Frames that came in one piece as the one piece that they were. */
function joined(frames: readonly Frame[]): Buffer {
  const first = frames[0]?.bytes;
  const last = frames.at(-1)?.bytes;
  if (first === undefined || last === undefined) return Buffer.alloc(0);
  if (first.buffer !== last.buffer) return Buffer.concat(frames.map(({ bytes }) => bytes));
  return Buffer.from(first.buffer, first.byteOffset, last.byteOffset + last.length - first.byteOffset);
}

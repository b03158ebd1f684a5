import { memberValue, scanTrusted } from "../../core/json-scan.ts";
import { applySplices, editObject } from "../../core/splice.ts";
import type { Frame } from "../../core/event-stream.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import { eventFailure } from "../anthropic-messages/failure.ts";
import { mergedUsage, readAnthropicUsage } from "../anthropic-messages/usage.ts";
import type { Secrets } from "../http/secrets.ts";
import { asRecord, asText, type Json } from "../json-value.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readInvocationMetrics } from "./converse/usage.ts";
import { chunkText, METRICS } from "./native.ts";
import type { Events } from "./stream.ts";

/** What a Claude's chunks begin with; others are read in full. */
const TYPE = /^\{"type":"([a-z_]{1,40})"/;

/**
 * Makes Anthropic's own stream of the chunks in which Bedrock wraps its events, and takes Bedrock's metrics out of the last.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
 */
export class MessagesTap implements Events {
  readonly #sink: ReplySink;
  readonly #secrets: Secrets;
  #usage: Json | undefined;
  ended = false;
  /** None is in a form that Anthropic's clients know. */
  readonly exceptions: ReadonlySet<string> = new Set();

  constructor(sink: ReplySink, secrets: Secrets) {
    this.#sink = sink;
    this.#secrets = secrets;
  }

  events(frames: readonly Frame[]): void {
    let text = "";
    for (const frame of frames) {
      const json = chunkText(frame);
      if (json === "") continue;
      const type = TYPE.exec(json)?.[1] ?? typeOf(json);
      if (type === "error") {
        if (text !== "") this.#sink.chunk(Buffer.from(text));
        this.ended = true;
        return this.#sink.fail(eventFailure(parsed(json), this.#secrets));
      }
      if (type === "message_stop") {
        if (text !== "") this.#sink.chunk(Buffer.from(text));
        return this.#stop(json);
      }
      if (type === "message_start") this.#begin(asRecord(parsed(json)["message"])?.["usage"]);
      else if (type === "message_delta") this.#count(parsed(json)["usage"]);
      text += event(type, json);
    }
    if (text !== "") this.#sink.chunk(Buffer.from(text));
  }

  closed(): string {
    return "the upstream's stream ended before its message_stop";
  }

  fail(failure: AttemptFailure): void {
    this.#sink.fail(failure);
  }

  #begin(said: unknown): void {
    this.#count(said);
    const usage = readAnthropicUsage(this.#usage);
    if (usage !== undefined && usage !== "invalid") this.#sink.begun?.(usage);
  }

  #count(said: unknown): void {
    this.#usage = mergedUsage(this.#usage, said);
  }

  #stop(json: string): void {
    // The sink may have cancelled just now.
    if (this.ended) return;
    const bytes = Buffer.from(json);
    const members = scanTrusted(bytes);
    const metrics = members.find(({ key }) => key === METRICS);
    const own = readAnthropicUsage(this.#usage);
    const usage = withDetails(
      metrics === undefined ? undefined : readInvocationMetrics(memberValue(bytes, metrics)),
      own,
    );
    if (usage !== undefined) this.#sink.usage(usage);
    this.ended = true;
    const left = applySplices(
      bytes,
      editObject(members, bytes.indexOf("{") + 1, new Map([[METRICS, undefined]])),
    );
    this.#sink.end(Buffer.from(event("message_stop", left.toString())));
  }
}

/** The counts of the metrics, which are what is charged; with what the model's own alone tell: times, and thoughts. */
function withDetails(
  charged: ReportedUsage | undefined,
  own: ReportedUsage | undefined,
): ReportedUsage | undefined {
  if (charged === undefined || charged === "invalid" || own === undefined || own === "invalid")
    return charged ?? own;
  const long = Math.min(own.cacheWrite1hInputTokens ?? 0, charged.cacheWriteInputTokens);
  return {
    ...charged,
    reasoningTokens: Math.min(own.reasoningTokens, charged.outputTokens),
    ...(long > 0 && { cacheWrite1hInputTokens: long }),
  };
}

function event(type: string, json: string): string {
  return `event: ${type}\ndata: ${json}\n\n`;
}

function typeOf(json: string): string {
  const type = asText(parsed(json)["type"]);
  if (type === undefined || !/^[a-z_]{1,40}$/.test(type))
    throw new ReplyFault("an event of the upstream's stream has no type");
  return type;
}

function parsed(json: string): Json {
  try {
    return asRecord(JSON.parse(json)) ?? {};
  } catch {
    throw new ReplyFault("an event of the upstream's stream is no JSON");
  }
}

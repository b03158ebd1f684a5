import type { Secrets } from "../http/secrets.ts";
import { areComments, endOfEvent, MAX_EVENT_BYTES, payloadOf, WholeEvents } from "../http/sse-events.ts";
import { asRecord, type Json } from "../json-value.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { eventFailure } from "./failure.ts";
import { mergedUsage, readAnthropicUsage } from "./usage.ts";

const USAGE_KEY = Buffer.from('"usage"');
const ERROR = Buffer.from('"error"');
const STOP = Buffer.from('"message_stop"');
const PING = Buffer.from('"ping"');

/** What a stream is told to: the sink of a pass, or what reads on. */
type StreamSink = Pick<ReplySink, "usage" | "begun" | "alive" | "chunk" | "end" | "fail">;

/**
 * Reads a stream of Messages by bytes: whole events go on as they are, and only those that matter are looked into, which are
 * the two that count tokens, an error and the end. A quoted word cannot stand in model text, where quotes are escaped, so
 * searching for it finds words of the API only. https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class MessagesStream {
  readonly #sink: StreamSink;
  readonly #secrets: Secrets;
  readonly #whole = new WholeEvents();
  /** Comments and pings before the first event. */
  #held: Buffer[] = [];
  #usage: Json | undefined;
  /** An event that is neither comment nor ping has come. */
  #begun = false;
  /** Something went on, and with it the choice of this target. */
  #passed = false;
  #ended = false;

  constructor(sink: StreamSink, secrets: Secrets) {
    this.#sink = sink;
    this.#secrets = secrets;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing more is told. */
  stop(): void {
    this.#ended = true;
  }

  push(bytes: Buffer): void {
    if (this.#ended) return;
    const events = this.#whole.push(bytes);
    if (events.length > 0) this.#events(events);
    if (this.#whole.carried > MAX_EVENT_BYTES && !this.#ended)
      this.#fail({
        kind: "protocol",
        message: `the upstream sent an event of more than ${MAX_EVENT_BYTES} bytes`,
      });
  }

  /** The upstream closed the stream. */
  finish(): void {
    if (this.#ended) return;
    // The last event may lack its blank line; one that was cut short is no event.
    const rest = this.#whole.rest();
    if (parsed(rest) !== undefined) this.#events(rest);
    if (!this.#ended)
      this.#fail({ kind: "cut", message: "the upstream's stream ended without its message_stop" });
  }

  #events(data: Buffer): void {
    const isSpecial = data.includes(USAGE_KEY) || data.includes(STOP) || data.includes(ERROR);
    if (this.#begun && !isSpecial) return this.#pass(data);
    let from = 0;
    for (let start = 0; start < data.length;) {
      const end = endOfEvent(data, start);
      const event = data.subarray(start, end);
      if (!this.#begun && saysNothing(event)) {
        // What is passed on commits us to this target; that it is at work does not.
        this.#held.push(event);
        this.#sink.alive();
        from = end;
      } else if (this.#look(event, data.subarray(from, start))) return;
      start = end;
    }
    if (from < data.length) this.#pass(data.subarray(from));
  }

  /**
   * @param before  events of the same piece that have not gone on yet
   * @returns whether the stream is over
   */
  #look(event: Buffer, before: Buffer): boolean {
    const holdsUsage = event.includes(USAGE_KEY);
    const mayFail = event.includes(ERROR);
    const mayStop = event.includes(STOP);
    const value = holdsUsage || mayFail || mayStop ? parsed(event) : undefined;
    if (value?.["type"] === "error") {
      // What came with it and before it is of no use where another target may still serve.
      if (this.#passed && before.length > 0) this.#pass(before);
      if (!this.#ended) this.#fail(this.#failureOf(value, event));
      return true;
    }
    if (holdsUsage && value !== undefined) this.#count(value);
    if (value?.["type"] === "message_stop") {
      if (before.length > 0) this.#pass(before);
      if (this.#ended) return true;
      this.#ended = true;
      this.#sink.end(Buffer.concat([...this.#held.splice(0), event]));
      return true;
    }
    this.#begun = true;
    return false;
  }

  #pass(data: Buffer): void {
    this.#passed = true;
    // The sink may have cancelled just now.
    if (this.#ended) return;
    this.#sink.chunk(this.#held.length === 0 ? data : Buffer.concat([...this.#held.splice(0), data]));
  }

  /** What a stream has used is known at its end; before, what is generated has not been counted. */
  #count(event: Json): void {
    const isStart = event["type"] === "message_start";
    if (!isStart && event["type"] !== "message_delta") return;
    const said = isStart ? asRecord(event["message"])?.["usage"] : event["usage"];
    this.#usage = mergedUsage(this.#usage, said);
    const usage = readAnthropicUsage(this.#usage);
    if (usage === undefined) return;
    if (!isStart) this.#sink.usage(usage);
    else if (usage !== "invalid") this.#sink.begun?.(usage);
  }

  #failureOf(value: Json, event: Buffer): AttemptFailure {
    const failure = eventFailure(value, this.#secrets);
    const leaks = this.#secrets.hiddenIn(payloadOf(event));
    const isOurs = failure.kind === "credentials" || failure.kind === "throttled" || leaks;
    return this.#passed && !isOurs ? { ...failure, event: Buffer.from(event) } : failure;
  }

  #fail(failure: AttemptFailure): void {
    this.#ended = true;
    this.#held = [];
    this.#sink.fail(failure);
  }
}

/** A comment or a ping: the upstream is at work. */
function saysNothing(event: Buffer): boolean {
  return areComments(event) || (event.includes(PING) && parsed(event)?.["type"] === "ping");
}

/** What an event says; undefined where that is no JSON object, or nothing. */
function parsed(event: Buffer): Json | undefined {
  if (event.length === 0) return undefined;
  try {
    return asRecord(JSON.parse(payloadOf(event)));
  } catch {
    return undefined;
  }
}

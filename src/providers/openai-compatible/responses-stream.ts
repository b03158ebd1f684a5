import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { responseFailure } from "./responses-failure.ts";
import { areComments, endOfEvent, payloadOf } from "../http/sse-events.ts";
import { parsePayload, SseStream } from "./sse-stream.ts";
import { readResponsesUsage } from "./usage.ts";

const EVENT_FIELD = Buffer.from("event:");
const LF = 0x0a;

/** Events that say only that the upstream is at work; what is passed on commits us to this target. */
const BEFORE_OUTPUT: ReadonlySet<string> = new Set([
  "response.created",
  "response.queued",
  "response.in_progress",
  "keepalive",
  "ping",
]);
const COMPLETE: ReadonlySet<string> = new Set(["response.completed", "response.incomplete"]);
const FAILED: ReadonlySet<string> = new Set(["response.failed", "response.cancelled", "error"]);

/**
 * Reads a stream of Responses by bytes: whole events go on as they are. The last tells the usage; what engines put after
 * it (`[DONE]`) is none of this API. https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesStream extends SseStream {
  readonly #sink: ReplySink;
  readonly #secrets: Secrets;
  /** Events before the first output, which wait for it. */
  #held: Buffer[] = [];
  #begun = false;

  constructor(sink: ReplySink, secrets = new Secrets()) {
    super();
    this.#sink = sink;
    this.#secrets = secrets;
  }

  protected override events(data: Buffer): void {
    let from = 0;
    for (let start = 0; start < data.length;) {
      const end = endOfEvent(data, start);
      const event = data.subarray(start, end);
      const type = areComments(event) ? "keepalive" : typeOf(event);
      const isLast = COMPLETE.has(type) || FAILED.has(type) || type === "[DONE]";
      if (!this.#begun && BEFORE_OUTPUT.has(type)) {
        this.#held.push(event);
        this.#sink.alive();
        from = end;
      } else if (isLast) {
        if (start > from) this.#pass(data.subarray(from, start));
        // The sink may have cancelled just now.
        if (!this.ended) this.#last(type, event);
        return;
      } else if (!this.#begun) {
        // From here on events go on in the pieces in which they came, those held before them.
        this.#begun = true;
      }
      start = end;
    }
    if (from < data.length) this.#pass(from === 0 ? data : data.subarray(from));
  }

  protected override isWhole(event: Buffer): boolean {
    // A type without its data is the beginning of an event.
    return parsePayload(payloadOf(event)) !== undefined;
  }

  protected override fail(failure: AttemptFailure): void {
    this.stop();
    this.#sink.fail(failure);
  }

  #pass(bytes: Buffer): void {
    this.#sink.chunk(this.#withHeld(bytes));
  }

  #withHeld(bytes: Buffer): Buffer {
    if (this.#held.length === 0) return bytes;
    return Buffer.concat([...this.#held.splice(0), bytes]);
  }

  #last(type: string, event: Buffer): void {
    if (type === "[DONE]")
      return this.fail({ kind: "cut", message: "the upstream ended its stream without a last event" });
    const value = parsePayload(payloadOf(event));
    const response = value?.["response"] as Readonly<Record<string, unknown>> | null | undefined;
    const usage = readResponsesUsage(response?.["usage"]);
    if (usage !== undefined) this.#sink.usage(usage);
    if (COMPLETE.has(type)) {
      if (response === undefined || response === null)
        return this.fail({ kind: "protocol", message: `an event ${type} of the upstream has no response` });
      this.stop();
      return this.#sink.end(this.#withHeld(event));
    }
    // An engine may put what went wrong into the event itself, or into an object in it as other APIs do.
    const failure = responseFailure(response?.["error"] ?? value?.["error"] ?? value, this.#secrets);
    const isOurs = failure.kind === "throttled" || this.#secrets.hiddenIn(payloadOf(event));
    // OpenAI's SDK for Python hands the flat form of an error on as one event more, and LangChain takes it for nothing.
    const isFlat = type === "error" && typeof value?.["error"] !== "object";
    this.fail({ ...failure, ...(this.#begun && !isOurs && !isFlat && { event }) });
  }
}

/** As its `event:` line says, else as its data does. */
function typeOf(event: Buffer): string {
  if (event.subarray(0, EVENT_FIELD.length).equals(EVENT_FIELD)) {
    const end = event.indexOf(LF);
    return event.toString("latin1", EVENT_FIELD.length, end === -1 ? event.length : end).trim();
  }
  const payload = payloadOf(event);
  if (payload === "[DONE]") return payload;
  if (payload === "") return "keepalive";
  const value = parsePayload(payload);
  const type = value?.["type"];
  if (typeof type === "string") return type;
  return value?.["error"] === undefined || value["error"] === null ? "" : "error";
}

import { brief } from "../../core/text.ts";
import { Secrets } from "../http/secrets.ts";
import type { ReplySink } from "../provider.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import { readUsage } from "./usage.ts";

const EMPTY = Buffer.alloc(0);
/** Characters of an engine's own words that an error repeats. */
const MAX_REASON = 500;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const USAGE_KEY = Buffer.from('"usage"');
const ERROR_KEY = Buffer.from('"error"');
const DONE = Buffer.from("[DONE]");
const BLANK_LF = Buffer.from("\n\n");
const BLANK_CRLF = Buffer.from("\r\n\r\n");

/** An event longer than this is no event; the engine has lost its framing. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

/**
 * Reads a chat stream by bytes: it passes whole events on as they are and looks closer only at the three that matter,
 * the usage frame, an error and the end. A quoted key cannot stand in model text, where quotes are escaped, so
 * searching for it finds keys only. https://platform.openai.com/docs/api-reference/chat/streaming
 */
export class OpenAiStream {
  readonly #sink: ReplySink;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;
  /** The beginning of an event whose end has not come yet, in the pieces in which it came. */
  #carry: Buffer[] = [];
  #carried = 0;
  #ended = false;
  #begun = false;
  readonly #comments: Buffer[] = [];

  /** @param hideUsage  the client did not ask for the usage frame: take it out */
  constructor(sink: ReplySink, hideUsage: boolean, secrets = new Secrets()) {
    this.#sink = sink;
    this.#secrets = secrets;
    this.#hideUsage = hideUsage;
  }

  /** Nothing more is told. */
  stop(): void {
    this.#ended = true;
  }

  get ended(): boolean {
    return this.#ended;
  }

  push(bytes: Buffer): void {
    if (this.#ended) return;
    if (this.#carried > 0 && endOfLastEvent(this.#seam(bytes)) === 0) return this.#keep(bytes);
    const data = this.#carried === 0 ? bytes : Buffer.concat([...this.#carry, bytes]);
    const end = endOfLastEvent(data);
    this.#carry = [];
    this.#carried = 0;
    if (end > 0) this.#events(data.subarray(0, end));
    if (end < data.length && !this.#ended) this.#keep(data.subarray(end));
  }

  /** New bytes with the last three before them: a blank line that ends only now begins there at the earliest. */
  #seam(bytes: Buffer): Buffer {
    const last = this.#carry.at(-1) ?? EMPTY;
    const tail = last.length >= 3 ? last : Buffer.concat(this.#carry.slice(-3));
    return Buffer.concat([tail.subarray(-3), bytes]);
  }

  #keep(bytes: Buffer): void {
    this.#carry.push(bytes);
    this.#carried += bytes.length;
    if (this.#carried > MAX_EVENT_BYTES) {
      this.#fail("protocol", `the upstream sent an event of more than ${MAX_EVENT_BYTES} bytes`);
    }
  }

  /** The upstream closed the stream. */
  finish(): void {
    if (this.#ended) return;
    // The last event may lack its blank line; one that was cut short is no event.
    const rest = Buffer.concat([...this.#carry, BLANK_LF]);
    if (this.#carried > 0 && isWhole(rest)) this.#events(rest);
    this.#carry = [];
    if (!this.#ended) this.#fail("cut", "the upstream's stream ended without its end marker");
  }

  #events(data: Buffer): void {
    if (!this.#begun) {
      // Comments before the first event only say that the engine is at work. They wait for it, because what is passed on
      // commits us to this target.
      if (data[0] === COLON && isComments(data)) {
        this.#comments.push(data);
        return this.#sink.alive();
      }
      this.#begun = true;
      if (this.#comments.length > 0) return this.#events(Buffer.concat([...this.#comments.splice(0), data]));
    }
    if (data.includes(USAGE_KEY) || data.includes(DONE) || data.includes(ERROR_KEY)) this.#inspect(data);
    else this.#sink.chunk(data);
  }

  /** Goes through the events one by one, and passes on what lies between those that are taken out. */
  #inspect(data: Buffer): void {
    let from = 0;
    for (let start = 0; start < data.length;) {
      const end = endOfEvent(data, start);
      const verdict = this.#look(data.subarray(start, end));
      if (verdict !== "pass") {
        if (start > from) this.#sink.chunk(data.subarray(from, start));
        // The sink may have cancelled just now.
        if (this.#ended) return;
        from = end;
      }
      if (verdict === "done") {
        this.#ended = true;
        return this.#sink.end(data.subarray(start, end));
      }
      if (typeof verdict === "object") {
        if (verdict.failed !== undefined)
          return this.#fail("status", "the upstream failed in mid-stream", verdict.failed);
        if (verdict.usage !== undefined) this.#sink.usage(verdict.usage);
        if (verdict.keep) from = start;
      }
      start = end;
    }
    if (from < data.length) this.#sink.chunk(from === 0 ? data : data.subarray(from));
  }

  #look(event: Buffer): Verdict {
    const hasUsage = holdsUsageObject(event);
    const hasError = event.includes(ERROR_KEY);
    if (!hasUsage && !hasError && !event.includes(DONE)) return "pass";
    const payload = payloadOf(event);
    if (payload === "[DONE]") return "done";
    const value = hasUsage || hasError ? parse(payload) : undefined;
    const reason = hasError ? errorIn(value) : undefined;
    if (reason !== undefined) {
      return {
        failed: this.#secrets.appearIn(reason) ? "no reason given" : brief(reason, MAX_REASON),
        keep: false,
      };
    }
    if (typeof value?.["usage"] !== "object" || value["usage"] === null) return "pass";
    const choices = value["choices"];
    const isUsageAlone = Array.isArray(choices) && choices.length === 0;
    return { usage: readUsage(value["usage"]), keep: !this.#hideUsage || !isUsageAlone };
  }

  #fail(kind: "cut" | "status" | "protocol", message: string, said?: string): void {
    this.#ended = true;
    this.#sink.fail({ kind, message, said });
  }
}

/** What an event is: nothing special, the end, or something to tell, with the event passed on (`keep`) or taken out. */
type Verdict =
  | "pass"
  | "done"
  | { readonly keep: boolean; readonly failed?: string; readonly usage?: ReportedUsage | undefined };

/** Whether an event without its end is complete all the same. */
function isWhole(event: Buffer): boolean {
  const payload = payloadOf(event);
  return payload === "[DONE]" || payload === "" || parse(payload) !== undefined;
}

function isComments(data: Buffer): boolean {
  return data
    .toString("latin1")
    .split(/\r?\n/)
    .every((line) => line === "" || line.startsWith(":"));
}

/** Where the last complete event ends: just after its blank line; 0 where there is none. */
function endOfLastEvent(data: Buffer): number {
  const length = data.length;
  if (length >= 2 && data[length - 1] === LF && data[length - 2] === LF) return length;
  const lf = data.lastIndexOf(BLANK_LF);
  const crlf = data.lastIndexOf(BLANK_CRLF);
  return Math.max(lf === -1 ? 0 : lf + 2, crlf === -1 ? 0 : crlf + 4);
}

/** Where the event that begins at `start` ends; the data is known to end with a blank line. */
function endOfEvent(data: Buffer, start: number): number {
  const lf = data.indexOf(BLANK_LF, start);
  const crlf = data.indexOf(BLANK_CRLF, start);
  if (lf === -1) return crlf === -1 ? data.length : crlf + 4;
  return crlf === -1 || lf < crlf ? lf + 2 : crlf + 4;
}

/** Whether a `"usage"` key is followed by an object; engines that were asked send `"usage":null` in every event. */
function holdsUsageObject(event: Buffer): boolean {
  for (let at = event.indexOf(USAGE_KEY); at !== -1; at = event.indexOf(USAGE_KEY, at + 1)) {
    let next = at + USAGE_KEY.length;
    while (event[next] === SPACE || event[next] === COLON) next++;
    if (event[next] === OPEN_OBJECT) return true;
  }
  return false;
}

/** The event's data lines, joined as the standard says. https://html.spec.whatwg.org/multipage/server-sent-events.html */
function payloadOf(event: Buffer): string {
  const lines: string[] = [];
  let start = 0;
  while (start < event.length) {
    let end = event.indexOf(LF, start);
    if (end === -1) end = event.length;
    const line = event.toString("utf8", start, event[end - 1] === CR ? end - 1 : end);
    if (line.startsWith("data:")) lines.push(line.slice(line[5] === " " ? 6 : 5));
    start = end + 1;
  }
  return lines.join("\n");
}

/** What an event says went wrong, in the forms that engines use; undefined where it says nothing of the kind. */
function errorIn(value: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const error = value?.["object"] === "error" ? value : value?.["error"];
  if (typeof error === "string" && error !== "") return error;
  if (typeof error !== "object" || error === null) return undefined;
  const { message } = error as { message?: unknown };
  return typeof message === "string" ? message : "no reason given";
}

function parse(payload: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

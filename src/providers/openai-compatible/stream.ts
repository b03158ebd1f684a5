import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import type { ReportedUsage, Usage } from "../../core/usage.ts";
import { areComments, endOfEvent, payloadOf } from "../http/sse-events.ts";
import { parsePayload, SseStream } from "./sse-stream.ts";
import { countsSound, readUsage } from "./usage.ts";

/** Characters of an engine's own words that an error repeats. */
const MAX_REASON = 500;
const SPACE = 0x20;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const USAGE_KEY = Buffer.from('"usage"');
const ERROR_KEY = Buffer.from('"error"');
const DONE = Buffer.from("[DONE]");

/**
 * Reads a stream of chat or of completions by bytes: it passes whole events on as they are and looks closer only at the
 * three that matter, the usage frame, an error and the end. A quoted key cannot stand in model text, where quotes are
 * escaped, so searching for it finds keys only. https://platform.openai.com/docs/api-reference/chat/streaming
 */
export class OpenAiStream extends SseStream {
  readonly #sink: ReplySink;
  readonly #hideUsage: boolean;
  readonly #secrets: Secrets;
  #begun = false;
  readonly #comments: Buffer[] = [];
  /** A count of what there was so far, told in the middle of the stream. */
  #running: Usage | undefined;
  /** More came after that count. */
  #isBehind = false;
  /** What was counted has no price of its own. */
  #isGuessed = false;

  /** @param hideUsage  the client did not ask for the usage frame: take it out */
  constructor(sink: ReplySink, hideUsage: boolean, secrets = new Secrets()) {
    super();
    this.#sink = sink;
    this.#secrets = secrets;
    this.#hideUsage = hideUsage;
  }

  protected override events(data: Buffer): void {
    if (!this.#begun) {
      // Comments before the first event only say that the engine is at work. They wait for it, because what is passed on
      // commits us to this target.
      if (areComments(data)) {
        this.#comments.push(data);
        return this.#sink.alive();
      }
      this.#begun = true;
      if (this.#comments.length > 0) return this.events(Buffer.concat([...this.#comments.splice(0), data]));
    }
    if (data.includes(USAGE_KEY) || data.includes(DONE) || data.includes(ERROR_KEY)) this.#inspect(data);
    else {
      this.#overtake();
      this.#sink.chunk(data);
    }
  }

  /** What comes after a running count is not in it: where nothing better follows, an estimate is. */
  #overtake(): void {
    if (this.#running === undefined || this.#isBehind) return;
    this.#isBehind = true;
    this.#sink.usage(undefined);
    this.#sink.begun?.(this.#running);
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
        if (this.ended) return;
        from = end;
      }
      if (verdict === "pass") this.#overtake();
      if (verdict === "done") {
        this.stop();
        if (this.#isBehind) this.#sink.usage(this.#running, this.#isGuessed);
        return this.#sink.end(data.subarray(start, end));
      }
      if (typeof verdict === "object") {
        if (verdict.failed !== undefined)
          return this.fail({
            kind: "status",
            message: "the upstream failed in mid-stream",
            said: verdict.failed,
          });
        this.#count(verdict);
        if (verdict.keep) from = start;
      }
      start = end;
    }
    if (from < data.length) this.#sink.chunk(from === 0 ? data : data.subarray(from));
  }

  #count({ usage, isRunning, isGuessed = false }: Exclude<Verdict, string>): void {
    if (usage === undefined) return;
    this.#running = isRunning === true && usage !== "invalid" ? usage : undefined;
    this.#isBehind = false;
    this.#isGuessed = isGuessed;
    this.#sink.usage(usage, isGuessed);
  }

  #look(event: Buffer): Verdict {
    const hasUsage = holdsUsageObject(event);
    const hasError = event.includes(ERROR_KEY);
    if (!hasUsage && !hasError && !event.includes(DONE)) return "pass";
    const payload = payloadOf(event);
    if (payload === "[DONE]") return "done";
    const value = hasUsage || hasError ? parsePayload(payload) : undefined;
    const reason = hasError ? errorIn(value) : undefined;
    if (reason !== undefined) {
      return {
        failed: this.#secrets.tellable(reason, MAX_REASON) ?? "no reason given",
        keep: false,
      };
    }
    if (typeof value?.["usage"] !== "object" || value["usage"] === null) return "pass";
    const keep = !this.#hideUsage || !isUsageAlone(value);
    const isGuessed = countsSound(value["usage"]);
    return { usage: readUsage(value["usage"]), keep, isRunning: isUnderWay(value), isGuessed };
  }

  protected override isWhole(event: Buffer): boolean {
    const payload = payloadOf(event);
    return payload === "[DONE]" || payload === "" || parsePayload(payload) !== undefined;
  }

  protected override fail(failure: AttemptFailure): void {
    this.stop();
    this.#sink.fail(failure);
  }
}

/** Azure tells what its filter thinks of the prompt in a chunk without choices: that is the client's to see. */
function isUsageAlone({ choices, prompt_filter_results: filtered }: Chunk): boolean {
  return Array.isArray(choices) && choices.length === 0 && (filtered === undefined || filtered === null);
}

/** Engines that are asked to count as they go put a usage into each piece of the reply. */
function isUnderWay({ choices }: Chunk): boolean {
  if (!Array.isArray(choices) || choices.length === 0) return false;
  return choices.every(
    (choice: { finish_reason?: unknown } | null) => typeof choice?.finish_reason !== "string",
  );
}

interface Chunk {
  readonly choices?: unknown;
  readonly prompt_filter_results?: unknown;
}

/** What an event is: nothing special, the end, or something to tell, with the event passed on (`keep`) or taken out. */
type Verdict =
  | "pass"
  | "done"
  | {
      readonly keep: boolean;
      readonly failed?: string;
      readonly usage?: ReportedUsage | undefined;
      readonly isRunning?: boolean;
      readonly isGuessed?: boolean;
    };

/** Whether a `"usage"` key is followed by an object; engines that were asked send `"usage":null` in every event. */
function holdsUsageObject(event: Buffer): boolean {
  for (let at = event.indexOf(USAGE_KEY); at !== -1; at = event.indexOf(USAGE_KEY, at + 1)) {
    let next = at + USAGE_KEY.length;
    while (event[next] === SPACE || event[next] === COLON) next++;
    if (event[next] === OPEN_OBJECT) return true;
  }
  return false;
}

/** What an event says went wrong, in the forms that engines use; undefined where it says nothing of the kind. */
function errorIn(value: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const error = value?.["object"] === "error" ? value : value?.["error"];
  if (typeof error === "string" && error !== "") return error;
  if (typeof error !== "object" || error === null) return undefined;
  const { message } = error as { message?: unknown };
  return typeof message === "string" ? message : "no reason given";
}

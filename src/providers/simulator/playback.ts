import { statusFailure } from "../http/failure.ts";
import { Secrets } from "../http/secrets.ts";
import type { ReplySink, UpstreamHandle } from "../provider.ts";
import { json } from "./frames.ts";
import { refusalBody, type Plan } from "./plan.ts";

/** Frames that fall into one tick are sent together, as an engine's own buffering would. */
const TICK_MS = 4;

/** Shows a plan in time: waits for the first token, then lets the rest appear token by token. */
export class Playback implements UpstreamHandle {
  readonly #plan: Plan;
  readonly #sink: ReplySink;
  #timer: NodeJS.Timeout | undefined;
  #next = 0;
  #shownTokens = 0;
  #paused = false;
  #over = false;
  #step: () => void = () => {};

  constructor(plan: Plan, sink: ReplySink) {
    this.#plan = plan;
    this.#sink = sink;
    if (plan.fault?.kind === "hang") return;
    const immediate = plan.refusal !== undefined || plan.fault?.kind === "error";
    const afterTokens = plan.body === undefined ? 0 : plan.tokens * plan.msPerToken;
    this.#wait(immediate ? 1 : plan.firstMs + afterTokens, () => this.#begin());
  }

  cancel(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#step = () => {};
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const step = this.#step;
    this.#step = () => {};
    step();
  }

  #wait(ms: number, step: () => void): void {
    this.#step = () => {};
    this.#timer = setTimeout(() => {
      if (this.#paused) this.#step = step;
      else step();
    }, ms);
  }

  #begin(): void {
    const { fault, refusal, body, usage } = this.#plan;
    if (fault?.kind === "error")
      return this.#refuse(fault.status, json({ error: { message: "scripted fault", type: "server_error" } }));
    if (refusal !== undefined) return this.#refuse(400, refusalBody(refusal));
    if (body === undefined) return this.#stream();
    if (fault?.kind === "cut")
      return this.#sink.fail({ kind: "cut", message: "the upstream cut its reply (scripted)" });
    if (usage !== undefined) this.#reportUsage(usage);
    this.#sink.whole({ status: 200, contentType: "application/json", headers: {}, body });
  }

  #stream(): void {
    const { frames, fault, usage, msPerToken, last } = this.#plan;
    const batch: Buffer[] = [];
    let ms = 0;
    while (this.#next < frames.length && ms < TICK_MS) {
      if (fault?.kind === "cut" && this.#shownTokens >= fault.afterTokens) {
        this.#show(batch);
        return this.#over
          ? undefined
          : this.#sink.fail({ kind: "cut", message: "the upstream cut its reply (scripted)" });
      }
      const frame = frames[this.#next++];
      if (frame === undefined) break;
      batch.push(frame.bytes);
      this.#shownTokens += frame.tokens;
      ms += frame.tokens * msPerToken;
    }
    this.#show(batch);
    if (this.#over) return;
    if (this.#next < frames.length) return this.#wait(ms, () => this.#stream());
    if (usage !== undefined) this.#reportUsage(usage);
    this.#sink.end(last);
  }

  #show(frames: readonly Buffer[]): void {
    if (frames.length > 0) this.#sink.chunk(Buffer.concat(frames));
  }

  #reportUsage(usage: { readonly inputTokens: number; readonly outputTokens: number }): void {
    this.#sink.usage({ ...usage, cachedInputTokens: 0, cacheWriteInputTokens: 0, reasoningTokens: 0 });
  }

  #refuse(status: number, body: Buffer): void {
    const reply = { status, contentType: "application/json", headers: {}, body };
    this.#sink.fail(statusFailure(reply, status === 429 ? "1" : undefined, new Secrets(), Date.now()));
  }
}

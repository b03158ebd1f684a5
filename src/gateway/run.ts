import { AppError } from "../core/errors.ts";
import { brief } from "../core/text.ts";
import { formatUsd, rounded, type Nanodollars } from "../core/money.ts";
import type { AttemptFailure, WholeReply } from "../providers/provider.ts";
import { Attempt, type AttemptEvents } from "./attempt.ts";
import type { ClientReply } from "./client-reply.ts";
import type { ReplyBytes } from "./dialects/dialect.ts";
import { NO_REPLY, type CountTokens } from "./estimate-usage.ts";
import type { Exchange, PlannedTarget } from "./exchange.ts";
import { ReplySample } from "./reply-sample.ts";
import { settle } from "./settle.ts";
import type { LiveItem } from "../core/live-list.ts";

export interface RunTimeouts {
  /** Milliseconds between comments while a stream waits for its first byte. */
  readonly keepAliveComment: number;
}

/** Who is told of what clients must not hear. */
export interface RunWatch {
  readonly countTokens: CountTokens;
  /** Faults in the program itself. */
  readonly onBug: (error: unknown) => void;
  /** An upstream took our credentials not, or there were none. */
  readonly onRefused: (target: string, failure: AttemptFailure) => void;
}

/**
 * Serves a planned exchange: one attempt after the other until one answers, and whatever happens on either side, one
 * end. A fallback happens only while the client has seen nothing of a reply.
 */
export class Run implements AttemptEvents, LiveItem {
  place = -1;
  readonly #exchange: Exchange;
  readonly #reply: ClientReply;
  readonly #timeouts: RunTimeouts;
  readonly countTokens: CountTokens;
  readonly #onBug: (error: unknown) => void;
  readonly #onRefused: RunWatch["onRefused"];
  #attempt: Attempt | undefined;
  #next = 0;
  /** The client has seen a part of a reply. */
  #delivered = false;
  /** Some target could express the request, and was asked. */
  #asked = false;
  #commentTimer: NodeJS.Timeout | undefined;
  /** Of the attempt whose stream is passed on; there is at most one. */
  readonly #sample = new ReplySample();

  constructor(
    exchange: Exchange,
    reply: ClientReply,
    timeouts: RunTimeouts,
    { onBug, onRefused, countTokens }: RunWatch,
  ) {
    this.countTokens = countTokens;
    this.#onBug = onBug;
    this.#onRefused = onRefused;
    this.#exchange = exchange;
    this.#reply = reply;
    this.#timeouts = timeouts;
  }

  start(): void {
    if (this.#exchange.request?.stream === true && this.#exchange.dialect.keepAliveComment !== undefined) {
      this.#commentTimer = setInterval(() => this.#comment(), this.#timeouts.keepAliveComment);
    }
    this.#reply.onDrain(() => this.#drained());
    this.#tryNext();
    this.#reply.onLeave(() => this.#left());
  }

  /** Ends it from our side: the gateway shuts down and its deadline has passed. */
  cut(error: AppError): void {
    if (this.#exchange.status !== undefined) return;
    this.#attempt?.abandon();
    if (this.#attempt !== undefined) this.#settle(this.#attempt, this.#sample);
    if (this.#reply.over) this.#finish("abandoned");
    else this.#fail(error);
  }

  onWhole(attempt: Attempt, reply: WholeReply): void {
    const exchange = this.#exchange;
    this.#settle(attempt, { bytes: reply.body, total: reply.body.length, isStream: false });
    exchange.firstTokenMs = Math.round(exchange.clock.monotonic() - exchange.startedAt);
    if (this.#reply.streaming && !this.#reply.over) {
      // Comments went out, so the status is told already, and a plain body is no stream.
      return this.#fail(
        new AppError(
          "upstream_error",
          "the upstream answered a stream with a plain reply, too late to pass it on",
        ),
      );
    }
    for (const tap of exchange.taps) tap(reply.body);
    this.#finish(this.#reply.over ? "abandoned" : "answered", undefined, () =>
      this.#reply.whole(reply, this.#headers(attempt, costOf(exchange))),
    );
  }

  onChunk(attempt: Attempt, bytes: Buffer): void {
    const exchange = this.#exchange;
    if (!this.#delivered) {
      this.#delivered = true;
      clearInterval(this.#commentTimer);
      exchange.firstTokenMs = Math.round(exchange.clock.monotonic() - exchange.startedAt);
      this.#reply.openStream({ ...attempt.headers, ...this.#headers(attempt, undefined) });
    }
    this.#sample.add(bytes);
    for (const tap of exchange.taps) tap(bytes);
    if (!this.#reply.chunk(bytes)) attempt.pause();
  }

  onEnd(attempt: Attempt, last: Buffer): void {
    this.#settle(attempt, this.#sample);
    for (const tap of this.#exchange.taps) tap(last);
    this.#finish(this.#reply.over ? "abandoned" : "answered", undefined, () => {
      if (!this.#delivered)
        this.#reply.openStream({ ...attempt.headers, ...this.#headers(attempt, undefined) });
      this.#reply.end(last);
    });
  }

  onFail(attempt: Attempt, failure: AttemptFailure): void {
    this.#settle(attempt, this.#delivered ? this.#sample : NO_REPLY);
    this.#asked ||= failure.kind !== "unsupported";
    if (failure.kind === "credentials") this.#onRefused(attempt.record.target, failure);
    if (this.#reply.over) return this.#finish("abandoned");
    if (failure.foreignThoughts === true && this.#maySendWithoutThoughts(attempt))
      return this.#try(attempt.planned, true);
    const mayFallBack =
      !this.#delivered && this.#next < this.#exchange.plan.length && mayHelpElsewhere(failure);
    if (mayFallBack) return this.#tryNext();
    const error = toAppError(attempt, failure);
    this.#finish(this.#asked ? "failed" : "refused", error, () => {
      if (
        failure.reply !== undefined &&
        !this.#reply.streaming &&
        this.#exchange.dialect.isError(failure.reply.body)
      ) {
        this.#reply.whole(failure.reply, this.#headers(attempt, undefined));
      } else if (failure.event !== undefined && this.#reply.streaming) {
        this.#reply.end(failure.event);
      } else {
        this.#reply.error(error, failure.reply?.status);
      }
    });
  }

  onThrow(error: unknown): void {
    this.#onBug(error);
  }

  #tryNext(): void {
    const planned = this.#exchange.plan[this.#next++];
    if (planned === undefined)
      return this.#fail(new AppError("no_target_available", "the route has no target left"));
    this.#try(planned, false);
  }

  /**
   * Whether the thoughts that a model refuses may be another target's of this route, which stood in for it earlier. Where
   * only one model can have made them, and reads the client's own bytes, the refusal is between the two.
   */
  #maySendWithoutThoughts({ planned, withoutThoughts }: Attempt): boolean {
    if (withoutThoughts || this.#delivered) return false;
    const { decision, snapshot } = this.#exchange;
    const others = decision?.candidates.some(
      ({ target }) => snapshot.targets.get(target)?.model !== planned.target.model,
    );
    return others === true || planned.service === "translate";
  }

  #try(planned: PlannedTarget, withoutThoughts: boolean): void {
    this.#attempt = new Attempt(this.#exchange, planned, this, withoutThoughts);
    this.#attempt.start();
  }

  #left(): void {
    if (this.#exchange.status !== undefined) return;
    clearInterval(this.#commentTimer);
    const attempt = this.#attempt;
    if (attempt !== undefined && attempt.planned.target.onAbort === "drain") return attempt.resume();
    attempt?.abandon();
    if (attempt !== undefined) this.#settle(attempt, this.#sample);
    this.#finish("abandoned");
  }

  #drained(): void {
    this.#attempt?.resume();
  }

  #comment(): void {
    const { dialect, id } = this.#exchange;
    if (dialect.keepAliveComment === undefined) return;
    this.#reply.openStream({ "x-switchyard-exchange": id });
    this.#reply.chunk(dialect.keepAliveComment);
  }

  #fail(error: AppError): void {
    this.#finish("failed", error, () => this.#reply.error(error));
  }

  /** @param told  lets the client see the end; called when the record is written */
  #finish(
    status: "answered" | "refused" | "failed" | "abandoned",
    error?: AppError,
    told?: () => void,
  ): void {
    clearInterval(this.#commentTimer);
    this.#sample.release();
    this.#exchange.finish(status, error, told);
  }

  #settle(attempt: Attempt, reply: ReplyBytes): void {
    try {
      settle(this.#exchange, attempt, reply);
    } catch (error) {
      // The record must be written whatever happens to the sum in it.
      this.#onBug(error);
    }
  }

  #headers(attempt: Attempt, cost: Nanodollars | undefined): Record<string, string | number> {
    const headers: Record<string, string | number> = {
      "x-switchyard-exchange": this.#exchange.id,
      "x-switchyard-target": attempt.record.target,
      "x-switchyard-attempts": this.#exchange.attempts.length,
    };
    if (cost !== undefined) headers["x-switchyard-cost-usd"] = formatUsd(cost);
    const { dropped } = attempt.record;
    if (dropped.length > 0) headers["x-switchyard-dropped-params"] = headerList(dropped);
    return headers;
  }
}

/** What the attempts cost together; undefined where nothing is known of any. */
function costOf({ attempts }: Exchange): Nanodollars | undefined {
  let sum: bigint | undefined;
  for (const { charge } of attempts) if (charge !== undefined) sum = (sum ?? 0n) + charge;
  return sum === undefined ? undefined : rounded(sum);
}

/** A fault of the request is the same everywhere; an unknown model or path is a fault of one target. */
function mayHelpElsewhere(failure: AttemptFailure): boolean {
  if (failure.elsewhere !== undefined) return failure.elsewhere;
  return failure.kind !== "rejected" || failure.status === 404 || failure.status === 405;
}

/** Names as one header's value: what is no token of HTTP is escaped, and many are counted. */
function headerList(names: readonly string[]): string {
  const shown = names
    .slice(0, MOST_DROPPED_SHOWN)
    .map((name) => encodeURI(brief(name, MAX_NAME)).replaceAll(",", "%2C"));
  return shown.join(",") + (names.length > shown.length ? `,+${names.length - shown.length}` : "");
}

const MOST_DROPPED_SHOWN = 32;
const MAX_NAME = 64;

function toAppError(attempt: Attempt, failure: AttemptFailure): AppError {
  const message = `the target "${attempt.record.target}" failed: ${failure.message}`;
  const { said } = failure;
  const details = {
    target: attempt.record.target,
    ...(failure.status !== undefined && { status: failure.status }),
  };
  switch (failure.kind) {
    case "throttled":
      return new AppError("rate_limited", message, {
        details,
        said,
        ...(failure.retryAfterSeconds !== undefined && { retryAfterSeconds: failure.retryAfterSeconds }),
      });
    case "timeout":
      return new AppError("upstream_timeout", message, { details, said });
    case "rejected":
      return new AppError(failure.code ?? "invalid_request", message, { details, said });
    case "unsupported":
      return new AppError(
        failure.code ?? "unsupported_parameter",
        `the target "${attempt.record.target}" cannot serve this request: ${failure.message}`,
        { details, said },
      );
    case "connect":
    case "credentials":
    case "status":
    case "cut":
    case "protocol":
      return new AppError(failure.code ?? "upstream_error", message, {
        details,
        said,
        ...(failure.retryAfterSeconds !== undefined && { retryAfterSeconds: failure.retryAfterSeconds }),
      });
  }
}

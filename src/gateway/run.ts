import { AppError } from "../core/errors.ts";
import { scanObject } from "../core/json-scan.ts";
import { formatUsd, type Nanodollars } from "../core/money.ts";
import { costOfUsage, priceAt } from "../core/usage.ts";
import type { AttemptFailure, WholeReply } from "../providers/provider.ts";
import { Attempt, type AttemptEvents } from "./attempt.ts";
import type { ClientReply } from "./client-reply.ts";
import type { Exchange } from "./exchange.ts";
import type { LiveItem } from "./live-list.ts";

export interface RunTimeouts {
  /** Milliseconds between comments while a stream waits for its first byte. */
  readonly keepAliveComment: number;
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
  readonly #onBug: (error: unknown) => void;
  #attempt: Attempt | undefined;
  #next = 0;
  /** The client has seen a part of a reply. */
  #delivered = false;
  #commentTimer: NodeJS.Timeout | undefined;

  constructor(
    exchange: Exchange,
    reply: ClientReply,
    timeouts: RunTimeouts,
    onBug: (error: unknown) => void,
  ) {
    this.#onBug = onBug;
    this.#exchange = exchange;
    this.#reply = reply;
    this.#timeouts = timeouts;
  }

  start(): void {
    if (this.#exchange.request?.stream === true) {
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
    if (this.#attempt !== undefined) this.#settle(this.#attempt);
    if (this.#reply.over) this.#finish("abandoned");
    else this.#fail(error);
  }

  onWhole(attempt: Attempt, reply: WholeReply): void {
    const exchange = this.#exchange;
    this.#settle(attempt);
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
    this.#finish(this.#reply.over ? "abandoned" : "answered");
    this.#reply.whole(reply, this.#headers(attempt, exchange.costNano));
  }

  onChunk(attempt: Attempt, bytes: Buffer): void {
    const exchange = this.#exchange;
    if (!this.#delivered) {
      this.#delivered = true;
      clearInterval(this.#commentTimer);
      exchange.firstTokenMs = Math.round(exchange.clock.monotonic() - exchange.startedAt);
      this.#reply.openStream(this.#headers(attempt, undefined));
    }
    for (const tap of exchange.taps) tap(bytes);
    if (!this.#reply.chunk(bytes)) attempt.pause();
  }

  onEnd(attempt: Attempt, last: Buffer): void {
    this.#settle(attempt);
    for (const tap of this.#exchange.taps) tap(last);
    this.#finish(this.#reply.over ? "abandoned" : "answered");
    if (!this.#delivered) this.#reply.openStream(this.#headers(attempt, undefined));
    this.#reply.end(last);
  }

  onFail(attempt: Attempt, failure: AttemptFailure): void {
    this.#settle(attempt);
    if (this.#reply.over) return this.#finish("abandoned");
    const mayFallBack =
      !this.#delivered && this.#next < this.#exchange.plan.length && mayHelpElsewhere(failure);
    if (mayFallBack) return this.#tryNext();
    const error = toAppError(attempt, failure);
    this.#finish("failed", error);
    if (failure.reply !== undefined && !this.#reply.streaming && isReadable(failure.reply)) {
      this.#reply.whole(failure.reply, this.#headers(attempt, undefined));
    } else {
      this.#reply.error(error, failure.reply?.status);
    }
  }

  onThrow(error: unknown): void {
    this.#onBug(error);
  }

  #tryNext(): void {
    const planned = this.#exchange.plan[this.#next++];
    if (planned === undefined)
      return this.#fail(new AppError("no_target_available", "the route has no target left"));
    this.#attempt = new Attempt(this.#exchange, planned, this);
    this.#attempt.start();
  }

  #left(): void {
    if (this.#exchange.status !== undefined) return;
    clearInterval(this.#commentTimer);
    const attempt = this.#attempt;
    if (attempt !== undefined && attempt.planned.target.onAbort === "drain") return attempt.resume();
    attempt?.abandon();
    if (attempt !== undefined) this.#settle(attempt);
    this.#finish("abandoned");
  }

  #drained(): void {
    this.#attempt?.resume();
  }

  #comment(): void {
    this.#reply.openStream({ "x-switchyard-exchange": this.#exchange.id });
    this.#reply.chunk(this.#exchange.dialect.keepAliveComment);
  }

  #fail(error: AppError): void {
    this.#finish("failed", error);
    this.#reply.error(error);
  }

  #finish(status: "answered" | "failed" | "abandoned", error?: AppError): void {
    clearInterval(this.#commentTimer);
    this.#exchange.finish(status, error);
  }

  /** Books what the attempt's reported usage costs, at the price in force when the exchange began. */
  #settle(attempt: Attempt): void {
    const exchange = this.#exchange;
    const { record, planned } = attempt;
    if (record.usage === undefined) return;
    const price = priceAt(planned.target.prices, exchange.startedAtMs);
    if (price === undefined) return;
    record.costNano = costOfUsage(record.usage, price);
    exchange.usage = record.usage;
    exchange.costNano = (exchange.costNano ?? 0n) + record.costNano;
  }

  #headers(attempt: Attempt, cost: Nanodollars | undefined): Record<string, string | number> {
    const headers: Record<string, string | number> = {
      "x-switchyard-exchange": this.#exchange.id,
      "x-switchyard-target": attempt.record.target,
      "x-switchyard-attempts": this.#exchange.attempts.length,
    };
    if (cost !== undefined) headers["x-switchyard-cost-usd"] = formatUsd(cost);
    return headers;
  }
}

/** A fault of the request is the same everywhere; an unknown model or path is a fault of one target. */
function mayHelpElsewhere(failure: AttemptFailure): boolean {
  return failure.kind !== "rejected" || failure.status === 404 || failure.status === 405;
}

/** Whether a refusal is in the dialect's own form, so that an SDK can read it. */
function isReadable(reply: WholeReply): boolean {
  try {
    // The strict scan: a key that stands there twice says one thing to us and another to the client.
    scanObject(reply.body);
    const value = JSON.parse(reply.body.toString()) as { error?: { message?: unknown } } | null;
    return typeof value?.error?.message === "string";
  } catch {
    return false;
  }
}

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
      return new AppError("invalid_request", message, { details, said });
    case "connect":
    case "credentials":
    case "status":
    case "cut":
    case "protocol":
      return new AppError("upstream_error", message, { details, said });
  }
}

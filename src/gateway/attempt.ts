import { AppError } from "../core/errors.ts";
import type { ReportedUsage, Usage } from "../core/usage.ts";
import type { WireRequest } from "../core/wire.ts";
import type { AttemptFailure, Call, ReplySink, UpstreamHandle, WholeReply } from "../providers/provider.ts";
import type { ReplyFacts } from "./dialects/chat-writer.ts";
import type { GatewayTarget } from "./snapshot.ts";
import { countHere } from "./count-here.ts";
import type { CountTokens } from "./estimate-usage.ts";
import { CountOrEstimate, TranslatedChat, TranslatedCount, TranslatedEmbeddings } from "./translate.ts";
import type { AttemptRecord, Exchange, PlannedTarget } from "./exchange.ts";

/** What an attempt tells the run that it belongs to. The last of `onWhole`, `onEnd` and `onFail` is its end. */
export interface AttemptEvents {
  onWhole(attempt: Attempt, reply: WholeReply): void;
  onChunk(attempt: Attempt, bytes: Buffer): void;
  onEnd(attempt: Attempt, last: Buffer): void;
  onFail(attempt: Attempt, failure: AttemptFailure): void;
  /** The adapter threw, which it must not. */
  onThrow(error: unknown): void;
  /** Counts where the target has no counter. */
  readonly countTokens: CountTokens;
}

function modelOf({ adapter, model }: GatewayTarget): string {
  return adapter.canonical?.(model) ?? model;
}

/** One try on one target: sends, keeps the target's deadlines, and writes down what happened. */
export class Attempt implements ReplySink {
  readonly planned: PlannedTarget;
  readonly record: AttemptRecord;
  /** How it failed, if it did. */
  failure: AttemptFailure | undefined;
  /** The conversation's thoughts are left out: the plan's first model is taken to have made them, and no other may read them. */
  readonly withoutThoughts: boolean;
  /** What the upstream had counted when its stream began; the rest is estimated where no usage follows. */
  usageAtStart: Usage | undefined;
  /** Headers of its stream that go to the client. */
  headers: Readonly<Record<string, string>> = {};
  readonly #exchange: Exchange;
  readonly #events: AttemptEvents;
  readonly #startedAt: number;
  #handle: UpstreamHandle | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the upstream last said something; 0 before the first byte. */
  #lastByteAt = 0;
  #paused = false;
  #over = false;

  /** @param withoutThoughts  whether they are left out in any case */
  constructor(exchange: Exchange, planned: PlannedTarget, events: AttemptEvents, withoutThoughts = false) {
    this.#exchange = exchange;
    this.planned = planned;
    const first = exchange.plan[0] ?? planned;
    this.withoutThoughts =
      withoutThoughts || (first !== planned && modelOf(first.target) !== modelOf(planned.target));
    this.#events = events;
    this.#startedAt = exchange.clock.monotonic();
    this.record = {
      target: planned.target.id,
      startedAtMs: exchange.startedAtMs + Math.round(this.#startedAt - exchange.startedAt),
      status: "running",
      cause: undefined,
      firstTokenMs: undefined,
      usage: undefined,
      charge: undefined,
      costNano: undefined,
      cacheSaved: 0n,
      estimated: false,
      flagged: undefined,
      dropped: [],
    };
    exchange.attempts.push(this.record);
  }

  /** Whether anything went upstream; while the adapter has not returned it may have. */
  get sent(): boolean {
    return this.#handle?.sent !== false;
  }

  /** Begins; the events may come at once. */
  start(): void {
    const { target } = this.planned;
    this.#exchange.overheadMs ??= this.#startedAt - this.#exchange.servedAt;
    this.#arm(Math.min(target.timeouts.firstByte, target.timeouts.total));
    try {
      // The upstream may have failed before this returns, and a later attempt may be under way.
      this.#handle = this.#send();
    } catch (error) {
      // What the request says in no dialect is read when the first target needs it: others take its bytes.
      if (error instanceof AppError) {
        // Its words may quote the prompt: they are for the client alone.
        const message = "the request cannot be read for a target of another dialect";
        return this.fail({ kind: "unsupported", code: error.code, message, said: error.message });
      }
      this.#events.onThrow(error);
      return this.fail({ kind: "protocol", message: "the adapter failed; the log has the details" });
    }
    if (this.#over && this.record.status === "abandoned") this.#handle.cancel();
  }

  #send(): UpstreamHandle {
    const exchange = this.#exchange;
    const { target, outputCap, service } = this.planned;
    const { request, dialect } = exchange;
    if (request === undefined) throw new Error("an attempt starts after the request is read");
    const call: Call = {
      model: target.model,
      outputCap,
      connectTimeoutMs: target.timeouts.connect,
      autoCache: target.autoCache,
      withoutThoughts: this.withoutThoughts,
      labels: { exchange: exchange.id, tenant: exchange.context?.tenant ?? "", tags: exchange.tags },
    };
    const { adapter, mayDrop } = target;
    if (service === "pass") return adapter.send({ ...call, request }, this);
    const facts = this.#facts(request.includeUsage);
    if (request.operation === "chat" || request.operation === "invoke") {
      const chat = (exchange.chat ??= dialect.readChat(request));
      const sink = new TranslatedChat(dialect.chatWriter(facts), this);
      return adapter.chat({ ...call, chat, stream: request.stream, mayDrop }, sink);
    }
    if (request.operation === "count-tokens") return this.#count(call, request);
    if (adapter.embed === undefined || dialect.embeddings === undefined) throw this.#unservable();
    const { read, write } = dialect.embeddings;
    const embeddings = (exchange.embeddings ??= read(request));
    const sink = new TranslatedEmbeddings((reply) => write(reply, embeddings, facts), this);
    return adapter.embed({ ...call, embeddings, mayDrop }, sink);
  }

  #count(call: Call, request: WireRequest): UpstreamHandle {
    const { dialect } = this.#exchange;
    const { target, service } = this.planned;
    const { adapter } = target;
    if (dialect.count === undefined) throw this.#unservable();
    const { read, write } = dialect.count;
    const chat = (this.#exchange.chat ??= read(request));
    const sink = new TranslatedCount(write, service === "estimate", this);
    if (service === "estimate") return countHere(chat, target.model, this.#events.countTokens, sink);
    if (adapter.count === undefined) throw this.#unservable();
    return adapter.count(
      { ...call, chat },
      new CountOrEstimate(sink, () => {
        const ours = new TranslatedCount(write, true, this);
        countHere(chat, target.model, this.#events.countTokens, ours);
      }),
    );
  }

  #unservable(): Error {
    return new Error(`the target "${this.planned.target.id}" was planned for a request that it cannot serve`);
  }

  #facts(includeUsage: boolean): ReplyFacts {
    const { id, request, startedAtMs, previousResponse } = this.#exchange;
    return {
      exchangeId: id,
      model: request?.model ?? this.planned.target.id,
      startedAtMs,
      includeUsage,
      request,
      previousResponse,
    };
  }

  /** The client left, or the gateway stops: nothing more is heard of this attempt. */
  abandon(): void {
    if (this.#over) return;
    this.#close("abandoned");
    this.#handle?.cancel();
  }

  /** The client does not keep up: the upstream waits. Its silence is then no fault of its own. */
  pause(): void {
    this.#paused = true;
    this.#handle?.pause();
  }

  resume(): void {
    this.#paused = false;
    // 0 says that nothing came yet, and the deadline of the first byte still holds.
    if (this.#lastByteAt !== 0) this.#lastByteAt = this.#exchange.clock.monotonic();
    this.#handle?.resume();
  }

  head(headers: Readonly<Record<string, string>>): void {
    this.headers = headers;
  }

  dropped(names: readonly string[]): void {
    this.record.dropped = [...this.record.dropped, ...names];
  }

  whole(reply: WholeReply): void {
    if (this.#over) return;
    this.record.firstTokenMs = Math.round(this.#exchange.clock.monotonic() - this.#startedAt);
    this.#close("answered");
    this.#events.onWhole(this, reply);
  }

  chunk(bytes: Buffer): void {
    if (this.#over) return;
    this.alive();
    this.record.firstTokenMs ??= Math.round(this.#lastByteAt - this.#startedAt);
    this.#events.onChunk(this, bytes);
  }

  alive(): void {
    if (this.#over) return;
    const isFirst = this.#lastByteAt === 0;
    this.#lastByteAt = this.#exchange.clock.monotonic();
    if (!isFirst) return;
    clearTimeout(this.#timer);
    this.#arm(this.planned.target.timeouts.idle);
  }

  end(last: Buffer): void {
    if (this.#over) return;
    this.#close("answered");
    this.#events.onEnd(this, last);
  }

  usage(usage: ReportedUsage | undefined, estimated = false): void {
    if (this.#over) return;
    this.record.estimated = estimated;
    this.record.usage = usage === "invalid" ? undefined : usage;
    this.record.flagged = usage === "invalid" ? "counts that are no counts" : undefined;
  }

  begun(usage: Usage): void {
    this.usageAtStart = usage;
  }

  fail(failure: AttemptFailure): void {
    if (this.#over) return;
    this.#close("failed");
    this.record.cause = failure.message;
    if (failure.bug !== undefined) this.#events.onThrow(failure.bug);
    this.failure = failure;
    this.#events.onFail(this, failure);
  }

  #close(status: AttemptRecord["status"]): void {
    this.#over = true;
    this.record.status = status;
    clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    this.#timer = setTimeout(() => this.#check(), ms);
  }

  /** One timer serves three deadlines: bytes only note the time, and when it fires it is seen what is due. */
  #check(): void {
    const { firstByte, idle, total } = this.planned.target.timeouts;
    const now = this.#exchange.clock.monotonic();
    const totalLeft = this.#startedAt + total - now;
    const isWaiting = this.#lastByteAt === 0;
    const quietLeft = isWaiting
      ? this.#startedAt + firstByte - now
      : this.#paused
        ? idle
        : this.#lastByteAt + idle - now;
    // A timer may fire a fraction of a millisecond early.
    if (totalLeft < 1) return this.#timeout(`no end within ${total} ms (timeouts.total)`);
    if (quietLeft < 1) {
      return this.#timeout(
        isWaiting
          ? `no first byte within ${firstByte} ms (timeouts.firstByte)`
          : `silent for ${idle} ms (timeouts.idle)`,
      );
    }
    this.#arm(Math.min(totalLeft, quietLeft));
  }

  #timeout(message: string): void {
    this.fail({ kind: "timeout", message });
    this.#handle?.cancel();
  }
}

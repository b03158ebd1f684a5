import type { Clock } from "../core/clock.ts";
import { AppError, asAppError } from "../core/errors.ts";
import type { KeyRing } from "../policy/key-ring.ts";
import type { AttemptFailure, Provider } from "../providers/provider.ts";
import { decisionText } from "../telemetry/record-line.ts";
import type { ExchangeRecorder } from "../telemetry/recorder.ts";
import { ClientReply, type RawResponse } from "./client-reply.ts";
import { credentialOf } from "./credentials.ts";
import { signerOf } from "./signer.ts";
import { estimateUsage, type CountTokens } from "./estimate-usage.ts";
import { Exchange, type RequestHead } from "./exchange.ts";
import { LiveList } from "../core/live-list.ts";
import { runStages, type Stage } from "./pipeline.ts";
import type { ExchangeKind } from "./routes.ts";
import { ClientLeft } from "./read-body.ts";
import { Run } from "./run.ts";
import { resumeResponse } from "./responses/resume.ts";
import type { ResponseStore } from "./responses/stored-response.ts";
import type { Snapshot } from "./snapshot.ts";
import { planRoute } from "./stages/plan-route.ts";
import { readRequest } from "./stages/read-request.ts";
import { verifySigner } from "./stages/verify-signer.ts";
import { toOpenedRecord, toRecord } from "./to-record.ts";

export interface GatewayParts {
  readonly snapshot: Snapshot;
  readonly keys: KeyRing;
  readonly clock: Clock;
  readonly recorder: ExchangeRecorder;
  readonly countTokens: CountTokens;
  readonly responses: ResponseStore;
  /** 32 bytes, the same on every node: thoughts travel under it by way of clients. */
  readonly sealKey: Buffer;
  /** Told of adapters that no snapshot uses any more, when the last exchange on them is over. */
  readonly onUnused: (providers: readonly Provider[]) => void;
  /** Told of targets that our credentials do not open: operators must act. */
  readonly onRefused?: (target: string, failure: AttemptFailure) => void;
  /** Told of faults in the program itself. */
  readonly onBug: (error: unknown, exchangeId: string) => void;
}

/** After the drain's deadline, for the error events of what was cut. */
const LAST_BYTES_MS = 500;

/** Serves exchanges on the snapshot of the moment, and knows which are under way. */
export class Gateway {
  readonly #parts: GatewayParts;
  /** What happens to every exchange, in order; the first stage, the key, is checked before the body is read. */
  readonly #stages: readonly Stage[];
  #snapshot: Snapshot;
  readonly #running = new LiveList<Run>();
  /** Exchanges under way on each snapshot that is not forgotten yet. */
  readonly #onSnapshot = new Map<Snapshot, number>();
  #inFlight = 0;
  #openReplies = 0;
  #draining = false;
  /** The drain's deadline has passed. */
  #cut = false;
  /** Whether it says that it is ready; not while the start is not told yet. */
  #announced = true;
  #onIdle: () => void = () => {};

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.#stages = [verifySigner, readRequest, resumeResponse(parts.responses), planRoute];
    this.#snapshot = parts.snapshot;
    this.#onSnapshot.set(parts.snapshot, 0);
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get clock(): Clock {
    return this.#parts.clock;
  }

  get keys(): KeyRing {
    return this.#parts.keys;
  }

  get responses(): ResponseStore {
    return this.#parts.responses;
  }

  get sealKey(): Buffer {
    return this.#parts.sealKey;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get ready(): boolean {
    return this.#announced && !this.#draining;
  }

  /** @param announced  whether everything that tells of this gateway (server.json, the ready line) is there */
  announce(announced: boolean): void {
    this.#announced = announced;
  }

  /** From now on exchanges begin with this snapshot; those under way keep theirs. */
  swap(snapshot: Snapshot): void {
    const old = this.#snapshot;
    this.#snapshot = snapshot;
    this.#onSnapshot.set(snapshot, 0);
    this.#forgetIfUnused(old);
  }

  /** Begins an exchange when its head is there, before its body is read. The key is checked here. */
  open(kind: ExchangeKind, head: RequestHead): Exchange {
    const exchange = new Exchange(this.#snapshot, kind, head, this.#parts.clock);
    this.#inFlight++;
    this.#onSnapshot.set(this.#snapshot, (this.#onSnapshot.get(this.#snapshot) ?? 0) + 1);
    exchange.atEnd.push(() => this.#closed(exchange));
    return exchange;
  }

  /** @throws AppError where the exchange may not go on */
  admit(exchange: Exchange, head: RequestHead): void {
    if (this.#draining)
      throw new AppError("no_target_available", "this gateway is shutting down and takes no new exchanges");
    const credential = credentialOf(head);
    if (typeof credential === "string")
      exchange.key = this.#parts.keys.authenticate(credential, exchange.startedAtMs);
    else exchange.verifySigner = signerOf(credential, head, this.#parts.keys, exchange.startedAtMs);
  }

  /** Serves an admitted exchange whose body is read. */
  serve(exchange: Exchange, raw: RawResponse): void {
    exchange.servedAt = this.#parts.clock.monotonic();
    const reply = this.#replyOf(exchange, raw);
    try {
      const waiting = runStages(this.#stages, exchange);
      if (waiting === undefined) this.#record(exchange, reply);
      else {
        waiting.then(
          () => this.#record(exchange, reply),
          (error: unknown) => this.#refuse(exchange, reply, error),
        );
      }
    } catch (error) {
      this.#refuse(exchange, reply, error);
    }
  }

  /** Ends an exchange that never came to its stages: no key, a body that is too long. */
  refuse(exchange: Exchange, raw: RawResponse, error: unknown): void {
    this.#refuse(exchange, this.#replyOf(exchange, raw), error);
  }

  /**
   * Takes no new exchanges and waits for those under way; what is left at the deadline is ended with an error.
   *
   * @param deadlineMs  milliseconds from now
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    if (this.#isIdle()) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    const deadline = setTimeout(() => {
      const error = shutDown();
      this.#cut = true;
      for (const run of this.#running.all()) run.cut(error);
      this.#whenRecorded();
    }, deadlineMs);
    await idle;
    clearTimeout(deadline);
  }

  /** The journal knows of it before any upstream does. */
  #record(exchange: Exchange, reply: ClientReply): void {
    if (this.#cut) return this.#refuse(exchange, reply, shutDown());
    exchange.decisionText = textOf(exchange);
    exchange.mark = this.#parts.recorder.opened(
      toOpenedRecord(exchange),
      exchange.decisionText,
      (refusal) => {
        if (refusal !== undefined) this.#refuse(exchange, reply, refusal);
        else if (reply.over) exchange.finish("abandoned");
        else if (this.#cut) this.#refuse(exchange, reply, shutDown());
        else this.#run(exchange, reply);
      },
    );
  }

  #run(exchange: Exchange, reply: ClientReply): void {
    try {
      const run = new Run(exchange, reply, exchange.snapshot.config.server.timeouts, {
        countTokens: this.#parts.countTokens,
        onBug: (error) => this.#parts.onBug(error, exchange.id),
        onRefused: (target, failure) => this.#parts.onRefused?.(target, failure),
      });
      this.#running.add(run);
      exchange.atEnd.push(() => this.#running.remove(run));
      run.start();
    } catch (error) {
      this.#refuse(exchange, reply, error);
    }
  }

  #refuse(exchange: Exchange, reply: ClientReply, thrown: unknown): void {
    const error = asAppError(thrown);
    if (error.code === "internal") this.#parts.onBug(error.cause ?? error, exchange.id);
    const status =
      error instanceof ClientLeft ? "abandoned" : error.code === "internal" ? "failed" : "refused";
    exchange.finish(status, status === "abandoned" ? undefined : error, () => reply.error(error));
  }

  #replyOf(exchange: Exchange, raw: RawResponse): ClientReply {
    this.#openReplies++;
    raw.on("close", () => {
      this.#openReplies--;
      if (this.#isIdle()) this.#onIdle();
    });
    return new ClientReply(raw, exchange, () => this.#draining);
  }

  #closed(exchange: Exchange): void {
    const waiting = exchange.beforeRecord.map((step) => step());
    if (exchange.unreported.length > 0) {
      // A gateway that stops has no time to count.
      const count: CountTokens = (texts, patienceMs, family) =>
        this.#parts.countTokens(texts, this.#cut ? 0 : patienceMs, family);
      waiting.push(estimateUsage(exchange, exchange.unreported, count));
    }
    if (waiting.length === 0) return this.#close(exchange);
    void this.#closeAfter(waiting, exchange);
  }

  async #closeAfter(waiting: readonly Promise<void>[], exchange: Exchange): Promise<void> {
    for (const end of await Promise.allSettled(waiting))
      if (end.status === "rejected") this.#parts.onBug(end.reason, exchange.id);
    this.#close(exchange);
  }

  #close(exchange: Exchange): void {
    this.#inFlight--;
    this.#onSnapshot.set(exchange.snapshot, (this.#onSnapshot.get(exchange.snapshot) ?? 1) - 1);
    this.#forgetIfUnused(exchange.snapshot);
    this.#parts.recorder.closed(
      toRecord(exchange),
      (exchange.decisionText ??= textOf(exchange)),
      exchange.mark,
      exchange.told,
    );
    this.#whenRecorded();
    if (this.#isIdle()) this.#onIdle();
  }

  /** After the cut, when every record is made, error events may still reach their clients for a while. */
  #whenRecorded(): void {
    if (this.#cut && this.#inFlight === 0) setTimeout(() => this.#onIdle(), LAST_BYTES_MS);
  }

  /** An exchange is over before its last bytes have left; both are waited for. */
  #isIdle(): boolean {
    return this.#inFlight === 0 && this.#openReplies === 0;
  }

  #forgetIfUnused(snapshot: Snapshot): void {
    if (snapshot === this.#snapshot || this.#onSnapshot.get(snapshot) !== 0) return;
    this.#onSnapshot.delete(snapshot);
    const inUse = new Set([...this.#onSnapshot.keys()].flatMap(({ providers }) => [...providers.values()]));
    this.#parts.onUnused([...snapshot.providers.values()].filter((provider) => !inUse.has(provider)));
  }
}

function shutDown(): AppError {
  return new AppError("no_target_available", "this gateway shut down before the reply was complete");
}

function textOf({ decision }: Exchange): string | undefined {
  return decision === undefined ? undefined : decisionText(decision);
}

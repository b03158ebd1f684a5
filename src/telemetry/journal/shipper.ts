import type { Clock } from "../../core/clock.ts";
import type { Journal } from "./journal.ts";
import { type Damage, type Position } from "./segment.ts";

/** Where records go for good. Booking the same line twice must be the same as booking it once. */
export interface LedgerSink {
  /** @param lines  bodies of closed lines; all are booked or none */
  bookExchanges(lines: readonly string[]): Promise<void>;
  /** @param body  of a configuration's line */
  bookConfig(body: string): Promise<void>;
  /** Whether an error is about what is in the lines: then it comes again, however often it is tried. */
  isAboutData(error: unknown): boolean;
}

export interface ShipperOptions {
  readonly journal: Journal;
  readonly sink: LedgerSink;
  readonly clock: Clock;
  /** A line that the database will never take. It must be kept somewhere. */
  readonly onReject: (body: string, error: Error) => void;
  readonly onDamage: (damage: Damage) => void;
  /** Told once when the database stops taking records, and once (undefined) when it takes them again. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/** Records wait so long for others, so that they are booked together. */
const GATHER_MS = 200;
/** So many do not wait. */
const GATHER_RECORDS = 1_000;
const BATCH_BYTES = 512 * 1024;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

interface Rejected {
  readonly body: string;
  readonly error: Error;
}

/** Books what the journal holds, in batches and in order, and lets the journal give up what is booked. */
export class Shipper {
  readonly #options: ShipperOptions;
  #position: Position;
  readonly #damaged = new Set<number>();
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #retryMs = 0;
  #stopped = false;
  #booked = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#position = options.journal.begin;
    options.journal.onWritten((closed) => this.#onWritten(closed));
  }

  /** Records booked since the start. */
  get booked(): number {
    return this.#booked;
  }

  /** Milliseconds since the oldest record that is not booked yet was written. */
  get lagMs(): number {
    return this.#options.journal.lagMs(this.#position);
  }

  /** Whether the database took the last batch. */
  get troubled(): boolean {
    return this.#retryMs > 0;
  }

  start(): void {
    this.#schedule(0);
  }

  /**
   * Books what the journal holds now.
   *
   * @param timeoutMs  how long to wait at most
   * @returns whether all of it is booked
   */
  async settle(timeoutMs: number): Promise<boolean> {
    const deadline = this.#options.clock.monotonic() + timeoutMs;
    while (!this.#options.journal.isAtEnd(this.#position)) {
      const left = deadline - this.#options.clock.monotonic();
      if (left <= 0 || this.#stopped || this.troubled) return false;
      await Promise.race([this.#run(), pause(left)]);
    }
    return true;
  }

  /** @param timeoutMs  how long to wait for a batch that is on its way */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.race([this.#running, pause(timeoutMs)]);
  }

  #onWritten(closed: number): void {
    this.#waiting += closed;
    if (this.#retryMs > 0 || this.#running !== undefined) return;
    if (this.#waiting >= GATHER_RECORDS) void this.#run();
    else this.#schedule(GATHER_MS);
  }

  #schedule(ms: number): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, ms);
  }

  /** One round at a time. */
  #run(): Promise<void> {
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
      if (this.#retryMs > 0) this.#schedule(this.#retryMs);
      else if (this.#waiting > 0) this.#schedule(GATHER_MS);
    });
    return this.#running;
  }

  async #rounds(): Promise<void> {
    const { journal } = this.#options;
    try {
      while (!this.#stopped && !journal.isAtEnd(this.#position)) {
        this.#waiting = 0;
        await this.#batch();
      }
      if (this.#retryMs > 0) this.#options.onTrouble(undefined);
      this.#retryMs = 0;
    } catch (error) {
      if (this.#retryMs === 0) this.#options.onTrouble(error as Error);
      this.#retryMs = Math.min(Math.max(this.#retryMs * 2, FIRST_RETRY_MS), LAST_RETRY_MS);
    }
  }

  async #batch(): Promise<void> {
    const { journal, sink } = this.#options;
    const { lines, damage, position } = await journal.read(this.#position, BATCH_BYTES);
    const rejected: Rejected[] = [];
    for (const { kind, body } of lines)
      if (kind === "g") await this.#book([body], rejected, ([one]) => sink.bookConfig(one ?? ""));
    const closed = lines.flatMap(({ kind, body }) => (kind === "c" ? [body] : []));
    await this.#book(closed, rejected, (some) => sink.bookExchanges(some));
    // Told when it is sure that this batch is not tried again.
    for (const one of damage) {
      this.#damaged.add(this.#position.segment);
      this.#options.onDamage(one);
    }
    for (const { body, error } of rejected) this.#options.onReject(body, error);
    this.#booked += closed.length - rejected.length;
    if (closed.length > 0 && this.#retryMs > 0) {
      this.#retryMs = 0;
      this.#options.onTrouble(undefined);
    }
    this.#position = position;
    journal.release(position, (segment) => this.#damaged.delete(segment));
  }

  /** Books lines; where the database refuses what is in them, halves are tried until the bad ones are found. */
  async #book(
    lines: readonly string[],
    rejected: Rejected[],
    book: (lines: readonly string[]) => Promise<void>,
  ): Promise<void> {
    if (lines.length === 0) return;
    try {
      await book(lines);
    } catch (error) {
      if (!this.#options.sink.isAboutData(error)) throw error;
      if (lines.length === 1) return void rejected.push({ body: lines[0] ?? "", error: error as Error });
      const half = lines.length >> 1;
      await this.#book(lines.slice(0, half), rejected, book);
      await this.#book(lines.slice(half), rejected, book);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

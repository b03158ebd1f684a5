import type { JournalFiles } from "./files.ts";

/**
 * When written lines are made to survive the host's crash.
 * - `group`: a few milliseconds later, together
 * - `always`: before anybody is told that they are written
 * - `none`: when the operating system sees fit
 */
export type FsyncPolicy = "group" | "always" | "none";

/** Between two rounds of the group policy. */
const SYNC_MS = 5;

/**
 * Makes files durable, in rounds: one at a time, and what is written meanwhile has the next. It closes files that are no
 * longer written to, when they are durable.
 *
 * @typeParam Waiting  what waits for a round
 */
export class Syncing<Waiting> {
  readonly #files: JournalFiles;
  readonly #policy: FsyncPolicy;
  /** Told of each round: who waited for it, and why it failed, if it did. */
  readonly #onRound: (told: readonly Waiting[], error: Error | undefined) => void;
  #dirty: number[] = [];
  #running: readonly number[] = [];
  readonly #retired: number[] = [];
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #begun = 0;
  #done = 0;

  constructor(
    files: JournalFiles,
    policy: FsyncPolicy,
    onRound: (told: readonly Waiting[], error: Error | undefined) => void,
  ) {
    this.#files = files;
    this.#policy = policy;
    this.#onRound = onRound;
  }

  /** The number of the first round that covers what was written until now; one that is done is durable. */
  get nextRound(): number {
    return this.#begun + 1;
  }

  isDone(round: number): boolean {
    return this.#policy === "none" || this.#done >= round;
  }

  /** A file was written to. @param waiting  whoever must not go on before that is durable */
  written(file: number, waiting: readonly Waiting[]): void {
    if (!this.#dirty.includes(file)) this.#dirty.push(file);
    this.#waiting.push(...waiting);
    this.#soon();
  }

  /** Nothing more is written to a file. */
  retire(file: number): void {
    const isPending = this.#dirty.includes(file) || this.#running.includes(file);
    if (isPending && this.#policy !== "none") {
      this.#retired.push(file);
      return;
    }
    this.#dirty = this.#dirty.filter((other) => other !== file);
    this.#files.close(file);
  }

  /** Begins a round, unless one is running or there is nothing to do. */
  begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running.length > 0 || this.#dirty.length === 0) return;
    const files = this.#dirty;
    const told = this.#waiting;
    this.#running = files;
    this.#dirty = [];
    this.#waiting = [];
    this.#begun++;
    let left = files.length;
    let failed: Error | undefined;
    for (const file of files) {
      this.#files.sync(file, (error) => {
        failed ??= error ?? undefined;
        if (--left === 0) this.#end(told, failed);
      });
    }
  }

  /** Waits until everything written is durable, or could not be made so. */
  async settle(): Promise<void> {
    while (this.#running.length > 0 || this.#dirty.length > 0) {
      this.begin();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    clearTimeout(this.#timer);
  }

  #end(told: readonly Waiting[], error: Error | undefined): void {
    this.#running = [];
    if (error === undefined) this.#done = this.#begun;
    for (const file of this.#retired.splice(0)) {
      if (this.#dirty.includes(file)) this.#retired.push(file);
      else this.#files.close(file);
    }
    this.#onRound(told, error);
    if (this.#dirty.length > 0) this.#soon();
  }

  #soon(): void {
    if (this.#policy === "always") this.begin();
    else if (this.#policy === "group" && this.#running.length === 0)
      this.#timer ??= setTimeout(() => this.begin(), SYNC_MS).unref();
  }
}

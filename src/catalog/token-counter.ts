import { Worker } from "node:worker_threads";

export interface CountRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

export interface CountAnswer {
  readonly id: number;
  readonly counts: readonly number[];
}

/** The thread is given up when nothing was counted for so long: the vocabulary takes some 85 MB. */
const IDLE_MS = 60_000;
/** An answer is waited for so long, then the count is a guess. */
const PATIENCE_MS = 5_000;
/** More do not wait; what comes beyond them is guessed. */
const MOST_WAITING = 2_000;
/** Characters of a token, roughly, in English. https://platform.openai.com/tokenizer */
const CHARACTERS_PER_TOKEN = 4;

/**
 * Counts tokens in a thread of its own, because counting takes milliseconds and its vocabulary takes 100 ms to load.
 * Always answers: where the thread does not, with a guess by length.
 */
export class TokenCounter {
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #waiting = new Map<number, (counts: readonly number[] | undefined) => void>();
  #idleTimer: NodeJS.Timeout | undefined;

  /** @returns tokens of each text */
  async count(texts: readonly string[]): Promise<readonly number[]> {
    if (texts.every((text) => text === "")) return texts.map(() => 0);
    const counts = this.#waiting.size >= MOST_WAITING ? undefined : await this.#ask(texts);
    return counts ?? texts.map((text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN));
  }

  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #ask(texts: readonly string[]): Promise<readonly number[] | undefined> {
    return new Promise((resolve) => {
      const id = this.#nextId++;
      const timer = setTimeout(() => finish(undefined), PATIENCE_MS);
      const finish = (counts: readonly number[] | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0) this.#rest();
        resolve(counts);
      };
      this.#waiting.set(id, finish);
      this.#thread().postMessage({ id, texts } satisfies CountRequest);
    });
  }

  #thread(): Worker {
    clearTimeout(this.#idleTimer);
    if (this.#worker !== undefined) return this.#worker;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./count-tokens-worker.${extension}`, import.meta.url));
    worker.unref();
    worker.on("message", ({ id, counts }: CountAnswer) => this.#waiting.get(id)?.(counts));
    const gone = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      for (const finish of this.#waiting.values()) finish(undefined);
    };
    worker.on("error", gone);
    worker.on("exit", gone);
    this.#worker = worker;
    return worker;
  }

  #rest(): void {
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref();
  }
}

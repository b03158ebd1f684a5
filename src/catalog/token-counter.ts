import { Worker } from "node:worker_threads";
import type { TokenFamily } from "./token-family.ts";

export interface CountRequest {
  readonly id: number;
  readonly texts: readonly string[];
  readonly family: TokenFamily;
}

export interface CountAnswer {
  readonly id: number;
  readonly counts: readonly number[];
}

/** The thread is given up when nothing was counted for so long: the vocabularies take some 85 MB and more. */
const IDLE_MS = 60_000;
/** More do not wait; what comes beyond them is guessed. */
const MOST_WAITING = 200;
/** Characters of a token, roughly, in English. https://platform.openai.com/tokenizer */
const CHARACTERS_PER_TOKEN = 4;

interface Waiting extends CountRequest {
  readonly finish: (counts: readonly number[] | undefined) => void;
}

/**
 * Counts tokens in a thread of its own, because counting takes milliseconds and its vocabulary takes 100 ms to load.
 * Always answers: where the thread does not in time, with a guess by length. What waits waits here and not in the
 * thread's own queue, so that what nobody waits for any more is never counted.
 */
export class TokenCounter {
  #worker: Worker | undefined;
  #nextId = 0;
  readonly #waiting: Waiting[] = [];
  /** The thread is counting, perhaps for somebody who does not wait any more. */
  #isBusy = false;
  #isClosed = false;
  #idleTimer: NodeJS.Timeout | undefined;

  /**
   * @param patienceMs  how long the answer may take; then it is a guess
   * @param family      whose tokens; in o200k where it is not known
   * @returns tokens of each text
   */
  async count(
    texts: readonly string[],
    patienceMs: number,
    family: TokenFamily = "unknown",
  ): Promise<readonly number[]> {
    if (texts.every((text) => text === "")) return texts.map(() => 0);
    const isCounted = !this.#isClosed && this.#waiting.length < MOST_WAITING;
    return (isCounted ? await this.#ask(texts, patienceMs, family) : undefined) ?? guessTokens(texts);
  }

  /** From now on it guesses, and whoever waits has a guess. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { finish } of [...this.#waiting]) finish(undefined);
    await this.#giveUp();
  }

  #ask(
    texts: readonly string[],
    patienceMs: number,
    family: TokenFamily,
  ): Promise<readonly number[] | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => waiting.finish(undefined), patienceMs);
      const waiting: Waiting = {
        id: this.#nextId++,
        texts,
        family,
        finish: (counts) => {
          clearTimeout(timer);
          const place = this.#waiting.indexOf(waiting);
          if (place === -1) return;
          this.#waiting.splice(place, 1);
          if (this.#waiting.length === 0) this.#rest();
          resolve(counts);
        },
      };
      this.#waiting.push(waiting);
      if (!this.#isBusy) this.#post(waiting);
    });
  }

  /** One at a time: the next when this one is answered. */
  #post({ id, texts, family }: Waiting): void {
    this.#isBusy = true;
    this.#thread().postMessage({ id, texts, family } satisfies CountRequest);
  }

  #thread(): Worker {
    clearTimeout(this.#idleTimer);
    if (this.#worker !== undefined) return this.#worker;
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const worker = new Worker(new URL(`./count-tokens-worker.${extension}`, import.meta.url));
    worker.unref();
    worker.on("message", ({ id, counts }: CountAnswer) => {
      this.#isBusy = false;
      this.#waiting.find((one) => one.id === id)?.finish(counts);
      const [next] = this.#waiting;
      if (next !== undefined) this.#post(next);
    });
    const gone = (): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#isBusy = false;
      for (const { finish } of [...this.#waiting]) finish(undefined);
    };
    worker.on("error", gone);
    worker.on("exit", gone);
    this.#worker = worker;
    return worker;
  }

  #rest(): void {
    clearTimeout(this.#idleTimer);
    if (!this.#isClosed) this.#idleTimer = setTimeout(() => void this.#giveUp(), IDLE_MS).unref();
  }

  async #giveUp(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const worker = this.#worker;
    this.#worker = undefined;
    this.#isBusy = false;
    await worker?.terminate();
  }
}

/** Tokens by the length of texts, where they cannot be counted. */
function guessTokens(texts: readonly string[]): number[] {
  return texts.map((text) => Math.ceil(text.length / CHARACTERS_PER_TOKEN));
}

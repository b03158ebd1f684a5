import type { AttemptFailure, UpstreamHandle } from "../provider.ts";

/** An attempt that must wait for something before it is sent: it can be cancelled meanwhile, and then nothing is. */
export class SentLater implements UpstreamHandle {
  readonly #abort = new AbortController();
  #handle: UpstreamHandle | undefined;
  #paused = false;

  /**
   * @param ready  resolves to what sends; may throw
   * @param onFail  told once where it does, and was not cancelled
   * @param failureOf  what the error is for whoever waits
   */
  start(
    ready: (signal: AbortSignal) => Promise<() => UpstreamHandle>,
    onFail: (failure: AttemptFailure) => void,
    failureOf: (error: unknown) => AttemptFailure,
  ): this {
    void this.#wait(ready, onFail, failureOf);
    return this;
  }

  get sent(): boolean {
    return this.#handle !== undefined && this.#handle.sent !== false;
  }

  cancel(): void {
    this.#abort.abort();
    this.#handle?.cancel();
  }

  pause(): void {
    this.#paused = true;
    this.#handle?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#handle?.resume();
  }

  async #wait(
    ready: (signal: AbortSignal) => Promise<() => UpstreamHandle>,
    onFail: (failure: AttemptFailure) => void,
    failureOf: (error: unknown) => AttemptFailure,
  ): Promise<void> {
    const { signal } = this.#abort;
    try {
      const send = await ready(signal);
      if (signal.aborted) return;
      this.#handle = send();
      if (this.#paused) this.#handle.pause();
    } catch (error) {
      if (!signal.aborted) onFail(failureOf(error));
    }
  }
}

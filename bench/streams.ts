const STREAMS = 20;

/** Streams that go on, and the gaps between their events as a client sees them. */
export class Streams {
  readonly #url: string;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** @returns the 99th percentile of the gaps in a while, milliseconds */
  async gaps(ms: number): Promise<number> {
    const end = this.begin();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return end();
  }

  begin(): () => Promise<number> {
    const gaps: number[] = [];
    const state = { over: false };
    const one = async (): Promise<void> => {
      while (!state.over) {
        const response = await fetch(`${this.#url}/v1/chat/completions`, {
          method: "POST",
          headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json" },
          body: JSON.stringify({ model: "bench", stream: true, messages: [{ role: "user", content: "hi" }] }),
        });
        let last = 0;
        for await (const _ of response.body ?? []) {
          const now = performance.now();
          if (last !== 0) gaps.push(now - last);
          last = now;
        }
      }
    };
    const all = Array.from({ length: STREAMS }, one);
    return async () => {
      state.over = true;
      await Promise.all(all);
      gaps.sort((a, b) => a - b);
      return gaps[Math.floor(gaps.length * 0.99)] ?? 0;
    };
  }
}

/** Bytes of a stream that are kept for an estimate, should no usage come: some 80 events. */
const SAMPLE_BYTES = 16 * 1024;
/** Samples that wait for their next use. */
const MOST_FREE = 256;
const free: Buffer[] = [];

/**
 * The beginning of a stream and its length. Streams rarely lack their usage, but whether one does is known only when it
 * is over, and nothing is parsed on the way: this is what the estimate is then made from.
 */
export class ReplySample {
  #buffer: Buffer | undefined;
  #used = 0;
  /** Bytes that passed. */
  total = 0;
  readonly isStream = true;

  add(bytes: Buffer): void {
    this.total += bytes.length;
    if (this.#used === SAMPLE_BYTES) return;
    this.#buffer ??= free.pop() ?? Buffer.allocUnsafeSlow(SAMPLE_BYTES);
    this.#used += bytes.copy(this.#buffer, this.#used);
  }

  get bytes(): Buffer {
    return this.#buffer === undefined ? EMPTY : this.#buffer.subarray(0, this.#used);
  }

  /** The sample is not looked at any more. */
  release(): void {
    if (this.#buffer !== undefined && free.length < MOST_FREE) free.push(this.#buffer);
    this.#buffer = undefined;
    this.#used = 0;
  }
}

const EMPTY = Buffer.alloc(0);

const FIRST_BYTES = 64 * 1024;
/** A buffer that one large text made larger is given up again. */
const MOST_KEPT_BYTES = 4 * 1024 * 1024;

/** Puts texts together as UTF-8 in a buffer that is used again and again, so that they are no garbage. */
export class TextBytes {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #used = 0;

  /** Begins anew; what `bytes` answered before does not hold any more. */
  begin(): void {
    this.#used = 0;
    if (this.#buffer.length > MOST_KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  addByte(byte: number): void {
    this.#makeRoom(1);
    this.#buffer[this.#used++] = byte;
  }

  add(text: string): void {
    // A UTF-16 unit has at most three bytes of UTF-8.
    this.#makeRoom(text.length * 3);
    this.#used += this.#buffer.write(text, this.#used);
  }

  /** What was added since it began; it holds until it begins anew. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#used);
  }

  #makeRoom(bytes: number): void {
    const most = this.#used + bytes;
    if (most <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(most * 2);
    this.#buffer.copy(larger, 0, 0, this.#used);
    this.#buffer = larger;
  }
}

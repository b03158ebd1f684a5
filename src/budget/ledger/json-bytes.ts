/** Where a value of jsonb begins in PostgreSQL's binary format: its version. */
const VERSION = 1;

/**
 * A JSON list as a parameter in PostgreSQL's binary format of jsonb (a version byte, then the text), put together in a
 * buffer that is used again: as a text it would be half a megabyte of garbage for each batch.
 * https://github.com/postgres/postgres/blob/REL_15_STABLE/src/backend/utils/adt/jsonb.c (jsonb_recv)
 */
export class JsonBytes {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);
  #used = 0;

  /** @param items  JSON texts */
  list(items: readonly string[]): Buffer {
    this.#buffer[0] = VERSION;
    this.#used = 1;
    this.#add("[");
    for (let index = 0; index < items.length; index++) {
      if (index > 0) this.#add(",");
      this.#add(items[index] ?? "null");
    }
    this.#add("]");
    return this.#buffer.subarray(0, this.#used);
  }

  #add(text: string): void {
    // A UTF-16 unit has at most three bytes of UTF-8.
    const most = this.#used + text.length * 3;
    if (most > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(most * 2);
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used);
  }
}

import type { JournalFiles } from "./files.ts";

const NAME = "ballast";

/** Room on the disk that is kept aside, and given up when the disk is full, so that what is under way can be closed. */
export class Ballast {
  readonly #files: JournalFiles;
  readonly #bytes: number;
  #isThere = false;

  /** @param bytes  0 keeps nothing aside */
  constructor(files: JournalFiles, bytes: number) {
    this.#files = files;
    this.#bytes = bytes;
    // Of a run that was killed: it may be all the room that there is.
    if (files.list().includes(NAME)) files.remove(NAME);
  }

  get isThere(): boolean {
    return this.#isThere;
  }

  giveUp(): void {
    this.#files.remove(NAME);
    this.#isThere = false;
  }

  /** @returns whether the room is kept aside now */
  put(): boolean {
    if (this.#isThere || this.#bytes === 0) return true;
    try {
      const file = this.#files.create(NAME);
      try {
        this.#files.cut(file, 0);
        this.#isThere = this.#files.write(file, Buffer.alloc(this.#bytes), this.#bytes) === this.#bytes;
      } finally {
        this.#files.close(file);
      }
      if (!this.#isThere) this.#files.remove(NAME);
    } catch {
      // No room: the disk is still full.
    }
    return this.#isThere;
  }
}

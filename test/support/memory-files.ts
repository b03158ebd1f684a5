import type { JournalFiles } from "../../src/telemetry/journal/files.ts";

/** What a file is, whatever it is called and whoever has it open. */
interface Content {
  bytes: Buffer;
  length: number;
  /** So many bytes survive the host's crash. */
  synced: number;
  /** Whether its name does. */
  isNamed: boolean;
}

interface Fault {
  readonly error: Error;
  /** How often it still comes. */
  times: number;
}

type Operation = "create" | "write" | "cut" | "sync" | "remove";

/** A folder in memory that can lose, refuse and change what it is given. */
export class MemoryDisk {
  readonly #contents = new Map<string, Content>();
  readonly #faults = new Map<Operation, Fault>();
  readonly #held: (() => void)[] = [];
  /** All files together have at most so many bytes; the write that meets it is short, the next fails with ENOSPC. */
  capacity = Infinity;
  /** A write takes no more bytes than that. */
  mostAtOnce = Infinity;
  /** Syncs wait until they are let go. */
  holdsSyncs = false;
  /** Files that were closed though they were not open. */
  readonly strayCloses: number[] = [];
  /** How many of each there were. */
  readonly counts: Record<Operation, number> = { create: 0, write: 0, cut: 0, sync: 0, remove: 0 };

  get names(): string[] {
    return [...this.#contents.keys()].toSorted();
  }

  get used(): number {
    let used = 0;
    for (const { length } of this.#contents.values()) used += length;
    return used;
  }

  /** Syncs that are under way while they are held. */
  get heldSyncs(): number {
    return this.#held.length;
  }

  /** Lets one held sync come to its end, the oldest where none is named. */
  letSync(index = 0): void {
    for (const run of this.#held.splice(index, 1)) run();
  }

  /** An operation fails from now on. */
  fail(operation: Operation, code: string, times = Infinity): void {
    this.#faults.set(operation, { error: Object.assign(new Error(code), { code }), times });
  }

  heal(operation: Operation): void {
    this.#faults.delete(operation);
  }

  bytes(name: string): Buffer {
    const content = this.#content(name);
    return Buffer.from(content.bytes.subarray(0, content.length));
  }

  text(name: string): string {
    return this.bytes(name).toString();
  }

  /** Puts a file there as an earlier run left it. */
  put(name: string, bytes: Buffer | string): void {
    const copy = Buffer.from(bytes);
    this.#contents.set(name, { bytes: copy, length: copy.length, synced: copy.length, isNamed: true });
  }

  /** What the host's crash would leave now: what was not synced is gone. */
  afterHostCrash(): MemoryDisk {
    const left = new MemoryDisk();
    for (const [name, { bytes, synced, isNamed }] of this.#contents)
      if (isNamed) left.put(name, bytes.subarray(0, synced));
    return left;
  }

  /** The host crashes. */
  crashHost(): void {
    for (const [name, content] of this.#contents) {
      if (!content.isNamed) this.#contents.delete(name);
      content.length = content.synced;
    }
  }

  /** The folder as a new process sees it. */
  process(): ProcessFiles {
    return new ProcessFiles({
      contents: this.#contents,
      takes: () => Math.min(this.mostAtOnce, Math.max(0, this.capacity - this.used)),
      counted: (operation) => {
        this.counts[operation]++;
        const fault = this.#faults.get(operation);
        if (fault === undefined) return undefined;
        if (--fault.times <= 0) this.#faults.delete(operation);
        return fault.error;
      },
      strayClose: (file) => this.strayCloses.push(file),
      later: (run) => void (this.holdsSyncs ? this.#held.push(run) : setImmediate(run)),
    });
  }

  #content(name: string): Content {
    return contentOf(this.#contents, name);
  }
}

interface DiskParts {
  readonly contents: Map<string, Content>;
  /** How many bytes a write takes at most. */
  readonly takes: () => number;
  /** @returns the error that the operation fails with */
  readonly counted: (operation: Operation) => Error | undefined;
  readonly later: (run: () => void) => void;
  readonly strayClose: (file: number) => void;
}

/** One process's hold of a folder. When it is dead, nothing that it does has an effect. */
export class ProcessFiles implements JournalFiles {
  readonly #disk: DiskParts;
  readonly #open = new Map<number, Content>();
  #next = 3;
  #isDead = false;
  #left = Infinity;
  #torn = 0;

  constructor(disk: DiskParts) {
    this.#disk = disk;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** The process dies as of `kill -9`: what it wrote stays. */
  kill(): void {
    this.#isDead = true;
  }

  /**
   * The process dies while it changes something.
   *
   * @param changes  how many changes are still made
   * @param torn     of the write that it dies in, the share of bytes that is made, from 0 to 1
   */
  killAfter(changes: number, torn: number): void {
    this.#left = changes;
    this.#torn = torn;
  }

  list(): string[] {
    return [...this.#disk.contents.keys()];
  }

  size(name: string): number {
    return contentOf(this.#disk.contents, name).length;
  }

  create(name: string): number {
    this.#change("create");
    let content = this.#disk.contents.get(name);
    if (content === undefined) {
      content = { bytes: Buffer.alloc(256), length: 0, synced: 0, isNamed: false };
      this.#disk.contents.set(name, content);
    }
    this.#open.set(this.#next, content);
    return this.#next++;
  }

  write(file: number, bytes: Uint8Array, length: number): number {
    const content = this.#at(file);
    const wasDead = this.#isDead;
    try {
      this.#change("write");
    } catch (error) {
      if (this.#isDead && !wasDead) append(content, bytes.subarray(0, Math.floor(length * this.#torn)));
      throw error;
    }
    const taken = Math.min(length, this.#disk.takes());
    if (taken === 0 && length > 0) throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    append(content, bytes.subarray(0, taken));
    return taken;
  }

  /** A file that is closed before its sync has come to its end is not synced, as when no thread was free for it. */
  sync(file: number, done: (error: Error | null) => void): void {
    const content = this.#open.get(file);
    const length = content?.length ?? 0;
    this.#disk.later(() => {
      if (this.#isDead) return;
      const error = this.#disk.counted("sync");
      if (error !== undefined) return done(error);
      if (content === undefined || this.#open.get(file) !== content)
        return done(Object.assign(new Error("EBADF: the file was closed"), { code: "EBADF" }));
      content.synced = Math.max(content.synced, Math.min(length, content.length));
      content.isNamed = true;
      done(null);
    });
  }

  cut(file: number, length: number): void {
    const content = this.#at(file);
    this.#change("cut");
    content.length = Math.min(content.length, length);
    content.synced = Math.min(content.synced, content.length);
  }

  close(file: number): void {
    if (!this.#open.delete(file)) this.#disk.strayClose(file);
  }

  remove(name: string): void {
    this.#change("remove");
    this.#disk.contents.delete(name);
  }

  rename(from: string, to: string): void {
    this.#change("remove");
    this.#disk.contents.set(to, contentOf(this.#disk.contents, from));
    this.#disk.contents.delete(from);
  }

  async read(name: string, offset: number, length: number): Promise<Buffer> {
    await turn();
    if (this.#isDead) return new Promise(() => {});
    const content = contentOf(this.#disk.contents, name);
    const end = Math.min(offset + length, content.length);
    return Buffer.from(content.bytes.subarray(offset, Math.max(offset, end)));
  }

  syncFolder(): void {
    for (const content of this.#disk.contents.values()) content.isNamed = true;
  }

  #at(file: number): Content {
    const content = this.#open.get(file);
    if (content === undefined) throw Object.assign(new Error("EBADF"), { code: "EBADF" });
    return content;
  }

  #change(operation: Operation): void {
    if (!this.#isDead && --this.#left < 0) this.#isDead = true;
    if (this.#isDead) throw new Error("the process is dead");
    const error = this.#disk.counted(operation);
    if (error !== undefined) throw error;
  }
}

function append(content: Content, bytes: Uint8Array): void {
  const end = content.length + bytes.length;
  if (end > content.bytes.length) {
    const larger = Buffer.alloc(end * 2);
    content.bytes.copy(larger, 0, 0, content.length);
    content.bytes = larger;
  }
  content.bytes.set(bytes, content.length);
  content.length = end;
}

function contentOf(contents: ReadonlyMap<string, Content>, name: string): Content {
  const content = contents.get(name);
  if (content === undefined) throw Object.assign(new Error(`ENOENT: ${name}`), { code: "ENOENT" });
  return content;
}

/** Everything that was brought in this turn of the event loop is written after it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits until it is so; fails after 5 seconds. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    if (tries > 2_500) throw new Error("it did not come within 5 seconds");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

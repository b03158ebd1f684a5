import type { Clock } from "../../core/clock.ts";
import { LiveList, type LiveItem } from "../../core/live-list.ts";
import type { JournalFiles } from "./files.ts";
import { encodeLine, type LineKind } from "./line.ts";
import { Marks } from "./marks.ts";
import { readLines, segmentName, type Position, type ReadLines } from "./segment.ts";

/**
 * When written lines are made to survive the host's crash.
 * - `group`: a few milliseconds later, together
 * - `always`: before anybody is told that they are written
 * - `none`: when the operating system sees fit
 */
export type FsyncPolicy = "group" | "always" | "none";

export interface JournalOptions {
  readonly files: JournalFiles;
  readonly fsync: FsyncPolicy;
  /** Bytes that may wait for the database; above it the journal is full. */
  readonly limitBytes: number;
  /** A segment is closed when it has as many bytes. */
  readonly segmentBytes: number;
  /** Bytes kept aside, so that what is under way can still be closed when the disk is full. */
  readonly ballastBytes: number;
  /** The number of the first segment to write; those below it are of earlier runs. */
  readonly firstSegment: number;
  /** Segments of earlier runs, oldest first. */
  readonly older: readonly { readonly segment: number; readonly bytes: number }[];
  /** The first line of every segment. */
  readonly header: string;
  readonly clock: Clock;
  /** Told once when writing begins to fail, and once (undefined) when it works again. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/** An exchange whose opened line is in the journal and whose closed line is not. */
export interface OpenMark extends LiveItem {
  readonly line: string;
  segment: number;
}

type Done = (error: Error | undefined) => void;

interface Item {
  readonly kind: LineKind;
  readonly line: string;
  readonly mark: OpenMark | undefined;
  readonly done: Done;
}

/** Between two syncs of the group policy. */
const SYNC_MS = 5;
/** Between tries to write while the disk refuses. */
const RETRY_MS = 100;
const BALLAST = "ballast";
const BUFFER_BYTES = 1024 * 1024;

/**
 * Appends lines to segment files. Lines of one turn of the event loop are written together at its end, and whoever
 * brought one is told when it is written. What cannot be written because the disk is full: an opened line is refused, a
 * closed one waits in memory until there is room, for its exchange has happened.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #files: JournalFiles;
  readonly #opens = new LiveList<OpenMark>();
  readonly #sizes = new Map<number, number>();
  readonly #marks = new Marks();
  #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #file: number;
  #segment: number;
  #bytes = 0;
  /** Bytes of the current segment at which the next is begun. */
  #rotateAt: number;
  #group: Item[] = [];
  #flushing: NodeJS.Immediate | undefined;
  /** Told when the running or the next sync is done. */
  #unsynced: Item[] = [];
  /** Files with lines that are not synced yet; a segment's file is closed when it is neither here nor in use. */
  #dirty: number[] = [];
  #inSync: readonly number[] = [];
  #onSynced: () => void = () => {};
  #syncTimer: NodeJS.Timeout | undefined;
  /** Closed lines that the disk did not take. */
  #late: Item[] = [];
  #unrecorded = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  /** What keeps it from writing. */
  #trouble: Error | undefined;
  #hasBallast = false;
  #onWritten: (closed: number) => void = () => {};

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#files = options.files;
    for (const { segment, bytes } of options.older) {
      this.#sizes.set(segment, bytes);
      this.#bytes += bytes;
    }
    this.#rotateAt = options.segmentBytes;
    this.#segment = options.firstSegment;
    this.#file = this.#create(this.#segment);
    this.#putBallast();
  }

  /** @param listener  told after each group how many records in it wait for the database */
  onWritten(listener: (closed: number) => void): void {
    this.#onWritten = listener;
  }

  /** Bytes that wait for the database, or for their segment to be given up. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What keeps it from writing, where something does. */
  get troubled(): Error | undefined {
    return this.#trouble;
  }

  /** Whether it takes no new exchanges. */
  get full(): boolean {
    return this.#trouble !== undefined || this.#bytes >= this.#options.limitBytes;
  }

  /** Exchanges opened and not closed. */
  get open(): number {
    return this.#opens.all().length;
  }

  /** Closed lines that wait in memory because the disk is full. */
  get late(): number {
    return this.#late.length;
  }

  /** Exchanges of which no record could be kept, since the start. */
  get unrecorded(): number {
    return this.#unrecorded;
  }

  /** @param done  told when it is written, or with the error that kept it from being so */
  opened(body: string, done: Done): OpenMark {
    const mark: OpenMark = { place: -1, line: encodeLine("o", body), segment: -1 };
    this.#append({ kind: "o", line: mark.line, mark, done });
    return mark;
  }

  /**
   * Where the journal is full, only what was opened is still written: refusals can come in floods, and are counted.
   *
   * @param mark  what `opened` answered; undefined where nothing was opened
   * @param done  told when it is written, or waits to be
   */
  closed(body: string, mark: OpenMark | undefined, done: Done): void {
    if (mark === undefined && this.full) {
      this.#unrecorded++;
      return done(undefined);
    }
    this.#append({ kind: "c", line: encodeLine("c", body), mark, done });
  }

  noted(body: string): void {
    this.#append({ kind: "g", line: encodeLine("g", body), mark: undefined, done: () => {} });
  }

  /** The first place of all; what lies there may have been booked before. */
  get begin(): Position {
    return { segment: Math.min(...this.#sizes.keys()), offset: 0 };
  }

  isAtEnd(position: Position): boolean {
    return position.segment === this.#segment && position.offset >= this.#size(this.#segment);
  }

  /** Milliseconds since the oldest line after a place was written; 0 where there is none. */
  lagMs(position: Position): number {
    return this.isAtEnd(position) ? 0 : this.#marks.age(position, this.#options.clock.monotonic());
  }

  async read(position: Position, batch: number): Promise<ReadLines & { readonly position: Position }> {
    const { segment, offset } = position;
    const end = this.#size(segment);
    const isOver = segment !== this.#segment;
    if (offset >= end)
      return { lines: [], damage: [], next: offset, position: { segment: this.#after(segment), offset: 0 } };
    const read = await readLines(this.#files, segment, offset, end, batch, isOver);
    // A file that is shorter than what was written to it has nothing more to tell.
    const next = read.next > offset ? read.next : end;
    return { ...read, next, position: { segment, offset: next } };
  }

  /**
   * Everything before a place is in the database: segments that lie before it are removed, after what is still open in
   * them was written again. Where the place is the very end and the segment has some size, a new one is begun.
   *
   * @param keep  whether a segment holds damage and is to be kept under another name
   */
  release(position: Position, keep: (segment: number) => boolean): void {
    this.flush();
    if (this.isAtEnd(position) && this.#size(this.#segment) >= this.#options.segmentBytes / 4) this.#rotate();
    const done = [...this.#sizes.keys()].filter(
      (segment) =>
        segment < position.segment || (segment !== this.#segment && this.#isBooked(segment, position)),
    );
    if (done.length === 0 || this.#trouble !== undefined) return;
    if (!this.#carry(Math.max(...done))) return;
    for (const segment of done) {
      const name = segmentName(segment);
      if (keep(segment)) this.#files.rename(name, `${name}.damaged`);
      else this.#files.remove(name);
      this.#bytes -= this.#size(segment);
      this.#sizes.delete(segment);
    }
  }

  /** Writes what is there, makes it durable and lets go of the files. */
  async close(): Promise<void> {
    this.flush();
    clearTimeout(this.#retryTimer);
    while (this.#inSync.length > 0 || this.#dirty.length > 0) {
      const synced = new Promise<void>((resolve) => {
        this.#onSynced = resolve;
      });
      this.#sync();
      await synced;
    }
    clearTimeout(this.#syncTimer);
    this.#files.close(this.#file);
    if (this.#hasBallast) this.#files.remove(BALLAST);
    this.#files.letGo?.();
  }

  /** Writes what was brought in this turn, now. */
  flush(): void {
    if (this.#group.length > 0) this.#flush();
  }

  #append(item: Item): void {
    this.#group.push(item);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const group = this.#group;
    this.#group = [];
    if (group.length === 0) return;
    const error = this.#trouble ?? this.#write(group.map(({ line }) => line));
    if (error === undefined) this.#written(group);
    else this.#refused(group, error);
    if (this.#size(this.#segment) >= this.#rotateAt) this.#rotate();
  }

  #written(group: readonly Item[]): void {
    let closed = 0;
    for (const { kind, mark } of group) {
      if (kind === "c" || kind === "g") closed++;
      if (mark === undefined) continue;
      if (kind === "o") {
        mark.segment = this.#segment;
        this.#opens.add(mark);
      } else this.#opens.remove(mark);
    }
    this.#markDirty();
    if (this.#options.fsync === "always") this.#unsynced.push(...group);
    else for (const { done } of group) done(undefined);
    this.#syncSoon();
    if (closed > 0) this.#onWritten(closed);
  }

  /** The disk takes nothing: opened lines are refused, closed ones wait. */
  #refused(group: readonly Item[], error: Error): void {
    this.#beTroubled(error);
    for (const item of group) {
      if (item.kind === "o") {
        item.done(error);
        continue;
      }
      if (item.kind === "c" && item.mark === undefined) this.#unrecorded++;
      else this.#late.push({ ...item, done: () => {} });
      item.done(undefined);
    }
  }

  /** From now on nothing new is taken, until everything that waits is written and there is room aside again. */
  #beTroubled(error: Error): void {
    if (this.#trouble === undefined) this.#options.onTrouble(error);
    this.#trouble ??= error;
    this.#retryTimer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
  }

  #retry(): void {
    this.#retryTimer = undefined;
    const late = this.#late;
    const error = late.length === 0 ? undefined : this.#write(late.map(({ line }) => line));
    if (error === undefined) {
      this.#late = [];
      this.#written(late);
    }
    if (error !== undefined || !this.#putBallast()) {
      this.#retryTimer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
      return;
    }
    this.#trouble = undefined;
    this.#options.onTrouble(undefined);
  }

  /** Writes lines to the current segment, all or none. */
  #write(lines: readonly string[]): Error | undefined {
    const bytes = this.#encode(lines);
    const before = this.#size(this.#segment);
    try {
      const taken = this.#writeAll(bytes);
      if (taken === bytes.length) {
        this.#sizes.set(this.#segment, before + taken);
        this.#bytes += taken;
        this.#marks.add({ segment: this.#segment, offset: before + taken }, this.#options.clock.monotonic());
        return undefined;
      }
      throw diskFull();
    } catch (error) {
      this.#cutBack(before);
      return error as Error;
    }
  }

  /** What is kept aside is given up when the disk is full. */
  #writeAll(bytes: Buffer): number {
    let taken = 0;
    for (;;) {
      try {
        const more = this.#files.write(this.#file, bytes.subarray(taken), bytes.length - taken);
        taken += more;
        if (taken === bytes.length) return taken;
        if (more > 0) continue;
      } catch (error) {
        if (!this.#hasBallast) throw error;
      }
      if (!this.#hasBallast) return taken;
      this.#files.remove(BALLAST);
      this.#hasBallast = false;
      // What was kept aside is for what is under way.
      this.#beTroubled(diskFull());
    }
  }

  #cutBack(length: number): void {
    try {
      this.#files.cut(this.#file, length);
    } catch {
      // What was written of a line stays; readers name it and go on behind it.
    }
  }

  #encode(lines: readonly string[]): Buffer {
    let used = 0;
    for (const line of lines) {
      // A UTF-16 unit has at most three bytes of UTF-8.
      const most = used + line.length * 3;
      if (most > this.#buffer.length) {
        const larger = Buffer.allocUnsafeSlow(most * 2);
        this.#buffer.copy(larger, 0, 0, used);
        this.#buffer = larger;
      }
      used += this.#buffer.write(line, used);
    }
    const bytes = this.#buffer.subarray(0, used);
    if (this.#buffer.length > BUFFER_BYTES * 4) this.#buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
    return bytes;
  }

  #rotate(): void {
    try {
      const file = this.#create(this.#segment + 1);
      const old = this.#file;
      this.#file = file;
      this.#segment++;
      this.#rotateAt = this.#options.segmentBytes;
      const isPending =
        this.#options.fsync !== "none" && (this.#dirty.includes(old) || this.#inSync.includes(old));
      if (!isPending) this.#files.close(old);
    } catch {
      // There is no room for another file. This one goes on; whether it has room shows when it is written.
      this.#rotateAt = this.#size(this.#segment) + this.#options.segmentBytes;
    }
  }

  /** Makes a segment with its header. */
  #create(segment: number): number {
    const name = segmentName(segment);
    const file = this.#files.create(name);
    const header = Buffer.from(encodeLine("h", this.#options.header));
    let taken = 0;
    try {
      taken = this.#files.write(file, header, header.length);
    } finally {
      if (taken !== header.length) {
        this.#files.close(file);
        this.#files.remove(name);
      }
    }
    if (taken !== header.length) throw diskFull();
    this.#sizes.set(segment, taken);
    this.#bytes += taken;
    this.#files.syncFolder();
    return file;
  }

  /** Writes the lines of exchanges that were opened up to a segment, and are not closed, into the current one. */
  #carry(last: number): boolean {
    const marks = this.#opens.all().filter(({ segment }) => segment <= last);
    if (marks.length === 0) return true;
    const error = this.#write(marks.map(({ line }) => line));
    if (error !== undefined) {
      this.#beTroubled(error);
      return false;
    }
    for (const mark of marks) mark.segment = this.#segment;
    this.#markDirty();
    this.#syncSoon();
    return true;
  }

  #markDirty(): void {
    if (!this.#dirty.includes(this.#file)) this.#dirty.push(this.#file);
  }

  /** One round at a time; what is written meanwhile has the next. */
  #sync(): void {
    clearTimeout(this.#syncTimer);
    this.#syncTimer = undefined;
    if (this.#inSync.length > 0 || this.#dirty.length === 0) return;
    const files = this.#dirty;
    const told = this.#unsynced;
    this.#inSync = files;
    this.#dirty = [];
    this.#unsynced = [];
    let left = files.length;
    let failed: Error | undefined;
    for (const file of files) {
      this.#files.sync(file, (error) => {
        failed ??= error ?? undefined;
        if (--left === 0) this.#synced(files, told, failed);
      });
    }
  }

  #synced(files: readonly number[], told: readonly Item[], error: Error | undefined): void {
    this.#inSync = [];
    for (const file of files) if (file !== this.#file && !this.#dirty.includes(file)) this.#files.close(file);
    if (error !== undefined) this.#options.onTrouble(error);
    for (const { kind, done } of told) done(kind === "o" ? error : undefined);
    this.#onSynced();
    if (this.#dirty.length > 0) this.#syncSoon();
  }

  #syncSoon(): void {
    if (this.#options.fsync === "always") this.#sync();
    else if (this.#options.fsync === "group" && this.#inSync.length === 0)
      this.#syncTimer ??= setTimeout(() => this.#sync(), SYNC_MS).unref();
  }

  /** @returns whether the room is kept aside */
  #putBallast(): boolean {
    if (this.#hasBallast || this.#options.ballastBytes === 0) return true;
    try {
      const file = this.#files.create(BALLAST);
      try {
        this.#files.cut(file, 0);
        const zeros = Buffer.alloc(this.#options.ballastBytes);
        this.#hasBallast = this.#files.write(file, zeros, zeros.length) === zeros.length;
      } finally {
        this.#files.close(file);
      }
    } catch {
      // No room: the disk is still full.
    }
    if (!this.#hasBallast) this.#files.remove(BALLAST);
    return this.#hasBallast;
  }

  #isBooked(segment: number, position: Position): boolean {
    return segment === position.segment && position.offset >= this.#size(segment);
  }

  #after(segment: number): number {
    return [...this.#sizes.keys()].filter((other) => other > segment).toSorted((a, b) => a - b)[0] ?? segment;
  }

  #size(segment: number): number {
    return this.#sizes.get(segment) ?? 0;
  }
}

function diskFull(): Error {
  return Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
}

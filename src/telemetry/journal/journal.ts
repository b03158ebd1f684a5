import type { Clock } from "../../core/clock.ts";
import { LiveList, type LiveItem } from "../../core/live-list.ts";
import { TextBytes } from "../../core/text-bytes.ts";
import { Ballast } from "./ballast.ts";
import type { JournalFiles } from "./files.ts";
import { encodeLine, type LineKind } from "./line.ts";
import { Marks } from "./marks.ts";
import { readLines, segmentName, type Position, type ReadLines } from "./segment.ts";
import { Syncing, type FsyncPolicy } from "./syncing.ts";

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

/** Between tries to write while the disk refuses. */
const RETRY_MS = 100;

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
  readonly #buffer = new TextBytes();
  readonly #ballast: Ballast;
  readonly #syncing: Syncing<Item>;
  #file: number;
  #segment: number;
  #bytes = 0;
  /** Bytes of the current segment at which the next is begun. */
  #rotateAt: number;
  /** Bytes of the current segment that no exchange brought: its header, and what was carried into it. */
  #carried = 0;
  /** Bytes behind the current segment's end: of a line that was written in part and could not be cut. */
  #torn = 0;
  /** The round of syncs that makes durable what was carried last. */
  #carriedRound = 0;
  #releaseLater: () => void = () => {};
  #syncFailed = false;
  #group: Item[] = [];
  #flushing: NodeJS.Immediate | undefined;
  /** Closed lines that the disk did not take. */
  #late: Item[] = [];
  #unrecorded = 0;
  #isClosed = false;
  #retryTimer: NodeJS.Timeout | undefined;
  /** What keeps it from writing. */
  #trouble: Error | undefined;
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
    this.#syncing = new Syncing(options.files, options.fsync, (told, error) => this.#synced(told, error));
    this.#ballast = new Ballast(options.files, options.ballastBytes);
    this.#file = this.#create(this.#segment);
    this.#ballast.put();
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
      return {
        lines: [],
        damage: [],
        next: offset,
        position: { segment: this.#after(segment), offset: 0 },
      };
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
    const own = this.#size(this.#segment) - this.#carried;
    const isLong =
      own >= this.#options.segmentBytes / 4 || (own > 0 && this.#bytes >= this.#options.limitBytes);
    if (isLong && this.isAtEnd(position)) this.#rotate();
    let done = [...this.#sizes.keys()].filter(
      (segment) =>
        segment < position.segment || (segment !== this.#segment && this.#isBooked(segment, position)),
    );
    if (done.length === 0) return;
    if (!this.#carry(Math.max(...done))) {
      // What nothing open is in can go, and makes room.
      const first = Math.min(...this.#opens.all().map(({ segment }) => segment));
      done = done.filter((segment) => segment < first);
    } else if (!this.#syncing.isDone(this.#carriedRound)) {
      // First the copy is made durable.
      this.#releaseLater = () => this.release(position, keep);
      return;
    }
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
    const late = this.#late;
    if (late.length > 0 && this.#write(late) === undefined) {
      this.#late = [];
      this.#written(late);
    }
    await this.#syncing.settle();
    this.#isClosed = true;
    this.#files.close(this.#file);
    this.#ballast.giveUp();
    this.#files.letGo?.();
  }

  /** Writes what was brought in this turn, now. */
  flush(): void {
    if (this.#group.length > 0) this.#flush();
  }

  #append(item: Item): void {
    if (this.#isClosed) {
      if (item.kind === "c") this.#unrecorded++;
      return item.done(new Error("the journal is closed"));
    }
    this.#group.push(item);
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const group = this.#group;
    this.#group = [];
    if (group.length === 0) return;
    const trouble = this.#trouble;
    // While the disk refuses, what was given up of the ballast is for what is under way: it is tried at once.
    const isOpened = ({ kind }: Item): boolean => kind === "o";
    const tried = trouble === undefined ? group : group.filter((item) => !isOpened(item));
    if (trouble !== undefined) this.#refused(group.filter(isOpened), trouble);
    const error = tried.length === 0 ? undefined : this.#write(tried);
    if (error !== undefined) this.#refused(tried, error);
    else if (tried.length > 0) this.#written(tried);
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
    const mustWait = this.#options.fsync === "always";
    this.#syncing.written(this.#file, mustWait ? group : []);
    if (!mustWait) for (const { done } of group) done(undefined);
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
    if (this.#syncFailed) {
      this.#syncing.written(this.#file, []);
      this.#syncing.begin();
      this.#retryTimer = setTimeout(() => this.#retry(), RETRY_MS).unref();
      return;
    }
    const late = this.#late;
    const error = late.length === 0 ? undefined : this.#write(late);
    if (error === undefined) {
      this.#late = [];
      this.#written(late);
    }
    if (error !== undefined || !this.#ballast.put()) {
      this.#retryTimer ??= setTimeout(() => this.#retry(), RETRY_MS).unref();
      return;
    }
    this.#trouble = undefined;
    this.#options.onTrouble(undefined);
  }

  /** Writes lines to the current segment, all or none. */
  #write(items: readonly Pick<Item, "kind" | "line">[]): Error | undefined {
    // A torn line before them is ended, so that it is not taken for their beginning.
    this.#buffer.begin();
    if (this.#torn > 0) this.#buffer.add("\n");
    for (const { line } of items) this.#buffer.add(line);
    const { bytes } = this.#buffer;
    const before = this.#size(this.#segment);
    try {
      const taken = this.#writeAll(bytes);
      if (taken === bytes.length) {
        const end = before + this.#torn + taken;
        this.#sizes.set(this.#segment, end);
        this.#bytes += end - before;
        this.#torn = 0;
        // What was only opened does not wait for the database.
        if (items.some(({ kind }) => kind !== "o"))
          this.#marks.add({ segment: this.#segment, offset: end }, this.#options.clock.monotonic());
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
      let refusal: Error | undefined;
      try {
        const more = this.#files.write(this.#file, bytes.subarray(taken), bytes.length - taken);
        taken += more;
        if (taken === bytes.length) return taken;
        if (more > 0) continue;
      } catch (error) {
        if (!this.#ballast.isThere) throw error;
        refusal = error as Error;
      }
      if (!this.#ballast.isThere) return taken;
      this.#ballast.giveUp();
      // What was kept aside is for what is under way.
      this.#beTroubled(refusal ?? diskFull());
    }
  }

  #cutBack(length: number): void {
    try {
      this.#files.cut(this.#file, length);
      this.#torn = 0;
    } catch {
      // What was written of a line stays; readers name it and go on behind it.
      try {
        this.#torn = this.#files.size(segmentName(this.#segment)) - length;
      } catch {
        // The folder is gone.
      }
    }
  }

  #rotate(): void {
    try {
      const file = this.#create(this.#segment + 1);
      const old = this.#file;
      this.#file = file;
      this.#segment++;
      this.#torn = 0;
      this.#rotateAt = this.#options.segmentBytes;
      this.#syncing.retire(old);
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
    this.#carried = taken;
    this.#files.syncFolder();
    return file;
  }

  /** Writes the lines of exchanges that were opened up to a segment, and are not closed, into the current one. */
  #carry(last: number): boolean {
    const marks = this.#opens.all().filter(({ segment }) => segment <= last);
    if (marks.length === 0) return true;
    const before = this.#size(this.#segment);
    const error = this.#write(marks.map(({ line }) => ({ kind: "o", line })));
    if (error !== undefined) {
      this.#beTroubled(error);
      return false;
    }
    for (const mark of marks) mark.segment = this.#segment;
    const carried = this.#size(this.#segment) - before;
    this.#carried += carried;
    this.#rotateAt += carried;
    this.#carriedRound = this.#syncing.nextRound;
    this.#syncing.written(this.#file, []);
    return true;
  }

  #synced(told: readonly Item[], error: Error | undefined): void {
    this.#syncFailed = error !== undefined;
    if (error !== undefined) this.#beTroubled(error);
    for (const { kind, done } of told) done(kind === "o" ? error : undefined);
    const release = this.#releaseLater;
    this.#releaseLater = () => {};
    try {
      if (error === undefined) release();
    } catch (refusal) {
      // What could not be removed is tried with the next release.
      this.#beTroubled(refusal as Error);
    }
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

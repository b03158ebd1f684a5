import type { JournalFiles } from "./files.ts";
import { decodeLine, type JournalLine } from "./line.ts";

/** A place in the journal: just before a line. */
export interface Position {
  readonly segment: number;
  /** Bytes from the segment's beginning. */
  readonly offset: number;
}

/** A stretch of a segment that is not whole. */
export interface Damage {
  readonly segment: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface ReadLines {
  readonly lines: readonly JournalLine[];
  readonly damage: readonly Damage[];
  /** Just after the last line read. */
  readonly next: number;
}

const NAME = /^(\d{10})\.journal$/;
const LF = 0x0a;

export function segmentName(segment: number): string {
  return `${String(segment).padStart(10, "0")}.journal`;
}

/** The segments of a folder, oldest first. */
export function segmentsIn(files: JournalFiles): number[] {
  return files
    .list()
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

/**
 * Reads whole lines of a segment: what is whole is taken, the rest is named.
 *
 * @param end    bytes of the segment that may be read
 * @param batch  bytes to read at most, unless one line is longer
 * @param isOver  whether nothing more will be written to it: an unfinished last line is then damage
 */
export async function readLines(
  files: JournalFiles,
  segment: number,
  from: number,
  end: number,
  batch: number,
  isOver: boolean,
): Promise<ReadLines> {
  const name = segmentName(segment);
  let bytes = await files.read(name, from, Math.min(batch, end - from));
  let last = bytes.lastIndexOf(LF);
  while (last === -1 && from + bytes.length < end) {
    // What was read holds only until the next reading.
    const begun = Buffer.from(bytes);
    const more = await files.read(name, from + begun.length, Math.min(batch, end - from - begun.length));
    bytes = Buffer.concat([begun, more]);
    if (more.length === 0) break;
    last = bytes.lastIndexOf(LF);
  }
  const isTorn = isOver && last < bytes.length - 1 && from + bytes.length >= end;
  const damage: Damage[] = [];
  const lines: JournalLine[] = [];
  let offset = from;
  if (last !== -1) {
    // Line by line: one text of the whole would be garbage that only a full collection takes away.
    for (let start = 0; start <= last;) {
      const stop = bytes.indexOf(LF, start);
      const line = decodeLine(bytes.toString("utf8", start, stop));
      if (line !== undefined) lines.push(line);
      else damage.push({ segment: name, offset: from + start, bytes: stop + 1 - start });
      start = stop + 1;
    }
    offset = from + last + 1;
  }
  if (isTorn) damage.push({ segment: name, offset, bytes: bytes.length - last - 1 });
  return { lines, damage, next: isTorn ? from + bytes.length : offset };
}

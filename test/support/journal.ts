import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { Journal, type JournalOptions, type OpenMark } from "../../src/telemetry/journal/journal.ts";
import { decodeLine } from "../../src/telemetry/journal/line.ts";
import type { Position } from "../../src/telemetry/journal/segment.ts";
import { MemoryDisk } from "./memory-files.ts";

export const NO_DAMAGE = (): boolean => false;

export interface Started {
  readonly journal: Journal;
  readonly disk: MemoryDisk;
  /** Codes of what it was told, "" where all is well again. */
  readonly troubles: string[];
}

/** A journal on a disk in memory, that neither syncs nor rotates unless told to. */
export function start(parts: Partial<JournalOptions> = {}, disk = new MemoryDisk()): Started {
  const troubles: string[] = [];
  const journal = new Journal({
    files: disk.process(),
    fsync: "none",
    limitBytes: 1e9,
    segmentBytes: 1e9,
    ballastBytes: 0,
    firstSegment: 1,
    older: [],
    header: '"h"',
    clock: systemClock,
    onTrouble: (error) =>
      troubles.push(error === undefined ? "" : String((error as NodeJS.ErrnoException).code)),
    ...parts,
  });
  return { journal, disk, troubles };
}

/** A body like a record's, as long as one wishes. */
export function body(id: string, length = 0): string {
  return JSON.stringify([id, 0, 0, "x".repeat(length)]);
}

export const ignore = (): void => {};

/** All lines of the segments, as `kind id`; every one must be whole. */
export function linesOn(disk: MemoryDisk): string[] {
  return disk.names
    .filter((name) => name.endsWith(".journal"))
    .flatMap((name) => {
      const text = disk.text(name);
      assert.ok(text === "" || text.endsWith("\n"), `${name} ends with a whole line`);
      return text
        .split("\n")
        .slice(0, -1)
        .map((one) => {
          const line = decodeLine(one);
          assert.ok(line !== undefined, `whole: ${one}`);
          const value = JSON.parse(line.body) as unknown;
          return line.kind === "o" || line.kind === "c"
            ? `${line.kind} ${(value as string[])[0]}`
            : line.kind;
        });
    });
}

/** Reads as the shipper does, to the end. */
export async function readToEnd(
  journal: Journal,
  from = journal.begin,
): Promise<{ readonly ids: readonly string[]; readonly position: Position }> {
  const ids: string[] = [];
  let position = from;
  while (!journal.isAtEnd(position)) {
    const read = await journal.read(position, 4_096);
    for (const { kind, body: text } of read.lines)
      if (kind === "c") ids.push((JSON.parse(text) as [string])[0]);
    position = read.position;
  }
  return { ids, position };
}

/** Opens an exchange and waits until that is told. */
export function open(journal: Journal, id: string, length = 0): Promise<OpenMark> {
  return new Promise((resolve, reject) => {
    const mark = journal.opened(body(id, length), (error) => {
      if (error === undefined) resolve(mark);
      else reject(error);
    });
  });
}

export function close(journal: Journal, id: string, mark?: OpenMark, length = 0): Promise<void> {
  return new Promise((resolve) => journal.closed(body(id, length), mark, () => resolve()));
}

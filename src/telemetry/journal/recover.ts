import { endedLine, lineFacts } from "../record-line.ts";
import type { JournalFiles } from "./files.ts";
import { readLines, segmentName, segmentsIn, type Damage } from "./segment.ts";

/** What earlier runs left behind. */
export interface Recovered {
  readonly segments: readonly { readonly segment: number; readonly bytes: number }[];
  /** Records of exchanges that were opened and never closed, ready to be closed as killed. */
  readonly killed: readonly string[];
  readonly damage: readonly Damage[];
}

const BATCH_BYTES = 1024 * 1024;

/**
 * Reads the segments of earlier runs. Whoever was opened and not closed was killed with the process; the last line's
 * time is the latest that the process is known to have lived.
 *
 * @param header  the first line of segments that this program writes
 * @throws Error where a segment has another one
 */
export async function recover(files: JournalFiles, header: string): Promise<Recovered> {
  const numbers = segmentsIn(files);
  const segments = numbers.map((segment) => ({ segment, bytes: files.size(segmentName(segment)) }));
  const open = new Map<string, string>();
  const damage: Damage[] = [];
  let lastMs = 0;
  for (const { segment, bytes } of segments) {
    for (let offset = 0; offset < bytes;) {
      const read = await readLines(files, segment, offset, bytes, BATCH_BYTES, true);
      damage.push(...read.damage);
      for (const { kind, body } of read.lines) {
        if (kind === "h" && body !== header) {
          throw new Error(
            `${segmentName(segment)} in the journal was written by another version of Switchyard; start that one once, so that it books what is in it`,
          );
        }
        if (kind !== "o" && kind !== "c") continue;
        const known = lineFacts(body);
        lastMs = Math.max(lastMs, known.endedAtMs);
        if (kind === "o") open.set(known.id, body);
        else open.delete(known.id);
      }
      if (read.next <= offset) break;
      offset = read.next;
    }
  }
  return { segments, killed: [...open.values()].map((body) => endedLine(body, lastMs)), damage };
}

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { MemoryDisk } from "../../../test/support/memory-files.ts";
import { encodeLine } from "./line.ts";
import { readLines, segmentName, segmentsIn, type Damage, type ReadLines } from "./segment.ts";

const NAME = segmentName(1);

/** A segment's lines, read to its end in batches. */
async function readAll(bytes: Buffer, batch: number, isOver = true): Promise<ReadLines> {
  const disk = new MemoryDisk();
  disk.put(NAME, bytes);
  const files = disk.process();
  const lines: ReadLines["lines"][number][] = [];
  const damage: Damage[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const read = await readLines(files, 1, offset, bytes.length, batch, isOver);
    lines.push(...read.lines);
    damage.push(...read.damage);
    if (read.next <= offset) break;
    offset = read.next;
  }
  return { lines, damage, next: offset };
}

const bodies = fc.array(
  fc.string({ unit: "binary", maxLength: 40 }).map((text) => JSON.stringify([text])),
  { minLength: 1, maxLength: 12 },
);
const batches = fc.constantFrom(1, 7, 64, 1_000_000);

function segmentOf(all: readonly string[]): { readonly bytes: Buffer; readonly ends: readonly number[] } {
  const lines = all.map((body) => Buffer.from(encodeLine("c", body)));
  let end = 0;
  return { bytes: Buffer.concat(lines), ends: lines.map((line) => (end += line.length)) };
}

test("segments are those of the folder's files that are named so, oldest first", () => {
  const disk = new MemoryDisk();
  for (const name of [
    segmentName(10),
    segmentName(9),
    "ballast",
    `${segmentName(3)}.damaged`,
    "rejected.jsonl",
    "1.journal",
  ])
    disk.put(name, "");
  assert.deepEqual(segmentsIn(disk.process()), [9, 10]);
});

test("a whole segment is read whole, whatever is read at once", async () => {
  await fc.assert(
    fc.asyncProperty(bodies, batches, async (all, batch) => {
      const { bytes } = segmentOf(all);
      const read = await readAll(bytes, batch);
      assert.deepEqual(
        read.lines.map(({ body }) => body),
        all,
      );
      assert.deepEqual(read.damage, []);
      assert.equal(read.next, bytes.length);
    }),
  );
});

test("what is whole of a truncated segment is taken, and the rest is named with its place", async () => {
  await fc.assert(
    fc.asyncProperty(bodies, batches, fc.nat(), async (all, batch, at) => {
      const { bytes, ends } = segmentOf(all);
      const length = at % (bytes.length + 1);
      const read = await readAll(bytes.subarray(0, length), batch);
      const whole = ends.filter((end) => end <= length).length;
      assert.deepEqual(
        read.lines.map(({ body }) => body),
        all.slice(0, whole),
      );
      const offset = ends[whole - 1] ?? 0;
      assert.deepEqual(
        read.damage,
        offset === length ? [] : [{ segment: NAME, offset, bytes: length - offset }],
      );
      assert.equal(read.next, length);
    }),
  );
});

test("an unfinished last line of a segment that is still written is left for later", async () => {
  const { bytes, ends } = segmentOf(["[1]", "[2]"]);
  const read = await readAll(bytes.subarray(0, -1), 1_000, false);
  assert.deepEqual(
    read.lines.map(({ body }) => body),
    ["[1]"],
  );
  assert.deepEqual(read.damage, []);
  assert.equal(read.next, ends[0]);
});

test("of a segment with changed bytes every untouched line is taken, and the stretches of the others are named", async () => {
  const changes = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(bodies, batches, changes, async (all, batch, changed) => {
      const { bytes } = segmentOf(all);
      const whole = Buffer.from(bytes);
      for (const [at, change] of changed) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ change;
      const { lines, damage, next } = await readAll(bytes, batch);
      const expected = stretches(whole, bytes);
      assert.deepEqual(
        lines.map(({ body }) => body),
        expected.lines,
      );
      assert.deepEqual(damage, expected.damage);
      assert.equal(next, bytes.length);
    }),
    { numRuns: 500 },
  );
});

test("a place behind bytes that are no UTF-8 is named as rightly as any other", async () => {
  const { bytes, ends } = segmentOf(["[1]", "[2]", "[3]", "[4]"]);
  const [first = 0, second = 0, third = 0, fourth = 0] = ends;
  bytes[first - 3] = 0xff;
  bytes[third - 3] = 0xfe;
  const { lines, damage } = await readAll(bytes, 1_000);
  assert.deepEqual(
    lines.map(({ body }) => body),
    ["[2]", "[4]"],
  );
  assert.deepEqual(damage, [
    { segment: NAME, offset: 0, bytes: first },
    { segment: NAME, offset: second, bytes: third - second },
  ]);
  assert.equal(fourth, bytes.length);
});

test("a line that is longer than what is read at once is read", async () => {
  const long = JSON.stringify(["x".repeat(10_000)]);
  const { bytes } = segmentOf([long, "[2]"]);
  const { lines } = await readAll(bytes, 100);
  assert.deepEqual(
    lines.map(({ body }) => body),
    [long, "[2]"],
  );
});

/** What lies between line feeds, and is it as it was? Another way to say what must be read. */
function stretches(
  whole: Buffer,
  bytes: Buffer,
): { readonly lines: readonly string[]; readonly damage: readonly Damage[] } {
  const lines: string[] = [];
  const damage: Damage[] = [];
  for (let start = 0; start < bytes.length;) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed === -1 ? bytes.length : feed + 1;
    const isWhole =
      feed !== -1 &&
      whole.subarray(start, end).equals(bytes.subarray(start, end)) &&
      (start === 0 || whole[start - 1] === 0x0a);
    if (isWhole) lines.push(bytes.toString("utf8", start, feed).slice(11));
    else damage.push({ segment: NAME, offset: start, bytes: end - start });
    start = end;
  }
  return { lines, damage };
}

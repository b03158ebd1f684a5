import assert from "node:assert/strict";
import test from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  body,
  close,
  ignore,
  linesOn,
  NO_DAMAGE,
  open,
  readToEnd,
  start,
} from "../../../test/support/journal.ts";
import { MemoryDisk, turn, until } from "../../../test/support/memory-files.ts";
import { recover } from "./recover.ts";
import { segmentName } from "./segment.ts";

const LIMIT = { timeout: 20_000 };

test("who brings a line is told after it was written, in the order in which lines came", async () => {
  const { journal, disk } = start();
  const told: string[] = [];
  const tell = (name: string) => (): void => {
    told.push(name);
    assert.ok(linesOn(disk).includes(name), `${name} is on the disk`);
  };
  const mark = journal.opened(body("a"), tell("o a"));
  journal.opened(body("b"), tell("o b"));
  journal.closed(body("a"), mark, tell("c a"));
  journal.closed(body("z"), undefined, tell("c z"));
  assert.deepEqual(told, []);
  await turn();
  assert.deepEqual(told, ["o a", "o b", "c a", "c z"]);
  assert.deepEqual(linesOn(disk), ["h", ...told]);
  assert.equal(journal.open, 1);
});

test("lines of one turn of the event loop are one write, and the next turn's another", async () => {
  const { journal, disk } = start();
  const before = disk.counts.write;
  for (let each = 0; each < 100; each++) journal.opened(body(String(each)), ignore);
  assert.equal(disk.counts.write, before);
  await turn();
  assert.equal(disk.counts.write, before + 1);
  journal.opened(body("next"), ignore);
  await turn();
  assert.equal(disk.counts.write, before + 2);
});

test("a flush writes at once", () => {
  const { journal, disk } = start();
  journal.noted('"config"');
  journal.opened(body("a"), ignore);
  journal.flush();
  assert.deepEqual(linesOn(disk), ["h", "g", "o a"]);
});

test("whoever listens is told how many records wait for the database", async () => {
  const { journal } = start();
  const told: number[] = [];
  journal.onWritten((closed) => told.push(closed));
  journal.opened(body("a"), ignore);
  await turn();
  journal.closed(body("a"), undefined, ignore);
  journal.noted('"config"');
  journal.opened(body("b"), ignore);
  await turn();
  assert.deepEqual(told, [2]);
});

test("lines longer than any buffer, and of long characters, are written whole", async () => {
  const { journal } = start();
  const texts = ["x".repeat(5_000_000), "€".repeat(1_500_000), "😀".repeat(1_000_000), "end"];
  for (const text of texts) journal.closed(JSON.stringify([text]), undefined, ignore);
  await turn();
  const { ids } = await readToEnd(journal);
  assert.ok(ids.every((id, index) => id === texts[index]) && ids.length === texts.length);
});

test("a segment is closed when it is long enough, each begins with the header, and none holds half a line", async () => {
  const { journal, disk } = start({ segmentBytes: 300 });
  const ids = Array.from({ length: 40 }, (_, index) => String(index));
  for (const id of ids) {
    journal.closed(body(id, 40), undefined, ignore);
    await turn();
  }
  assert.ok(disk.names.length > 5, `${disk.names.length} segments`);
  for (const name of disk.names) {
    assert.equal(disk.text(name).split("\n")[0]?.slice(11), '"h"');
    assert.ok(disk.bytes(name).length < 300 + 100);
  }
  assert.deepEqual(
    linesOn(disk).filter((line) => line !== "h"),
    ids.map((id) => `c ${id}`),
  );
  assert.deepEqual((await readToEnd(journal)).ids, ids);
});

test("a segment is removed only when everything in it is booked", async () => {
  const { journal, disk } = start({ segmentBytes: 300 });
  for (let each = 0; each < 40; each++) await close(journal, String(each), undefined, 40);
  let position = journal.begin;
  while (!journal.isAtEnd(position)) {
    ({ position } = await journal.read(position, 100));
    const unbooked = disk.names.filter((name) => {
      const place = name === segmentName(position.segment) ? position.offset : 0;
      return name >= segmentName(position.segment) && place < disk.bytes(name).length;
    });
    journal.release(position, NO_DAMAGE);
    assert.deepEqual(
      unbooked.filter((name) => !disk.names.includes(name)),
      [],
    );
    assert.equal(journal.bytes, disk.used);
  }
  journal.release(position, NO_DAMAGE);
  assert.equal(disk.names.length, 1);
});

test("what is still open in a segment is written again before the segment goes, and once only", async () => {
  const { journal, disk } = start({ segmentBytes: 300 });
  const mark = await open(journal, "long");
  const short = await open(journal, "short");
  await close(journal, "short", short);
  for (let each = 0; each < 20; each++) {
    await close(journal, String(each), undefined, 40);
    const { position } = await readToEnd(journal);
    journal.release(position, NO_DAMAGE);
    assert.ok(linesOn(disk).includes("o long"));
    assert.equal(linesOn(disk).includes("o short"), each === 0 && disk.names[0] === segmentName(1));
  }
  assert.equal(linesOn(disk).filter((line) => line === "o long").length, 1);
  assert.equal(journal.open, 1);
  await close(journal, "long", mark);
  const { ids, position } = await readToEnd(journal);
  assert.equal(ids.at(-1), "long");
  for (let each = 0; each < 20; each++) await close(journal, String(each), undefined, 40);
  journal.release((await readToEnd(journal, position)).position, NO_DAMAGE);
  assert.equal(linesOn(disk).includes("o long"), false);
  assert.equal(journal.open, 0);
});

test("exchanges that stay open do not make the journal write them again and again", async () => {
  const { journal, disk } = start({ segmentBytes: 1_000 });
  for (let each = 0; each < 40; each++) journal.opened(body(String(each), 100), ignore);
  await close(journal, "end");
  const before = disk.counts.write;
  let position = journal.begin;
  for (let rounds = 0; rounds < 50 && !journal.isAtEnd(position); rounds++) {
    ({ position } = await journal.read(position, 1_000_000));
    journal.release(position, NO_DAMAGE);
  }
  assert.ok(disk.counts.write - before < 10, `${disk.counts.write - before} writes while nothing happens`);
  assert.ok(journal.isAtEnd(position));
});

test("a segment that holds damage is kept under another name", async () => {
  const { journal, disk } = start({ segmentBytes: 200 });
  for (let each = 0; each < 6; each++) await close(journal, String(each), undefined, 40);
  const { position } = await readToEnd(journal);
  journal.release(position, (segment) => segment === 2);
  assert.ok(disk.names.includes(`${segmentName(2)}.damaged`));
  assert.equal(disk.names.includes(segmentName(1)) || disk.names.includes(segmentName(2)), false);
});

test("a journal at its limit is full, and what was opened can still be closed", async () => {
  const { journal, disk } = start({ limitBytes: 1_000, segmentBytes: 400 });
  const first = await open(journal, "first");
  assert.equal(journal.full, false);
  while (!journal.full) await close(journal, "filler", undefined, 50);
  assert.ok(journal.bytes >= 1_000);
  await close(journal, "refused");
  assert.equal(journal.unrecorded, 1);
  await close(journal, "first", first);
  assert.equal(journal.unrecorded, 1);
  assert.equal(linesOn(disk).at(-1), "c first");
  assert.equal(linesOn(disk).includes("c refused"), false);
  journal.release((await readToEnd(journal)).position, NO_DAMAGE);
  assert.equal(journal.full, false);
});

test("segments of earlier runs count towards the limit until they are booked", async () => {
  const disk = new MemoryDisk();
  const earlier = start({}, disk);
  await close(earlier.journal, "earlier", undefined, 2_000);
  const { segments } = await recover(disk.process(), '"h"');
  const { journal } = start({ older: segments, firstSegment: 2, limitBytes: 2_000 }, disk);
  assert.equal(journal.full, true);
  const { ids, position } = await readToEnd(journal);
  assert.deepEqual(ids, ["earlier"]);
  journal.release(position, NO_DAMAGE);
  assert.equal(journal.full, false);
  assert.deepEqual(disk.names, [segmentName(2)]);
});

test("a journal whose lines are all booked is not full, however small its limit beside its segments", async () => {
  const { journal } = start({ limitBytes: 1_000, segmentBytes: 1_000_000 });
  while (!journal.full) await close(journal, "filler", undefined, 50);
  journal.release((await readToEnd(journal)).position, NO_DAMAGE);
  assert.equal(journal.full, false);
});

test("while nothing waits there is no lag; else it is the age of the oldest line that waits", async () => {
  let now = 0;
  const { journal } = start({ clock: { now: () => 0, monotonic: () => now } });
  assert.equal(journal.lagMs((await readToEnd(journal)).position), 0);
  await close(journal, "a");
  now = 1_000;
  await close(journal, "b");
  now = 5_000;
  assert.equal(journal.lagMs(journal.begin), 5_000);
  assert.equal(journal.lagMs((await readToEnd(journal)).position), 0);
});

test("an exchange that is under way for long is no record that waits for the database", async () => {
  let now = 0;
  const { journal } = start({ clock: { now: () => 0, monotonic: () => now } });
  const { position } = await readToEnd(journal);
  await open(journal, "long");
  now = 600_000;
  assert.equal(journal.lagMs(position), 0);
  await close(journal, "other");
  now += 1_000;
  assert.equal(journal.lagMs(position), 1_000);
});

test("a wall clock that jumps back does not touch the lag", async () => {
  let wall = 1_000_000;
  let now = 0;
  const { journal } = start({ clock: { now: () => wall, monotonic: () => now } });
  await close(journal, "a");
  wall = 5;
  now = 10;
  await close(journal, "b");
  assert.equal(journal.lagMs(journal.begin), 10);
});

test("a hundred thousand exchanges leave nothing in memory", LIMIT, async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { journal, disk } = start({ segmentBytes: 100_000 });
  let position = journal.begin;
  const serve = async (exchanges: number): Promise<number> => {
    for (let each = 0; each < exchanges; each += 500) {
      const marks = Array.from({ length: 500 }, () => journal.opened(body("o", 100), ignore));
      await turn();
      for (const mark of marks) journal.closed(body("c", 100), mark, ignore);
      await turn();
      ({ position } = await readToEnd(journal, position));
      journal.release(position, NO_DAMAGE);
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await serve(10_000);
  const after = await serve(100_000);
  assert.ok(after - before < 3_000_000, `${after - before} bytes more`);
  assert.equal(journal.open, 0);
  assert.ok(disk.names.length < 5);
});

test("what is closed is durable when close comes back, in every segment", async () => {
  for (const fsync of ["group", "always"] as const) {
    const { journal, disk } = start({ fsync, segmentBytes: 300, ballastBytes: 64 });
    disk.holdsSyncs = true;
    const mark = journal.opened(body("a", 100), ignore);
    await turn();
    journal.closed(body("a", 300), mark, ignore);
    await turn();
    journal.closed(body("b"), undefined, ignore);
    let isClosed = false;
    const closing = journal.close().then(() => (isClosed = true));
    // The disk brings its syncs to an end in whatever order it likes: here the newest first.
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (isClosed) break;
      if (disk.heldSyncs > 0) disk.letSync(disk.heldSyncs - 1);
    }
    assert.equal(disk.heldSyncs, 0, `${fsync}: closed while a sync was under way`);
    await closing;
    disk.crashHost();
    assert.deepEqual(linesOn(disk), ["h", "o a", "c a", "h", "c b"], fsync);
    assert.equal(disk.names.includes("ballast"), false);
  }
});

test("closed lines that waited for room are written by close, where there is room again", async () => {
  const { journal, disk } = start();
  const mark = await open(journal, "a");
  disk.fail("write", "ENOSPC");
  await close(journal, "a", mark);
  assert.equal(journal.late, 1);
  disk.heal("write");
  await journal.close();
  assert.deepEqual(linesOn(disk), ["h", "o a", "c a"]);
});

test("an exchange of an earlier run is closed with a mark of no segment, even where the journal is full", async () => {
  const { journal, disk } = start({ limitBytes: 1 });
  await close(journal, "killed", { place: -1, line: "", segment: -1 });
  assert.deepEqual(linesOn(disk), ["h", "c killed"]);
  assert.equal(journal.unrecorded, 0);
  assert.equal(journal.open, 0);
});

test("with none nothing is synced, with group lines are synced soon after, with always before they are told", async () => {
  const none = start({ fsync: "none", segmentBytes: 100 });
  await close(none.journal, "a", undefined, 200);
  await close(none.journal, "b");
  assert.equal(none.disk.counts.sync, 0);

  const group = start({ fsync: "group" });
  await close(group.journal, "a");
  await until(() => group.disk.counts.sync > 0);
  group.disk.crashHost();
  assert.deepEqual(linesOn(group.disk), ["h", "c a"]);

  const always = start({ fsync: "always" });
  await open(always.journal, "a");
  always.disk.crashHost();
  assert.deepEqual(linesOn(always.disk), ["h", "o a"]);
});

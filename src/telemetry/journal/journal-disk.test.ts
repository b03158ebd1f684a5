import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import fc from "fast-check";
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
import { diskFiles } from "./files.ts";
import { recover } from "./recover.ts";
import { segmentName } from "./segment.ts";

const ROTATING = { fsync: "always", segmentBytes: 100 } as const;

test("on a full disk an opened line is refused, and a closed one waits until there is room", async () => {
  const { journal, disk, troubles } = start();
  const mark = await open(journal, "a");
  disk.capacity = disk.used + 10;
  await assert.rejects(open(journal, "b"), { code: "ENOSPC" });
  assert.equal(journal.full, true);
  await close(journal, "a", mark);
  assert.equal(journal.late, 1);
  assert.deepEqual(linesOn(disk), ["h", "o a"]);
  disk.capacity = Infinity;
  await until(() => !journal.full);
  assert.equal(journal.late, 0);
  assert.deepEqual(linesOn(disk), ["h", "o a", "c a"]);
  assert.deepEqual(troubles, ["ENOSPC", ""]);
  await open(journal, "c");
  assert.deepEqual((await readToEnd(journal)).ids, ["a"]);
  assert.equal(journal.bytes, disk.used);
});

test("on a full disk, what was never opened is counted and not kept", async () => {
  const { journal, disk } = start();
  disk.fail("write", "ENOSPC");
  await close(journal, "same turn");
  await close(journal, "later");
  assert.equal(journal.unrecorded, 2);
  assert.equal(journal.late, 0);
});

test("however short a write was, no torn line stays", async () => {
  const line = linesLength();
  for (let room = 0; room < 2 * line; room++) {
    const { journal, disk } = start();
    disk.capacity = disk.used + room;
    const told: boolean[] = [];
    journal.opened(body("a"), (error) => told.push(error === undefined));
    journal.opened(body("b"), (error) => told.push(error === undefined));
    await turn();
    assert.deepEqual(told, [false, false]);
    assert.deepEqual(linesOn(disk), ["h"]);
    assert.equal(journal.open, 0);
  }
});

test("a write that the disk takes in parts is whole in the end", async () => {
  const disk = new MemoryDisk();
  const { journal } = start({}, disk);
  disk.mostAtOnce = 7;
  await close(journal, "a", undefined, 200);
  assert.deepEqual((await readToEnd(journal)).ids, ["a"]);
});

test("what is kept aside is given up for what is under way, and put back when there is room", async () => {
  const { journal, disk, troubles } = start({ ballastBytes: 1_000 });
  assert.equal(disk.bytes("ballast").length, 1_000);
  const marks = [await open(journal, "a"), await open(journal, "b")];
  disk.capacity = disk.used;
  await close(journal, "a", marks[0]);
  assert.equal(linesOn(disk).at(-1), "c a");
  assert.equal(disk.names.includes("ballast"), false);
  assert.equal(journal.full, true);
  await close(journal, "b", marks[1]);
  await until(() => linesOn(disk).includes("c b"));
  assert.equal(journal.full, true);
  disk.capacity = Infinity;
  await until(() => !journal.full);
  assert.equal(disk.bytes("ballast").length, 1_000);
  assert.deepEqual(troubles, ["ENOSPC", ""]);
});

test("whoever is told of trouble is told once when it begins and once when it ends, each time", async () => {
  const { journal, disk, troubles } = start({ ballastBytes: 100 });
  for (let times = 1; times <= 2; times++) {
    disk.fail("write", "ENOSPC");
    for (let each = 0; each < 5; each++) {
      await assert.rejects(open(journal, "x"));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    disk.heal("write");
    await until(() => !journal.full);
    assert.deepEqual(troubles, Array.from({ length: times }, () => ["ENOSPC", ""]).flat());
  }
});

test("the trouble that is told is what the disk said", async () => {
  const { journal, disk, troubles } = start({ ballastBytes: 100 });
  disk.fail("write", "EIO");
  await assert.rejects(open(journal, "x"), { code: "EIO" });
  assert.deepEqual(troubles, ["EIO"]);
});

test("a disk that the journal itself has filled has room again when its segments are booked", async () => {
  const { journal, disk, troubles } = start({ ballastBytes: 1_000, segmentBytes: 500 });
  const mark = await open(journal, "long");
  disk.capacity = disk.used + 4_000;
  for (let each = 0; !journal.full; each++) await close(journal, String(each), undefined, 100);
  const { position } = await readToEnd(journal);
  journal.release(position, NO_DAMAGE);
  await until(() => !journal.full);
  assert.deepEqual(troubles, ["ENOSPC", ""]);
  assert.ok(linesOn(disk).includes("o long"));
  await close(journal, "long", mark);
  assert.equal((await readToEnd(journal, position)).ids.at(-1), "long");
});

test("where a torn line could not be cut back, no line that comes later is lost", async () => {
  const { journal, disk } = start({ segmentBytes: 500 });
  await close(journal, "before");
  const before = await readToEnd(journal);
  disk.fail("cut", "EIO");
  disk.capacity = disk.used + 10;
  await assert.rejects(open(journal, "torn"));
  disk.capacity = Infinity;
  disk.heal("cut");
  await until(() => !journal.full);
  const ids = Array.from({ length: 20 }, (_, index) => String(index));
  for (const id of ids) await close(journal, id, undefined, 30);
  assert.deepEqual((await readToEnd(journal, before.position)).ids, ids);
  assert.deepEqual((await recover(disk.process(), '"h"')).killed, []);
});

test("a new segment that cannot be made leaves the old one in use, and no half of itself", async () => {
  const { journal, disk } = start({ segmentBytes: 100 });
  disk.fail("create", "EMFILE", 1);
  await close(journal, "a", undefined, 200);
  assert.deepEqual(disk.names, [segmentName(1)]);
  await until(() => !journal.full);
  await close(journal, "b");
  await close(journal, "c");
  assert.deepEqual((await readToEnd(journal)).ids, ["a", "b", "c"]);
});

test("what an earlier run kept aside does not keep the next one from starting on a full disk", async () => {
  const disk = new MemoryDisk();
  start({ ballastBytes: 1_000 }, disk);
  disk.capacity = disk.used;
  const { journal } = start({ ballastBytes: 1_000, firstSegment: 2 }, disk);
  await close(journal, "a", { place: -1, line: "", segment: -1 });
  await until(() => linesOn(disk).includes("c a"));
});

test("with always nobody is told before the sync, and every line told of survives the host's crash", async () => {
  const { journal, disk, troubles } = start({ fsync: "always" });
  disk.holdsSyncs = true;
  const told: string[] = [];
  const mark = journal.opened(body("a"), (error) => told.push(`a ${String(error)}`));
  await turn();
  journal.opened(body("b"), (error) => told.push(`b ${String(error)}`));
  journal.closed(body("a"), mark, (error) => told.push(`closed ${String(error)}`));
  await turn();
  assert.deepEqual(told, []);
  // The first sync was under way when the second group came, and says nothing of it.
  disk.letSync();
  assert.deepEqual(told, ["a undefined"]);
  disk.letSync();
  assert.deepEqual(told, ["a undefined", "b undefined", "closed undefined"]);
  disk.crashHost();
  assert.deepEqual(linesOn(disk), ["h", "o a", "o b", "c a"]);
  assert.deepEqual(troubles, []);
});

test("with always every line told of survives the host's crash where segments change, too", async () => {
  const { journal, disk, troubles } = start(ROTATING);
  for (let each = 0; each < 5; each++) {
    await open(journal, String(each), 200);
    const names = linesOn(disk);
    assert.ok(names.includes(`o ${each}`));
  }
  disk.crashHost();
  const { killed } = await recover(disk.process(), '"h"');
  assert.equal(killed.length, 5);
  assert.deepEqual(troubles, []);
});

test("with always a line waits for the sync of its own segment, in whatever order syncs come to their end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 10 }), async (order) => {
      const { journal, disk, troubles } = start(ROTATING);
      disk.holdsSyncs = true;
      const told: string[] = [];
      for (const [id, length] of Object.entries({ a: 10, b: 200, c: 10, d: 200, e: 10 })) {
        journal.opened(body(id, length), (error) => told.push(error === undefined ? id : String(error)));
        await turn();
      }
      for (let each = 0; told.length < 5 && each < 50; each++) {
        disk.letSync(disk.heldSyncs === 0 ? 0 : (order[each] ?? 0) % disk.heldSyncs);
        await turn();
        const lines = linesOn(disk.afterHostCrash());
        for (const id of told)
          assert.ok(lines.includes(`o ${id}`), `${id} was told, and ${lines.join()} survive`);
      }
      assert.deepEqual(told, ["a", "b", "c", "d", "e"]);
      assert.deepEqual(troubles, []);
    }),
  );
});

test("with group every line survives the host's crash soon, where segments change while one is synced, too", async () => {
  const { journal, disk, troubles } = start({ fsync: "group", segmentBytes: 100 });
  for (let each = 0; each < 10; each++) {
    await close(journal, String(each), undefined, each % 3 === 0 ? 200 : 0);
    await new Promise((resolve) => setTimeout(resolve, each));
  }
  await until(() => linesOn(disk.afterHostCrash()).filter((line) => line !== "h").length === 10);
  assert.deepEqual(troubles, []);
});

test("what is still open survives the host's crash when its first segment is gone", async () => {
  for (const fsync of ["always", "group"] as const) {
    const { journal, disk } = start({ fsync, segmentBytes: 300 });
    await open(journal, "long");
    await close(journal, "other", undefined, 300);
    await until(() => linesOn(disk.afterHostCrash()).includes("c other"));
    journal.release((await readToEnd(journal)).position, NO_DAMAGE);
    assert.ok(linesOn(disk.afterHostCrash()).includes("o long"), fsync);
    await until(() => !disk.names.includes(segmentName(1)));
    assert.ok(linesOn(disk.afterHostCrash()).includes("o long"), fsync);
  }
});

test("where syncing fails, an opened line is refused and a closed one told, and trouble is told once", async () => {
  const { journal, disk, troubles } = start({ fsync: "always" });
  const mark = await open(journal, "a");
  disk.fail("sync", "EIO");
  await assert.rejects(open(journal, "b"), { code: "EIO" });
  await assert.rejects(open(journal, "c"));
  await close(journal, "a", mark);
  assert.deepEqual(troubles, ["EIO"]);
  disk.heal("sync");
  await until(() => troubles.length > 1);
  assert.deepEqual(troubles, ["EIO", ""]);
  await open(journal, "d");
  assert.deepEqual(troubles, ["EIO", ""]);
});

test("each file is closed once, and none is synced when it is closed, under every policy", async () => {
  for (const fsync of ["none", "group", "always"] as const) {
    const { journal, disk, troubles } = start({ fsync, segmentBytes: 100 });
    for (let each = 0; each < 5; each++) await close(journal, String(each), undefined, 200);
    await journal.close();
    assert.deepEqual(troubles, [], fsync);
    assert.deepEqual(disk.strayCloses, [], fsync);
  }
});

test("on a real folder segments change under always without one lost or refused line", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "switchyard-journal-"));
  try {
    const files = diskFiles(folder);
    const { journal, troubles } = start({ files, fsync: "always", segmentBytes: 2_000, ballastBytes: 4_096 });
    const refused: unknown[] = [];
    for (let each = 0; each < 200; each++) {
      const mark = journal.opened(
        body(`o${each}`, 300),
        (error) => error !== undefined && refused.push(error),
      );
      await turn();
      if (each % 2 === 0) journal.closed(body(`o${each}`), mark, ignore);
    }
    journal.flush();
    const { ids, position } = await readToEnd(journal);
    assert.equal(ids.length, 100);
    journal.release(position, NO_DAMAGE);
    await journal.close();
    assert.deepEqual(refused, []);
    assert.deepEqual(troubles, []);
    const { killed, damage } = await recover(files, '"h"');
    assert.equal(killed.length, 100);
    assert.deepEqual(damage, []);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

function linesLength(): number {
  const { journal, disk } = start();
  const before = disk.used;
  journal.opened(body("a"), ignore);
  journal.flush();
  return disk.used - before;
}

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { MemoryDisk } from "../../../test/support/memory-files.ts";
import { encodeLine, type LineKind } from "./line.ts";
import { recover, type Recovered } from "./recover.ts";
import { segmentName } from "./segment.ts";

type Line = readonly [kind: LineKind, body: string];

const HEADER: Line = ["h", '{"journal":1}'];

/** As long as a record needs to be for recovery: id, start, duration, status and cost. */
function body(id: string, startMs: number, durationMs: number, status: string, cost = 0): string {
  return JSON.stringify([id, startMs, durationMs, status, cost]);
}

function opened(id: string, startMs: number, ceiling = 100): Line {
  return ["o", body(id, startMs, 0, "killed", ceiling)];
}

function closed(id: string, startMs: number, durationMs: number, status = "answered"): Line {
  return ["c", body(id, startMs, durationMs, status, 1)];
}

function diskWith(...segments: readonly (readonly Line[])[]): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [index, lines] of segments.entries())
    disk.put(segmentName(index + 1), [HEADER, ...lines].map((line) => encodeLine(...line)).join(""));
  return disk;
}

function recovered(disk: MemoryDisk): Promise<Recovered> {
  return recover(disk.process(), HEADER[1]);
}

test("an empty folder is the end of no earlier run", async () => {
  assert.deepEqual(await recovered(new MemoryDisk()), { segments: [], killed: [], damage: [] });
});

test("what was opened and never closed is killed, with its ceiling, at the last time that is known", async () => {
  const disk = diskWith([opened("a", 1_000, 777), opened("b", 1_500)], [closed("b", 1_500, 2_500)]);
  const { killed } = await recovered(disk);
  assert.deepEqual(killed, [body("a", 1_000, 3_000, "killed", 777)]);
});

test("what was opened and closed is not killed, in whichever segments its lines are", async () => {
  const disk = diskWith([opened("a", 1), opened("b", 2), closed("a", 1, 5)], [], [closed("b", 2, 5)]);
  assert.deepEqual((await recovered(disk)).killed, []);
});

test("what was closed without having been opened is not killed", async () => {
  assert.deepEqual((await recovered(diskWith([closed("a", 1, 5, "refused")]))).killed, []);
});

test("an opened line that was carried into later segments counts once", async () => {
  const disk = diskWith([opened("a", 1_000)], [opened("a", 1_000)], [opened("a", 1_000), opened("b", 1_007)]);
  assert.deepEqual((await recovered(disk)).killed, [
    body("a", 1_000, 7, "killed", 100),
    body("b", 1_007, 0, "killed", 100),
  ]);
  const both = diskWith([opened("a", 1_000)], [opened("a", 1_000), closed("a", 1_000, 9)]);
  assert.deepEqual((await recovered(both)).killed, []);
});

test("headers and configurations are no exchanges", async () => {
  const disk = diskWith([["g", JSON.stringify(["hash", 9e12, "yaml"])], opened("a", 5)]);
  assert.deepEqual((await recovered(disk)).killed, [body("a", 5, 0, "killed", 100)]);
});

test("a decision behind a record stays behind it", async () => {
  const decision = '\t{"asked":"answer"}';
  const disk = diskWith([["o", body("a", 1, 0, "killed") + decision], opened("b", 11)]);
  assert.equal((await recovered(disk)).killed[0], body("a", 1, 10, "killed") + decision);
});

test("nobody has lasted less than no time, however the clock jumped", async () => {
  const starts = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(starts, async (all) => {
      const { killed } = await recovered(diskWith(all.map((start, index) => opened(String(index), start))));
      assert.equal(killed.length, all.length);
      for (const one of killed) {
        const [, start, duration] = JSON.parse(one) as [string, number, number];
        assert.equal(start + duration, Math.max(...all));
      }
    }),
  );
});

test("segments are named with their bytes, oldest first, empty ones too", async () => {
  const disk = diskWith([opened("a", 1)], []);
  disk.put(segmentName(3), "");
  const { segments } = await recovered(disk);
  assert.deepEqual(
    segments,
    [1, 2, 3].map((segment) => ({ segment, bytes: disk.bytes(segmentName(segment)).length })),
  );
});

test("a torn last line and damaged ones are named, and the rest is recovered", async () => {
  const disk = diskWith(
    [opened("a", 1), opened("b", 2), closed("a", 1, 5)],
    [closed("b", 2, 6), opened("c", 9)],
  );
  const whole = disk.bytes(segmentName(1));
  const second = disk.bytes(segmentName(2));
  const hurt = Buffer.from(whole);
  const place = encodeLine(...HEADER).length;
  hurt[place + 20] = (hurt[place + 20] ?? 0) ^ 4;
  disk.put(segmentName(1), hurt);
  disk.put(segmentName(2), second.subarray(0, -4));
  const { killed, damage } = await recovered(disk);
  assert.deepEqual(killed, []);
  const last = second.length - encodeLine(...opened("c", 9)).length;
  assert.deepEqual(damage, [
    { segment: segmentName(1), offset: place, bytes: encodeLine(...opened("a", 1)).length },
    { segment: segmentName(2), offset: last, bytes: second.length - 4 - last },
  ]);
});

test("a recovery that is broken off and done again finds the same, until its closed lines are written", async () => {
  const disk = diskWith([opened("a", 1), opened("b", 2)], [opened("c", 50), closed("b", 2, 8)]);
  const first = await recovered(disk);
  assert.deepEqual(await recovered(disk), first);
  const lines = first.killed.map((one) => encodeLine("c", one));
  assert.equal(lines.length, 2);
  const written = [encodeLine(...HEADER), ...lines].join("");
  // However much of the segment that closes them came to the disk, the second recovery closes just the others.
  for (let length = 0; length <= written.length; length++) {
    const again = diskWith([opened("a", 1), opened("b", 2)], [opened("c", 50), closed("b", 2, 8)]);
    again.put(segmentName(3), written.slice(0, length));
    const whole = written.slice(0, length).split("\n").length - 1;
    assert.deepEqual((await recovered(again)).killed, first.killed.slice(Math.max(0, whole - 1)));
  }
});

test("a segment of many batches is recovered like a short one", async () => {
  const many = Array.from({ length: 20_000 }, (_, index) => opened(String(index), index));
  const over = many.slice(0, -3).map((_, index) => closed(String(index), index, 1));
  const { killed } = await recovered(
    diskWith([...many, ...over, ["g", JSON.stringify("x".repeat(3_000_000))]]),
  );
  assert.equal(killed.length, 3);
});

test("a segment that another version wrote is not read by guess", async () => {
  const disk = new MemoryDisk();
  const files = disk.process();
  const file = files.create(segmentName(1));
  const line = Buffer.from(encodeLine("h", '{"journal":2}'));
  files.write(file, line, line.length);
  await assert.rejects(
    recover(files, '"h"'),
    /0000000001\.journal .* another version .* start that one once/,
  );
});

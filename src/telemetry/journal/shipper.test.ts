import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { body, close, ignore, linesOn, open, start } from "../../../test/support/journal.ts";
import { MemoryDisk, turn, until } from "../../../test/support/memory-files.ts";
import { systemClock } from "../../core/clock.ts";
import { encodeLine } from "./line.ts";
import type { Journal, JournalOptions } from "./journal.ts";
import { recover } from "./recover.ts";
import { segmentName, type Damage } from "./segment.ts";
import { Shipper, type LedgerSink } from "./shipper.ts";

class Poison extends Error {}

/** A database in memory. */
class Sink implements LedgerSink {
  readonly booked: string[] = [];
  readonly configs: string[] = [];
  readonly batches: number[] = [];
  readonly poison = new Set<string>();
  /** What the next calls do, in order; then all go well. */
  readonly script: ("well" | "away" | "lost" | "hang")[] = [];
  isAway = false;

  async bookExchanges(lines: readonly string[]): Promise<void> {
    const ids = lines.map(idOf);
    this.batches.push(ids.length);
    const what = this.isAway ? "away" : this.script.shift();
    if (what === "away") throw new Error("the database is away");
    if (what === "hang") await new Promise(ignore);
    if (ids.some((id) => this.poison.has(id))) throw new Poison(`refused ${ids.join()}`);
    for (const id of ids) if (!this.booked.includes(id)) this.booked.push(id);
    // It was booked, and nobody knows.
    if (what === "lost") throw new Error("the connection broke");
  }

  async bookConfig(text: string): Promise<void> {
    if (this.isAway) throw new Error("the database is away");
    this.configs.push(text);
  }

  isAboutData(error: unknown): boolean {
    return error instanceof Poison;
  }
}

function idOf(line: string): string {
  return (JSON.parse(line) as [string])[0];
}

interface Shipping {
  readonly journal: Journal;
  readonly disk: MemoryDisk;
  readonly sink: Sink;
  readonly shipper: Shipper;
  readonly rejected: string[];
  readonly damage: Damage[];
  /** What it was told, "" where all is well again. */
  readonly troubles: string[];
}

function ship(parts: Partial<JournalOptions> = {}, disk = new MemoryDisk()): Shipping {
  const { journal } = start(parts, disk);
  const sink = new Sink();
  const rejected: string[] = [];
  const damage: Damage[] = [];
  const troubles: string[] = [];
  const shipper = new Shipper({
    journal,
    sink,
    clock: systemClock,
    onReject: (line) => rejected.push(idOf(line)),
    onDamage: (one) => damage.push(one),
    onTrouble: (error) => troubles.push(error?.message ?? ""),
  });
  return { journal, disk, sink, shipper, rejected, damage, troubles };
}

async function closeAll(journal: Journal, ids: readonly string[], length = 0): Promise<void> {
  await Promise.all(ids.map((id) => close(journal, id, undefined, length)));
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

/** Segments that an earlier run left, one of them hurt. */
async function hurtDisk(ids: readonly string[], hurt: string): Promise<MemoryDisk> {
  const { journal, disk } = start();
  await closeAll(journal, ids);
  const bytes = disk.bytes(segmentName(1));
  const place = bytes.indexOf(encodeLine("c", body(hurt))) + 14;
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  disk.put(segmentName(1), bytes);
  return disk;
}

async function afterRestart(disk: MemoryDisk, parts: Partial<JournalOptions> = {}): Promise<Shipping> {
  const { segments } = await recover(disk.process(), '"h"');
  return ship({ older: segments, firstSegment: segments.length + 1, ...parts }, disk);
}

test("records are booked together and in order", async () => {
  const { journal, shipper, sink } = ship();
  const ids = numbers(1_000);
  await closeAll(journal, ids);
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ids);
  assert.equal(sink.batches.length, 1);
  assert.equal(shipper.booked, 1_000);
  assert.equal(shipper.lagMs, 0);
});

test("what is much is booked in several batches, in order", async () => {
  const { journal, shipper, sink } = ship();
  const ids = numbers(1_000);
  await closeAll(journal, ids, 3_000);
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ids);
  assert.ok(sink.batches.length > 2);
});

test("records are booked without being asked for, soon after they are written", async () => {
  const { journal, shipper, sink } = ship();
  shipper.start();
  await closeAll(journal, ["a", "b"]);
  await until(() => sink.booked.length === 2);
  await closeAll(journal, numbers(600));
  await until(() => sink.booked.length === 602);
  await shipper.stop(5_000);
});

test("opened lines and headers are not booked; configurations are", async () => {
  const { journal, shipper, sink } = ship();
  await open(journal, "a");
  journal.noted('["hash",1,"yaml"]');
  await close(journal, "b");
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ["b"]);
  assert.deepEqual(sink.configs, ['["hash",1,"yaml"]']);
  assert.equal(shipper.booked, 1);
});

test("what an earlier run left is booked first", async () => {
  const { journal: earlier, disk } = start({ segmentBytes: 200 });
  await closeAll(earlier, ["a", "b"]);
  await closeAll(earlier, ["c"], 300);
  await closeAll(earlier, ["d"]);
  const { journal, shipper, sink } = await afterRestart(disk);
  await closeAll(journal, ["e"]);
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ["a", "b", "c", "d", "e"]);
  assert.equal(linesOn(disk).includes("c a"), false);
});

test("booked segments are given up, and what is open in them is kept", async () => {
  const { journal, disk, shipper } = ship({ segmentBytes: 500 });
  await open(journal, "long");
  for (const id of numbers(30)) await close(journal, id, undefined, 100);
  assert.ok(disk.names.length > 3);
  assert.equal(await shipper.settle(5_000), true);
  assert.equal(disk.names.length, 1);
  assert.equal(journal.bytes, disk.used);
  assert.ok(linesOn(disk).includes("o long"));
});

test("a journal with more under way than a segment holds is settled", async () => {
  const { journal, disk, shipper } = ship({ segmentBytes: 2_000 });
  for (const id of numbers(100)) journal.opened(body(id, 100), ignore);
  await close(journal, "a");
  const before = disk.counts.write;
  const isSettled = await shipper.settle(1_000);
  await shipper.stop(5_000);
  assert.equal(isSettled, true);
  assert.ok(disk.counts.write - before < 10, `${disk.counts.write - before} writes`);
});

test("while the database is away nothing is lost, and it is told once that it went and once that it came", async () => {
  const { journal, shipper, sink, troubles } = ship({ segmentBytes: 1_000 });
  sink.isAway = true;
  shipper.start();
  const ids = numbers(50);
  for (const id of ids) await close(journal, id, undefined, 50);
  await until(() => sink.batches.length >= 2);
  assert.equal(shipper.troubled, true);
  assert.deepEqual(troubles, ["the database is away"]);
  assert.deepEqual(sink.booked, []);
  assert.equal(shipper.booked, 0);
  sink.isAway = false;
  await until(() => sink.booked.length === 50);
  await until(() => !shipper.troubled);
  assert.deepEqual(sink.booked, ids);
  assert.deepEqual(troubles, ["the database is away", ""]);
  await shipper.stop(5_000);
});

test("a batch of which nobody knows whether it was booked is booked again, which changes nothing", async () => {
  const { journal, shipper, sink } = ship();
  sink.script.push("lost", "away", "lost");
  shipper.start();
  await closeAll(journal, numbers(10));
  await until(() => sink.batches.length === 4 && !shipper.troubled);
  assert.deepEqual(sink.batches, [10, 10, 10, 10]);
  assert.deepEqual(sink.booked, numbers(10));
  assert.equal(shipper.booked, 10);
  await shipper.stop(5_000);
});

test("a database that takes records again is no trouble, though many still wait", async () => {
  const { journal, shipper, sink, troubles } = ship();
  sink.isAway = true;
  await closeAll(journal, numbers(1_000), 3_000);
  assert.equal(await shipper.settle(1_000), false);
  sink.isAway = false;
  // The first batch is booked, the second is under way.
  sink.script.push("well", "hang");
  await until(() => sink.batches.length >= 3);
  assert.ok(sink.booked.length > 0 && sink.booked.length < 1_000);
  assert.equal(shipper.troubled, false);
  assert.deepEqual(troubles, ["the database is away", ""]);
  void shipper.stop(5_000);
});

test("records that the database will never take are found, named once and passed over", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat()), async (count, places) => {
      const { journal, shipper, sink, rejected, troubles } = ship();
      const ids = numbers(count);
      const bad = new Set(places.map((place) => String(place % count)));
      for (const id of bad) sink.poison.add(id);
      await closeAll(journal, ids);
      assert.equal(await shipper.settle(5_000), true);
      assert.deepEqual(
        sink.booked,
        ids.filter((id) => !bad.has(id)),
      );
      assert.deepEqual(
        rejected,
        ids.filter((id) => bad.has(id)),
      );
      assert.deepEqual(troubles, []);
      assert.equal(shipper.booked, count - bad.size);
    }),
  );
});

test("one bad record among many is found in a few tries", async () => {
  const { journal, shipper, sink } = ship();
  sink.poison.add("700");
  await closeAll(journal, numbers(1_024));
  assert.equal(await shipper.settle(5_000), true);
  assert.equal(sink.booked.length, 1_023);
  assert.ok(sink.batches.length <= 21, `${sink.batches.length} tries`);
});

test("a bad record is named once, though the database goes away while the bad ones are looked for", async () => {
  const { journal, shipper, sink, rejected } = ship();
  sink.poison.add("0");
  await closeAll(journal, numbers(4));
  // All four, the first two, the first and the second are tried; then the connection breaks.
  const real = sink.bookExchanges.bind(sink);
  let isBroken = false;
  sink.bookExchanges = async (lines) => {
    if (idOf(lines[0] ?? "") === "2" && !isBroken) {
      isBroken = true;
      throw new Error("the connection broke");
    }
    await real(lines);
  };
  shipper.start();
  await until(() => sink.booked.length === 3 && !shipper.troubled);
  assert.ok(isBroken);
  assert.deepEqual(rejected, ["0"]);
  await shipper.stop(5_000);
});

test("damage is named once with its place, and the rest of the segment is booked", async () => {
  const ids = ["aa", "bb", "cc"];
  const { disk, shipper, sink, damage } = await afterRestart(await hurtDisk(ids, "bb"));
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ["aa", "cc"]);
  const [line, header] = [encodeLine("c", body("aa")).length, encodeLine("h", '"h"').length];
  assert.deepEqual(damage, [{ segment: segmentName(1), offset: header + line, bytes: line }]);
  assert.deepEqual(disk.names, [segmentName(2), `${segmentName(1)}.damaged`].toSorted());
});

test("damage is named once, however often its batch is tried", async () => {
  const { shipper, sink, damage } = await afterRestart(await hurtDisk(["aa", "bb", "cc"], "bb"));
  sink.script.push("away", "lost");
  shipper.start();
  await until(() => sink.batches.length === 3 && !shipper.troubled);
  assert.equal(damage.length, 1);
  await shipper.stop(5_000);
});

test("a torn last line of an earlier run is damage", async () => {
  const { journal, disk: whole } = start();
  await closeAll(journal, ["aa", "bb"]);
  const disk = new MemoryDisk();
  disk.put(segmentName(1), whole.bytes(segmentName(1)).subarray(0, -5));
  const { shipper, sink, damage } = await afterRestart(disk);
  assert.equal(await shipper.settle(5_000), true);
  assert.deepEqual(sink.booked, ["aa"]);
  assert.equal(damage.length, 1);
});

test("settling an empty journal, or one that is booked, is done at once", async () => {
  const { journal, shipper, sink } = ship();
  await close(journal, "a");
  assert.equal(await shipper.settle(5_000), true);
  assert.equal(await shipper.settle(0), true);
  assert.equal(sink.batches.length, 1);
});

test("settling says so where the database is away, and when it does not answer in time", async () => {
  const away = ship();
  away.sink.isAway = true;
  await close(away.journal, "a");
  assert.equal(await away.shipper.settle(60_000), false);
  assert.equal(await away.shipper.settle(60_000), false);
  assert.deepEqual(away.troubles, ["the database is away"]);
  await away.shipper.stop(5_000);

  const slow = ship();
  slow.sink.script.push("hang");
  await close(slow.journal, "a");
  const alive = setInterval(ignore, 1_000);
  assert.equal(await slow.shipper.settle(20), false);
  clearInterval(alive);
});

test("a shipper that was stopped books nothing more", async () => {
  const { journal, shipper, sink } = ship();
  shipper.start();
  await shipper.stop(5_000);
  await closeAll(journal, numbers(600));
  await turn();
  assert.equal(await shipper.settle(1_000), false);
  assert.deepEqual(sink.booked, []);
});

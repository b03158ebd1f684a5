import { mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { LedgerStore } from "../src/budget/ledger/ledger-store.ts";
import { systemClock } from "../src/core/clock.ts";
import { openDatabase } from "../src/storage/open.ts";
import { diskFiles } from "../src/telemetry/journal/files.ts";
import { Journal } from "../src/telemetry/journal/journal.ts";
import { JournalRecorder } from "../src/telemetry/recorder.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { generator, lineOf } from "./generate-records.ts";
import { median } from "./support.ts";

/**
 * What recording costs: CPU microseconds of an exchange's two lines, from the record to the file, beside a plain
 * `JSON.stringify` and `writeSync` of the same record; and how many records a second go into each database.
 */
const folder = mkdtempSync(path.join(os.tmpdir(), "switchyard-bench-"));
const ROUNDS = 9;
const EXCHANGES = 20_000;
/** Exchanges that meet in one turn of the event loop. */
const TOGETHER = 8;
const SHIPPED = Number(process.env["BENCH_RECORDS"] ?? 100_000);
const BATCH = 1_000;

try {
  await record();
  await ship("embedded", "embedded");
  await using server = await startPostgres();
  if (server !== undefined) await ship("PostgreSQL", await server.createDatabase());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function record(): Promise<void> {
  const next = generator(1, Date.now() - 3_600_000, Date.now());
  const generated = Array.from({ length: 2_000 }, next);
  const journal = new Journal({
    files: diskFiles(path.join(folder, "journal")),
    fsync: "group",
    limitBytes: 2 ** 40,
    segmentBytes: 4 * 1024 * 1024,
    ballastBytes: 0,
    firstSegment: 1,
    older: [],
    header: "{}",
    clock: systemClock,
    onTrouble: (error) => {
      if (error !== undefined) throw error;
    },
  });
  const recorder = new JournalRecorder({
    journal,
    onFull: () => "refuse",
    onRecord: () => {},
    onUnrecorded: () => {
      throw new Error("the journal is full");
    },
  });
  const exchange = (index: number): Promise<void> => {
    const { record: one, decision } = generated[index % generated.length] ?? next();
    return new Promise((resolve) => {
      const mark = recorder.opened(one, decision, () => {
        setImmediate(() => recorder.closed(one, decision, mark, resolve));
      });
    });
  };
  const file = openSync(path.join(folder, "plain"), "a");
  const rounds: { ours: number[]; plain: number[] } = { ours: [], plain: [] };
  for (let turn = -2; turn < ROUNDS; turn++) {
    const ours = await cpuOf(async () => {
      for (let index = 0; index < EXCHANGES; index += TOGETHER) {
        await Promise.all(Array.from({ length: TOGETHER }, (_, more) => exchange(index + more)));
      }
    });
    const plain = await cpuOf(async () => {
      for (let index = 0; index < EXCHANGES; index++) {
        const { record: one } = generated[index % generated.length] ?? next();
        writeSync(file, JSON.stringify({ ...one, costNano: "0", ceilingNano: "0", attempts: [] }));
      }
    });
    if (turn < 0) continue;
    rounds.ours.push(ours / EXCHANGES);
    rounds.plain.push(plain / EXCHANGES);
  }
  await journal.close();
  print({
    bench: "record and journal",
    unit: "CPU µs an exchange",
    switchyard: round(median(rounds.ours)),
    oneStringifyAndWrite: round(median(rounds.plain)),
    ratio: round(median(rounds.ours) / median(rounds.plain)),
    aim: 8,
  });
}

async function ship(name: string, address: string): Promise<void> {
  const database = await openDatabase({
    database: address,
    data: path.join(folder, name),
    onError: () => {},
  });
  const store = new LedgerStore(database, 90);
  const next = generator(2, Date.now() - 86_400_000, Date.now());
  const batches = Array.from({ length: SHIPPED / BATCH }, () =>
    Array.from({ length: BATCH }, () => lineOf(next())),
  );
  const started = performance.now();
  const cpu = process.cpuUsage();
  for (const batch of batches) await store.bookExchanges(batch);
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  await database.close();
  print({
    bench: `ship into ${name}`,
    unit: "records a second",
    switchyard: Math.round(SHIPPED / seconds),
    aim: 20_000,
    cpuPerRecord: round((user + system) / SHIPPED),
    rssMiB: Math.round(process.memoryUsage.rss() / 2 ** 20),
  });
}

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function print(result: object): void {
  console.log(JSON.stringify(result));
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

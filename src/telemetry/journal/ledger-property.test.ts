import assert from "node:assert/strict";
import test, { mock } from "node:test";
import fc from "fast-check";
import { MemoryDisk, turn, type ProcessFiles } from "../../../test/support/memory-files.ts";
import { systemClock } from "../../core/clock.ts";
import { Journal, type OpenMark } from "./journal.ts";
import type { FsyncPolicy } from "./syncing.ts";
import { recover } from "./recover.ts";
import { Shipper, type LedgerSink } from "./shipper.ts";

/** What happens to a gateway, its database and its process, in any order. */
type Step =
  | { readonly do: "open"; readonly count: number; readonly length: number }
  | { readonly do: "close"; readonly which: number; readonly length: number }
  | { readonly do: "refuse" }
  | { readonly do: "note" }
  | { readonly do: "turn"; readonly turns: number }
  | { readonly do: "ship"; readonly answer: Answer; readonly turns: number }
  | { readonly do: "crash"; readonly changes: number; readonly torn: number };

/** How the database answers a batch: `lost` books it, and the connection breaks before it can say so. */
type Answer = "well" | "away" | "lost" | "hang" | "lost and hang";

interface Exchange {
  readonly id: string;
  readonly startMs: number;
  readonly opened: string | undefined;
  isOpened: boolean;
  /** The body that it was closed with. */
  closed: string | undefined;
  isClosed: boolean;
  mark: OpenMark | undefined;
  /** The process that it lives in. */
  readonly run: number;
}

const MOST_WRITES = 20_000;
const START_MS = 1_000_000;

/** A ledger that ignores what it has, as `on conflict do nothing` does. */
class LedgerFake {
  readonly rows = new Map<string, string>();
  readonly answers: Answer[] = [];
  sumNano = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** What a process has in its hands; when it is dead no answer reaches it. */
  sinkOf(files: ProcessFiles): LedgerSink {
    return {
      bookExchanges: async (lines) => {
        await turn();
        if (files.isDead) return new Promise<void>(() => {});
        await this.#answer(lines);
      },
      bookConfig: async () => {},
      isAboutData: () => false,
    };
  }

  async #answer(lines: readonly string[]): Promise<void> {
    const answer = this.answers.shift() ?? "well";
    if (answer === "hang") await new Promise(() => {});
    if (answer === "away") throw new Error("away");
    for (const line of lines) this.#book(line);
    if (answer === "lost") throw new Error("lost");
    if (answer === "lost and hang") await new Promise(() => {});
  }

  #book(line: string): void {
    const { id, cost } = read(line);
    const exchange = this.#world.exchanges.get(id);
    assert.ok(exchange !== undefined, `nobody ever opened or closed ${id}`);
    if (exchange.isClosed && line !== exchange.closed)
      this.#world.faults.push(`${id} was closed as ${exchange.closed} and is booked as ${line}`);
    if (this.rows.has(id)) return;
    this.rows.set(id, line);
    this.sumNano += cost;
  }
}

interface Process {
  readonly files: ProcessFiles;
  readonly journal: Journal;
  readonly shipper: Shipper;
}

/** The disk and the database, which stay, and the process, which does not. */
class World {
  readonly disk = new MemoryDisk();
  readonly exchanges = new Map<string, Exchange>();
  readonly ledger = new LedgerFake(this);
  readonly faults: string[] = [];
  readonly #fsync: FsyncPolicy;
  readonly #segmentBytes: number;
  #process: Process | undefined;
  #run = 0;
  #clockMs = START_MS;

  constructor(fsync: FsyncPolicy, segmentBytes: number) {
    this.#fsync = fsync;
    this.#segmentBytes = segmentBytes;
  }

  async take(step: Step): Promise<void> {
    const { files, journal } = await this.#alive();
    switch (step.do) {
      case "open":
        for (let each = 0; each < step.count; each++) this.#open(files, journal, step.length);
        return;
      case "close":
        return this.#close(files, journal, step);
      case "refuse":
        return this.#refuse(files, journal);
      case "note":
        return journal.noted('["hash",1,"yaml"]');
      case "turn":
        return turns(step.turns);
      case "ship":
        this.ledger.answers.push(step.answer);
        // Every timer that waits is over: the next round begins, lines are synced.
        mock.timers.tick(10_000);
        return turns(step.turns);
      case "crash":
        files.killAfter(step.changes, step.torn);
        if (step.changes === 0) files.kill();
    }
  }

  /** Ends without a fault: the database is there, and the process lives until all is booked. */
  async settle(): Promise<void> {
    this.ledger.answers.length = 0;
    this.#process?.files.kill();
    const { journal, shipper } = await this.#alive();
    journal.flush();
    assert.equal(await shipper.settle(60_000), true, "all is booked in the end");
    await shipper.stop(5_000);
    assert.equal(journal.unrecorded, 0);
    assert.equal(journal.open, 0);
  }

  async #alive(): Promise<Process> {
    while (this.#process === undefined || this.#process.files.isDead) {
      const dead = this.#process;
      if (dead !== undefined) void dead.shipper.stop(5_000);
      this.#process = await this.#start().catch((error: unknown) => {
        if (this.#starting?.isDead === true) return undefined;
        throw error;
      });
    }
    assert.ok(this.disk.counts.write < MOST_WRITES, "the journal comes to rest");
    return this.#process;
  }

  #starting: ProcessFiles | undefined;
  /** How the next starts die. */
  readonly deaths: { readonly changes: number; readonly torn: number }[] = [];

  /** As the ledger does it. */
  async #start(): Promise<Process> {
    this.#run++;
    const files = this.disk.process();
    this.#starting = files;
    const death = this.deaths.shift();
    if (death !== undefined) files.killAfter(death.changes, death.torn);
    const { segments, killed } = await recover(files, '"h"');
    const journal = new Journal({
      files,
      fsync: this.#fsync,
      limitBytes: 1e9,
      segmentBytes: this.#segmentBytes,
      ballastBytes: 0,
      firstSegment: (segments.at(-1)?.segment ?? 0) + 1,
      older: segments,
      header: '"h"',
      clock: systemClock,
      onTrouble: (error) => {
        if (error !== undefined && !files.isDead) this.faults.push(`journal: ${error.message}`);
      },
    });
    const shipper = new Shipper({
      journal,
      sink: this.ledger.sinkOf(files),
      clock: systemClock,
      onReject: (line) => this.faults.push(`rejected: ${line}`),
      onDamage: () => {},
      onTrouble: () => {},
    });
    for (const line of killed) {
      const { id } = read(line);
      const exchange = this.exchanges.get(id);
      if (exchange === undefined || exchange.isClosed) this.faults.push(`${id} is taken for killed`);
      journal.closed(line, undefined, () => {});
    }
    shipper.start();
    return { files, journal, shipper };
  }

  #new(opened: boolean, length: number): Exchange {
    const id = `x${this.exchanges.size}`;
    // The host's clock is set back now and then.
    this.#clockMs += this.exchanges.size % 7 === 6 ? -50 : 10;
    const startMs = this.#clockMs;
    const exchange: Exchange = {
      id,
      startMs,
      opened: opened ? JSON.stringify([id, startMs, 0, "killed", 1_000, "o".repeat(length)]) : undefined,
      isOpened: false,
      closed: undefined,
      isClosed: false,
      mark: undefined,
      run: this.#run,
    };
    this.exchanges.set(id, exchange);
    return exchange;
  }

  #open(files: ProcessFiles, journal: Journal, length: number): void {
    const exchange = this.#new(true, length);
    exchange.mark = journal.opened(exchange.opened ?? "", (error) => {
      if (error === undefined && !files.isDead) exchange.isOpened = true;
    });
  }

  /** As in a gateway, only what was told that it is opened goes on, and so comes to its end. */
  #close(files: ProcessFiles, journal: Journal, { which, length }: { which: number; length: number }): void {
    const open = [...this.exchanges.values()].filter(
      ({ run, isOpened, closed }) => run === this.#run && isOpened && closed === undefined,
    );
    const exchange = open[which % Math.max(1, open.length)];
    if (exchange !== undefined) this.#end(files, journal, exchange, "answered", length);
  }

  #refuse(files: ProcessFiles, journal: Journal): void {
    this.#end(files, journal, this.#new(false, 0), "refused", 0);
  }

  #end(files: ProcessFiles, journal: Journal, exchange: Exchange, status: string, length: number): void {
    const { id, startMs, mark } = exchange;
    const cost = this.exchanges.size;
    exchange.closed = JSON.stringify([id, startMs, 5, status, cost, "c".repeat(length)]);
    journal.closed(exchange.closed, mark, () => {
      if (!files.isDead) exchange.isClosed = true;
    });
  }
}

interface Row {
  readonly id: string;
  readonly durationMs: number;
  readonly cost: number;
}

function read(line: string): Row {
  const [id, , durationMs, , cost] = JSON.parse(line) as [string, number, number, string, number];
  return { id, durationMs, cost };
}

async function turns(count: number): Promise<void> {
  for (let each = 0; each < count; each++) await turn();
}

/** The record that an exchange must have left, or those of which one is right. */
function rightRows({ opened, isOpened, closed, isClosed }: Exchange): readonly (string | undefined)[] {
  if (isClosed) return [closed];
  const told = [opened, closed].filter((line) => line !== undefined);
  // Written or not: the process died before anybody was told.
  return isOpened ? told : [...told, undefined];
}

function withoutDuration(line: string | undefined): string | undefined {
  if (line === undefined) return undefined;
  const values = JSON.parse(line) as unknown[];
  return values[3] === "killed" ? JSON.stringify(values.toSpliced(2, 1)) : line;
}

const lengths = fc.constantFrom(0, 20, 200);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("open" as const),
        count: fc.integer({ min: 1, max: 4 }),
        length: lengths,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("close" as const), which: fc.nat(50), length: lengths }),
    },
    { weight: 1, arbitrary: fc.constant({ do: "refuse" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "note" as const }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant("turn" as const), turns: fc.integer({ min: 1, max: 3 }) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant("ship" as const),
        answer: fc.constantFrom<Answer>("well", "well", "away", "lost", "hang", "lost and hang"),
        turns: fc.integer({ min: 0, max: 12 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant("crash" as const),
        changes: fc.integer({ min: 0, max: 6 }),
        torn: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { maxLength: 80, size: "max" },
);
const deaths = fc.array(
  fc.record({
    changes: fc.integer({ min: 0, max: 8 }),
    torn: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 3 },
);

test("whatever happens to the database and the process, each exchange is in the ledger once, as it ended", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    await fc.assert(
      fc.asyncProperty(
        steps,
        deaths,
        fc.constantFrom<FsyncPolicy>("group", "always", "none"),
        fc.constantFrom(150, 400, 2_000, 100_000),
        async (all, dying, fsync, segmentBytes) => {
          const world = new World(fsync, segmentBytes);
          for (const step of all) {
            await world.take(step);
            if (step.do === "crash" && world.deaths.length === 0) world.deaths.push(...dying);
          }
          world.deaths.length = 0;
          await world.settle();
          assert.deepEqual(world.faults, []);
          let sumNano = 0;
          for (const exchange of world.exchanges.values()) {
            const row = world.ledger.rows.get(exchange.id);
            const right = rightRows(exchange).map(withoutDuration);
            assert.ok(
              right.includes(withoutDuration(row)),
              `${JSON.stringify(exchange)} is in the ledger as ${row}`,
            );
            if (row === undefined) continue;
            const { durationMs, cost } = read(row);
            assert.ok(durationMs >= 0);
            sumNano += cost;
          }
          assert.equal(world.ledger.sumNano, sumNano);
        },
      ),
      { numRuns: 400 },
    );
  } finally {
    mock.timers.reset();
  }
});

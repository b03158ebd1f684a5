import { appendFileSync, mkdirSync, statfsSync } from "node:fs";
import path from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { Database } from "../../storage/database.ts";
import { diskFiles } from "../../telemetry/journal/files.ts";
import { Journal } from "../../telemetry/journal/journal.ts";
import { recover } from "../../telemetry/journal/recover.ts";
import type { Damage } from "../../telemetry/journal/segment.ts";
import { Shipper } from "../../telemetry/journal/shipper.ts";
import type { FsyncPolicy } from "../../telemetry/journal/syncing.ts";
import type { Log } from "../../telemetry/log.ts";
import { COLUMNS } from "../../telemetry/record-line.ts";
import { configLine, ConfigHistory } from "./config-history.ts";
import { ExchangeQuery } from "./exchange-query.ts";
import { LedgerStore } from "./ledger-store.ts";
import { applyRetention, type RetentionDays } from "./retention.ts";
import { UsageQuery } from "./usage-query.ts";

export interface LedgerOptions {
  /** The data folder; its guard must be held. The journal lives in `journal` below it. */
  readonly data: string;
  readonly database: Database;
  readonly fsync: FsyncPolicy;
  readonly limitBytes: number;
  readonly retention: RetentionDays;
  readonly clock: Clock;
  readonly log: Log;
  /** Told of each exchange that an earlier run left open, by the columns of its record. */
  readonly onKilled: (values: readonly unknown[]) => void;
}

/** Shares of the free disk, and their bounds. */
const SEGMENT = { share: 16, least: 64 * 1024, most: 4 * 1024 * 1024 };
const BALLAST = { share: 8, least: 64 * 1024, most: 1024 * 1024 };
/** Says how the lines below it are to be read. */
const HEADER = JSON.stringify({ journal: 1, columns: COLUMNS });
const FIRST_RETENTION_MS = 60_000;
const RETENTION_MS = 6 * 3_600_000;
/** Damaged places that are named one by one. */
const MOST_NAMED = 20;

/** Every exchange in exactly one record: first in the journal, then in the database. */
export class Ledger {
  readonly journal: Journal;
  readonly shipper: Shipper;
  readonly exchanges: ExchangeQuery;
  readonly usage: UsageQuery;
  readonly configs: ConfigHistory;
  readonly #options: LedgerOptions;
  #damaged = 0;
  #rejected = 0;
  #retentionTimer: NodeJS.Timeout | undefined;

  private constructor(options: LedgerOptions, journal: Journal) {
    const { database, log } = options;
    this.#options = options;
    this.journal = journal;
    this.exchanges = new ExchangeQuery(database);
    this.usage = new UsageQuery(database);
    this.configs = new ConfigHistory(database);
    this.shipper = new Shipper({
      journal,
      sink: new LedgerStore(database, options.retention.exchanges),
      clock: options.clock,
      onReject: (body, error) => this.#reject(body, error),
      onDamage: (damage) => this.#nameDamage(damage),
      onTrouble: (error) => {
        if (error === undefined) log.info("the database takes records again");
        else log.error({ err: error }, "the database takes no records; they wait in the journal");
      },
    });
  }

  /** Opens the journal, closes what an earlier run left open, and begins to book what waits. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const { log, data } = options;
    const folder = path.join(data, "journal");
    const files = diskFiles(folder);
    const { segments, killed } = await recover(files, HEADER);
    const { bavail, bsize } = statfsSync(folder);
    const journal = new Journal({
      files,
      fsync: options.fsync,
      limitBytes: options.limitBytes,
      segmentBytes: shareOf(bavail * bsize, SEGMENT),
      ballastBytes: shareOf(bavail * bsize, BALLAST),
      firstSegment: (segments.at(-1)?.segment ?? 0) + 1,
      older: segments,
      header: HEADER,
      clock: options.clock,
      onTrouble: (error) => {
        if (error === undefined) log.info("the journal can be written again");
        else
          log.error(
            { err: error },
            "the journal cannot be written; new exchanges are treated by storage.journal.onFull",
          );
      },
    });
    const ledger = new Ledger(options, journal);
    for (const body of killed) {
      // With a mark it is written also where the journal is full.
      journal.closed(body, { place: -1, line: "", segment: -1 }, () => {});
      options.onKilled(JSON.parse(body.split("\t")[0] ?? "[]") as unknown[]);
    }
    if (killed.length > 0) {
      log.warn(
        { exchanges: killed.length },
        "an earlier run ended with exchanges under way; each is charged its ceiling",
      );
    }
    ledger.shipper.start();
    ledger.#retentionTimer = setTimeout(() => void ledger.#retain(), FIRST_RETENTION_MS).unref();
    return ledger;
  }

  get retention(): RetentionDays {
    return this.#options.retention;
  }

  /** Stretches of the journal that were not whole. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Records that the database will never take; they are in `journal/rejected.jsonl`. */
  get rejected(): number {
    return this.#rejected;
  }

  noteConfig(hash: string, text: string): void {
    this.journal.noted(configLine(hash, this.#options.clock.now(), text));
  }

  /** Books what waits, as far as that goes in a while, and lets go of everything. */
  async close(timeoutMs: number): Promise<void> {
    clearTimeout(this.#retentionTimer);
    this.journal.flush();
    const isBooked = await this.shipper.settle(timeoutMs);
    if (!isBooked)
      this.#options.log.warn("some records wait in the journal; they are booked at the next start");
    await this.shipper.stop(timeoutMs);
    await this.journal.close();
  }

  async #retain(): Promise<void> {
    try {
      const dropped = await applyRetention(this.#options.database, this.#options.retention);
      if (dropped.length > 0)
        this.#options.log.info({ partitions: dropped }, "days that are over their retention are gone");
    } catch (error) {
      this.#options.log.error({ err: error as Error }, "retention could not be applied; it is tried again");
    }
    this.#retentionTimer = setTimeout(() => void this.#retain(), RETENTION_MS).unref();
  }

  #reject(body: string, error: Error): void {
    this.#rejected++;
    const line = JSON.stringify({
      at: new Date(this.#options.clock.now()).toISOString(),
      error: error.message,
      body,
    });
    const file = path.join(this.#options.data, "journal", "rejected.jsonl");
    mkdirSync(path.dirname(file), { recursive: true });
    appendFileSync(file, `${line}\n`, { mode: 0o600 });
    this.#options.log.error({ err: error, file }, "the database refuses a record; it is kept in the file");
  }

  #nameDamage(damage: Damage): void {
    this.#damaged++;
    if (this.#damaged > MOST_NAMED) return;
    this.#options.log.error(
      { ...damage },
      "a stretch of the journal is not whole; the rest of its segment is taken, and the segment is kept as .damaged",
    );
  }
}

function shareOf(free: number, { share, least, most }: typeof SEGMENT): number {
  return Math.min(most, Math.max(least, Math.floor(free / share)));
}

import { AppError } from "../core/errors.ts";
import type { Journal, OpenMark } from "./journal/journal.ts";
import { recordLine } from "./record-line.ts";
import type { ExchangeRecord } from "./record.ts";

/** Where the gateway tells of exchanges: once before anything is asked of an upstream, once when they are over. */
export interface ExchangeRecorder {
  /**
   * @param record    what is left of the exchange if nothing more is heard of it
   * @param decision  the decision as text
   * @param go        called once when the exchange may go on, or with the error that it is refused with
   */
  opened(
    record: ExchangeRecord,
    decision: string | undefined,
    go: (refusal: AppError | undefined) => void,
  ): OpenMark | undefined;
  /**
   * @param mark  what `opened` answered; undefined where the exchange never came so far
   * @param told  called once when the client may see the end
   */
  closed(
    record: ExchangeRecord,
    decision: string | undefined,
    mark: OpenMark | undefined,
    told: () => void,
  ): void;
}

export interface JournalRecorderOptions {
  readonly journal: Journal;
  /** What happens to new exchanges when the journal is full. Asked each time, so that a reload changes it. */
  readonly onFull: () => "refuse" | "serve";
  /** Told of every exchange that is over. Must not throw. */
  readonly onRecord: (record: ExchangeRecord) => void;
  /** Told of every exchange without a record: the journal is full, or too many came without a key. */
  readonly onUnrecorded: (how: "refused" | "served" | "stranger") => void;
}

/** Refusals of requests without a key that are recorded; what comes beyond is counted. */
const STRANGERS_PER_SECOND = 10;
const STRANGERS_BURST = 100;

/** Records exchanges in the journal. */
export class JournalRecorder implements ExchangeRecorder {
  readonly #options: JournalRecorderOptions;
  #strangersLeft = STRANGERS_BURST;
  #strangersAt = 0;

  constructor(options: JournalRecorderOptions) {
    this.#options = options;
  }

  opened(
    record: ExchangeRecord,
    decision: string | undefined,
    go: (refusal: AppError | undefined) => void,
  ): OpenMark | undefined {
    const { journal } = this.#options;
    if (journal.full) {
      go(this.#whenFull());
      return undefined;
    }
    return journal.opened(recordLine(record, decision), (error) =>
      go(error === undefined ? undefined : this.#whenFull()),
    );
  }

  closed(
    record: ExchangeRecord,
    decision: string | undefined,
    mark: OpenMark | undefined,
    told: () => void,
  ): void {
    const { journal, onRecord, onUnrecorded } = this.#options;
    onRecord(record);
    if (record.keyId === undefined && !this.#takesStranger(record.endedAtMs)) {
      onUnrecorded("stranger");
      return told();
    }
    journal.closed(recordLine(record, decision), mark, told);
  }

  /** Whoever has no key could fill the disk by asking often enough. */
  #takesStranger(nowMs: number): boolean {
    const passed = Math.abs(nowMs - this.#strangersAt) / 1_000;
    this.#strangersLeft = Math.min(STRANGERS_BURST, this.#strangersLeft + passed * STRANGERS_PER_SECOND);
    this.#strangersAt = nowMs;
    if (this.#strangersLeft < 1) return false;
    this.#strangersLeft--;
    return true;
  }

  #whenFull(): AppError | undefined {
    const { journal, onFull, onUnrecorded } = this.#options;
    if (onFull() === "serve") {
      onUnrecorded("served");
      return undefined;
    }
    onUnrecorded("refused");
    const why =
      journal.troubled === undefined
        ? "more records wait for the database than storage.journal.limit allows"
        : "the journal cannot be written";
    return new AppError("journal_full", `this exchange could not be recorded, so it is not served: ${why}`);
  }
}

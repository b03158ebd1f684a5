import { monitorEventLoopDelay } from "node:perf_hooks";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { formatUsd, type Nanodollars } from "../core/money.ts";
import { estimatedNano } from "./record-line.ts";
import type { ExchangeRecord } from "./record.ts";

const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];
const OVERHEAD_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5];
const LOOP_QUANTILES = [0.5, 0.9, 0.99, 1];
/** Between two looks at the event loop; Node's figures contain it. */
const LOOP_RESOLUTION_MS = 10;

/** The names that labels may take; all else is "other", so that no request can make a new series. */
export interface KnownNames {
  readonly tenants: ReadonlySet<string>;
  readonly tasks: ReadonlySet<string>;
  readonly targets: ReadonlySet<string>;
}

/** What is asked when somebody reads the metrics. */
export interface MetricSources {
  readonly inFlight: () => number;
  readonly journal: () => {
    readonly lagSeconds: number;
    readonly bytes: number;
    readonly full: boolean;
    readonly unrecorded: number;
    readonly damaged: number;
    readonly rejected: number;
    readonly booked: number;
  };
}

/** What exchanges of one sort add up to. Exact: costs are summed as integers and only shown as decimals. */
interface Totals {
  readonly tenant: string;
  readonly task: string;
  readonly target: string;
  readonly status: string;
  exchanges: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteInputTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costNano: bigint;
  estimatedCostNano: bigint;
}

/** The part of a record that totals are made of. */
export type Counted = Pick<ExchangeRecord, "tenant" | "target" | "status" | "usage" | "costNano"> & {
  readonly task: string | undefined;
  readonly estimatedNano: Nanodollars;
};

/**
 * Prometheus metrics of this process. Counters are added up here, one look-up an exchange, and handed to prom-client
 * when somebody asks; a call of prom-client for each would cost ten times as much.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #duration: Histogram;
  readonly #firstToken: Histogram;
  readonly #overhead: Histogram;
  readonly #totals = new Map<string, Totals>();
  readonly #errors = new Map<string, { readonly code: string; readonly target: string; count: number }>();
  readonly #unrecorded = { refused: 0, served: 0, stranger: 0 };
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #known: KnownNames = { tenants: new Set(), tasks: new Set(), targets: new Set() };

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.#loopDelay.enable();
    this.#totalsCounters();
    this.#errorCounters();
    this.#strangersCounter();
    this.#loopGauge();
    this.#duration = this.#histogram(
      "switchyard_exchange_duration_seconds",
      "From the request's head to the end of the reply.",
      DURATION_BUCKETS,
    );
    this.#firstToken = this.#histogram(
      "switchyard_first_token_seconds",
      "From the request's head to the first byte of the reply's body.",
      DURATION_BUCKETS,
    );
    this.#overhead = this.#histogram(
      "switchyard_overhead_seconds",
      "What Switchyard itself took, from the request's last byte to the first attempt.",
      OVERHEAD_BUCKETS,
    );
  }

  /** After a reload: which names labels may take from now on. */
  know(names: KnownNames): void {
    this.#known = names;
  }

  /** Shows what others know. */
  show(sources: MetricSources): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      const made: Gauge = new Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(value());
        },
      });
      this.#registry.registerMetric(made);
    };
    const counter = (name: string, help: string, value: () => number): void => {
      const made = new Counter({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(value());
        },
      });
      this.#registry.registerMetric(made);
    };
    const { inFlight, journal } = sources;
    gauge("switchyard_exchanges_in_flight", "Exchanges under way.", inFlight);
    gauge(
      "switchyard_journal_lag_seconds",
      "Age of the oldest record that is not in the database yet.",
      () => journal().lagSeconds,
    );
    gauge("switchyard_journal_bytes", "Size of the journal on disk.", () => journal().bytes);
    gauge("switchyard_journal_full", "1 while the journal takes no new exchanges.", () =>
      Number(journal().full),
    );
    counter("switchyard_journal_booked_total", "Records booked in the database.", () => journal().booked);
    counter(
      "switchyard_journal_unrecorded_total",
      "Exchanges of which no record was kept, because the journal was full.",
      () => journal().unrecorded,
    );
    counter(
      "switchyard_journal_damaged_total",
      "Stretches of the journal that were not whole.",
      () => journal().damaged,
    );
    counter(
      "switchyard_journal_rejected_total",
      "Records that the database refused.",
      () => journal().rejected,
    );
  }

  observe(record: ExchangeRecord): void {
    const totals = this.count({
      ...record,
      task: record.context?.task,
      estimatedNano: estimatedNano(record),
    });
    const { target } = totals;
    this.#duration.observe({ target }, (record.endedAtMs - record.startedAtMs) / 1_000);
    if (record.firstTokenMs !== undefined) this.#firstToken.observe({ target }, record.firstTokenMs / 1_000);
    if (record.overheadMs !== undefined) this.#overhead.observe({ target }, record.overheadMs / 1_000);
    if (record.code !== undefined) this.#countError(record.code, target);
  }

  /** Counts an exchange of which no times are known. */
  count(record: Counted): { readonly target: string } {
    const totals = this.#totalsOf(record);
    totals.exchanges++;
    totals.costNano += record.costNano;
    totals.estimatedCostNano += record.estimatedNano;
    const { usage } = record;
    if (usage === undefined) return totals;
    totals.inputTokens += usage.inputTokens;
    totals.cachedInputTokens += usage.cachedInputTokens;
    totals.cacheWriteInputTokens += usage.cacheWriteInputTokens;
    totals.outputTokens += usage.outputTokens;
    totals.reasoningTokens += usage.reasoningTokens;
    return totals;
  }

  /** An exchange without a record: refused or served while the journal was full, or one too many without a key. */
  unrecorded(how: "refused" | "served" | "stranger"): void {
    this.#unrecorded[how]++;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  close(): void {
    this.#loopDelay.disable();
  }

  #totalsOf(record: Counted): Totals {
    const tenant = label(this.#known.tenants, record.tenant);
    const task = label(this.#known.tasks, record.task);
    const target = label(this.#known.targets, record.target);
    const { status } = record;
    const key = `${tenant}\n${task}\n${target}\n${status}`;
    let totals = this.#totals.get(key);
    if (totals === undefined) {
      totals = {
        tenant,
        task,
        target,
        status,
        exchanges: 0,
        inputTokens: 0,
        cachedInputTokens: 0,
        cacheWriteInputTokens: 0,
        outputTokens: 0,
        reasoningTokens: 0,
        costNano: 0n,
        estimatedCostNano: 0n,
      };
      this.#totals.set(key, totals);
    }
    return totals;
  }

  #countError(code: string, target: string): void {
    const key = `${code}\n${target}`;
    const known = this.#errors.get(key);
    if (known === undefined) this.#errors.set(key, { code, target, count: 1 });
    else known.count++;
  }

  #totalsCounters(): void {
    const totals = this.#totals;
    const register = (
      name: string,
      help: string,
      labelNames: string[],
      add: (counter: Counter, sum: Totals) => void,
    ): void => {
      const counter = new Counter({
        name,
        help,
        labelNames,
        registers: [],
        collect() {
          this.reset();
          for (const sum of totals.values()) add(this, sum);
        },
      });
      this.#registry.registerMetric(counter);
    };
    register(
      "switchyard_exchanges_total",
      "Exchanges ended, by how they ended.",
      ["tenant", "task", "target", "status"],
      (counter, { tenant, task, target, status, exchanges }) => {
        counter.inc({ tenant, task, target, status }, exchanges);
      },
    );
    register(
      "switchyard_tokens_total",
      "Tokens as reported by the upstream, or estimated where it reported none. Cached and cache_write are parts of input, reasoning is a part of output.",
      ["target", "kind"],
      (counter, sum) => {
        if (sum.target === "none") return;
        const { target } = sum;
        counter.inc({ target, kind: "input" }, sum.inputTokens);
        counter.inc({ target, kind: "cached" }, sum.cachedInputTokens);
        counter.inc({ target, kind: "cache_write" }, sum.cacheWriteInputTokens);
        counter.inc({ target, kind: "output" }, sum.outputTokens);
        counter.inc({ target, kind: "reasoning" }, sum.reasoningTokens);
      },
    );
    const money = ({ tenant, target }: Totals): { tenant: string; target: string } => ({ tenant, target });
    register(
      "switchyard_cost_usd_total",
      "Token charges in USD; exact amounts are in the records.",
      ["tenant", "target"],
      (counter, sum) => {
        if (sum.target !== "none") counter.inc(money(sum), Number(formatUsd(sum.costNano)));
      },
    );
    register(
      "switchyard_cost_estimated_usd_total",
      "The part of the token charges that is estimated.",
      ["tenant", "target"],
      (counter, sum) => {
        if (sum.target !== "none") counter.inc(money(sum), Number(formatUsd(sum.estimatedCostNano)));
      },
    );
  }

  #errorCounters(): void {
    const errors = this.#errors;
    this.#registry.registerMetric(
      new Counter({
        name: "switchyard_errors_total",
        help: "Exchanges that ended with an error, by its code.",
        labelNames: ["code", "target"],
        registers: [],
        collect() {
          this.reset();
          for (const { code, target, count } of errors.values()) this.inc({ code, target }, count);
        },
      }),
    );
    const unrecorded = this.#unrecorded;
    this.#registry.registerMetric(
      new Counter({
        name: "switchyard_journal_full_total",
        help: "Exchanges that began while the journal was full, by what happened to them.",
        labelNames: ["how"],
        registers: [],
        collect() {
          this.reset();
          this.inc({ how: "refused" }, unrecorded.refused);
          this.inc({ how: "served" }, unrecorded.served);
        },
      }),
    );
  }

  #strangersCounter(): void {
    const unrecorded = this.#unrecorded;
    this.#registry.registerMetric(
      new Counter({
        name: "switchyard_strangers_unrecorded_total",
        help: "Requests without a valid key that were refused and only counted, because too many came.",
        registers: [],
        collect() {
          this.reset();
          this.inc(unrecorded.stranger);
        },
      }),
    );
  }

  #loopGauge(): void {
    const delay = this.#loopDelay;
    this.#registry.registerMetric(
      new Gauge({
        name: "switchyard_event_loop_delay_seconds",
        help: "How late the event loop was since the last reading, by quantile.",
        labelNames: ["quantile"],
        registers: [],
        collect() {
          for (const quantile of LOOP_QUANTILES) {
            const nanoseconds = quantile === 1 ? delay.max : delay.percentile(quantile * 100);
            const late = Math.max(0, nanoseconds / 1e6 - LOOP_RESOLUTION_MS);
            this.set({ quantile: String(quantile) }, late / 1e3);
          }
          delay.reset();
        },
      }),
    );
  }

  #histogram(name: string, help: string, buckets: number[]): Histogram {
    return new Histogram({ name, help, labelNames: ["target"], buckets, registers: [this.#registry] });
  }
}

function label(known: ReadonlySet<string>, name: string | undefined): string {
  if (name === undefined) return "none";
  return known.has(name) ? name : "other";
}

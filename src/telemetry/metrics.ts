import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { formatUsd } from "../core/money.ts";
import type { ExchangeRecord } from "./record.ts";

const DURATION_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900];

/** The names that labels may take; all else is "other", so that no request can make a new series. */
export interface KnownNames {
  readonly tenants: ReadonlySet<string>;
  readonly tasks: ReadonlySet<string>;
  readonly targets: ReadonlySet<string>;
}

/** What exchanges of one sort add up to. Exact: costs are summed as integers and only shown as decimals. */
interface Totals {
  readonly tenant: string;
  readonly task: string;
  readonly target: string;
  readonly status: string;
  exchanges: number;
  inputTokens: number;
  outputTokens: number;
  costNano: bigint;
}

/**
 * Prometheus metrics of this process. Counters are added up here, one look-up an exchange, and handed to prom-client
 * when somebody asks; a call of prom-client for each would cost ten times as much.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #duration: Histogram;
  readonly #firstToken: Histogram;
  readonly #inFlight: Gauge;
  readonly #totals = new Map<string, Totals>();
  #known: KnownNames = { tenants: new Set(), tasks: new Set(), targets: new Set() };

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#counter("switchyard_exchanges_total", "Exchanges ended, by how they ended.", (counter, sum) => {
      const { tenant, task, target, status } = sum;
      counter.inc({ tenant, task, target, status }, sum.exchanges);
    });
    this.#counter(
      "switchyard_tokens_total",
      "Tokens as reported by the upstream.",
      (counter, { target, ...sum }) => {
        counter.inc({ target, kind: "input" }, sum.inputTokens);
        counter.inc({ target, kind: "output" }, sum.outputTokens);
      },
    );
    this.#counter(
      "switchyard_cost_usd_total",
      "Token charges in USD; exact amounts are in the records.",
      (counter, sum) => {
        counter.inc({ tenant: sum.tenant, target: sum.target }, Number(formatUsd(sum.costNano)));
      },
    );
    this.#duration = new Histogram({
      name: "switchyard_exchange_duration_seconds",
      help: "From the request's head to the end of the reply.",
      labelNames: ["target"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#firstToken = new Histogram({
      name: "switchyard_first_token_seconds",
      help: "From the request's head to the first byte of the reply's body.",
      labelNames: ["target"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.#inFlight = new Gauge({
      name: "switchyard_exchanges_in_flight",
      help: "Exchanges under way.",
      registers,
    });
  }

  /** After a reload: which names labels may take from now on. */
  know(names: KnownNames): void {
    this.#known = names;
  }

  inFlight(count: number): void {
    this.#inFlight.set(count);
  }

  observe(record: ExchangeRecord): void {
    const totals = this.#totalsOf(record);
    totals.exchanges++;
    totals.inputTokens += record.usage?.inputTokens ?? 0;
    totals.outputTokens += record.usage?.outputTokens ?? 0;
    totals.costNano += record.costNano ?? 0n;
    const { target } = totals;
    this.#duration.observe({ target }, (record.endedAtMs - record.startedAtMs) / 1_000);
    if (record.firstTokenMs !== undefined) this.#firstToken.observe({ target }, record.firstTokenMs / 1_000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #totalsOf(record: ExchangeRecord): Totals {
    const tenant = label(this.#known.tenants, record.context?.tenant);
    const task = label(this.#known.tasks, record.context?.task);
    const target = label(this.#known.targets, record.target);
    const { status } = record;
    const key = `${tenant}\n${task}\n${target}\n${status}`;
    let totals = this.#totals.get(key);
    if (totals === undefined) {
      totals = { tenant, task, target, status, exchanges: 0, inputTokens: 0, outputTokens: 0, costNano: 0n };
      this.#totals.set(key, totals);
    }
    return totals;
  }

  #counter(name: keyof typeof LABELS, help: string, add: (counter: Counter, totals: Totals) => void): void {
    const totals = this.#totals;
    const counter = new Counter({
      name,
      help,
      labelNames: [...LABELS[name]],
      registers: [],
      collect() {
        this.reset();
        for (const sum of totals.values()) add(this, sum);
      },
    });
    this.#registry.registerMetric(counter);
  }
}

const LABELS = {
  switchyard_exchanges_total: ["tenant", "task", "target", "status"],
  switchyard_tokens_total: ["target", "kind"],
  switchyard_cost_usd_total: ["tenant", "target"],
} as const;

function label(known: ReadonlySet<string>, name: string | undefined): string {
  if (name === undefined) return "none";
  return known.has(name) ? name : "other";
}

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

/** Prometheus metrics of this process. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #exchanges: Counter;
  readonly #duration: Histogram;
  readonly #firstToken: Histogram;
  readonly #tokens: Counter;
  readonly #cost: Counter;
  readonly #inFlight: Gauge;
  #known: KnownNames = { tenants: new Set(), tasks: new Set(), targets: new Set() };

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#exchanges = new Counter({
      name: "switchyard_exchanges_total",
      help: "Exchanges ended, by how they ended.",
      labelNames: ["tenant", "task", "target", "status"],
      registers,
    });
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
    this.#tokens = new Counter({
      name: "switchyard_tokens_total",
      help: "Tokens as reported by the upstream.",
      labelNames: ["target", "kind"],
      registers,
    });
    this.#cost = new Counter({
      name: "switchyard_cost_usd_total",
      help: "Token charges in USD; exact amounts are in the records.",
      labelNames: ["tenant", "target"],
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
    const tenant = label(this.#known.tenants, record.context?.tenant);
    const task = label(this.#known.tasks, record.context?.task);
    const target = label(this.#known.targets, record.target);
    this.#exchanges.inc({ tenant, task, target, status: record.status });
    this.#duration.observe({ target }, (record.endedAtMs - record.startedAtMs) / 1_000);
    if (record.firstTokenMs !== undefined) this.#firstToken.observe({ target }, record.firstTokenMs / 1_000);
    if (record.usage !== undefined) {
      this.#tokens.inc({ target, kind: "input" }, record.usage.inputTokens);
      this.#tokens.inc({ target, kind: "output" }, record.usage.outputTokens);
    }
    if (record.costNano !== undefined) this.#cost.inc({ tenant, target }, Number(formatUsd(record.costNano)));
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

function label(known: ReadonlySet<string>, name: string | undefined): string {
  if (name === undefined) return "none";
  return known.has(name) ? name : "other";
}

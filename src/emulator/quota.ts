import { matchesGlob } from "../core/glob.ts";
import { scopeOf, type Resolved } from "./models/resolve.ts";
import type { ReadScript } from "./script.ts";
import { ServiceError } from "./service-error.ts";

export type QuotaRule = ReadScript["quotas"][number];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What a request may cost at most, and what it cost in the end. */
export interface Reservation {
  /** @param tokens  input and cache writes, and output times the model's burndown; cache reads are free */
  settle(tokens: number): void;
}

/**
 * Quotas per account and model. A request reserves its input and the most output it may have; when it ends, what it
 * did not use is given back, and what output counts several times is taken. On-demand, cross-Region and global
 * throughput have buckets of their own.
 */
export class Quotas {
  readonly #rules: readonly QuotaRule[];
  readonly #buckets = new Map<string, Bucket>();

  constructor(rules: readonly QuotaRule[]) {
    this.#rules = rules;
  }

  /** @throws ServiceError ThrottlingException */
  reserve(account: string, { model, asked }: Resolved, tokens: number, nowMs: number): Reservation {
    const rule = this.#rules.find(
      (candidate) => matchesGlob(candidate.model, asked) || matchesGlob(candidate.model, model.id),
    );
    if (rule === undefined) return { settle: () => {} };
    const scope = scopeOf(asked);
    const name = `${account} ${model.id} ${scope === undefined ? "" : scope === "global" ? "global" : "cross-region"}`;
    const requests = this.#bucket(`${name} requests`, rule.requestsPerMinute, MINUTE_MS, nowMs);
    const perMinute = this.#bucket(`${name} minute`, rule.tokensPerMinute, MINUTE_MS, nowMs);
    const perDay = this.#bucket(`${name} day`, rule.tokensPerDay, DAY_MS, nowMs);
    if (!requests.has(1)) throw throttled("Too many requests, please wait before trying again.");
    if (!perDay.has(tokens)) throw throttled("Too many tokens per day, please wait before trying again.");
    if (!perMinute.has(tokens)) throw throttled("Too many tokens, please wait before trying again.");
    requests.take(1);
    for (const bucket of [perMinute, perDay]) bucket.take(tokens);
    return {
      settle: (used) => {
        for (const bucket of [perMinute, perDay]) bucket.take(used - tokens);
      },
    };
  }

  #bucket(name: string, capacity: number | undefined, overMs: number, nowMs: number): Bucket {
    const known = this.#buckets.get(name) ?? new Bucket(capacity ?? Infinity, overMs, nowMs);
    this.#buckets.set(name, known);
    known.refill(nowMs);
    return known;
  }
}

/** Fills evenly over its time, up to its capacity. */
class Bucket {
  readonly #capacity: number;
  readonly #overMs: number;
  #level: number;
  #atMs: number;

  constructor(capacity: number, overMs: number, nowMs: number) {
    this.#capacity = capacity;
    this.#overMs = overMs;
    this.#level = capacity;
    this.#atMs = nowMs;
  }

  refill(nowMs: number): void {
    if (this.#capacity === Infinity) return;
    const gained = (Math.max(0, nowMs - this.#atMs) * this.#capacity) / this.#overMs;
    this.#level = Math.min(this.#capacity, this.#level + gained);
    this.#atMs = nowMs;
  }

  has(amount: number): boolean {
    return this.#level >= amount;
  }

  /** Below zero where output counted more than was reserved: the next must wait longer. */
  take(amount: number): void {
    if (this.#capacity !== Infinity) this.#level = Math.min(this.#capacity, this.#level - amount);
  }
}

function throttled(message: string): ServiceError {
  return new ServiceError("ThrottlingException", message);
}

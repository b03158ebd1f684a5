import type { Context } from "../core/context.ts";
import type { Nanodollars } from "../core/money.ts";
import type { ExchangeStatus } from "../core/status.ts";
import type { Usage } from "../core/usage.ts";

/** What is kept of an exchange: who asked for what, what was decided, what came of it. Never what was said. */
export interface ExchangeRecord {
  readonly id: string;
  readonly startedAtMs: number;
  /** The start and what the monotonic clock says has passed, so that a clock that jumps makes no negative times. */
  readonly endedAtMs: number;
  readonly status: ExchangeStatus;
  /** The error's code, where there was one. */
  readonly code: string | undefined;
  /** The error's sentence. */
  readonly message: string | undefined;
  readonly dialect: string;
  readonly operation: string;
  readonly stream: boolean;
  /** Of the context, or of the key where the exchange was refused before its context was known. */
  readonly tenant: string | undefined;
  /** Undefined where the exchange was refused before its context was known. */
  readonly context: Context | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly keyId: string | undefined;
  /** The target that answered, else the last one tried. */
  readonly target: string | undefined;
  readonly provider: string | undefined;
  /** The model's id at the provider. */
  readonly model: string | undefined;
  readonly attempts: readonly AttemptSummary[];
  readonly firstTokenMs: number | undefined;
  /** What Switchyard itself took before the first attempt was sent, milliseconds with fractions. */
  readonly overheadMs: number | undefined;
  /** Of all attempts that used anything. */
  readonly usage: Usage | undefined;
  /** The token charge of all attempts. */
  readonly costNano: Nanodollars;
  /** What prompt caches saved of the input's cost; below 0 where they cost more than they saved. */
  readonly cacheSavedNano: Nanodollars;
  /** Whether a part of the cost was not reported by the upstream. */
  readonly estimated: boolean;
  /** A usage that an upstream reported and that cannot be; it is not in the sums. */
  readonly flagged: string | undefined;
  /** The most that one attempt of its plan is taken to cost; undefined where nothing was planned. */
  readonly ceilingNano: Nanodollars | undefined;
  readonly configHash: string;
  /** The record of why the route was chosen, as routing made it. */
  readonly decision: { readonly id: string } | undefined;
}

export interface AttemptSummary {
  readonly target: string;
  readonly startedAtMs: number;
  readonly status: string;
  readonly cause: string | undefined;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly costNano: Nanodollars | undefined;
  readonly estimated: boolean;
}

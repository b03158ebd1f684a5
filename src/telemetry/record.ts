import type { Context } from "../core/context.ts";
import type { Nanodollars } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";

/** What is kept of an exchange: who asked for what, what was decided, what came of it. Never what was said. */
export interface ExchangeRecord {
  readonly id: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly status: "answered" | "refused" | "failed" | "abandoned";
  /** The error's code, where there was one. */
  readonly code: string | undefined;
  /** The error's sentence. */
  readonly message: string | undefined;
  readonly dialect: string;
  readonly operation: string;
  readonly stream: boolean;
  /** Undefined where the exchange was refused before its context was known. */
  readonly context: Context | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly keyId: string | undefined;
  /** The target that answered, else the last one tried. */
  readonly target: string | undefined;
  readonly attempts: readonly AttemptSummary[];
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  readonly costNano: Nanodollars | undefined;
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
}

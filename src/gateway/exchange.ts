import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Nanodollars } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { Operation, WireRequest } from "../core/wire.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { Decision } from "../routing/plan.ts";
import type { ClientDialect } from "./dialects/dialect.ts";
import type { GatewayTarget, Snapshot } from "./snapshot.ts";

/** How an exchange can end. */
export type ExchangeStatus = "answered" | "refused" | "failed" | "abandoned";

/** One try on one target. */
export interface AttemptRecord {
  readonly target: string;
  readonly startedAtMs: number;
  status: "running" | "answered" | "failed" | "abandoned";
  /** Why it failed. */
  cause: string | undefined;
  firstTokenMs: number | undefined;
  usage: Usage | undefined;
  costNano: Nanodollars | undefined;
}

/** A target to try, and how much output it may be asked for. */
export interface PlannedTarget {
  readonly target: GatewayTarget;
  /** Output tokens a choice, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
}

/** What is known of a request before its body. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly httpVersionMajor: number;
}

/** Watches an exchange's reply. Called for every piece, in order, before the client sees it: must not throw or wait. */
export type Tap = (bytes: Buffer) => void;

/**
 * One request on its way through the gateway and its reply on the way back. Stages read it and add to it; it belongs to
 * one request alone, and nothing of it is shared.
 */
export class Exchange {
  readonly id: string;
  readonly snapshot: Snapshot;
  readonly dialect: ClientDialect;
  readonly operation: Operation;
  readonly headers: IncomingHttpHeaders;
  readonly startedAtMs: number;
  /** The same instant by the monotonic clock. */
  readonly startedAt: number;
  readonly clock: Clock;
  /** Of the client's connection: 1 or 2. */
  readonly httpVersionMajor: number;

  key: KeyRecord | undefined;
  body: Buffer = EMPTY;
  request: WireRequest | undefined;
  context: Context | undefined;
  /** Metadata of the request that is no word, as text. */
  tags: Readonly<Record<string, string>> = NO_TAGS;
  decision: Decision | undefined;
  plan: readonly PlannedTarget[] = [];

  readonly attempts: AttemptRecord[] = [];
  /** For stages that watch the reply. */
  readonly taps: Tap[] = [];
  /** Run once when the exchange is over, last added first. */
  readonly atEnd: (() => void)[] = [];

  status: ExchangeStatus | undefined;
  error: AppError | undefined;
  firstTokenMs: number | undefined;
  usage: Usage | undefined;
  costNano: Nanodollars | undefined;
  endedAtMs = 0;

  constructor(
    snapshot: Snapshot,
    dialect: ClientDialect,
    operation: Operation,
    http: RequestHead,
    clock: Clock,
  ) {
    this.startedAtMs = clock.now();
    this.startedAt = clock.monotonic();
    this.id = newId(this.startedAtMs);
    this.snapshot = snapshot;
    this.dialect = dialect;
    this.operation = operation;
    this.headers = http.headers;
    this.httpVersionMajor = http.httpVersionMajor;
    this.clock = clock;
  }

  /**
   * Ends the exchange, once: later calls do nothing, so that whoever sees an end first decides what it was. It happens
   * before the client sees the end of the reply.
   */
  finish(status: ExchangeStatus, error?: AppError): void {
    if (this.status !== undefined) return;
    this.status = status;
    this.error = error;
    this.endedAtMs = this.clock.now();
    for (const step of this.atEnd.toReversed()) step();
  }
}

const EMPTY = Buffer.alloc(0);
const NO_TAGS: Readonly<Record<string, string>> = Object.freeze({});

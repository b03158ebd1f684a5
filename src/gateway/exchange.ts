import type { IncomingHttpHeaders } from "node:http";
import type { Clock } from "../core/clock.ts";
import type { Context } from "../core/context.ts";
import type { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Charge, Nanodollars } from "../core/money.ts";
import type { Usage } from "../core/usage.ts";
import type { Operation, WireRequest } from "../core/wire.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { Decision } from "../routing/plan.ts";
import type { OpenMark } from "../telemetry/journal/journal.ts";
import type { ExchangeStatus } from "../core/status.ts";
import type { ChatRequest, EmbeddingsRequest } from "../core/chat.ts";
import type { ClientDialect, RequestAddress } from "./dialects/dialect.ts";
import type { ExchangeKind } from "./routes.ts";
import type { Unreported } from "./estimate-usage.ts";
import type { GatewayTarget, Snapshot } from "./snapshot.ts";

/** One try on one target. */
export interface AttemptRecord {
  readonly target: string;
  readonly startedAtMs: number;
  status: "running" | "answered" | "failed" | "abandoned";
  /** Why it failed. */
  cause: string | undefined;
  firstTokenMs: number | undefined;
  usage: Usage | undefined;
  /** Not rounded: the exchange's cost is rounded once. */
  charge: Charge | undefined;
  costNano: Nanodollars | undefined;
  /** What prompt caches saved of it; less than 0 where they cost more. */
  cacheSaved: Charge;
  /** Whether usage and cost are ours and not the upstream's. */
  estimated: boolean;
  /** What the upstream reported, where that cannot be. */
  flagged: string | undefined;
  /** Parameters of the request that were left out, because the target cannot express them. */
  dropped: readonly string[];
}

/** A target to try, and how much output it may be asked for. */
export interface PlannedTarget {
  readonly target: GatewayTarget;
  /** Whether the client's bytes go on, or what they say; or nothing does. */
  readonly service: "pass" | "translate" | "estimate";
  /** Output tokens a choice, where it is less than what the client asks for. */
  readonly outputCap: number | undefined;
  /** The most that an attempt on it is taken to cost. */
  readonly ceilingNano: Nanodollars;
}

/** What is known of a request before its body. */
export interface RequestHead {
  readonly method?: string | undefined;
  /** Path and query as they came. */
  readonly url?: string | undefined;
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
  readonly address: RequestAddress;
  readonly headers: IncomingHttpHeaders;
  readonly startedAtMs: number;
  /** The same instant by the monotonic clock. */
  readonly startedAt: number;
  readonly clock: Clock;
  /** Of the client's connection: 1 or 2. */
  readonly httpVersionMajor: number;

  key: KeyRecord | undefined;
  /** Where the request is signed and not keyed: what finds out whose it is, once its body is there. */
  verifySigner: ((body: Buffer) => KeyRecord) | undefined;
  body: Buffer = EMPTY;
  request: WireRequest | undefined;
  /** The request in no dialect, once a target that speaks another than the client was tried. */
  chat: ChatRequest | undefined;
  embeddings: EmbeddingsRequest | undefined;
  context: Context | undefined;
  /** Metadata of the request that is no word, as text. */
  tags: Readonly<Record<string, string>> = NO_TAGS;
  decision: Decision | undefined;
  plan: readonly PlannedTarget[] = [];

  readonly attempts: AttemptRecord[] = [];
  /** Attempts whose tokens must be estimated before the record is made. */
  readonly unreported: Unreported[] = [];
  /** For stages that watch the reply. */
  readonly taps: Tap[] = [];
  /** Waited for when it is over, before its record is written and the client sees the end; must not reject. */
  readonly beforeRecord: (() => Promise<void>)[] = [];
  /** The response that it goes on from, where its input was put together from what is kept. */
  previousResponse: string | undefined;
  /** Run once when the exchange is over, last added first. */
  readonly atEnd: (() => void)[] = [];

  /** When its body was read, by the monotonic clock. */
  servedAt = 0;
  /** Milliseconds from then to the first attempt. */
  overheadMs: number | undefined;
  /** Set when the journal holds its opening. */
  mark: OpenMark | undefined;
  /** The decision as text, for the journal. */
  decisionText: string | undefined;

  status: ExchangeStatus | undefined;
  error: AppError | undefined;
  firstTokenMs: number | undefined;
  endedAtMs = 0;
  /** Lets the client see the end, when the record is written. */
  told: () => void = NOTHING;

  constructor(snapshot: Snapshot, kind: ExchangeKind, http: RequestHead, clock: Clock) {
    this.startedAtMs = clock.now();
    this.startedAt = clock.monotonic();
    this.id = newId(this.startedAtMs);
    this.snapshot = snapshot;
    this.dialect = kind.dialect;
    this.operation = kind.operation;
    this.address = kind.address;
    this.headers = http.headers;
    this.httpVersionMajor = http.httpVersionMajor;
    this.clock = clock;
  }

  /**
   * Ends the exchange, once: later calls change nothing, so that whoever sees an end first decides what it was.
   *
   * @param told  called when the record is written, to let the client see the end
   */
  finish(status: ExchangeStatus, error?: AppError, told: () => void = NOTHING): void {
    if (this.status !== undefined) return told();
    this.status = status;
    this.error = error;
    this.told = told;
    this.endedAtMs = this.startedAtMs + Math.round(this.clock.monotonic() - this.startedAt);
    for (const step of this.atEnd.toReversed()) step();
  }
}

const EMPTY = Buffer.alloc(0);
const NOTHING = (): void => {};
const NO_TAGS: Readonly<Record<string, string>> = Object.freeze({});

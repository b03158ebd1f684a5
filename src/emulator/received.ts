import type { Operation } from "./operations/route.ts";

/** A request as the emulator saw it. */
export interface Received {
  /** Counts from 1. */
  readonly number: number;
  /** ISO 8601. */
  readonly at: string;
  readonly method: string;
  /** As it came, not decoded. */
  readonly path: string;
  readonly httpVersion: string;
  readonly operation: Operation | undefined;
  /** As asked for, decoded. */
  readonly model: string | undefined;
  /** Names only: values may be credentials. */
  readonly headers: readonly string[];
  readonly signedBy: Signer | undefined;
  readonly sessionTags: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of the reply; undefined until there is one. */
  status: number | undefined;
  /** The reply's exception. */
  error: string | undefined;
  /** The client left before it had all of the reply. */
  leftEarly: boolean;
}

export interface Signer {
  readonly kind: "sigv4" | "session" | "api-key" | "short-term-key" | "open";
  readonly accessKeyId: string | undefined;
  readonly region: string | undefined;
  readonly sessionName: string | undefined;
}

/** Requests kept; the oldest go first. */
const MOST = 1_000;
/** Characters of a body that are kept. */
const MOST_BODY = 1_000_000;

/** What was received, for tests to look at. */
export class ReceivedLog {
  #count = 0;
  #kept: Received[] = [];

  add(seen: Omit<Received, "number" | "status" | "error" | "leftEarly">): Received {
    this.#count++;
    const received: Received = {
      ...seen,
      number: this.#count,
      body: seen.body.slice(0, MOST_BODY),
      status: undefined,
      error: undefined,
      leftEarly: false,
    };
    this.#kept.push(received);
    if (this.#kept.length > MOST) this.#kept.shift();
    return received;
  }

  get count(): number {
    return this.#count;
  }

  list(): readonly Received[] {
    return [...this.#kept];
  }

  clear(): void {
    this.#count = 0;
    this.#kept = [];
  }
}

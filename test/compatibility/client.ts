import type { Dialect } from "../../src/core/wire.ts";
import type { AwsPair } from "../../src/policy/aws-pair.ts";
import type { Ask, Seen } from "./ask.ts";
import type { FailureKind } from "./cell.ts";

/** An SDK and one way of using it. */
export interface Client {
  /** As the page shows it: `openai (npm), chat`. */
  readonly name: string;
  /** The packages it is made of. */
  readonly packages: readonly string[];
  /** What it speaks on the wire; a record must have it. */
  readonly dialect: Dialect;
  /** How its SDK's error looks for each kind of failure: its class's name, and the status where it tells one. */
  readonly errors: ErrorTable;
  /** Columns that it is not for, and why. */
  readonly notFor?: Readonly<Record<string, string>>;
  /** It has no place for what a model thinks. */
  readonly hidesThoughts?: boolean;
  /** What it gets wrong by itself, by features: told on the page, where the row would be wrong without. */
  readonly quirks?: Readonly<Record<string, string>>;
  /** Asks once (or twice, see Ask.results and Ask.next); a failure is an outcome and no exception. */
  ask(where: Where, ask: Ask): Promise<Outcome>;
  /** Ends what it started. */
  close?(): Promise<void>;
}

/** Whom to ask, and as who. All values are strings, so that they go over a pipe as they are. */
export interface Where {
  /** The gateway's, without a path: `http://127.0.0.1:1234`. */
  readonly url: string;
  readonly key: string;
  /** Of the same key; for clients that sign. */
  readonly pair: AwsPair;
  readonly model: string;
}

export type Outcome =
  | { readonly seen: Seen }
  | { readonly failed: Failed }
  /** The SDK has no way to ask for this; why, in a few words: "has no documents". The same for every provider. */
  | { readonly cannot: string };

/** An error as the application catches it. */
export interface Failed {
  /** The class's name: `RateLimitError`. */
  readonly name: string;
  readonly status: number | undefined;
  /** The gateway's code where the SDK shows the body, such as `unsupported_parameter`; else "". */
  readonly code: string;
  readonly message: string;
  /** Seconds of a `retry-after` header, where the SDK shows headers. */
  readonly retryAfter?: number | undefined;
  /** Text that came before it; "" where none. */
  readonly text: string;
  /** Requests that the client sent. */
  readonly requests: number;
}

/**
 * For each kind the names of classes any of which is right (`A|B`), and the status that the SDK tells: a number, or
 * undefined where it tells none. A message must be there in any case.
 */
export type ErrorTable = {
  readonly [kind in FailureKind]: { readonly name: string; readonly status?: number };
};

/**
 * A client in another language is a process that reads requests from its standard input, one JSON object a line, and
 * writes one line for each to its standard output, in any order. Whatever else it prints goes to its standard error. It
 * ends when its input does.
 *
 *     → {"id": 7, "client": "openai-chat", "where": Where, "ask": Ask}
 *     ← {"id": 7, "seen": Seen} | {"id": 7, "failed": Failed} | {"id": 7, "cannot": "…"} | {"id": 7, "broken": "…"}
 *
 * `broken` is a fault of the client program itself, with its trace; such a cell is wrong. Members that are undefined here
 * are absent there, and null counts as absent.
 */
export interface PipeRequest {
  readonly id: number;
  readonly client: string;
  readonly where: Where;
  readonly ask: Ask;
}

export type PipeReply = { readonly id: number } & (Outcome | { readonly broken: string });

/** What was caught that is no error of the SDK's: the cell is wrong. */
export class NotOfTheSdk extends Error {
  override readonly name = "NotOfTheSdk";
}

import type { Ask, Seen } from "./ask.ts";

/** One cell of the matrix: what a client gets of a provider when it uses a feature. */
export interface Cell {
  /** The client's name, such as `openai (npm), chat`. */
  readonly client: string;
  /** The column's name, such as `bedrock-claude`. */
  readonly provider: string;
  /** The row's name, such as `parallel tools`. */
  readonly feature: string;
  readonly result: Result;
}

/**
 * - `works`: the application gets what it asked for
 * - `refused`: it gets an error of its SDK's own class that says why; nothing was half done
 * - `n/a`: the client has no way to ask for it
 * - `wrong`: anything else; no cell may be
 */
export type Result =
  | { readonly kind: "works" }
  | { readonly kind: "refused"; readonly code: string; readonly status: number; readonly reason: string }
  | { readonly kind: "n/a"; readonly reason: string }
  | { readonly kind: "wrong"; readonly reason: string };

/** A row: what is asked, and how it is told whether the answer is right. */
export interface Feature {
  readonly name: string;
  /** For the page: what it is, in a few words. */
  readonly title: string;
  /** What is asked. `tag` goes before the command in the last text of the user. */
  ask(tag: string): Ask;
  /**
   * Whether what came back is right; throws where it is not. Not asked where the client was refused, unless the row is
   * about failures (`fails`).
   */
  check?(seen: Seen, facts: Facts): void;
  /** What must fail, and how; a row with this is right only when it fails so. */
  readonly fails?: ExpectedFailure;
  /** How the exchange's record must end; `answered` where absent. */
  readonly status?: "answered" | "failed" | "refused" | "abandoned";
  /** Which of the column's targets is asked; `usual` where absent. `hasty` waits for a first byte only a moment. */
  readonly target?: "usual" | "hasty";
  /** What the request is made with; `good` where absent. */
  readonly key?: "good" | "unknown" | "barred";
  /** What it asks for instead of the column's model. */
  readonly model?: string;
  /** Columns that cannot be told to do this, such as a simulator that cannot be told to fail. */
  readonly needsModel?: boolean;
}

export interface ExpectedFailure {
  /** Which row of a client's table of error classes it belongs to. */
  readonly kind: FailureKind;
  readonly retryAfter?: number;
  /** Whether it comes after a part of the answer. */
  readonly midStream?: boolean;
}

export const FAILURE_KINDS = [
  "bad-request",
  "authentication",
  "permission",
  "not-found",
  "too-large",
  "rate-limit",
  "server-error",
  "timeout",
  "stream",
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What the harness knows besides what the client saw. */
export interface Facts {
  /** What the model said it used, in the gateway's terms; undefined where its API tells nothing of it. */
  readonly reported: { readonly input: number; readonly output: number } | undefined;
  /** What the record says. */
  readonly recorded: { readonly input: number; readonly output: number } | undefined;
  /** Whether the model's own API shows thoughts. */
  readonly thought: boolean;
  /** A column that answers in its own words: only structure can be checked. */
  readonly freeWords: boolean;
  /** Whether the client's way of reading tells a stop sequence from a normal end, and so on. */
  readonly dialect: string;
}

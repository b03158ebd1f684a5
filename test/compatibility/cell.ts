import type { Dialect } from "../../src/core/wire.ts";
import type { Ask, Seen } from "./ask.ts";
import type { Asked, Usage } from "./upstreams/model.ts";

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
  | { readonly kind: "works"; readonly note?: string }
  | { readonly kind: "refused"; readonly code: string; readonly status: number; readonly reason: string }
  | { readonly kind: "n/a"; readonly reason: string }
  | { readonly kind: "wrong"; readonly reason: string };

/** A row: what is asked, and how it is told whether the answer is right. */
export interface Feature {
  readonly name: string;
  /** For the page: what it is, in a few words. */
  readonly title: string;
  /** What is asked; `tag` goes before the command in the last text of the user. */
  ask(tag: string, pictureUrl: string): Ask;
  /**
   * Whether what came back is right; throws where it is not. Not asked where the client was refused, unless the row is
   * about failures (`fails`).
   *
   * @returns what the page shall say of it although it is right
   */
  check?(seen: Seen, facts: Facts): string | void;
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
  /** Only a model that does what it is told can be asked for it. */
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
  "overloaded",
  "timeout",
  "stream",
] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

/** What the harness knows besides what the client saw. */
export interface Facts {
  readonly reported: Usage | undefined;
  readonly recorded: Usage | undefined;
  /** The model thought before its last answer, and its API shows thoughts. */
  readonly thought: boolean;
  /** The provider answers in its own words: only their form can be looked at. */
  readonly freeWords: boolean;
  /** What the model was asked last, as its own API says it; undefined where it tells nothing. */
  readonly asked: Asked | undefined;
  /** A part of the record's usage is an estimate. */
  readonly estimated: boolean;
  readonly dialect: Dialect;
}

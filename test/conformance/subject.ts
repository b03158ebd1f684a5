import type { Provider } from "../../src/providers/provider.ts";

/** What an upstream is made to do for a case of the kit. */
export type Scenario =
  /** Answers in full, plain or streaming as asked. */
  | "answer"
  /** 429 with `retry-after: 7` where the API has one. */
  | "throttle"
  /** Its own failure, 500. */
  | "fail"
  /** Finds fault with the request, 400. */
  | "reject"
  /** Refuses our credentials, 401, and repeats them in its message. */
  | "deny"
  /** Breaks off after a part of the reply. */
  | "cut"
  /** Takes the request and never answers. */
  | "hang"
  /** Nobody listens. */
  | "away";

/** An adapter in front of an upstream that does as told. */
export interface Opened extends AsyncDisposable {
  readonly provider: Provider;
  readonly model: string;
  /** What no client may ever read. */
  readonly secret: string;
  /** Whether the upstream has noticed that an attempt was cancelled; undefined where there is no upstream to notice. */
  readonly noticedCancel: (() => boolean) | undefined;
}

/** How the kit gets at one adapter. To add an adapter: a subject in this folder, a line in subjects.ts. */
export interface Subject {
  readonly kind: Provider["kind"];
  /** Where one adapter has several ways. */
  readonly name?: string;
  /** Undefined where the scenario cannot happen with this adapter. */
  open(scenario: Scenario): Promise<Opened | undefined>;
}

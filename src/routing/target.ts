import type { Sensitivity, Tier } from "../core/context.ts";
import type { Price } from "../core/usage.ts";

/** A target as routing sees it. */
export interface RouteTarget {
  readonly id: string;
  readonly provider: string;
  /** The model's id at the provider. */
  readonly model: string;
  readonly tier: Tier;
  readonly dataClasses: readonly Sensitivity[];
  readonly prices: readonly Price[];
}

/** A task as routing sees it: its targets, in order. */
export interface RouteTask {
  readonly id: string;
  readonly targets: readonly string[];
  readonly owner: string | undefined;
  readonly durability: string | undefined;
}

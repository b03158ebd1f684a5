import { matchesGlob } from "../../core/glob.ts";
import type { Operation } from "../operations/route.ts";
import type { FaultOf, ReadFault } from "./fault.ts";

/** What is to go wrong with one request. */
export interface Mishap {
  readonly delayMs: number;
  readonly pace: Partial<FaultOf<"pace">>;
  /** The first fault of the list that is no mere slowness. */
  readonly fault: Exclude<ReadFault, { kind: "slow" | "pace" }> | undefined;
}

export interface Victim {
  readonly operation: Operation;
  /** Whether the answer is a stream. */
  readonly streams: boolean;
  /** The names by which the model may be meant. */
  readonly models: readonly string[];
  readonly accessKeyId: string | undefined;
  readonly body: Buffer;
}

const ONLY_STREAMS = ["exception", "error-frame", "cut", "damage"];

/** The scripted faults with how many requests each has seen. */
export class FaultPlan {
  #faults: { readonly fault: ReadFault; seen: number }[] = [];

  /** Replaces all of them; counting starts anew. */
  set(faults: readonly ReadFault[]): void {
    this.#faults = faults.map((fault) => ({ fault, seen: 0 }));
  }

  list(): readonly ReadFault[] {
    return this.#faults.map(({ fault }) => fault);
  }

  /** Counts a request and tells what befalls it. */
  strike(victim: Victim): Mishap {
    let delayMs = 0;
    let pace: Mishap["pace"] = {};
    let chosen: Mishap["fault"];
    for (const entry of this.#faults) {
      const { fault } = entry;
      if (!fits(fault, victim)) continue;
      entry.seen++;
      if (!isTurn(fault, entry.seen)) continue;
      if (fault.kind === "slow") delayMs += fault.delayMs;
      else if (fault.kind === "pace") pace = fault;
      else chosen ??= fault;
    }
    return { delayMs, pace, fault: chosen };
  }
}

function fits(fault: ReadFault, { operation, streams, models, accessKeyId, body }: Victim): boolean {
  const { model } = fault;
  return (
    (fault.operation === undefined || fault.operation === operation) &&
    (model === undefined || models.some((name) => matchesGlob(model, name))) &&
    (fault.accessKeyId === undefined || fault.accessKeyId === accessKeyId) &&
    (fault.contains === undefined || body.includes(fault.contains)) &&
    (streams || !ONLY_STREAMS.includes(fault.kind)) &&
    // Server-sent events have no checksums.
    (fault.kind !== "damage" || operation !== "ChatCompletions")
  );
}

function isTurn({ skip = 0, first, every = 1 }: ReadFault, seen: number): boolean {
  const turn = seen - skip;
  if (turn < 1 || turn % every !== 0) return false;
  return first === undefined || turn / every <= first;
}

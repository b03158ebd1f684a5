import type { ErrorCode } from "../core/errors.ts";
import { AppError } from "../core/errors.ts";
import type { Resolved } from "./names.ts";
import type { RouteTarget } from "./target.ts";

/** Why a candidate is not in the plan. */
export interface Exclusion {
  readonly code: ErrorCode;
  /** One sentence, for whoever asks "why not that one". */
  readonly reason: string;
}

/** One candidate of a decision. */
export interface CandidateRecord {
  readonly target: string;
  readonly tier: string;
  /** Place in the plan, from 1; undefined where it is excluded. */
  readonly place: number | undefined;
  readonly reason: string;
}

/** The record of why a route was chosen. */
export interface Decision {
  readonly id: string;
  /** The name the client sent, and how it was understood. */
  readonly asked: string;
  readonly as: Resolved["as"];
  readonly task: string | undefined;
  readonly owner: string | undefined;
  readonly durability: string | undefined;
  readonly objective: "order";
  readonly candidates: readonly CandidateRecord[];
  readonly configHash: string;
}

export interface RoutePlan {
  /** Targets to try, in order; at least one. */
  readonly targets: readonly RouteTarget[];
  readonly decision: Decision;
}

export interface RouteQuestion {
  readonly id: string;
  readonly asked: string;
  readonly resolved: Resolved;
  readonly configHash: string;
  /** Why a target cannot serve this request; asked once a candidate. */
  readonly exclude: (target: RouteTarget) => Exclusion | undefined;
}

/**
 * Orders the candidates and says why. Pure: the same question gives the same plan, so that a decision can be replayed.
 *
 * @throws RouteRefusal where every candidate is excluded; the decision says by what
 */
export function planRoute(question: RouteQuestion): RoutePlan {
  const { resolved } = question;
  const targets: RouteTarget[] = [];
  const candidates: CandidateRecord[] = [];
  let first: Exclusion | undefined;
  for (const target of resolved.targets) {
    const exclusion = question.exclude(target);
    if (exclusion === undefined) {
      targets.push(target);
      candidates.push({
        target: target.id,
        tier: target.tier,
        place: targets.length,
        reason: placeReason(resolved, targets.length),
      });
    } else {
      first ??= exclusion;
      candidates.push({ target: target.id, tier: target.tier, place: undefined, reason: exclusion.reason });
    }
  }
  const decision: Decision = {
    id: question.id,
    asked: question.asked,
    as: resolved.as,
    task: resolved.task?.id,
    owner: resolved.task?.owner,
    durability: resolved.task?.durability,
    objective: "order",
    candidates,
    configHash: question.configHash,
  };
  if (targets.length === 0) throw new RouteRefusal(decision, first);
  return { targets, decision };
}

/** No candidate is left. */
export class RouteRefusal extends AppError {
  readonly decision: Decision;

  constructor(decision: Decision, first: Exclusion | undefined) {
    const reasons = decision.candidates.map(({ target, reason }) => `${target}: ${reason}`).join("; ");
    super(first?.code ?? "no_target_available", `no target may serve this request (${reasons})`);
    this.decision = decision;
  }
}

function placeReason(resolved: Resolved, place: number): string {
  if (resolved.as !== "task") return `named by the client (${resolved.as})`;
  return place === 1 ? "first allowed target of the task" : "fallback, in the task's order";
}

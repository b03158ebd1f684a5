import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Resolved } from "./names.ts";
import { planRoute, RouteRefusal, type Exclusion, type RouteQuestion } from "./plan.ts";
import type { RouteTarget } from "./target.ts";

function target(id: string): RouteTarget {
  return { id, provider: "p", model: id, tier: "small", dataClasses: ["public"], prices: [] };
}

function question(
  ids: readonly string[],
  excluded: Readonly<Record<string, Exclusion>> = {},
  as: Resolved["as"] = "task",
): RouteQuestion {
  const task = { id: "answer", targets: ids, owner: "team", durability: "stable" };
  return {
    id: "decision-1",
    asked: "answer",
    resolved: { as, task: as === "task" ? task : undefined, targets: ids.map(target) },
    configHash: "hash",
    exclude: ({ id }) => excluded[id],
  };
}

const DENIED: Exclusion = { code: "policy_denied", reason: 'rule "r"' };
const UNPRICED: Exclusion = { code: "unpriced", reason: "no price is in force yet" };

function refusal(asked: RouteQuestion): RouteRefusal {
  try {
    planRoute(asked);
  } catch (error) {
    assert.ok(error instanceof RouteRefusal);
    return error;
  }
  throw new Error("a plan was made");
}

test("the plan keeps the task's order and says of each its place and why", () => {
  const { targets, decision } = planRoute(question(["a", "b", "c"], { b: DENIED }));
  assert.deepEqual(
    targets.map(({ id }) => id),
    ["a", "c"],
  );
  assert.deepEqual(decision, {
    id: "decision-1",
    asked: "answer",
    as: "task",
    task: "answer",
    owner: "team",
    durability: "stable",
    objective: "order",
    candidates: [
      { target: "a", tier: "small", place: 1, reason: "first allowed target of the task" },
      { target: "b", tier: "small", place: undefined, reason: 'rule "r"' },
      { target: "c", tier: "small", place: 2, reason: "fallback, in the task's order" },
    ],
    configHash: "hash",
  });
});

test("a target that the client named says how it was named", () => {
  for (const as of ["target", "alias", "upstream id"] as const) {
    const { decision } = planRoute(question(["a"], {}, as));
    assert.equal(decision.candidates[0]?.reason, `named by the client (${as})`);
    assert.equal(decision.task, undefined);
  }
});

test("where nothing is left the refusal has the first exclusion's code, every reason, and the decision", () => {
  const error = refusal(question(["a", "b"], { a: UNPRICED, b: DENIED }));
  assert.equal(error.code, "unpriced");
  assert.equal(error.message, 'no target may serve this request (a: no price is in force yet; b: rule "r")');
  assert.deepEqual(
    error.decision.candidates.map(({ target: id, place }) => [id, place]),
    [
      ["a", undefined],
      ["b", undefined],
    ],
  );
  assert.equal(error.decision.id, "decision-1");
});

test("a task without a target at all has none available", () => {
  const error = refusal(question([]));
  assert.equal(error.code, "no_target_available");
  assert.deepEqual(error.decision.candidates, []);
});

test("each candidate is asked about once, in order, and stands once in the decision; places count from 1 without gaps", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 })),
      fc.infiniteStream(fc.boolean()),
      (ids, coins) => {
        const excluded = new Set(ids.filter(() => coins.next().value));
        const askedAbout: string[] = [];
        const asked: RouteQuestion = {
          ...question(ids),
          exclude: ({ id }) => {
            askedAbout.push(id);
            return excluded.has(id) ? DENIED : undefined;
          },
        };
        const kept = ids.filter((id) => !excluded.has(id));
        const decision = kept.length === 0 ? refusal(asked).decision : planRoute(asked).decision;
        assert.deepEqual(askedAbout, ids);
        assert.deepEqual(
          decision.candidates.map((candidate) => candidate.target),
          ids,
        );
        assert.deepEqual(
          decision.candidates.flatMap(({ target: id, place }) => (place === undefined ? [] : [[id, place]])),
          kept.map((id, index) => [id, index + 1]),
        );
      },
    ),
  );
});

test("the same question gives the same plan, so that a decision can be replayed", () => {
  const asked = question(["a", "b"], { a: DENIED });
  assert.deepEqual(planRoute(asked), planRoute(asked));
});

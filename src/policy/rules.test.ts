import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Context } from "../core/context.ts";
import { excludingRule, rulesFor, type Rule, type TargetAttributes } from "./rules.ts";

const CONTEXT: Context = {
  tenant: "acme",
  user: undefined,
  app: "shop",
  feature: undefined,
  workflow: undefined,
  journey: undefined,
  task: "support.answer",
  latency: "standard",
  sensitivity: "internal",
  budget: undefined,
  prompt: undefined,
};
const TARGET: TargetAttributes = { target: "qwen", provider: "local", model: "qwen3-8b", tier: "dedicated" };

function rule(parts: Partial<Rule>): Rule {
  return { rule: "r", when: {}, ...parts };
}

function holds(when: Rule["when"]): boolean {
  return rulesFor([rule({ when, deny: {} })], CONTEXT).length === 1;
}

test("a rule without when holds for every request", () => {
  assert.equal(holds({}), true);
});

test("a rule holds where every word has the value, or one of the values", () => {
  assert.equal(holds({ tenant: "acme" }), true);
  assert.equal(holds({ tenant: "globex" }), false);
  assert.equal(holds({ tenant: ["globex", "acme"] }), true);
  assert.equal(holds({ tenant: "acme", sensitivity: "restricted" }), false);
  assert.equal(holds({ tenant: "acme", sensitivity: ["internal", "restricted"], app: "shop" }), true);
});

test("a word that the request does not name fits no value", () => {
  assert.equal(holds({ user: "u" }), false);
  assert.equal(holds({ user: ["undefined", ""] }), false);
  assert.equal(holds({ toString: "x" }), false);
});

test("values are compared whole and as they are written", () => {
  for (const task of ["support", "support.*", "*", "Support.Answer", "support.answer "]) {
    assert.equal(holds({ task }), false, task);
  }
});

test("deny excludes the targets with all these attributes", () => {
  const excluded = (deny: Rule["deny"]): boolean => excludingRule([rule({ deny })], TARGET) !== undefined;
  assert.equal(excluded({ tier: "dedicated" }), true);
  assert.equal(excluded({ tier: ["premium", "dedicated"] }), true);
  assert.equal(excluded({ tier: "premium" }), false);
  assert.equal(excluded({ tier: "dedicated", provider: "cloud" }), false);
  assert.equal(excluded({ target: "qwen", provider: "local", model: "qwen3-8b" }), true);
});

test("allow excludes the targets that lack one of these attributes", () => {
  const excluded = (allow: Rule["allow"]): boolean => excludingRule([rule({ allow })], TARGET) !== undefined;
  assert.equal(excluded({ tier: "dedicated" }), false);
  assert.equal(excluded({ tier: ["premium", "dedicated"] }), false);
  assert.equal(excluded({ tier: "premium" }), true);
  assert.equal(excluded({ tier: "dedicated", provider: "cloud" }), true);
  assert.equal(excluded({ pool: "fleet" }), true);
});

test("the first rule that excludes is the one that is told", () => {
  const rules = [
    rule({ rule: "passes", deny: { tier: "premium" } }),
    rule({ rule: "first", allow: { tier: "small" }, because: "why" }),
    rule({ rule: "second", deny: { tier: "dedicated" } }),
  ];
  assert.equal(excludingRule(rules, TARGET)?.rule, "first");
  assert.equal(excludingRule([], TARGET), undefined);
});

test("rules keep their order, and only those that hold are left", () => {
  const rules = ["a", "b", "c"].map((name) =>
    rule({ rule: name, when: name === "b" ? { tenant: "globex" } : {} }),
  );
  assert.deepEqual(
    rulesFor(rules, CONTEXT).map((one) => one.rule),
    ["a", "c"],
  );
});

test("a target passes rules together exactly where it passes each alone, and deny and allow of one match are opposites", () => {
  const tier = fc.constantFrom("premium", "dedicated", "small", "batch");
  const provider = fc.constantFrom("local", "cloud");
  const values = <One extends string>(one: fc.Arbitrary<One>): fc.Arbitrary<string | string[]> =>
    fc.oneof(one, fc.uniqueArray(one, { minLength: 1 }));
  const match = fc.record({ tier: values(tier), provider: values(provider) }, { requiredKeys: [] });
  const target = fc.record({ target: fc.constant("t"), provider, model: fc.constant("m"), tier });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), match), { maxLength: 4 }), target, (pairs, candidate) => {
      const rules = pairs.map(([isDeny, one]) => rule(isDeny ? { deny: one } : { allow: one }));
      const passesEach = rules.every((one) => excludingRule([one], candidate) === undefined);
      assert.equal(excludingRule(rules, candidate) === undefined, passesEach);
      for (const [, one] of pairs) {
        const denied = excludingRule([rule({ deny: one })], candidate) !== undefined;
        assert.equal(excludingRule([rule({ allow: one })], candidate) === undefined, denied);
        const fits = Object.entries(one).every(([key, wanted]) =>
          [wanted].flat().includes(candidate[key as "tier"]),
        );
        assert.equal(denied, fits);
      }
    }),
    { numRuns: 300 },
  );
});

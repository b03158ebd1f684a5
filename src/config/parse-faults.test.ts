import assert from "node:assert/strict";
import test from "node:test";
import { parseConfig } from "./parse.ts";
import type { SecretSource } from "./secrets.ts";

const NOTHING: SecretSource = {
  env: {},
  readFile: () => {
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  },
};

function faultsOf(text: string): readonly string[] {
  const result = parseConfig(text, "f.yaml", NOTHING);
  return result.ok ? [] : result.faults;
}

/** A file with one target; `more` goes into the target. */
function withTarget(more: string): string {
  return `providers: { sim: { kind: simulator } }\ntargets:\n  one: { provider: sim, model: m, tier: small, ${more} }\n`;
}
const PRICE = "price: { input: 1, output: 1 }";

test("a YAML key that stands twice is refused at the second", () => {
  assert.deepEqual(faultsOf("tasks: {}\nmode: enforce\ntasks: {}\n"), [
    "f.yaml:3:1: (file): this key stands here twice; keep one of them",
  ]);
  assert.deepEqual(faultsOf("tenants:\n  acme: {}\n  acme: {}\n"), [
    "f.yaml:3:3: (file): this key stands here twice; keep one of them",
  ]);
});

test("text that is no YAML, or not one document, is refused where it breaks", () => {
  assert.match(faultsOf("tasks: {\n")[0] ?? "", /^f\.yaml:\d+:\d+: \(file\): is not valid YAML: /);
  assert.match(
    faultsOf("mode: enforce\n\ttasks: {}\n")[0] ?? "",
    /^f\.yaml:2:1: \(file\): is not valid YAML: /,
  );
  assert.match(
    faultsOf("mode: enforce\n---\nmode: enforce\n")[0] ?? "",
    /^f\.yaml:2:1: \(file\): is not valid YAML: /,
  );
  assert.match(faultsOf("tasks: *alias\n")[0] ?? "", /^f\.yaml:\d+:\d+: \(file\): an alias .*anchor/);
});

test("a file that is no mapping is refused, an empty one asks for nothing", () => {
  for (const text of ["hello", "- a", "42"]) {
    assert.deepEqual(faultsOf(text), ["f.yaml:1:1: (file): is not a mapping (key: value)"], text);
  }
  for (const text of ["", "# nothing", "{}", "\ufeff", "---\n"]) assert.deepEqual(faultsOf(text), [], text);
});

test("aliases that would unfold without end are refused", () => {
  const levels = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [index, name] of Array.from("bcdefg").entries()) {
    const before = "abcdefg"[index] ?? "";
    levels.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
  }
  const faults = faultsOf(levels.join("\n"));
  assert.equal(faults.length, 1);
  assert.match(faults[0] ?? "", /^f\.yaml:1:1: \(file\): Excessive alias count/);
});

test("an alias that holds itself is refused, not followed for ever", () => {
  assert.notDeepEqual(faultsOf("targets: &all\n  one: *all\n"), []);
  assert.notDeepEqual(faultsOf("policy: &all [*all]\n"), []);
});

test("text nested without end is refused with few words", () => {
  const faults = faultsOf("[".repeat(100_000));
  assert.notEqual(faults.length, 0);
  assert.ok(faults.length <= 200, `${faults.length} faults`);
});

test("a name of JavaScript's own is a key like any other and changes no object", () => {
  const faults = faultsOf("__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }\n");
  assert.match(faults[0] ?? "", /^f\.yaml:1:1: __proto__: unknown key/);
  assert.match(faults[1] ?? "", /^f\.yaml:2:1: constructor: unknown key/);
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
  const inner = "providers:\n  a: { kind: simulator, __proto__: { firstToken: 1ms } }\n";
  assert.match(faultsOf(inner)[0] ?? "", /^f\.yaml:2:25: providers\.a\.__proto__: unknown key/);
});

test("an entry named __proto__ is refused like any other that is no name, not passed over", () => {
  for (const section of ["providers", "targets", "tasks", "tenants"]) {
    assert.match(faultsOf(`${section}:\n  __proto__: { junk: 1 }\n`)[0] ?? "", /is no name/, section);
  }
});

test("a task, a target and an alias share one space of names", () => {
  const clash = `${withTarget(PRICE)}tasks:\n  one: { targets: [one] }\n`;
  assert.deepEqual(faultsOf(clash), [
    'f.yaml:3:3: targets.one: "one" is already a task; a model name must mean one thing',
  ]);
  assert.match(
    faultsOf(withTarget(`${PRICE}, aliases: [one]`))[0] ?? "",
    /^f\.yaml:3:\d+: targets\.one\.aliases\[0\]: "one" is already a target/,
  );
  assert.match(
    faultsOf(withTarget(`${PRICE}, aliases: [x, y, x]`))[0] ?? "",
    /targets\.one\.aliases\[2\]: "x" is already an alias of the target "one"/,
  );
});

test("a target has a provider or a pool, and a price", () => {
  const both =
    "pools:\n  p: { engine: vllm, replicas: [{ url: http://h }] }\n" + withTarget(`pool: p, ${PRICE}`);
  assert.ok(
    faultsOf(both).some((line) =>
      line.includes("targets.one.pool: stands beside provider; a target has one of the two"),
    ),
  );
  assert.deepEqual(faultsOf(withTarget("aliases: []")), [
    "f.yaml:3:3: targets.one.price: is missing, and an unknown price is never $0; write price: { input: USD, output: USD } per million tokens",
  ]);
  assert.match(
    faultsOf(withTarget("price: { input: 1 }"))[0] ?? "",
    /targets\.one\.price\.output: is missing/,
  );
});

test("price rows of the same day, however it is written, are not in order", () => {
  const rows = (first: string, second: string): string =>
    withTarget(`price: [{ from: ${first}, input: 1, output: 1 }, { from: ${second}, input: 2, output: 2 }]`);
  assert.deepEqual(faultsOf(rows("2026-01-01", "2026-01-02")), []);
  for (const second of ["2026-01-01", '"2026-01-01T00:00:00Z"']) {
    assert.match(faultsOf(rows("2026-01-01", second))[0] ?? "", /price\[1\]\.from: is not later/, second);
  }
});

test("a split may only name the task's own targets", () => {
  const text = `${withTarget(PRICE)}tasks:\n  t: { targets: [one], split: { two: 10 } }\n`;
  assert.ok(faultsOf(text).includes("f.yaml:5:33: tasks.t.split.two: is not among the task's targets"));
});

test("a value that must be more than nothing is told so", () => {
  const faults = faultsOf("providers:\n  sim: { kind: simulator, tokensPerSecond: 0 }\n");
  assert.match(faults[0] ?? "", /^f\.yaml:2:44: providers\.sim\.tokensPerSecond: must be more than 0/);
});

test("a number where a duration or an address belongs is told what to write", () => {
  assert.match(faultsOf("server: { timeouts: { drain: 30 } }\n")[0] ?? "", /drain: .*such as/);
  assert.match(faultsOf("server: { listen: 4141 }\n")[0] ?? "", /listen: .*host:port/);
});

test("a rule's values of a closed list are checked, because one that is misspelt would never hold", () => {
  const rule = (text: string): string => `policy:\n  - { rule: r, ${text} }\n`;
  for (const text of [
    "deny: { tier: premuim }",
    "when: { sensitivity: [restrcited] }, deny: { tier: premium }",
    "when: { latency: batches }, deny: { tier: premium }",
  ]) {
    assert.equal(faultsOf(rule(text)).length, 1, text);
  }
});

test("a rule's names of targets and providers must exist, because one that is misspelt would never hold", () => {
  const file = `${withTarget(PRICE)}policy:\n`;
  for (const text of ["deny: { target: oen }", "deny: { provider: sin }"]) {
    assert.equal(faultsOf(`${file}  - { rule: r, ${text} }\n`).length, 1, text);
  }
});

test("Azure's addresses need an api-version, but for its newer one", () => {
  const faults = (provider: string): readonly string[] =>
    faultsOf(`providers:\n  a: { kind: openai-compatible, ${provider} }\n`);
  for (const provider of [
    'baseUrl: "https://x.openai.azure.com"',
    'baseUrl: "https://x.services.ai.azure.com/models"',
    'baseUrl: "https://gateway.example/models", vendor: foundry',
    'baseUrl: "https://gateway.example", vendor: azure',
  ])
    assert.match(faults(provider)[0] ?? "", /needs apiVersion/, provider);
  for (const provider of [
    'baseUrl: "https://x.openai.azure.com/openai/v1"',
    'baseUrl: "https://x.openai.azure.com/openai/v1", vendor: azure',
    'baseUrl: "https://x.openai.azure.com", vendor: generic',
    'baseUrl: "https://x.openai.azure.com", apiVersion: "2024-10-21"',
  ])
    assert.deepEqual(faults(provider), [], provider);
});

import assert from "node:assert/strict";
import test from "node:test";
import { parseConfig } from "./parse.ts";
import type { SecretSource } from "./secrets.ts";

const SECRETS: SecretSource = {
  env: { SET: "value-behind-the-reference" },
  readFile: () => {
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  },
};

function faultsOf(text: string): readonly string[] {
  const result = parseConfig(text, "switchyard.yaml", SECRETS);
  return result.ok ? [] : result.faults;
}

/** Each line's expected faults stand behind it, as `#! column path: message`. */
function golden(annotated: string): { readonly text: string; readonly faults: readonly string[] } {
  const faults: string[] = [];
  let line = 0;
  const text: string[] = [];
  for (const written of annotated.split("\n")) {
    const found = /^#! (\d+) (.*)$/.exec(written);
    if (found === null) {
      line++;
      text.push(written);
    } else faults.push(`switchyard.yaml:${line}:${found[1]}: ${found[2]}`);
  }
  return { text: text.join("\n"), faults };
}

const FAULTY = `server:
  bodyLimit: 25 megabytes
#! 14 server.bodyLimit: is no size; write a number and a unit, such as "25MiB"
  listen: 127.0.0.1
#! 11 server.listen: is no address; write host:port, such as "127.0.0.1:4141" or "[::1]:4141"
  timouts: { headers: 15s }
#! 3 server.timouts: unknown key; did you mean "timeouts"?
  timeouts: { drain: 30 seconds }
#! 22 server.timeouts.drain: is no duration; write a number and a unit, such as "250ms", "30s" or "15m"
  workers: 0
#! 12 server.workers: must be at least 1
storage: { database: mysql://db/app }
#! 22 storage.database: write "embedded", "postgres://user@host/db", "env:NAME" or "file:PATH"
content: { keep: everything }
#! 18 content.keep: write one of none, redacted, full
providers:
  local:
    kind: openai-compatible
    baseUrl: http://admin:hunter2@10.0.0.1/v1
#! 14 providers.local.baseUrl: holds a literal secret; take user and password out of the address and use apiKey
    apiKey: sk-live-4242424242
#! 13 providers.local.apiKey: holds a literal secret; write "env:NAME" or "file:PATH" and put the secret there
  cloud: { kind: openai-compatable }
#! 18 providers.cloud.kind: is none of the known values; did you mean "openai-compatible"?
  azure: { kind: openai-compatible, baseUrl: "https://x.openai.azure.com", vendor: azure, apiKey: env:UNSET_KEY }
#! 3 providers.azure: needs apiVersion; Azure takes none without it, such as apiVersion: 2024-10-21
#! 99 providers.azure.apiKey: the environment variable UNSET_KEY is not set; set it
  filed: { kind: openai-compatible, baseUrl: ftp://x, apiKey: file:/nowhere/key }
#! 46 providers.filed.baseUrl: is no http or https address; write one such as http://127.0.0.1:8000/v1
#! 63 providers.filed.apiKey: the file /nowhere/key cannot be read (ENOENT)
  sim: { kind: simulator, tokensPerSecond: 200000, faults: [{ kind: crash, every: 0 }] }
#! 44 providers.sim.tokensPerSecond: must be at most 100000
#! 69 providers.sim.faults[0].kind: write one of error, slow, cut, hang
#! 83 providers.sim.faults[0].every: must be at least 1
targets:
  qwen:
    provider: locl
#! 15 targets.qwen.provider: there is no provider "locl"; did you mean "local"?
    model: qwen3-8b
    tier: gold
#! 11 targets.qwen.tier: write one of premium, dedicated, small, batch
    price: { input: 0.1, output: -1, cacheRead: cheap }
#! 34 targets.qwen.price.output: is no price; write USD per million tokens as a decimal >= 0 with at most 9 decimals, such as 0.0375
#! 49 targets.qwen.price.cacheRead: is no price; write USD per million tokens as a decimal >= 0 with at most 9 decimals, such as 0.0375
    dataClasses: []
#! 5 targets.qwen.dataClasses: is empty; name at least one
    aliases: [answer, qwen-alias]
#! 15 targets.qwen.aliases[0]: "answer" is already a task; a model name must mean one thing
    maxOutputTokens: 1.5
#! 22 targets.qwen.maxOutputTokens: is not a whole number
    onAbort: stop
#! 14 targets.qwen.onAbort: write one of cancel, drain
  sonnet:
#! 3 targets.sonnet.model: is missing; write model: text
#! 3 targets.sonnet.price: is missing, and an unknown price is never $0; write price: { input: USD, output: USD } per million tokens
    provider: sim
    tier: premium
  dated:
    provider: sim
    model: m
    tier: small
    price:
      - { from: 2026-02-01, input: 1, output: 2 }
      - { from: 2026-01-01, input: 1, output: 2 }
#! 17 targets.dated.price[1].from: is not later than the row before it; put the rows in order of date
      - { from: January, input: 1, output: 2 }
#! 17 targets.dated.price[2].from: is no date; write YYYY-MM-DD, in UTC
  "no name": { model: m, tier: small, price: { input: 1, output: 1 } }
#! 3 targets.no name: is no name; use letters, digits and . _ : / @ -, beginning with a letter or digit, at most 128 characters
#! 3 targets.no name: names neither provider nor pool; add provider: local
tasks:
  answer: { targets: [qwen, sonnte, qwen], latency: fast }
#! 29 tasks.answer.targets[1]: there is no target "sonnte"; did you mean "sonnet"?
#! 37 tasks.answer.targets[2]: names "qwen" again; name each target once
#! 53 tasks.answer.latency: write one of interactive, standard, batch
  empty: { targets: [] }
#! 12 tasks.empty.targets: is empty; name at least one
  texts: { targets: qwen }
#! 21 tasks.texts.targets: is not a list
tenants:
  acme: { tasks: [answr, "support.*"], sensitivity: secret }
#! 19 tenants.acme.tasks[0]: there is no task "answr"; did you mean "answer"?
#! 53 tenants.acme.sensitivity: write one of public, internal, confidential, restricted
policy:
  - { rule: one, when: { sensitivty: restricted }, deny: { tier: [] } }
#! 26 policy[0].when.sensitivty: unknown key; did you mean "sensitivity"?
#! 60 policy[0].deny.tier: is empty; name at least one
  - { rule: one, deny: { tier: premium }, allow: { tier: small } }
#! 5 policy[1]: needs exactly one of deny, allow and approve
#! 13 policy[1].rule: is the name of an earlier rule; give each its own
  - { when: { tenant: acme } }
#! 5 policy[2].rule: is missing; write rule: text
#! 5 policy[2]: needs exactly one of deny, allow and approve
`;

test("every fault of a file is told at once, in the order of the file, with line, column, path and what to do", () => {
  const { text, faults } = golden(FAULTY);
  assert.deepEqual(faultsOf(text), faults);
});

const NOT_YET = `mode: observe
#! 7 mode: "observe" is not available yet; leave it out
server: { workers: 2 }
#! 20 server.workers: "2" is not available yet; leave it out
content: { keep: redacted }
#! 18 content.keep: "redacted" is not available yet; leave it out
providers:
  claude: { kind: anthropic, apiKey: env:SET }
pools:
#! 1 pools: is not available yet; leave it out
  fleet: { engine: vllm, replicas: [{ url: "http://10.0.0.1:8000" }] }
targets:
  one: { pool: fleet, model: m, tier: dedicated, price: { input: 1, output: 1 } }
#! 16 targets.one.pool: is not available yet; leave it out
  two: { provider: claude, model: m, tier: premium, price: { input: 1, output: 1 } }
tasks:
  cost: { targets: [one], objective: cost, slo: { ttftP95: 1s }, cache: { ttl: 10m }, hedge: { after: p95 } }
#! 38 tasks.cost.objective: "cost" is not available yet; leave it out
#! 44 tasks.cost.slo: is not available yet; leave it out
#! 66 tasks.cost.cache: is not available yet; leave it out
#! 87 tasks.cost.hedge: is not available yet; leave it out
  fast: { targets: [one, two], objective: latency, split: { one: 90, two: 10 }, content: { keep: full } }
#! 43 tasks.fast.objective: "latency" is not available yet; leave it out
#! 52 tasks.fast.split: is not available yet; leave it out
#! 81 tasks.fast.content: is not available yet; leave it out
  good: { targets: [two], objective: quality }
#! 38 tasks.good.objective: "quality" is not available yet; leave it out
policy:
  - { rule: ask, when: { sensitivity: restricted }, approve: { tier: premium } }
#! 53 policy[0].approve: is not available yet; leave it out
budgets:
#! 1 budgets: is not available yet; leave it out
  - { name: month, limit: "500 USD", period: month }
limits:
#! 1 limits: is not available yet; leave it out
  - { requests: 100/min }
alerts:
#! 1 alerts: is not available yet; leave it out
  - { name: errors, when: "errorRate > 5% for 5m" }
notify:
#! 1 notify: is not available yet; leave it out
  hook: { kind: webhook, url: "http://127.0.0.1/hook" }
`;

test("what the file's form knows and nothing serves yet is refused, each by its place", () => {
  const { text, faults } = golden(NOT_YET);
  assert.deepEqual(faultsOf(text), faults);
});

test("an empty section asks for nothing and is taken", () => {
  const text = "mode: enforce\npools: {}\nbudgets: []\nlimits: []\nalerts: []\nnotify: {}\npolicy: []\n";
  assert.deepEqual(faultsOf(text), []);
});

test("the faults of a correct file do not depend on the secrets' values", () => {
  const text = "providers:\n  a: { kind: openai-compatible, baseUrl: http://h/v1, apiKey: env:SET }\n";
  const result = parseConfig(text, "switchyard.yaml", SECRETS);
  assert.ok(result.ok);
  assert.doesNotMatch(JSON.stringify(result.config), /value-behind/);
});

import assert from "node:assert/strict";
import test from "node:test";
import * as z from "zod";
import { DEMO_CONFIG, DEMO_MODEL, DEMO_TENANT } from "./demo.ts";
import { knownKeys } from "./known-keys.ts";
import { parseConfig } from "./parse.ts";
import { configSchema, type Config } from "./schema.ts";

function config(text: string): Config {
  const result = parseConfig(text, "x", { env: {}, readFile: () => "" });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.ok(result.ok);
  return result.config;
}

test("an empty file listens on loopback, keeps no content, and has the embedded database", () => {
  assert.deepEqual(config(""), {
    mode: "enforce",
    server: {
      listen: { host: "127.0.0.1", port: 4141 },
      workers: 1,
      bodyLimit: 26_214_400,
      timeouts: {
        headers: 15_000,
        request: 120_000,
        keepAlive: 75_000,
        stalledClient: 60_000,
        keepAliveComment: 15_000,
        drain: 30_000,
      },
    },
    storage: {
      database: "embedded",
      journal: { fsync: "group", limit: 2 ** 30, onFull: "refuse" },
      retention: { exchanges: 90, usage: 400 },
    },
    content: { keep: "none" },
    egress: { media: "fetch", allow: [], limit: 4_500_000, timeout: 10_000 },
    responses: { store: true, dataClasses: ["public", "internal", "confidential"], retention: 30 },
    providers: {},
    pools: {},
    targets: {},
    tasks: {},
    tenants: {},
    policy: [],
    budgets: [],
    limits: [],
    alerts: [],
    notify: {},
  });
});

test("a target sees public and internal data, and has its deadlines, unless it says otherwise", () => {
  const text =
    "providers: { s: { kind: simulator } }\ntargets: { t: { provider: s, model: m, tier: small, price: { input: 1, output: 2 } } }\n";
  assert.deepEqual(config(text).targets["t"], {
    provider: "s",
    model: "m",
    tier: "small",
    price: { input: 1_000_000_000n, output: 2_000_000_000n },
    dataClasses: ["public", "internal"],
    aliases: [],
    timeouts: { connect: 2_000, firstByte: 60_000, idle: 30_000, total: 900_000 },
    onAbort: "cancel",
    promptCache: "client",
    unsupported: "refuse",
  });
});

test("one deadline that is named leaves the others as they were", () => {
  const { timeouts } = config("server: { timeouts: { drain: 1s } }\n").server;
  assert.equal(timeouts.drain, 1_000);
  assert.equal(timeouts.headers, 15_000);
});

test("a task goes by the order of its targets, a tenant may use all tasks and is internal", () => {
  const text =
    "providers: { s: { kind: simulator } }\ntargets: { t: { provider: s, model: m, tier: small, price: { input: 1, output: 2 } } }\n" +
    "tasks: { a: { targets: [t] } }\ntenants: { x: {} }\npolicy: [{ rule: r, deny: { tier: premium } }]\n";
  const { tasks, tenants, policy } = config(text);
  assert.deepEqual(tasks["a"], { targets: ["t"], objective: "order" });
  assert.deepEqual(tenants["x"], { tasks: ["*"], sensitivity: "internal" });
  assert.deepEqual(policy, [{ rule: "r", when: {}, deny: { tier: "premium" } }]);
});

test("the demo is a correct configuration with its tenant and its model, on simulators alone", () => {
  const { tenants, tasks, providers, targets } = config(DEMO_CONFIG);
  assert.ok(Object.hasOwn(tenants, DEMO_TENANT));
  assert.ok(Object.hasOwn(tasks, DEMO_MODEL));
  assert.ok(Object.values(providers).every(({ kind }) => kind === "simulator"));
  assert.ok(Object.values(targets).every(({ price }) => price !== undefined));
});

test("the keys known at a place are those of every form that may stand there", () => {
  const keys = (...path: (string | number)[]): string[] => knownKeys(configSchema, path);
  assert.deepEqual(keys(), [
    ...[
      "alerts",
      "budgets",
      "content",
      "egress",
      "limits",
      "mode",
      "notify",
      "policy",
      "pools",
      "providers",
      "responses",
      "server",
    ],
    ...["storage", "targets", "tasks", "tenants"],
  ]);
  assert.deepEqual(keys("server", "tls"), ["cert", "key"]);
  assert.deepEqual(keys("targets", "any", "timeouts"), ["connect", "firstByte", "idle", "total"]);
  assert.deepEqual(keys("targets", "any", "price"), [
    "cacheRead",
    "cacheWrite",
    "cacheWrite1h",
    "input",
    "output",
    "reasoning",
  ]);
  assert.deepEqual(keys("targets", "any", "price", 3), [
    "cacheRead",
    "cacheWrite",
    "cacheWrite1h",
    "from",
    "input",
    "output",
    "reasoning",
  ]);
  assert.ok(keys("providers", "any").includes("firstToken"));
  assert.ok(keys("providers", "any").includes("apiVersion"));
  assert.deepEqual(keys("policy", 0, "deny"), ["model", "pool", "provider", "target", "tier"]);
});

test("no key is known where any may stand, and where there is nothing", () => {
  const keys = (...path: (string | number)[]): string[] => knownKeys(configSchema, path);
  assert.deepEqual(keys("tasks"), []);
  assert.deepEqual(keys("tasks", "any", "split"), []);
  assert.deepEqual(keys("nowhere", "at", "all"), []);
  assert.deepEqual(keys("constructor"), []);
  assert.deepEqual(keys("mode", "x"), []);
  assert.deepEqual(knownKeys(z.string(), []), []);
});

import assert from "node:assert/strict";
import test from "node:test";
import { parseConfig } from "./parse.ts";

/** The configuration that the public documentation shows, whole. */
const PUBLISHED = `server:   { listen: 127.0.0.1:4141, workers: 1, bodyLimit: 25MiB }   # workers > 1 needs PostgreSQL
storage:  { database: embedded }                  # or postgres://user:pass@host/db, or env:DATABASE_URL
content:  { keep: none }                          # none | redacted | full, per task too
providers:
  bedrock-eu: { kind: bedrock, region: eu-central-1 }        # baseUrl: overrides the endpoint
  local:      { kind: openai-compatible, baseUrl: "http://127.0.0.1:8000/v1", apiKey: env:LOCAL_KEY }
  sim:        { kind: simulator }
pools:
  qwen-fleet:
    engine: vllm                                  # vllm | sglang | tgi | triton | llamacpp | trtllm | simulator
    replicas: [ { url: "http://10.0.0.1:8000" }, { url: "http://10.0.0.2:8000" } ]
    scrape: 1s
    capacity: { usdPerHour: 4.10 }                # of one replica
targets:
  sonnet:
    provider: bedrock-eu
    model: eu.anthropic.claude-sonnet-4-5-20250929-v1:0
    tier: premium                                 # premium | dedicated | small | batch
                                                  # price absent: the catalogue's row; no row: an error
  qwen:
    pool: qwen-fleet
    model: qwen3-8b
    tier: dedicated
    price: { input: 0.10, output: 0.40, cacheRead: 0.01 }    # USD per million tokens; decimals are exact; or dated: [ { from: 2026-01-01, input: … } ]
    dataClasses: [public, internal, confidential, restricted]   # default: [public, internal]
    aliases: [gpt-4o-mini]                        # other model names that mean this target
    maxOutputTokens: 4096                         # sent upstream when the client names none; the reservation's ceiling
    timeouts: { connect: 2s, firstByte: 60s, idle: 30s, total: 15m }
    onAbort: cancel                               # cancel | drain: what to do upstream when the client leaves
tasks:
  support.answer: { targets: [qwen, sonnet], latency: interactive, objective: cost,      # cost | latency | quality | order (default)
                    owner: support-team, durability: stable,                             # stable | experimental | regulated | edge
                    slo: { ttftP95: 1s, totalP95: 8s, availability: 99.9, usdPerExchange: 0.01 },
                    cache: { ttl: 10m }, hedge: { after: p95 }, split: { qwen: 90, sonnet: 10 } }
tenants:
  acme:   { tasks: ["support.*"], sensitivity: internal }    # default class of its requests
  globex: { tasks: ["*"] }
policy:
  - rule: restricted stays on our GPUs
    when: { sensitivity: restricted }             # any context word; a value or a list
    deny: { tier: [premium, batch] }              # any target attribute; or allow:, or approve:
    because: contract clause 7
budgets:
  - { name: acme-month, scope: { tenant: acme }, limit: "500 USD", period: month, onExceed: refuse }
    # period: exchange | journey | minute | hour | day | week | month | total; onExceed: refuse | degrade (| batch | approve: refused by \`check\` until built)
    # onOutage: closed (default) | lease: what happens when the database is away and this node's lease is spent
limits:
  - { scope: { tenant: acme }, requests: 100/min, tokens: 200000/min, concurrency: 20 }
`;

test("the published example is the file's form: nothing is wrong in it but what is not there yet", () => {
  const result = parseConfig(PUBLISHED, "x", { env: {}, readFile: () => "" });
  assert.ok(!result.ok);
  const found = result.faults.map((line) => /^x:\d+:\d+: (\S+): (.*)$/.exec(line)?.slice(1) ?? [line]);
  const paths = (pattern: RegExp): (string | undefined)[] =>
    found.filter(([, message]) => pattern.test(message ?? "")).map(([path]) => path);
  assert.deepEqual(paths(/not available yet; leave it out$/), [
    "pools",
    "targets.qwen.pool",
    "tasks.support.answer.objective",
    "tasks.support.answer.slo",
    "tasks.support.answer.cache",
    "tasks.support.answer.hedge",
    "tasks.support.answer.split",
    "budgets",
    "limits",
  ]);
  assert.deepEqual(paths(/^the environment variable LOCAL_KEY is not set; set it$/), [
    "providers.local.apiKey",
  ]);
  // Its comment says so: without a catalogue there is no row, and no row is an error.
  assert.deepEqual(paths(/^is missing, and an unknown price is never \$0/), ["targets.sonnet.price"]);
  assert.equal(found.length, 11);
});

test("with what is there in its place, the published example is taken, its units resolved", () => {
  const text = PUBLISHED.replace(/^  bedrock-eu: .*\n/m, "")
    .replace(/^pools:\n(?: .*\n)+/m, "")
    .replace(/^(?:budgets|limits):\n(?: .*\n)+/gm, "")
    .replace("provider: bedrock-eu", "provider: sim\n    price: { input: 3, output: 15 }")
    .replace("pool: qwen-fleet", "provider: local")
    .replace("objective: cost, ", "objective: order,")
    .replace(/^( +)slo: .*\n +cache: .*$/m, "$1}");
  const result = parseConfig(text, "x", { env: { LOCAL_KEY: "k" }, readFile: () => "" });
  assert.deepEqual(result.ok ? [] : result.faults, []);
  assert.ok(result.ok);
  const { server, targets, tasks, policy } = result.config;
  assert.deepEqual(server.listen, { host: "127.0.0.1", port: 4141 });
  assert.equal(server.bodyLimit, 26_214_400);
  assert.deepEqual(targets["qwen"]?.price, {
    input: 100_000_000n,
    output: 400_000_000n,
    cacheRead: 10_000_000n,
  });
  assert.deepEqual(targets["qwen"]?.timeouts, {
    connect: 2_000,
    firstByte: 60_000,
    idle: 30_000,
    total: 900_000,
  });
  assert.deepEqual(targets["sonnet"]?.dataClasses, ["public", "internal"]);
  assert.deepEqual(tasks["support.answer"]?.targets, ["qwen", "sonnet"]);
  assert.equal(policy[0]?.because, "contract clause 7");
});

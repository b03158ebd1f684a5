import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { median, start, type Bench } from "./support.ts";

/**
 * CPU microseconds of an exchange, measured outside the process, against a bare Fastify + undici proxy pinned to the
 * same core in the same run; load and mock upstream have the other core. Rounds of the two alternate; medians count.
 */
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 7);
const CONNECTIONS = 32;
const KINDS = [
  { name: "plain, 600 bytes", kind: "plain", requests: 12_000, aim: 1.3 },
  { name: "stream of 64 events", kind: "stream", requests: 2_500, aim: 1.2 },
] as const;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const data = mkdtempSync(path.join(os.tmpdir(), "switchyard-bench-"));
const processes: Bench[] = [];
try {
  const upstream = launch(1, here("processes/upstream.ts"));
  const upstreamPort = (await upstream.line(/^ready (\d+)$/))[1];
  const baseline = launch(0, here("processes/baseline.ts"), `http://127.0.0.1:${upstreamPort}`);
  const baselinePort = (await baseline.line(/^ready (\d+)$/))[1];
  const config = path.join(data, "switchyard.yaml");
  writeFileSync(config, configText(upstreamPort ?? ""));
  const gateway = launch(
    0,
    here("../bin/switchyard.js"),
    "up",
    "--config",
    config,
    "--data",
    data,
    "--port",
    "0",
    "--json",
  );
  const gatewayUrl = (await gateway.line(/"event":"ready","url":"([^"]+)"/))[1] ?? "";
  const key = await issueKey(gatewayUrl);
  const load = launch(1, here("processes/load.ts"));
  const subjects = [
    { name: "bare proxy", process: baseline, origin: `http://127.0.0.1:${baselinePort}` },
    { name: "switchyard", process: gateway, origin: gatewayUrl },
  ];

  for (const { name, kind, requests, aim } of KINDS) {
    const costs = new Map(subjects.map((subject) => [subject.name, [] as number[]]));
    for (let turn = -2; turn < ROUNDS; turn++) {
      for (const subject of subjects) {
        const before = subject.process.cpu();
        load.say(`${subject.origin} ${key} ${kind} ${CONNECTIONS} ${requests}`);
        const result = JSON.parse((await load.line(/^(\{.*\})$/))[1] ?? "{}") as { failed: number };
        if (result.failed > 0) throw new Error(`${subject.name}: ${result.failed} requests failed`);
        if (turn >= 0) costs.get(subject.name)?.push((subject.process.cpu() - before) / requests);
      }
    }
    const [floor = 0, ours = 0] = subjects.map((subject) => median(costs.get(subject.name) ?? []));
    console.log(
      JSON.stringify({
        bench: name,
        unit: "CPU µs an exchange",
        bareProxy: round(floor),
        switchyard: round(ours),
        ratio: round(ours / floor, 3),
        aim,
        rounds: costs.get("switchyard")?.map((value) => round(value)),
        rssMiB: Math.round(gateway.rss()),
      }),
    );
  }
} finally {
  for (const process_ of processes) process_.stop();
  rmSync(data, { recursive: true, force: true });
}

function launch(core: number, ...args: string[]): Bench {
  const started = start(core, args);
  processes.push(started);
  return started;
}

async function issueKey(url: string): Promise<string> {
  const { readFileSync } = await import("node:fs");
  const token = readFileSync(path.join(data, "admin.token"), "utf8").trim();
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ tenant: "acme" }),
  });
  return ((await response.json()) as { key: string }).key;
}

function configText(port: string): string {
  return `providers:
  mock: { kind: openai-compatible, baseUrl: "http://127.0.0.1:${port}/v1", connections: 64 }
targets:
  bench: { provider: mock, model: bench, tier: dedicated, price: { input: 0.1, output: 0.4 } }
tenants:
  acme: { tasks: ["*"] }
`;
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startPostgres } from "../test/support/postgres.ts";
import { program } from "./program.ts";
import { median, start, type Bench } from "./support.ts";

/**
 * CPU microseconds of an exchange, measured outside the process, against a bare Fastify + undici proxy pinned to the
 * same core in the same run; load and mock upstream have the other core. Rounds alternate; medians count. With PostgreSQL
 * the booking of records is that server's work; embedded, it is on the same core and counted.
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
  const gateways = [await startGateway("embedded", "embedded", upstreamPort ?? "")];
  await using server = await startPostgres();
  if (server !== undefined)
    gateways.push(await startGateway("PostgreSQL", await server.createDatabase(), upstreamPort ?? ""));
  const load = launch(1, here("processes/load.ts"));
  const subjects = [
    { name: "bare proxy", process: baseline, origin: `http://127.0.0.1:${baselinePort}`, key: "none" },
    ...gateways,
  ];

  for (const { name, kind, requests, aim } of KINDS) {
    const costs = new Map(subjects.map((subject) => [subject.name, [] as number[]]));
    for (let turn = -2; turn < ROUNDS; turn++) {
      for (const subject of subjects) {
        const before = subject.process.cpu();
        load.say(`${subject.origin} ${subject.key} ${kind} ${CONNECTIONS} ${requests}`);
        const result = JSON.parse((await load.line(/^(\{.*\})$/))[1] ?? "{}") as { failed: number };
        if (result.failed > 0) throw new Error(`${subject.name}: ${result.failed} requests failed`);
        if (turn >= 0) costs.get(subject.name)?.push((subject.process.cpu() - before) / requests);
      }
    }
    const floor = median(costs.get("bare proxy") ?? []);
    for (const gateway of gateways) {
      const ours = median(costs.get(gateway.name) ?? []);
      console.log(
        JSON.stringify({
          bench: `${name}, ${gateway.name}`,
          unit: "CPU µs an exchange",
          bareProxy: round(floor),
          switchyard: round(ours),
          ratio: round(ours / floor, 3),
          aim,
          rounds: costs.get(gateway.name)?.map((value) => round(value)),
          rssMiB: Math.round(gateway.process.rss()),
        }),
      );
    }
  }
  // Before its database ends.
  for (const gateway of gateways) gateway.process.stop();
} finally {
  for (const process_ of processes) process_.stop();
  rmSync(data, { recursive: true, force: true });
}

function launch(core: number, ...args: string[]): Bench {
  const started = start(core, args);
  processes.push(started);
  return started;
}

interface Subject {
  readonly name: string;
  readonly process: Bench;
  readonly origin: string;
  readonly key: string;
}

async function startGateway(name: string, database: string, upstreamPort: string): Promise<Subject> {
  const folder = path.join(data, name);
  const config = path.join(data, `${name}.yaml`);
  writeFileSync(config, configText(database, upstreamPort));
  const gateway = launch(
    0,
    ...program(),
    "up",
    "--config",
    config,
    "--data",
    folder,
    "--port",
    "0",
    "--json",
  );
  const origin = (await gateway.line(/"event":"ready","url":"([^"]+)"/))[1] ?? "";
  const token = readFileSync(path.join(folder, "admin.token"), "utf8").trim();
  const response = await fetch(`${origin}/api/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ tenant: "acme" }),
  });
  const { key } = (await response.json()) as { key: string };
  return { name, process: gateway, origin, key };
}

function configText(database: string, port: string): string {
  return `storage: { database: "${database}" }
providers:
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

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { startPostgres } from "../test/support/postgres.ts";
import { program } from "./program.ts";
import { start, type Bench } from "./support.ts";

/**
 * Resident memory after so many exchanges, with each database, beside a bare Fastify + undici proxy under the same load;
 * and the CPU of an exchange with everything that its record costs later, the booking in an embedded database included.
 */
const STEPS = 5;
const EXCHANGES = Number(process.env["BENCH_RECORDS"] ?? 100_000);
const AIMS = { embedded: 650, PostgreSQL: 300 } as const;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const folder = mkdtempSync(path.join(os.tmpdir(), "switchyard-bench-"));
const processes: Bench[] = [];
try {
  const upstream = launch(1, here("processes/upstream.ts"));
  const port = (await upstream.line(/^ready (\d+)$/))[1] ?? "";
  const load = launch(1, here("processes/load.ts"));
  const proxy = launch(0, here("processes/baseline.ts"), `http://127.0.0.1:${port}`);
  const proxyPort = (await proxy.line(/^ready (\d+)$/))[1];
  await run("bare proxy", proxy, load, `http://127.0.0.1:${proxyPort}`, "none");
  proxy.stop();
  await gateway("embedded", "embedded", port, load);
  await using server = await startPostgres();
  if (server !== undefined) await gateway("PostgreSQL", await server.createDatabase(), port, load);
} finally {
  for (const one of processes) one.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function gateway(name: keyof typeof AIMS, database: string, port: string, load: Bench): Promise<void> {
  const data = path.join(folder, name);
  const config = path.join(folder, `${name}.yaml`);
  writeFileSync(
    config,
    `storage: { database: "${database}" }
providers:
  mock: { kind: openai-compatible, baseUrl: "http://127.0.0.1:${port}/v1", connections: 64 }
targets:
  bench: { provider: mock, model: bench, tier: dedicated, price: { input: 0.1, output: 0.4 } }
tenants:
  acme: { tasks: ["*"] }
`,
  );
  const running = launch(
    0,
    ...[...program(), "up", "--config", config, "--data", data, "--port", "0", "--json"],
  );
  const url = (await running.line(/"event":"ready","url":"([^"]+)"/))[1] ?? "";
  const token = readFileSync(path.join(data, "admin.token"), "utf8").trim();
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ tenant: "acme" }),
  });
  const { key } = (await response.json()) as { key: string };
  await run(name, running, load, url, key, AIMS[name]);
  running.stop();
}

async function run(
  name: string,
  subject: Bench,
  load: Bench,
  origin: string,
  key: string,
  aim?: number,
): Promise<void> {
  const rss = [Math.round(subject.rss())];
  const cpu: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const before = subject.cpu();
    load.say(`${origin} ${key} plain 32 ${EXCHANGES / STEPS}`);
    const { failed } = JSON.parse((await load.line(/^(\{.*\})$/))[1] ?? "{}") as { failed: number };
    if (failed > 0) throw new Error(`${name}: ${failed} requests failed`);
    cpu.push(Number(((subject.cpu() - before) / (EXCHANGES / STEPS)).toFixed(1)));
    rss.push(Math.round(subject.rss()));
  }
  console.log(
    JSON.stringify({
      bench: `memory over ${EXCHANGES} exchanges, ${name}`,
      unit: "MiB resident",
      rss,
      aim,
      cpuPerExchange: cpu,
    }),
  );
}

function launch(core: number, ...args: string[]): Bench {
  const started = start(core, args);
  processes.push(started);
  return started;
}

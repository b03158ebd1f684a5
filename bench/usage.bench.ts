import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { LedgerStore } from "../src/budget/ledger/ledger-store.ts";
import { openDatabase } from "../src/storage/open.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { generator, lineOf } from "./generate-records.ts";
import { program } from "./program.ts";
import { Streams } from "./streams.ts";
import { median, start } from "./support.ts";

/**
 * Usage of a day with a million exchanges, asked of the running server while streams go on: how long an answer takes, and
 * how long the gaps in the streams become. The upstream sends an event every 10 ms; the client notes the gaps.
 */
const EXCHANGES = Number(process.env["BENCH_RECORDS"] ?? 1_000_000);
const BATCH = 1_000;
const EVENT_MS = 10;
const QUESTIONS = ["tenant", "tenant,feature", "tenant,target,status", "feature,hour", "user"];
const ASKED = 7;

const folder = mkdtempSync(path.join(os.tmpdir(), "switchyard-bench-"));
const upstream = await slowUpstream();
try {
  await run("embedded", "embedded", 1_000);
  await using server = await startPostgres();
  if (server !== undefined) await run("PostgreSQL", await server.createDatabase(), 300);
} finally {
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
}

async function run(name: string, database: string, aim: number): Promise<void> {
  const data = path.join(folder, name);
  await fill(data, database);
  const config = path.join(folder, `${name}.yaml`);
  writeFileSync(config, configText(database));
  const gateway = start(0, [
    ...program(),
    ...["up", "--config", config, "--data", data, "--port", "0", "--json"],
  ]);
  try {
    const url = (await gateway.line(/"event":"ready","url":"([^"]+)"/))[1] ?? "";
    const token = readFileSync(path.join(data, "admin.token"), "utf8").trim();
    const key = await issueKey(url, token);
    const streams = new Streams(url, key);
    const quiet = await streams.gaps(3_000);
    const answers: Record<string, number> = {};
    const watching = streams.begin();
    for (const by of QUESTIONS) answers[by] = await ask(url, token, by);
    const busy = await watching();
    console.log(
      JSON.stringify({
        bench: `usage of a day with ${EXCHANGES} exchanges, ${name}`,
        unit: "ms, median",
        ...Object.fromEntries(Object.entries(answers).map(([by, ms]) => [by, Math.round(ms)])),
        aim,
        streamGapP99: { withoutQuestions: round(quiet), withQuestions: round(busy), aim: 25 },
        rssMiB: Math.round(gateway.rss()),
      }),
    );
  } finally {
    gateway.stop();
  }
}

async function fill(data: string, address: string): Promise<void> {
  const database = await openDatabase({ database: address, data, onError: () => {} });
  const store = new LedgerStore(database, 90);
  const now = Date.now();
  const next = generator(7, now - 86_400_000, now);
  for (let done = 0; done < EXCHANGES; done += BATCH) {
    await store.bookExchanges(Array.from({ length: BATCH }, () => lineOf(next())));
    if (process.stderr.isTTY && done % 50_000 === 0)
      process.stderr.write(`\rfilling ${done} of ${EXCHANGES}`);
  }
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
  await database.close();
}

async function ask(url: string, token: string, by: string): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < ASKED; turn++) {
    const began = performance.now();
    const response = await fetch(`${url}/api/usage?by=${by}&since=24h&limit=1000`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const answer = (await response.json()) as { total: { exchanges: number } };
    if (answer.total.exchanges < EXCHANGES * 0.9)
      throw new Error(`by ${by}: ${JSON.stringify(answer.total)}`);
    times.push(performance.now() - began);
  }
  return median(times);
}

/** An engine that sends 100 events, one every 10 ms. */
async function slowUpstream(): Promise<http.Server> {
  const event =
    'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n';
  const server = http.createServer((request, response) => {
    request.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    let left = 100;
    const timer = setInterval(() => {
      if (left-- > 0) return void response.write(event);
      clearInterval(timer);
      response.end(
        'data: {"id":"c","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":100}}\n\ndata: [DONE]\n\n',
      );
    }, EVENT_MS);
    response.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function issueKey(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ tenant: "acme" }),
  });
  return ((await response.json()) as { key: string }).key;
}

function configText(database: string): string {
  return `storage: { database: "${database}" }
providers:
  mock: { kind: openai-compatible, baseUrl: "http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1" }
targets:
  bench: { provider: mock, model: bench, tier: dedicated, price: { input: 0.1, output: 0.4 } }
tenants:
  acme: { tasks: ["*"] }
`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import http from "node:http";
import test from "node:test";
import { startProcess, type TestProcess } from "../support/process.ts";
import { metric, until, untilBooked, type UsageAnswer } from "./support.ts";

const USERS = 100_000;
const CLIENTS = 48;
const SHOWN = 1_000;
/** What memory may grow by while nine tenths of the users come. */
const GROWTH_MB = 150;
const PRICE_NANO = 1_000n;

const CONFIG = `providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 100000 }
targets:
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 1 } }
tenants:
  acme: { tasks: ["*"] }
`;

test("a hundred thousand users take no memory for good, and usage by user tells the dearest and the rest", async (context) => {
  await using server = await startProcess({ config: CONFIG });
  const key = await server.key();
  await serve(server, key, 0, USERS / 10);
  await untilBooked(server);
  const before = await residentMb(server);
  await serve(server, key, USERS / 10, USERS);
  // What waits in the journal must not be what was saved in memory.
  await until(async () => (await metric(server, "switchyard_journal_lag_seconds")) === 0, "the booking", 120);
  const after = await residentMb(server);
  context.diagnostic(`${Math.round(before)} MB, then ${Math.round(after)} MB`);
  assert.ok(after - before < GROWTH_MB, `${Math.round(after - before)} MB more`);

  const usage = await usageByUser(server, SHOWN);
  assert.equal(usage.rows.length, SHOWN);
  assert.equal(usage.total.exchanges, USERS);
  assert.equal(usage.rest?.groups, USERS - SHOWN);
  assert.equal(usage.rest.exchanges, USERS - SHOWN);
  const shown = usage.rows.reduce((sum, { costNano }) => sum + BigInt(costNano), 0n);
  assert.equal(shown + BigInt(usage.rest.costNano), BigInt(usage.total.costNano));
  assert.equal(
    BigInt(usage.total.costNano),
    BigInt(usage.total.inputTokens + usage.total.outputTokens) * PRICE_NANO,
  );
  const nano = usage.rows.map(({ costNano }) => BigInt(costNano));
  assert.ok(nano.every((cost, index) => index === 0 || cost <= (nano[index - 1] ?? 0n)));
  const all = await usageByUser(server, 100_000);
  assert.equal(all.rest, null);
  assert.equal(new Set(all.rows.map((row) => row.user)).size, USERS);
  assert.deepEqual(all.total, usage.total);
});

/** One exchange for each user of a range. */
async function serve(server: TestProcess, key: string, from: number, to: number): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  const body = JSON.stringify({
    model: "sim",
    max_tokens: 1,
    messages: [{ role: "user", content: "Hello" }],
  });
  const ask = (user: number): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "content-length": body.length,
        "x-switchyard-user": `user-${user}`,
      };
      const request = http.request(`${server.url}/v1/chat/completions`, { method: "POST", headers, agent });
      request.on("error", reject);
      request.on("response", (response) => {
        response.on("end", () => resolve(response.statusCode)).resume();
      });
      request.end(body);
    });
  let next = from;
  const client = async (): Promise<void> => {
    for (let user = next++; user < to; user = next++) assert.equal(await ask(user), 200);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  agent.destroy();
}

async function residentMb(server: TestProcess): Promise<number> {
  const status = await readFile(`/proc/${server.child.pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

async function usageByUser(server: TestProcess, limit: number): Promise<UsageAnswer> {
  const answer = await server.api(`/api/usage?by=user&limit=${limit}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as UsageAnswer;
}

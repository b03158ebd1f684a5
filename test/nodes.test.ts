import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startPostgres, type TestPostgres } from "./support/postgres.ts";
import { startProcess, type TestProcess } from "./support/process.ts";

const CONFIG = `storage: { database: env:TEST_DATABASE }
providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 10000 }
targets:
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 1 } }
tenants:
  acme: { tasks: ["*"] }
`;

describe("two nodes on one PostgreSQL", () => {
  let postgres: TestPostgres | undefined;
  before(async () => void (postgres = await startPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("a key of one node is good on the other, and revoked on both, without either being told", async (context) => {
    if (postgres === undefined) return context.skip("no PostgreSQL 15 here, and none could be installed");
    const options = {
      config: CONFIG,
      initialised: false,
      env: { TEST_DATABASE: await postgres.createDatabase() },
    };
    // Together: both find an empty database, one of them migrates it.
    const [one, two] = await Promise.all([startProcess(options), startProcess(options)]);
    try {
      const created = await one.api("/api/keys", { method: "POST", body: { tenant: "acme" } });
      const { key, id } = (await created.json()) as { key: string; id: string };
      await untilStatus(two, key, 200);
      assert.equal((await ask(one, key)).status, 200);
      // Revoked through the node that did not make it.
      assert.equal((await two.api(`/api/keys/${id}`, { method: "DELETE" })).status, 200);
      assert.equal((await ask(two, key)).status, 401);
      await untilStatus(one, key, 401);
      assert.match(await (await ask(one, key)).text(), /key_revoked/);
      assert.deepEqual(await Promise.all([one.stop(), two.stop()]), [0, 0]);
    } finally {
      await Promise.all([one[Symbol.asyncDispose](), two[Symbol.asyncDispose]()]);
    }
  });
});

function ask(node: TestProcess, key: string): Promise<Response> {
  return fetch(`${node.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
}

async function untilStatus(node: TestProcess, key: string, status: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if ((await ask(node, key)).status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`the node did not come to answer ${status}`);
}

import assert from "node:assert/strict";
import test from "node:test";
import { startGateway } from "../support/gateway.ts";

const CONFIG = `
providers: { sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 50000 } }
targets: { sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 2 } } }
`;

test("metadata.user_id names the user where nothing of ours does, and is never in a key's way", async () => {
  await using gateway = await startGateway(CONFIG);
  const userOf = async (
    rights: object,
    headers: Record<string, string> = {},
  ): Promise<string | undefined> => {
    const { key } = gateway.issue({ rights });
    const reply = await fetch(`${gateway.url}/anthropic/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json", ...headers },
      body: JSON.stringify({
        model: "sim",
        max_tokens: 5,
        metadata: { user_id: "u-77" },
        messages: [{ role: "user", content: "Hi" }],
      }),
    });
    assert.equal(reply.status, 200, await reply.text());
    return gateway.records.at(-1)?.context?.user;
  };
  assert.equal(await userOf({}), "u-77");
  assert.equal(await userOf({ defaults: { user: "carl" } }), "carl");
  assert.equal(await userOf({ pinned: { user: "bob" } }), "bob");
  assert.equal(await userOf({}, { "x-switchyard-user": "ann" }), "ann");
});

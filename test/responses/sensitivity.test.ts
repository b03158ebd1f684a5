import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { MemoryResponses } from "../support/memory-responses.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const CONFIG = `
providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 50000 }
targets:
  own: { provider: sim, model: own-1, tier: dedicated, price: { input: 1, output: 2 }, dataClasses: [public, internal, confidential, restricted] }
  rented: { provider: sim, model: rented-1, tier: premium, price: { input: 1, output: 2 }, dataClasses: [public, internal] }
responses: { dataClasses: [public, internal, confidential] }
`;

function clientOf(gateway: TestGateway): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
}

const secret = (sensitivity: string): { headers: Record<string, string> } => ({
  headers: { "x-switchyard-sensitivity": sensitivity },
});

async function denied(answer: Promise<unknown>): Promise<void> {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof OpenAI.PermissionDeniedError, String(error));
    assert.equal(error.code, "policy_denied");
    return true;
  });
}

test("what goes on from a confidential response is confidential, and reaches no target that takes none", async () => {
  const responses = new MemoryResponses();
  await using gateway = await startGateway(CONFIG, { responses });
  const client = clientOf(gateway);
  const first = await client.responses.create({ model: "own", input: "the merger" }, secret("confidential"));
  const onward = { model: "rented", input: "go on", previous_response_id: first.id };
  await denied(client.responses.create(onward));
  await denied(client.responses.create({ ...onward, store: false }));
  const second = await client.responses.create({ ...onward, model: "own" });
  const record = gateway.records.at(-1);
  assert.equal(record?.context?.sensitivity, "confidential");
  // It is kept as secret as it is, so that the third turn is no way out either.
  await denied(client.responses.create({ ...onward, previous_response_id: second.id }));
  assert.deepEqual(
    [...responses.all.values()].map(({ sensitivity }) => sensitivity),
    ["confidential", "confidential"],
  );
});

test("an item of a confidential response makes a request confidential that only refers to it", async () => {
  await using gateway = await startGateway(CONFIG);
  const client = clientOf(gateway);
  const first = await client.responses.create({ model: "own", input: "the merger" }, secret("confidential"));
  const id = first.output[0]?.id ?? "";
  const input: OpenAI.Responses.ResponseInput = [
    { type: "item_reference", id },
    { role: "user", content: "go on" },
  ];
  await denied(client.responses.create({ model: "rented", input }));
  await client.responses.create({ model: "own", input });
  assert.equal(gateway.records.at(-1)?.context?.sensitivity, "confidential");
});

test("a conversation that became restricted is not kept any more, and says so to whoever asks for it", async () => {
  await using gateway = await startGateway(CONFIG);
  const client = clientOf(gateway);
  const first = await client.responses.create({ model: "own", input: "hello" });
  const second = await client.responses.create(
    { model: "own", input: "now a secret", previous_response_id: first.id },
    secret("restricted"),
  );
  assert.equal((second as { store?: unknown }).store, false);
  await assert.rejects(client.responses.retrieve(second.id), OpenAI.NotFoundError);
  const asking = { model: "own", input: "keep it", previous_response_id: first.id, store: true };
  await assert.rejects(client.responses.create(asking, secret("restricted")), OpenAI.BadRequestError);
});

test("counting the tokens of what goes on from a secret is as secret", async () => {
  await using gateway = await startGateway(CONFIG);
  const client = clientOf(gateway);
  const first = await client.responses.create({ model: "own", input: "the merger" }, secret("confidential"));
  const wish = { model: "rented", input: "go on", previous_response_id: first.id };
  await denied(client.responses.inputTokens.count(wish));
  assert.ok((await client.responses.inputTokens.count({ ...wish, model: "own" })).input_tokens > 10);
});

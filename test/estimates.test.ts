import assert from "node:assert/strict";
import test from "node:test";
import { answer, chunk, DONE, Engine, FINISH, PLAIN, sse } from "./support/engine.ts";
import { startGateway, targetsOn } from "./support/gateway.ts";

const hello = { messages: [{ role: "user", content: "Tell me about dragons, please." }] };
const withoutUsage = JSON.stringify({ ...(JSON.parse(PLAIN) as object), usage: undefined });
const withUsage = (usage: unknown): string => JSON.stringify({ ...(JSON.parse(PLAIN) as object), usage });

/** Has one exchange with an engine that answers a plain body. */
async function plain(body: string, request: object = {}) {
  await using engine = await Engine.start((_seen, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(body);
  });
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({ model: "fine", ...hello, ...request });
  await response.text();
  assert.equal(response.status, 200);
  return {
    record: await gateway.record(response.headers.get("x-switchyard-exchange") ?? ""),
    cost: response.headers.get("x-switchyard-cost-usd"),
  };
}

test("a plain reply without usage is estimated from its text, and says so", async () => {
  const { record, cost } = await plain(withoutUsage);
  assert.equal(record.estimated, true);
  assert.equal(record.attempts[0]?.estimated, true);
  assert.ok((record.usage?.inputTokens ?? 0) > 0);
  assert.ok((record.usage?.outputTokens ?? 0) > 0);
  assert.ok(record.costNano > 0n);
  assert.equal(Number(cost) * 1e9, Number(record.costNano));
});

test("a usage that was reported is not estimated", async () => {
  const { record } = await plain(PLAIN);
  assert.equal(record.estimated, false);
  assert.equal(record.flagged, undefined);
});

for (const [what, usage, request] of [
  ["negative", { prompt_tokens: -5, completion_tokens: 3 }, {}],
  ["not a number", { prompt_tokens: "many", completion_tokens: 3 }, {}],
  ["of a million millions", { prompt_tokens: 1e12, completion_tokens: 3 }, {}],
  [
    "far above the limit that was asked for",
    { prompt_tokens: 5, completion_tokens: 5_000_000 },
    { max_tokens: 10 },
  ],
  ["far above what the request's bytes allow", { prompt_tokens: 19_000_000, completion_tokens: 3 }, {}],
] as const) {
  test(`a usage that is ${what} is flagged, never summed, and estimated instead`, async () => {
    const { record } = await plain(withUsage(usage), request);
    assert.notEqual(record.flagged, undefined);
    assert.equal(record.estimated, true);
    assert.ok((record.usage?.inputTokens ?? 0) < 1_000);
    assert.ok((record.usage?.outputTokens ?? 0) < 1_000);
  });
}

test("a large usage that the request allows is taken as it is", async () => {
  const { record } = await plain(withUsage({ prompt_tokens: 90_000, completion_tokens: 120_000 }));
  assert.equal(record.flagged, undefined);
  assert.equal(record.usage?.inputTokens, 90_000);
});

test("what images cost has nothing to do with their bytes", async () => {
  const { record } = await plain(withUsage({ prompt_tokens: 900_000, completion_tokens: 3 }), {
    messages: [
      {
        role: "user",
        content: [{ type: "image_url", image_url: { url: "https://images.example/cat.png" } }],
      },
    ],
  });
  assert.equal(record.flagged, undefined);
});

test("a stream without a usage frame is estimated from what passed", async () => {
  const words = Array.from({ length: 30 }, (_, index) => chunk(`word${index} `));
  await using engine = await Engine.start((_seen, response) => {
    sse(response);
    response.end([...words, FINISH, DONE].join(""));
  });
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({ model: "fine", stream: true, ...hello });
  assert.ok((await response.text()).endsWith(DONE));
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "answered");
  assert.equal(record.estimated, true);
  const output = record.usage?.outputTokens ?? 0;
  assert.ok(output >= 30 && output <= 120, String(output));
});

test("a client that leaves in mid-stream is charged for what it had", async () => {
  await using engine = await Engine.start((_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk("some words that were said before the client left "));
  });
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const controller = new AbortController();
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "fine", stream: true, ...hello }),
    signal: controller.signal,
  });
  await response.body?.getReader().read();
  controller.abort();
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "abandoned");
  assert.equal(record.estimated, true);
  assert.ok((record.usage?.outputTokens ?? 0) > 5);
  assert.ok(record.costNano > 0n);
});

test("an engine that refuses before its first byte costs nothing", async () => {
  await using engine = await Engine.start((_seen, response) => {
    response.writeHead(500, { "content-type": "application/json" });
    response.end('{"error":{"message":"no"}}');
  });
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({ model: "fine", ...hello });
  await response.text();
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "failed");
  assert.equal(record.costNano, 0n);
  assert.equal(record.estimated, false);
});

test("a streamed reply costs what the plain one costs", async () => {
  await using engine = await Engine.start(answer(["hello"]));
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const costs: bigint[] = [];
  for (const stream of [false, true]) {
    const response = await gateway.chat({ model: "fine", stream, ...hello });
    await response.text();
    costs.push((await gateway.record(response.headers.get("x-switchyard-exchange") ?? "")).costNano);
  }
  assert.equal(costs[0], costs[1]);
  assert.ok((costs[0] ?? 0n) > 0n);
});

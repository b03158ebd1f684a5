import assert from "node:assert/strict";
import test from "node:test";
import { recordLine } from "../src/telemetry/record-line.ts";
import { answer, chunk, DONE, Engine, failing, FINISH, PLAIN, USAGE_FRAME } from "./support/engine.ts";
import { startGateway, targetsOn } from "./support/gateway.ts";

const hello = { messages: [{ role: "user", content: "hi" }] };

test("a plain reply passes to the byte, with its target, attempts and exact cost beside it", async () => {
  await using engine = await Engine.start();
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({ model: "fine", ...hello });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), PLAIN);
  assert.equal(response.headers.get("x-switchyard-target"), "fine");
  assert.equal(response.headers.get("x-switchyard-attempts"), "1");
  assert.equal(response.headers.get("x-switchyard-cost-usd"), "0.000018");
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "answered");
  assert.equal(record.costNano, 18_000n);
});

test("a stream passes to the byte, and the usage frame that the client did not ask for is taken out", async () => {
  await using engine = await Engine.start(answer(["a", "b"]));
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({ model: "fine", stream: true, ...hello });
  assert.equal(await response.text(), chunk("a") + chunk("b") + FINISH + DONE);
  assert.match(engine.lastBody, /"stream_options":\{"include_usage":true\}/);
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.deepEqual(record.usage, {
    inputTokens: 12,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 3,
    reasoningTokens: 0,
  });
});

test("a usage frame that the client asked for stays", async () => {
  await using engine = await Engine.start(answer(["a"]));
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat({
    model: "fine",
    stream: true,
    stream_options: { include_usage: true },
    ...hello,
  });
  assert.equal(await response.text(), chunk("a") + FINISH + USAGE_FRAME + DONE);
});

test("an upstream's own words reach the client and no record, because they may quote the prompt", async () => {
  const words = "the prompt 'my secret diary' is too long";
  await using engine = await Engine.start(failing(500, JSON.stringify({ error: { message: words } })));
  await using gateway = await startGateway(targetsOn(engine.url, ["broken"]));
  const response = await gateway.chat({ model: "broken", ...hello });
  assert.ok((await response.text()).includes(words));
  const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.attempts[0]?.cause, "the upstream answered 500");
  assert.ok(!recordLine(record, undefined).includes("diary"));
});

import assert from "node:assert/strict";
import test from "node:test";
import { callModel, lastBody, SAY } from "../traps/support.ts";
import { askedOf, assertServes, recordOf, startWorld, TARGETS, told } from "./support.ts";

const converse = (requestMetadata: unknown): object => ({ ...SAY("hi"), requestMetadata });

test("requestMetadata that is no object is refused by the gateway, on every target", async () => {
  await using world = await startWorld();
  for (const value of ["text", 7, true, [], [1], ["switchyard_user"]]) {
    for (const model of TARGETS) {
      const reply = await told(
        await callModel(world.gateway, "converse", converse(value), { model }),
        "bedrock",
        true,
      );
      assert.equal(reply.status, 400, JSON.stringify(value));
      assert.equal(reply.code, "ValidationException");
      assert.match(reply.message, /requestMetadata/);
      assert.equal((await recordOf(world.gateway)).code, "invalid_request");
    }
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("requestMetadata of null, and an empty one, are none", async () => {
  await using world = await startWorld();
  for (const value of [null, {}]) {
    for (const model of TARGETS) {
      const reply = await told(
        await callModel(world.gateway, "converse", converse(value), { model }),
        "bedrock",
      );
      assert.equal(reply.status, 200, reply.message);
      assert.deepEqual((await recordOf(world.gateway)).tags, {});
    }
  }
  const labels = lastBody(world.emulator).requestMetadata;
  assert.deepEqual(Object.keys(labels as object).sort(), ["switchyard_exchange", "switchyard_tenant"]);
});

test("words of the context that are no words are refused, wherever they stand", async () => {
  await using world = await startWorld();
  for (const model of TARGETS) {
    for (const [metadata, says] of [
      [{ switchyard_wizard: "x" }, /switchyard_wizard.*no word of the context/],
      [{ switchyard_tenant: "other" }, /switchyard_tenant.*no word/],
      [{ switchyard_exchange: "x" }, /switchyard_exchange.*no word/],
      [{ switchyard_: "x" }, /no word/],
      [{ switchyard_user: 7.5e3, switchyard_feature: {} }, /switchyard_feature/],
      [{ switchyard_user: true }, /switchyard_user/],
      [{ switchyard_user: null }, /switchyard_user/],
      [{ switchyard_user: ["a"] }, /switchyard_user/],
      [{ switchyard_latency: "yesterday" }, /latency/],
      [{ switchyard_sensitivity: "none" }, /sensitivity/],
      [{ switchyard_budget: "-1" }, /budget/],
    ] as const) {
      const reply = await told(
        await callModel(world.gateway, "converse", converse(metadata), { model }),
        "bedrock",
        true,
      );
      assert.equal(reply.status, 400, JSON.stringify(metadata));
      assert.match(reply.message, says);
      assert.equal((await recordOf(world.gateway)).code, "context_invalid");
    }
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("a header and a word in the metadata that differ: the header holds, and neither goes on", async () => {
  await using world = await startWorld();
  const reply = await callModel(world.gateway, "converse", converse({ switchyard_user: "a", mine: "1" }), {
    model: "aws",
    headers: { "x-switchyard-user": "b" },
  });
  assert.equal(reply.status, 200);
  const record = await recordOf(world.gateway);
  assert.equal(record.context?.user, "b");
  assert.deepEqual(record.tags, { mine: "1" });
  const labels = lastBody(world.emulator).requestMetadata;
  assert.equal(labels.switchyard_user, undefined);
  assert.equal(labels.mine, "1");
  assert.equal(labels.switchyard_exchange, record.id);
  assert.equal(labels.switchyard_tenant, "acme");
});

test("metadata that the service does not take comes back as its refusal, and ours does not make a good one bad", async () => {
  await using world = await startWorld();
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`key${at}`, "x"]));
  for (const [metadata, status] of [
    [many(14), 200],
    [many(15), 200],
    [many(16), 200],
    [many(17), 400],
    [{ a: 7 }, 400],
    [{ a: "x".repeat(257) }, 400],
    [{ a: "x".repeat(256) }, 200],
    [{ ["x".repeat(257)]: "a" }, 400],
    [{ a: "ümlaut" }, 400],
    [{ "": "a" }, 400],
    [{ ...many(16), switchyard_user: "u" }, 200],
  ] as const) {
    const what = JSON.stringify(metadata).slice(0, 60);
    const reply = await told(
      await callModel(world.gateway, "converse", converse(metadata), { model: "aws" }),
      "bedrock",
    );
    assert.equal(reply.status, status, `${what}: ${reply.message}`);
    if (status === 400) assert.match(reply.code ?? "", /^(Validation|Serialization)Exception$/);
    assert.equal((await recordOf(world.gateway, what)).status, status === 200 ? "answered" : "failed");
    const engine = await told(
      await callModel(world.gateway, "converse", converse(metadata), { model: "eng" }),
      "bedrock",
    );
    assert.ok(engine.status === 200 || engine.status === 400, `${what}: ${engine.message}`);
    await recordOf(world.gateway, what);
  }
  await assertServes(world);
});

test("an OpenAI client's metadata is made legal for Bedrock; where it leaves room, ours is beside it", async () => {
  await using world = await startWorld();
  for (const own of [13, 15]) {
    const metadata = {
      "a b": "ümlaut \u{1F600}",
      ...Object.fromEntries(Array.from({ length: own }, (_, at) => [`k${at}`, "v".repeat(300)])),
    };
    const reply = await told(
      await world.gateway.chat({ model: "aws", metadata, messages: [{ role: "user", content: "hi" }] }),
      "openai",
    );
    assert.equal(reply.status, 200, reply.message);
    const labels = lastBody(world.emulator).requestMetadata as Record<string, string>;
    assert.equal(Object.keys(labels).length, 16);
    for (const key of Object.keys(metadata)) assert.ok(key in labels, key);
    assert.equal(labels["switchyard_tenant"], own === 13 ? "acme" : undefined);
    for (const value of Object.values(labels)) assert.match(value, /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/);
  }
});

const INVOKE = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 100,
  messages: [{ role: "user", content: "hi" }],
};
const HEADER = "x-amzn-bedrock-request-metadata";

test("an x-amzn-bedrock-request-metadata header that is no JSON object is refused and names itself", async () => {
  await using world = await startWorld();
  for (const value of ["{", "nonsense", "[1]", "7", "null", '"text"', "{'a':1}", '{"a":1}x']) {
    for (const operation of ["invoke", "invoke-with-response-stream"]) {
      const reply = await told(
        await callModel(world.gateway, operation, INVOKE, { model: "aws", headers: { [HEADER]: value } }),
        "bedrock",
        true,
      );
      assert.equal(reply.status, 400, value);
      assert.match(reply.message, new RegExp(HEADER), value);
      assert.equal((await recordOf(world.gateway, value)).code, "invalid_request");
    }
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("the header's words are read and taken out, its other entries go on with ours", async () => {
  await using world = await startWorld();
  const reply = await callModel(world.gateway, "invoke", INVOKE, {
    model: "aws",
    headers: { [HEADER]: '{"switchyard_user":"u","mine":"1"}' },
  });
  assert.equal(reply.status, 200, await reply.text());
  const record = await recordOf(world.gateway);
  assert.equal(record.context?.user, "u");
  assert.deepEqual(record.tags, { mine: "1" });
  for (const value of ['{"switchyard_wizard":"x"}', '{"switchyard_user":{}}']) {
    const refused = await told(
      await callModel(world.gateway, "invoke", INVOKE, { model: "aws", headers: { [HEADER]: value } }),
      "bedrock",
      true,
    );
    assert.equal(refused.status, 400);
    assert.equal((await recordOf(world.gateway)).code, "context_invalid");
  }
});

test("a header that asks for what the key may not have is refused in Bedrock's own shape", async () => {
  await using world = await startWorld();
  for (const [headers, status, exception] of [
    [{ "x-switchyard-tenant": "other" }, 403, "AccessDeniedException"],
    [{ "x-switchyard-wizard": "x" }, 400, "ValidationException"],
    [{ "x-switchyard-latency": "yesterday" }, 400, "ValidationException"],
  ] as const) {
    for (const operation of ["converse", "converse-stream", "invoke", "count-tokens"]) {
      const reply = await told(
        await callModel(world.gateway, operation, SAY("hi"), { model: "aws", headers }),
        "bedrock",
        true,
      );
      assert.equal(reply.status, status);
      assert.equal(reply.code, exception);
      await recordOf(world.gateway);
    }
  }
});

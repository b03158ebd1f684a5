import assert from "node:assert/strict";
import test from "node:test";
import { LLAMA, NOVA_PRO, OPUS_47, SONNET_45, told, write } from "./support.test.ts";

test("a plain request is its messages and nothing else", () => {
  assert.deepEqual(write({}).body, { messages: [{ role: "user", content: [{ text: "hi" }] }] });
});

test("tiers have Bedrock's names, and auto is what nothing says", () => {
  const tier = (serviceTier: string): unknown => write({ serviceTier }).body.serviceTier;
  assert.equal(tier("auto"), undefined);
  assert.deepEqual(
    ["default", "standard_only", "flex", "priority", "reserved"].map(tier),
    ["default", "default", "flex", "priority", "reserved"].map((type) => ({ type })),
  );
  assert.deepEqual(told(write({ serviceTier: "scale" })), ["service_tier has no meaning on Bedrock: scale"]);
});

test("what other dialects have is told: what may be left out, and what may not", () => {
  const names = [
    "seed",
    "logit_bias",
    "logprobs",
    "presence_penalty",
    "messages.0.name",
    "audio",
    "something_new",
  ];
  const written = write({ others: names.map((name) => ({ name, value: 1 })) });
  assert.deepEqual(
    written.lost.map(({ name, droppable }) => [name, droppable]),
    names.map((name) => [name, !["audio", "something_new"].includes(name)]),
  );
});

test("one answer is what Converse gives; several cannot be said", () => {
  assert.deepEqual(write({ others: [{ name: "n", value: 1 }] }).lost, []);
  assert.deepEqual(told(write({ others: [{ name: "n", value: 2 }] })), [
    "!n has no place in Converse: it gives one answer",
  ]);
});

test("top_k goes where the family wants it", () => {
  const topK = 20;
  assert.deepEqual(write({ topK }, SONNET_45).body.additionalModelRequestFields, { top_k: 20 });
  assert.deepEqual(write({ topK }, NOVA_PRO).body.additionalModelRequestFields, {
    inferenceConfig: { topK: 20 },
  });
  for (const model of [LLAMA, OPUS_47])
    assert.deepEqual(told(write({ topK }, model)), ["top_k has no place in Converse for this model"]);
});

test("a key for the cache has no place", () => {
  assert.match(told(write({ cacheKey: "k" }))[0] ?? "", /^prompt_cache_key /);
});

test("metadata is of the characters and lengths that the log takes", () => {
  const { body, lost } = write({}, SONNET_45, {
    metadata: { tenant: "acme", "naïve key|": "a\u00e9{b}", "": "x", long: "y".repeat(300) },
  });
  assert.deepEqual(body.requestMetadata, {
    tenant: "acme",
    "na_ve key_": "a__b_",
    _: "x",
    long: "y".repeat(256),
  });
  assert.deepEqual(lost, []);
  assert.equal(write({}).body.requestMetadata, undefined);
});

test("metadata has sixteen entries at most, and the rest is told", () => {
  const metadata = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, "v"]));
  const written = write({}, SONNET_45, { metadata });
  assert.equal(Object.keys(written.body.requestMetadata).length, 16);
  assert.match(told(written)[0] ?? "", /^metadata may have 16 entries/);
});

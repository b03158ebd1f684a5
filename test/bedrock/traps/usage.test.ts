import assert from "node:assert/strict";
import test from "node:test";
import { parseConfig } from "../../../src/config/parse.ts";
import {
  API_KEY,
  callModel,
  CHAT,
  chunksOf,
  converseReply,
  eventsOf,
  HAIKU,
  lastBody,
  onlyRecord,
  OPUS_PROFILE,
  SAY,
  sendJson,
  sendStream,
  startEmulated,
  startScripted,
  streamOf,
  type Any,
  type Scripted,
} from "./support.ts";

const CACHED = { inputTokens: 2, cacheReadInputTokens: 1322, outputTokens: 5, totalTokens: 1329 };

function startUsing(usage: unknown): Promise<Scripted> {
  return startScripted((request, response) =>
    request.path.endsWith("-stream")
      ? sendStream(response, streamOf(undefined, usage))
      : sendJson(response, converseReply([{ text: "one two three" }], { usage })),
  );
}

test("trap 9: cached tokens are part of the prompt to OpenAI's clients, and each is paid once", async () => {
  await using pair = await startUsing(CACHED);
  const wanted = {
    prompt_tokens: 1324,
    completion_tokens: 5,
    total_tokens: 1329,
    prompt_tokens_details: { cached_tokens: 1322 },
  };
  // 2 at 1, 1322 at 0.1 and 5 at 5 dollars a million, in nano-dollars.
  const cost = 2n * 1_000n + 1322n * 100n + 5n * 5_000n;
  const plain = await pair.gateway.chat(CHAT);
  assert.deepEqual(((await plain.json()) as Any).usage, wanted);
  assert.equal((await onlyRecord(pair.gateway)).costNano, cost);
  const { chunks } = await chunksOf(
    await pair.gateway.chat({ ...CHAT, stream: true, stream_options: { include_usage: true } }),
  );
  assert.deepEqual(chunks.at(-1).usage, wanted);
  assert.equal((await onlyRecord(pair.gateway)).costNano, cost);
});

test("trap 9: Bedrock's own clients are told the 2 input tokens that were not cached, and pay the same", async () => {
  await using pair = await startUsing(CACHED);
  const plain = (await (await callModel(pair.gateway, "converse", SAY("hi"))).json()) as Any;
  assert.deepEqual(plain.usage, CACHED);
  const { costNano } = await onlyRecord(pair.gateway);
  const events = await eventsOf(await callModel(pair.gateway, "converse-stream", SAY("hi")));
  assert.deepEqual(events.at(-1)?.json.usage, CACHED);
  assert.equal((await onlyRecord(pair.gateway)).costNano, costNano);
  assert.equal(costNano, 159_200n);
});

test("trap 9: tokens cached for an hour cost twice the input, for five minutes a quarter more", async () => {
  await using pair = await startUsing({
    inputTokens: 2,
    cacheWriteInputTokens: 1_300,
    cacheDetails: [
      { ttl: "1h", inputTokens: 1_000 },
      { ttl: "5m", inputTokens: 300 },
    ],
    outputTokens: 5,
    totalTokens: 1_307,
  });
  await (await pair.gateway.chat(CHAT)).text();
  const record = await onlyRecord(pair.gateway);
  assert.equal(record.costNano, 2n * 1_000n + 1_000n * 2_000n + 300n * 1_250n + 5n * 5_000n);
  assert.equal(record.usage?.inputTokens, 1_302);
  assert.equal(record.usage?.cacheWrite1hInputTokens, 1_000);
});

test("trap 9: what says more of the cache than there is never makes a count or a cost negative", async () => {
  for (const usage of [
    { inputTokens: 0, cacheReadInputTokens: 10, outputTokens: 0, totalTokens: 0 },
    {
      inputTokens: 2,
      cacheWriteInputTokens: 3,
      cacheDetails: [{ ttl: "1h", inputTokens: 99 }],
      outputTokens: 1,
    },
    { inputTokens: 0, outputTokens: 0, totalTokens: -5 },
  ]) {
    await using pair = await startUsing(usage);
    const { usage: told } = (await (await pair.gateway.chat(CHAT)).json()) as Any;
    const counts = JSON.stringify(told).match(/-?\d+/g) ?? [];
    assert.ok(
      counts.every((count) => Number(count) >= 0),
      JSON.stringify(told),
    );
    const record = await onlyRecord(pair.gateway);
    assert.ok(record.costNano >= 0n);
    assert.ok(Object.values(record.usage ?? {}).every((count) => count >= 0));
  }
});

test("trap 14: a request without a limit goes upstream with the target's own, and one with a limit keeps it", async () => {
  await using pair = await startEmulated({ target: ", maxOutputTokens: 321" });
  const { gateway, emulator } = pair;
  const maxTokens = (): unknown => lastBody(emulator).inferenceConfig?.maxTokens;
  for (const stream of [false, true]) {
    const operation = stream ? "converse-stream" : "converse";
    await (await gateway.chat({ ...CHAT, stream })).text();
    assert.equal(maxTokens(), 321);
    await (await callModel(gateway, operation, SAY("hi"))).text();
    assert.equal(maxTokens(), 321);
    await (await gateway.chat({ ...CHAT, stream, max_tokens: 77 })).text();
    assert.equal(maxTokens(), 77);
    await (await callModel(gateway, operation, { ...SAY("hi"), inferenceConfig: { maxTokens: 78 } })).text();
    assert.equal(maxTokens(), 78);
    await (
      await callModel(gateway, operation, { ...SAY("hi"), inferenceConfig: { temperature: 0.5 } })
    ).text();
    assert.equal(maxTokens(), 321);
  }
});

test("trap 14: at the emulator a request without a limit reserves all that the model can give, with one it fits", async () => {
  const script = { quotas: [{ model: "*haiku*", tokensPerMinute: 20_000 }] };
  await using open = await startEmulated({ script });
  const refused = await open.gateway.chat(CHAT);
  assert.equal(refused.status, 429);
  assert.equal(((await refused.json()) as Any).error.code, "rate_limited");
  await using capped = await startEmulated({ script, target: ", maxOutputTokens: 1000" });
  for (let round = 0; round < 5; round++) assert.equal((await capped.gateway.chat(CHAT)).status, 200);
});

test("trap 14: the emulator gives back what was reserved and not used, and takes each output token five times", async () => {
  const now = Date.now();
  await using pair = await startEmulated({
    script: { quotas: [{ model: "*haiku*", tokensPerMinute: 10_000 }] },
    clock: { now: () => now, monotonic: () => performance.now() },
  });
  const ask = async (maxTokens: number): Promise<{ status: number; used: number }> => {
    const reply = await callModel(pair.gateway, "converse", {
      ...SAY("Say 400 words."),
      inferenceConfig: { maxTokens },
    });
    const { usage } = (await reply.json()) as Any;
    return {
      status: reply.status,
      used: usage === undefined ? 0 : usage.inputTokens + usage.outputTokens * 5,
    };
  };
  const { status, used } = await ask(9_000);
  assert.equal(status, 200);
  assert.ok(used > 1_000, `${used} tokens`);
  const left = 10_000 - used;
  assert.equal((await ask(left)).status, 429, "what output counts five times is taken");
  assert.equal((await ask(left - 100)).status, 200, "and the rest of the reservation is given back");
});

test("trap 14: the gateway reserves a pool's tokens and settles them by burndown", {
  todo: "pools are not built yet",
});

const PLACES: Readonly<Record<string, string>> = {
  "anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "global.anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "us.anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "apac.anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0": "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "us.anthropic.claude-opus-4-7": "anthropic.claude-opus-4-7",
  "openai.gpt-oss-120b-1:0": "openai.gpt-oss-120b-1:0",
  [OPUS_PROFILE]: "anthropic.claude-opus-4-7",
  "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-7": "anthropic.claude-opus-4-7",
};

test("trap 18: a bare id, every prefix and every ARN lead to the same model", async () => {
  const ids = Object.keys(PLACES);
  await using pair = await startEmulated({ models: Object.fromEntries(ids.map((id, at) => [`t${at}`, id])) });
  const { gateway, emulator } = pair;
  for (const [at, id] of ids.entries()) {
    // The service counts for base models alone, so the path tells which model was found.
    await (
      await callModel(gateway, "count-tokens", { input: { converse: SAY("hi") } }, { model: `t${at}` })
    ).text();
    assert.equal(emulator.requests().at(-1)?.model, PLACES[id], id);
  }
});

test("trap 18: an id without the suffix of its version is the model that has it", async () => {
  await using pair = await startEmulated({
    models: { opus: "us.anthropic.claude-opus-4-6", old: "us.anthropic.claude-opus-4-6-v1" },
  });
  const { gateway, emulator } = pair;
  for (const model of ["opus", "old"]) {
    emulator.clearRequests();
    await (await gateway.chat({ ...CHAT, model, reasoning_effort: "high", max_tokens: 4_000 })).text();
    const body = lastBody(emulator);
    assert.equal(body.additionalModelRequestFields?.thinking?.type, "adaptive", model);
  }
});

test("trap 18: a target without a price in force is unpriced, and never served for nothing", async () => {
  const yaml = `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "http://127.0.0.1:9", apiKey: "env:BEDROCK_KEY" }
targets:
  free: { provider: aws, model: "${HAIKU}", tier: premium }
`;
  const read = parseConfig(`${yaml}tenants:\n  acme: { tasks: ["*"] }\n`, "test.yaml", {
    env: { BEDROCK_KEY: API_KEY },
    readFile: () => "",
  });
  assert.ok(!read.ok, "a price must be there");
  assert.match(read.faults.join("\n"), /price/);
  await using pair = await startEmulated({
    models: {},
    more: `  later: { provider: aws, model: "${HAIKU}", tier: premium, price: [{ from: "2099-01-01", input: 1, output: 5 }] }\n`,
  });
  const reply = await callModel(pair.gateway, "converse", SAY("hi"), { model: "later" });
  assert.equal(reply.status, 403, await reply.text());
  const record = await onlyRecord(pair.gateway);
  assert.equal(record.code, "unpriced");
  assert.equal(pair.emulator.requests().length, 0);
});

test("trap 18: a regional profile costs a tenth more where AWS's price list says so", {
  todo: "price lists are not built yet",
});

import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  type ContentBlock,
  type ConverseCommandInput,
  type ConverseCommandOutput,
  type TokenUsage,
} from "@aws-sdk/client-bedrock-runtime";
import { asking, NOVA, sdk, SONNET, start, WEATHER } from "./support.ts";

const LONG = "Remember this sentence well. ".repeat(400);
const cachePoint = (ttl?: "5m" | "1h"): ContentBlock.CachePointMember => ({
  cachePoint: { type: "default", ...(ttl !== undefined && { ttl }) },
});

function parts(usage: TokenUsage | undefined): [input: number, read: number, write: number] {
  return [usage?.inputTokens ?? 0, usage?.cacheReadInputTokens ?? 0, usage?.cacheWriteInputTokens ?? 0];
}

test("a prefix is written once and read after that, and the four kinds of tokens add up", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const ask = async (text: string): Promise<TokenUsage | undefined> => {
    const messages: ConverseCommandInput["messages"] = [
      { role: "user", content: [{ text: LONG }, cachePoint(), { text }] },
    ];
    return (await runtime.send(new ConverseCommand({ modelId: SONNET, messages }))).usage;
  };
  const first = await ask("one");
  const [input, read, write] = parts(first);
  assert.ok(write > 1_024 && read === 0 && input < 20);
  assert.equal(first?.totalTokens, input + read + write + (first?.outputTokens ?? 0));
  assert.deepEqual(first?.cacheDetails, [{ ttl: "5m", inputTokens: write }]);
  const second = await ask("two");
  assert.deepEqual(parts(second), [input, write, 0]);
  assert.equal(second?.cacheDetails, undefined);
});

test("a conversation that grows reads what it had and writes what is new", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const send = async (messages: ConverseCommandInput["messages"]) =>
    runtime.send(new ConverseCommand({ modelId: SONNET, messages }));
  const first = await send([{ role: "user", content: [{ text: LONG }, cachePoint()] }]);
  const [, , written] = parts(first.usage);
  const answer = first.output?.message;
  assert.ok(answer);
  // The point moves on; the old one is gone.
  const second = await send([
    { role: "user", content: [{ text: LONG }] },
    answer,
    { role: "user", content: [{ text: "And then? ".repeat(50) }, cachePoint()] },
  ]);
  const [, read, more] = parts(second.usage);
  assert.equal(read, written);
  assert.ok(more > 50 && more < written);
});

test("prefixes below the model's least are not kept, without a word", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  for (const modelId of [SONNET, "us.anthropic.claude-haiku-4-5-20251001-v1:0"]) {
    const text = modelId === SONNET ? "short" : LONG.slice(0, 8_000);
    const messages: ConverseCommandInput["messages"] = [{ role: "user", content: [{ text }, cachePoint()] }];
    for (let time = 0; time < 2; time++) {
      const answer: ConverseCommandOutput = await runtime.send(new ConverseCommand({ modelId, messages }));
      assert.deepEqual(parts(answer.usage).slice(1), [0, 0]);
    }
  }
});

test("what is kept for an hour outlives what is kept for five minutes, and reading renews", async () => {
  let now = Date.now();
  await using emulator = await start({
    open: true,
    clock: { now: () => now, monotonic: () => performance.now() },
  });
  using runtime = sdk(emulator);
  const ask = async (ttl: "5m" | "1h"): Promise<number[]> => {
    const messages: ConverseCommandInput["messages"] = [
      { role: "user", content: [{ text: `${ttl} ${LONG}` }, cachePoint(ttl), { text: "x" }] },
    ];
    return parts((await runtime.send(new ConverseCommand({ modelId: SONNET, messages }))).usage);
  };
  const isHit = ([, read = 0]: number[]): boolean => read > 0;
  await ask("5m");
  await ask("1h");
  now += 4 * 60_000;
  assert.ok(isHit(await ask("5m")));
  now += 4 * 60_000;
  assert.ok(isHit(await ask("5m")), "reading renewed it");
  now += 6 * 60_000;
  assert.ok(!isHit(await ask("5m")));
  assert.ok(isHit(await ask("1h")));
  now += 61 * 60_000;
  assert.ok(!isHit(await ask("1h")));
});

test("tools, system and messages are one prefix; writes are told by their time, 1h before 5m", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const { usage } = await runtime.send(
    new ConverseCommand({
      modelId: SONNET,
      toolConfig: { tools: [{ toolSpec: { ...WEATHER.toolSpec, description: LONG } }, cachePoint("1h")] },
      system: [{ text: LONG }, cachePoint()],
      messages: [{ role: "user", content: [{ text: "x" }] }],
    }),
  );
  assert.deepEqual(
    usage?.cacheDetails?.map(({ ttl }) => ttl),
    ["1h", "5m"],
  );
  const sum = usage?.cacheDetails?.reduce((total, { inputTokens = 0 }) => total + inputTokens, 0);
  assert.equal(sum, usage?.cacheWriteInputTokens);
});

test("nothing is shared between models or profiles", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const messages: ConverseCommandInput["messages"] = [
    { role: "user", content: [{ text: LONG }, cachePoint()] },
  ];
  for (const modelId of [
    SONNET,
    "us.anthropic.claude-sonnet-4-20250514-v1:0",
    SONNET.replace("us.", "global."),
  ]) {
    const answer: ConverseCommandOutput = await runtime.send(new ConverseCommand({ modelId, messages }));
    assert.equal(answer.usage?.cacheReadInputTokens, 0);
  }
});

test("the duplicates that no SDK knows are on the wire; Nova names the cache only where there was a point", async () => {
  await using emulator = await start({ open: true });
  const usageOf = async (modelId: string, body: object): Promise<Record<string, unknown>> => {
    const path = `${emulator.url}/model/${encodeURIComponent(modelId)}/converse`;
    const response = await fetch(path, { method: "POST", body: JSON.stringify(body) });
    return ((await response.json()) as { usage: Record<string, unknown> }).usage;
  };
  const plain = { messages: asking("x").messages };
  const names = [
    "cacheReadInputTokenCount",
    "cacheReadInputTokens",
    "cacheWriteInputTokenCount",
    "cacheWriteInputTokens",
  ];
  const claude = await usageOf(SONNET, plain);
  for (const name of names) assert.equal(claude[name], 0);
  assert.deepEqual(claude["serverToolUsage"], {});
  const nova = await usageOf(NOVA, plain);
  for (const name of names) assert.ok(!(name in nova));
  const cached = await usageOf(NOVA, {
    messages: [{ role: "user", content: [{ text: LONG }, cachePoint()] }],
  });
  assert.equal(cached["cacheWriteInputTokenCount"], cached["cacheWriteInputTokens"]);
  assert.ok(Number(cached["cacheWriteInputTokens"]) > 1_536);
});

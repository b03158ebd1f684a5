import assert from "node:assert/strict";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { ConverseCommand, type ConverseCommandInput } from "@aws-sdk/client-bedrock-runtime";
import { priceAt, savedByCaches } from "../../src/core/usage.ts";
import { roundedDifference } from "../../src/core/money.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { ask } from "../bedrock/clients/converse.ts";
import { startLab, type Lab, type TargetName } from "../bedrock/clients/setup.ts";

/** Longer than the least prefix that any of these models keeps. */
const LONG = "The rules of the house are long and must be read in full. ".repeat(500);
const AUTO = ", promptCache: auto";
const POINT = /"cachePoint"/g;

const weather = {
  type: "function",
  function: {
    name: "weather",
    description: "Tells the weather.",
    parameters: { type: "object", properties: {} },
  },
} as const;

async function recordOf(lab: Lab, response: Response): Promise<ExchangeRecord> {
  return lab.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
}

async function chat(lab: Lab, model: TargetName, turns: readonly string[]): Promise<Response> {
  const messages = turns.map((content, index) => ({ role: index % 2 === 0 ? "user" : "assistant", content }));
  const system = { role: "system", content: LONG };
  return lab.gateway.chat({ model, max_tokens: 50, messages: [system, ...messages], tools: [weather] });
}

function lastBody(lab: Lab): string {
  return lab.emulator.requests().at(-1)?.body.toString() ?? "";
}

/** What the record says that caches saved, by the target's own price. */
function savedBy(lab: Lab, record: ExchangeRecord): bigint {
  const price = priceAt(
    lab.gateway.gateway.snapshot.targets.get(record.target ?? "")?.prices ?? [],
    Date.now(),
  );
  assert.ok(price !== undefined && record.usage !== undefined);
  return roundedDifference(savedByCaches(record.usage, price));
}

test("a conversation whose client marks nothing is written to the cache once and read at its next turn", async () => {
  await using lab = await startLab({ more: { claude: AUTO } });
  const first = await recordOf(lab, await chat(lab, "claude", ["Hello"]));
  assert.equal(lastBody(lab).match(POINT)?.length, 3, "tools, system and the last message");
  assert.ok((first.usage?.cacheWriteInputTokens ?? 0) > 4_000);
  assert.ok(first.cacheSavedNano < 0n, "writing costs more than plain input");
  const second = await recordOf(lab, await chat(lab, "claude", ["Hello", "Hi", "Go on"]));
  assert.ok((second.usage?.cachedInputTokens ?? 0) > 4_000);
  assert.ok(second.cacheSavedNano > 0n);
  for (const record of [first, second]) assert.equal(record.cacheSavedNano, savedBy(lab, record));
});

test("without it nothing is marked, and nothing is saved", async () => {
  await using lab = await startLab();
  for (const turns of [["Hello"], ["Hello", "Hi", "Go on"]]) {
    const record = await recordOf(lab, await chat(lab, "claude", turns));
    assert.doesNotMatch(lastBody(lab), POINT);
    assert.equal(record.cacheSavedNano, 0n);
    assert.equal(record.usage?.cachedInputTokens, 0);
  }
});

test("a model without a cache by request gets no marks and is not refused for it", async () => {
  await using lab = await startLab({ more: { llama: AUTO } });
  const reply = await chat(lab, "llama", ["Hello"]);
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("x-switchyard-dropped-params"), null);
  assert.doesNotMatch(lastBody(lab), POINT);
});

test("a model that takes no marks among its tools gets them elsewhere", async () => {
  await using lab = await startLab({ more: { nova: AUTO } });
  assert.equal((await chat(lab, "nova", ["Hello"])).status, 200);
  const { toolConfig } = JSON.parse(lastBody(lab)) as { toolConfig: object };
  assert.doesNotMatch(JSON.stringify(toolConfig), POINT);
  assert.match(lastBody(lab), POINT);
});

const converse = {
  system: [{ text: LONG }],
  messages: ask("Hello"),
  inferenceConfig: { maxTokens: 50 },
} satisfies Omit<ConverseCommandInput, "modelId">;

test("a Converse request that passes is marked, too, and is as it came otherwise", async () => {
  await using lab = await startLab({ more: { claude: AUTO } });
  const aws = lab.aws();
  for (const isFirst of [true, false]) {
    const { usage } = await aws.client.send(new ConverseCommand({ modelId: "claude", ...converse }));
    assert.ok(((isFirst ? usage?.cacheWriteInputTokens : usage?.cacheReadInputTokens) ?? 0) > 4_000);
  }
  const { system, messages, inferenceConfig } = JSON.parse(lastBody(lab)) as typeof converse;
  const point = { cachePoint: { type: "default" } };
  assert.deepEqual(system, [...converse.system, point]);
  assert.deepEqual(messages, [{ role: "user", content: [{ text: "Hello" }, point] }]);
  assert.deepEqual(inferenceConfig, converse.inferenceConfig);
});

test("a client's own marks are left alone, wherever they are", async () => {
  await using lab = await startLab({ more: { claude: AUTO } });
  const aws = lab.aws();
  const own = { ...converse, system: [...converse.system, { cachePoint: { type: "default" as const } }] };
  await aws.client.send(new ConverseCommand({ modelId: "claude", ...own }));
  assert.equal(lastBody(lab).match(POINT)?.length, 1);
  const marked = [{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }];
  await lab.gateway.chat({ model: "claude", max_tokens: 50, messages: [{ role: "user", content: marked }] });
  assert.ok((lastBody(lab).match(POINT)?.length ?? 0) <= 1);
});

test("Anthropic's clients on Bedrock's Claude are marked in the model's own form", async () => {
  await using lab = await startLab({ more: { claude: AUTO } });
  const client = new Anthropic({
    baseURL: `${lab.gateway.url}/anthropic`,
    apiKey: lab.gateway.key,
    maxRetries: 0,
  });
  const request = { model: "claude", max_tokens: 50, system: LONG } as const;
  for (const isFirst of [true, false]) {
    const { usage } = await client.messages.create({
      ...request,
      messages: [{ role: "user", content: "Hello" }],
    });
    assert.ok(((isFirst ? usage.cache_creation_input_tokens : usage.cache_read_input_tokens) ?? 0) > 4_000);
  }
  assert.match(lastBody(lab), /"cache_control":\{"type":"ephemeral"\}/);
});

test("marks that a model has no use for are left out and told, and never refused", async () => {
  await using lab = await startLab();
  const marked = [{ type: "text", text: "Hello", cache_control: { type: "ephemeral", ttl: "1h" } }];
  for (const model of ["llama", "nova"] as const) {
    const reply = await lab.gateway.chat({
      model,
      max_tokens: 50,
      messages: [{ role: "user", content: marked }],
    });
    assert.equal(reply.status, 200, await reply.text());
    assert.equal(reply.headers.get("x-switchyard-dropped-params"), "cache_control");
  }
});

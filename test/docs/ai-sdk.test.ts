import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import test from "node:test";
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  APICallError,
  embed,
  generateText,
  stepCountIs,
  streamText,
  tool,
  wrapEmbeddingModel,
  wrapLanguageModel,
} from "ai";
import * as z from "zod";
import { switchyardContext, switchyardReply, type SwitchyardWords } from "../../src/ai-sdk/index.ts";
import { until } from "../support/gateway.ts";
import { startLab, type Lab } from "./lab.ts";

/** switchyard/ai-sdk with the providers that applications use, against a real gateway. */

type Model = Parameters<typeof wrapLanguageModel>[0]["model"];

function compatible(lab: Lab): (name: string) => Model {
  return createOpenAICompatible({
    name: "switchyard",
    baseURL: `${lab.gateway.url}/v1`,
    apiKey: lab.gateway.key,
  });
}

function wrapped(model: Model, words: SwitchyardWords): Model {
  return wrapLanguageModel({ model, middleware: switchyardContext(words) });
}

const WORDS = {
  user: "u-17",
  app: "helpdesk",
  feature: "Zoë's chat",
  workflow: "tickets",
  journey: "ticket-4711",
  task: "support.answer",
  latency: "batch",
  sensitivity: "internal",
  budget: "0.05",
  prompt: "greeting@3",
} as const;

for (const [name, modelOf] of Object.entries({
  "openai-compatible": (lab: Lab) => compatible(lab)("any"),
  "openai, responses": (lab: Lab) => createOpenAI(at(lab, "/v1"))("any"),
  anthropic: (lab: Lab) => createAnthropic(at(lab, "/anthropic/v1"))("any"),
  "amazon-bedrock": (lab: Lab) => createAmazonBedrock({ ...at(lab, ""), region: "us-east-1" })("any"),
}))
  test(`every word reaches the record, plain and streamed: ${name}`, async () => {
    await using lab = await startLab();
    const model = wrapped(modelOf(lab), WORDS);
    const whole = await generateText({ model, prompt: "Hello", maxRetries: 0 });
    const stream = streamText({ model, prompt: "Hello", maxRetries: 0 });
    await stream.consumeStream();
    const replies = [switchyardReply(whole), switchyardReply(await stream.response)];
    for (const { exchange, target, attempts } of replies) {
      const record = await lab.gateway.record(exchange ?? "");
      assert.deepEqual({ ...record.context, tenant: undefined }, { ...WORDS, tenant: undefined });
      assert.equal(record.target, target);
      assert.equal(attempts, 1);
    }
    assert.equal(replies[0]?.costUsd, "0.0000024");
    assert.equal(replies[1]?.costUsd, undefined);
    assert.deepEqual(lab.gateway.bugs, []);
  });

function at(lab: Lab, path: string): { baseURL: string; apiKey: string } {
  return { baseURL: lab.gateway.url + path, apiKey: lab.gateway.key };
}

test("requests at the same time have each their own words, from an AsyncLocalStorage", async () => {
  await using lab = await startLab();
  const session = new AsyncLocalStorage<string>();
  const model = wrapped(compatible(lab)("small"), { user: () => session.getStore() });
  const users = Array.from({ length: 10 }, (_, index) => `u-${index}`);
  const replies = await Promise.all(
    users.map((user) => session.run(user, () => generateText({ model, prompt: "Hello" }))),
  );
  for (const [index, reply] of replies.entries()) {
    const record = await lab.gateway.record(switchyardReply(reply).exchange ?? "");
    assert.equal(record.context?.user, users[index]);
  }
});

test("the steps of a loop of tools are exchanges of one journey", async () => {
  await using lab = await startLab();
  const result = await generateText({
    model: wrapped(compatible(lab)("small"), { journey: "ticket-4711" }),
    prompt: "How is the weather?",
    tools: { get_weather: tool({ inputSchema: z.object({ city: z.string() }), execute: () => "21 °C" }) },
    stopWhen: stepCountIs(3),
  });
  const exchanges = result.steps.map((step) => switchyardReply(step).exchange);
  assert.equal(new Set(exchanges).size, 2);
  assert.equal(switchyardReply(result).exchange, exchanges[1]);
  for (const id of exchanges)
    assert.equal((await lab.gateway.record(id ?? "")).context?.journey, "ticket-4711");
});

test("a header of the call wins", async () => {
  await using lab = await startLab();
  const model = wrapped(compatible(lab)("small"), { user: "model", feature: "chat" });
  const result = await generateText({ model, prompt: "Hello", headers: { "X-Switchyard-User": "call" } });
  const record = await lab.gateway.record(switchyardReply(result).exchange ?? "");
  assert.equal(record.context?.user, "call");
  assert.equal(record.context.feature, "chat");
});

test("an embedding model takes the same middleware", async () => {
  await using lab = await startLab();
  const model = wrapEmbeddingModel({
    model: createOpenAI(at(lab, "/v1")).embedding("titan"),
    middleware: switchyardContext({ feature: "search" }),
  });
  const { response } = await embed({ model, value: "red apples" });
  const record = await lab.gateway.record(switchyardReply(response ?? {}).exchange ?? "");
  assert.equal(record.context?.feature, "search");
});

test("an error tells its exchange, and a budget that does not suffice is asked for once", async () => {
  await using lab = await startLab();
  const model = wrapped(compatible(lab)("claude"), { budget: "0.000001" });
  const error: unknown = await generateText({ model, prompt: "Hello" }).catch((thrown: unknown) => thrown);
  assert.ok(APICallError.isInstance(error));
  assert.equal(error.statusCode, 402);
  const { exchange, costUsd } = switchyardReply(error);
  assert.equal(costUsd, undefined);
  await until(() => lab.gateway.records.some(({ id }) => id === exchange));
  assert.equal(lab.gateway.records.length, 1);
});

test("an impossible value is an error before anything is sent", async () => {
  await using lab = await startLab();
  const model = wrapped(compatible(lab)("small"), { budget: () => "much" });
  await assert.rejects(generateText({ model, prompt: "Hello" }), {
    name: "TypeError",
    message: /budget: write/,
  });
  assert.deepEqual(lab.gateway.records, []);
});

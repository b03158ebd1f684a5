import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ConverseCommandInput,
} from "@aws-sdk/client-bedrock-runtime";
import { plain } from "../../support/engine.ts";
import { assemble, ask } from "./converse.ts";
import { costOf, startLab, type Tokens } from "./setup.ts";

/** The AWS SDK against the gateway: what is kept in a prompt cache, and what that costs. */

/** Longer than the least that Claude and Nova keep. */
const LONG = "The rules of the house are long and must be read in full. ".repeat(200);

function cached(modelId: string, ttl?: "5m" | "1h"): ConverseCommandInput {
  return {
    modelId,
    system: [{ text: LONG }, { cachePoint: { type: "default", ...(ttl !== undefined && { ttl }) } }],
    messages: ask("Hello"),
  };
}

test("what is written to the cache and read from it is no input, and each has its price", async () => {
  for (const modelId of ["claude", "nova"] as const) {
    await using lab = await startLab();
    const aws = lab.aws();
    for (const isFirst of [true, false]) {
      const { usage } = await aws.client.send(new ConverseCommand(cached(modelId)));
      const { inputTokens = 0, outputTokens = 0, cacheReadInputTokens, cacheWriteInputTokens } = usage ?? {};
      const kept = (isFirst ? cacheWriteInputTokens : cacheReadInputTokens) ?? 0;
      assert.ok(kept > 1_500, `${modelId}: ${kept}`);
      assert.equal(isFirst ? cacheReadInputTokens : cacheWriteInputTokens, 0);
      assert.ok(inputTokens < 50);
      assert.equal(usage?.totalTokens, inputTokens + kept + outputTokens);
      const record = await aws.record();
      assert.equal(record.costNano, costOf(modelId, usage));
      assert.deepEqual(record.usage, {
        inputTokens: inputTokens + kept,
        cachedInputTokens: isFirst ? 0 : kept,
        cacheWriteInputTokens: isFirst ? kept : 0,
        outputTokens,
        reasoningTokens: 0,
      });
    }
  }
});

test("an hour's cache has its own price, plain and streaming", async () => {
  for (const streaming of [false, true]) {
    await using lab = await startLab();
    const aws = lab.aws();
    const request = cached("claude", "1h");
    const usage = streaming
      ? (await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream)).usage
      : (await aws.client.send(new ConverseCommand(request))).usage;
    const hour = usage?.cacheDetails?.find(({ ttl }) => ttl === "1h")?.inputTokens ?? 0;
    assert.ok(hour > 1_500);
    assert.equal(hour, usage?.cacheWriteInputTokens);
    const record = await aws.record();
    assert.equal(record.costNano, costOf("claude", { ...usage, hour }));
    assert.notEqual(record.costNano, costOf("claude", usage ?? {}));
    assert.equal(record.usage?.cacheWrite1hInputTokens, hour);
  }
});

test("an hour and five minutes in one request are each charged for what they kept", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const { usage } = await aws.client.send(
    new ConverseCommand({
      modelId: "claude",
      system: [{ text: LONG }, { cachePoint: { type: "default", ttl: "1h" } }],
      messages: [{ role: "user", content: [{ text: `${LONG} Hello` }, { cachePoint: { type: "default" } }] }],
    }),
  );
  const details = Object.fromEntries(
    (usage?.cacheDetails ?? []).map(({ ttl, inputTokens }) => [ttl, inputTokens ?? 0]),
  );
  const { "1h": hour = 0, "5m": minutes = 0 } = details;
  assert.ok(hour > 1_500 && minutes > 1_500, JSON.stringify(details));
  assert.equal(hour + minutes, usage?.cacheWriteInputTokens);
  const expected =
    BigInt(usage?.inputTokens ?? 0) * 3_300n +
    BigInt(usage?.outputTokens ?? 0) * 16_500n +
    BigInt(hour) * 6_600n +
    BigInt(minutes) * 4_125n;
  assert.equal((await aws.record()).costNano, expected);
});

interface MessagesUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_creation?: { readonly ephemeral_1h_input_tokens: number };
}

function tokensOf(usage: MessagesUsage): Tokens {
  return {
    inputTokens: usage.input_tokens,
    outputTokens: usage.output_tokens,
    cacheReadInputTokens: usage.cache_read_input_tokens,
    cacheWriteInputTokens: usage.cache_creation_input_tokens,
    hour: usage.cache_creation?.ephemeral_1h_input_tokens ?? 0,
  };
}

function invocation(ttl: "5m" | "1h"): { modelId: string; body: string } {
  return {
    modelId: "claude",
    body: JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 100,
      system: [{ type: "text", text: LONG, cache_control: { type: "ephemeral", ttl } }],
      messages: [{ role: "user", content: "Hello" }],
    }),
  };
}

test("the cache costs the same by InvokeModel, an hour's and five minutes'", async () => {
  for (const ttl of ["5m", "1h"] as const) {
    await using lab = await startLab();
    const aws = lab.aws();
    for (const isFirst of [true, false]) {
      const reply = await aws.client.send(new InvokeModelCommand(invocation(ttl)));
      const { usage } = JSON.parse(reply.body.transformToString()) as { usage: MessagesUsage };
      const tokens = tokensOf(usage);
      assert.ok(((isFirst ? tokens.cacheWriteInputTokens : tokens.cacheReadInputTokens) ?? 0) > 1_500);
      assert.equal(tokens.hour, isFirst && ttl === "1h" ? tokens.cacheWriteInputTokens : 0);
      assert.equal((await aws.record()).costNano, costOf("claude", tokens));
    }
  }
});

test("the cache costs the same by InvokeModel's stream, an hour's and five minutes'", async () => {
  for (const ttl of ["5m", "1h"] as const) {
    await using lab = await startLab();
    const aws = lab.aws();
    for (const isFirst of [true, false]) {
      const reply = await aws.client.send(new InvokeModelWithResponseStreamCommand(invocation(ttl)));
      const events = (await Array.fromAsync(reply.body ?? [])).map(
        ({ chunk }) =>
          JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as {
            message?: { usage: MessagesUsage };
            usage?: { output_tokens: number };
          },
      );
      const begin = events.find(({ message }) => message !== undefined)?.message?.usage;
      const end = events.find(({ usage }) => usage !== undefined)?.usage;
      assert.ok(begin !== undefined && end !== undefined);
      const tokens = tokensOf({ ...begin, output_tokens: end.output_tokens });
      assert.ok(((isFirst ? tokens.cacheWriteInputTokens : tokens.cacheReadInputTokens) ?? 0) > 1_500);
      assert.equal((await aws.record()).costNano, costOf("claude", tokens), `${ttl} ${isFirst}`);
    }
  }
});

test("an engine's cached tokens are no input for the SDK, and cost what the engine's target says", async () => {
  await using lab = await startLab({ more: {} });
  const aws = lab.aws();
  lab.engine.script = (_request, response) =>
    plain(
      response,
      200,
      JSON.stringify({
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
        usage: {
          prompt_tokens: 1_324,
          completion_tokens: 5,
          total_tokens: 1_329,
          prompt_tokens_details: { cached_tokens: 1_322 },
        },
      }),
    );
  const { usage } = await aws.client.send(new ConverseCommand(cached("engine")));
  assert.equal(usage?.inputTokens, 2);
  assert.equal(usage.cacheReadInputTokens, 1_322);
  assert.equal(usage.outputTokens, 5);
  assert.equal(usage.totalTokens, 1_329);
  assert.equal((await aws.record()).costNano, 1_324n * 1_000n + 5n * 2_000n);
  assert.doesNotMatch(lab.engine.lastBody, /cachePoint|cache_control/);
});

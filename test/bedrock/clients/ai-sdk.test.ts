import assert from "node:assert/strict";
import test from "node:test";
import { createAmazonBedrock, type AmazonBedrockProvider } from "@ai-sdk/amazon-bedrock";
import { APICallError, generateText, Output, stepCountIs, streamText, tool, embedMany } from "ai";
import * as z from "zod";
import { costOf, modelOf, PDF, PNG, startLab, type Lab, type TargetName } from "./setup.ts";

/** Vercel's AI SDK with its own client of Bedrock, which signs and reads event streams in its own way, over fetch. */

function provider(lab: Lab, kind: "key" | "pair"): AmazonBedrockProvider {
  return createAmazonBedrock({
    region: "eu-central-1",
    baseURL: lab.gateway.url,
    // A key in the environment would win over the pair.
    ...(kind === "key" ? { apiKey: lab.gateway.key } : lab.pair()),
  });
}

function nameOf(target: TargetName): string {
  return target === "claude" || target === "nova" ? modelOf(target) : target;
}

const TARGETS = ["claude", "nova", "sim", "engine"] as const satisfies TargetName[];
const OFF = { maxRetries: 0 };

const tools = {
  get_weather: tool({
    description: "Tells the weather.",
    inputSchema: z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]) }),
    execute: async ({ city, unit }) => `21 ${unit} in ${city}`,
  }),
  get_time: tool({
    description: "Tells the time.",
    inputSchema: z.object({ city: z.string() }),
    execute: async () => ({ hour: 12 }),
  }),
};

for (const kind of ["key", "pair"] as const)
  test(`generateText and streamText have text, finish and tokens with a ${kind}, and are charged for them`, async () => {
    await using lab = await startLab();
    const bedrock = provider(lab, kind);
    let count = 0;
    for (const target of TARGETS) {
      const request = { model: bedrock(nameOf(target)), prompt: "Hello", ...OFF };
      const whole = await generateText(request);
      const stream = streamText(request);
      let text = "";
      for await (const piece of stream.textStream) text += piece;
      for (const [index, answer] of [
        { text: whole.text, finish: whole.finishReason, usage: whole.usage },
        { text, finish: await stream.finishReason, usage: await stream.usage },
      ].entries()) {
        assert.notEqual(answer.text, "", target);
        assert.equal(answer.finish, "stop", target);
        await lab.last(count + 2);
        const record = lab.gateway.records[count + index];
        assert.equal(record?.target, target);
        assert.equal(record.status, "answered");
        const { inputTokens, outputTokens } = answer.usage;
        assert.equal(record.costNano, costOf(target, { inputTokens, outputTokens }), target);
      }
      count += 2;
    }
    assert.deepEqual(lab.gateway.bugs, []);
  });

test("a loop of tools runs to its end, plain and streamed", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "pair");
  for (const target of ["claude", "nova", "sim"] as const) {
    const request = {
      model: bedrock(nameOf(target)),
      prompt: "Use get_weather and get_time",
      tools,
      stopWhen: stepCountIs(3),
      ...OFF,
    };
    const whole = await generateText(request);
    const stream = streamText(request);
    let text = "";
    for await (const piece of stream.textStream) text += piece;
    for (const steps of [whole.steps, await stream.steps]) {
      assert.equal(steps.length, 2, target);
      assert.deepEqual(
        steps[0]?.toolCalls.map(({ toolName }) => toolName),
        ["get_weather", "get_time"],
        target,
      );
      assert.equal(steps[0].finishReason, "tool-calls");
      assert.equal(steps[1]?.finishReason, "stop");
    }
    assert.notEqual(whole.text, "");
    assert.notEqual(text, "");
  }
});

test("an object of a schema comes out, plain and streamed", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "pair");
  const schema = z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]) });
  for (const target of ["claude", "nova", "sim"] as const) {
    const request = {
      model: bedrock(nameOf(target)),
      prompt: "Where?",
      output: Output.object({ schema }),
      ...OFF,
    };
    const { output } = await generateText(request);
    const stream = streamText(request);
    for await (const _ of stream.textStream);
    for (const place of [output, await stream.output]) {
      assert.equal(typeof place.city, "string", target);
      assert.ok(place.unit === "celsius" || place.unit === "fahrenheit");
    }
  }
});

test("images and files reach the model", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "key");
  for (const target of ["claude", "engine"] as const) {
    const { text } = await generateText({
      model: bedrock(nameOf(target)),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Look." },
            { type: "file", data: PNG, mediaType: "image/png" },
            { type: "file", data: PDF, mediaType: "application/pdf", filename: "report.pdf" },
          ],
        },
      ],
      ...OFF,
    });
    assert.notEqual(text, "", target);
  }
  assert.match(JSON.stringify(lab.sent()), /"format":"pdf"/);
  assert.match(lab.engine.lastBody, /data:image\/png;base64,.*data:application\/pdf;base64,/s);
});

test("thoughts come out and go round with the calls that they led to", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "pair");
  const request = {
    model: bedrock(nameOf("claude")),
    prompt: "Use get_weather",
    tools,
    stopWhen: stepCountIs(3),
    providerOptions: { bedrock: { reasoningConfig: { type: "enabled", budgetTokens: 1_024 } } },
    ...OFF,
  } as const;
  const whole = await generateText(request);
  const stream = streamText(request);
  for await (const _ of stream.textStream);
  for (const steps of [whole.steps, await stream.steps]) {
    assert.equal(steps.length, 2);
    assert.notEqual(steps[0]?.reasoningText ?? "", "");
  }
});

test("the cache's tokens are told and charged", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "pair");
  const system = "The rules of the house are long and must be read in full. ".repeat(200);
  for (const count of [1, 2]) {
    const { usage } = await generateText({
      model: bedrock(nameOf("claude")),
      instructions: {
        role: "system",
        content: system,
        providerOptions: { bedrock: { cachePoint: { type: "default" } } },
      },
      prompt: "Hello",
      ...OFF,
    });
    const details = usage.inputTokenDetails;
    const { cacheReadTokens, cacheWriteTokens, noCacheTokens } = details;
    assert.ok(((count === 1 ? cacheWriteTokens : cacheReadTokens) ?? 0) > 1_500, JSON.stringify(usage));
    const record = await lab.last(count);
    assert.equal(
      record.costNano,
      costOf("claude", {
        inputTokens: noCacheTokens,
        outputTokens: usage.outputTokens,
        cacheReadInputTokens: cacheReadTokens,
        cacheWriteInputTokens: cacheWriteTokens,
      }),
    );
  }
});

test("embeddings by InvokeModel pass to Bedrock as the SDK writes them", async () => {
  await using lab = await startLab();
  const bedrock = provider(lab, "pair");
  for (const target of ["titan", "cohere3"] as const) {
    const { embeddings } = await embedMany({
      model: bedrock.embedding(modelOf(target)),
      values: ["one text", "another text"],
      ...OFF,
    });
    assert.deepEqual(
      embeddings.map(({ length }) => length),
      [1_024, 1_024],
    );
  }
  assert.ok(lab.gateway.records.every(({ status, costNano }) => status === "answered" && costNano > 0n));
});

test("failures are APICallErrors with their status, and those worth a repeat say so", async () => {
  await using lab = await startLab();
  const model = provider(lab, "pair")(nameOf("claude"));
  for (const [exception, status, repeatable] of [
    ["ThrottlingException", 429, true],
    ["AccessDeniedException", 500, true],
    ["ValidationException", 400, false],
    ["ResourceNotFoundException", 404, false],
  ] as const) {
    lab.faults({ kind: "error", exception });
    await assert.rejects(generateText({ model, prompt: "Hello", ...OFF }), (error) => {
      assert.ok(APICallError.isInstance(error), String(error));
      assert.equal(error.statusCode, status, exception);
      assert.equal(error.isRetryable, repeatable, exception);
      return true;
    });
  }
  lab.faults();
  const stranger = createAmazonBedrock({
    region: "eu-central-1",
    baseURL: lab.gateway.url,
    apiKey: "sy-wrong",
  });
  await assert.rejects(generateText({ model: stranger("claude"), prompt: "Hello", ...OFF }), {
    statusCode: 403,
  });
});

test("a stream that breaks in any way is told as an error, not as a normal end", async () => {
  await using lab = await startLab();
  const model = provider(lab, "pair")(nameOf("claude"));
  for (const fault of [
    { kind: "cut", at: "before-message-stop" },
    { kind: "cut", at: "before-metadata" },
    { kind: "cut", at: "inside-frame" },
    { kind: "cut", at: 3 },
    { kind: "damage", afterFrames: 3 },
    { kind: "exception", exception: "throttlingException", afterFrames: 3 },
    { kind: "exception", exception: "modelStreamErrorException", afterFrames: 3 },
    // What no stream of ConverseStream may hold by its model is skipped by this client, whatever it says.
    { kind: "error-frame", code: "InternalFailure", message: "no", afterFrames: 3 },
    { kind: "exception", exception: "modelTimeoutException", afterFrames: 3 },
    { kind: "exception", exception: "newException", afterFrames: 3 },
  ] as const) {
    lab.faults(fault);
    const errors: unknown[] = [];
    const stream = streamText({
      model,
      prompt: "Say 60 words",
      onError: ({ error }) => void errors.push(error),
      ...OFF,
    });
    const parts = await Array.fromAsync(stream.fullStream);
    const what = JSON.stringify(fault);
    assert.ok(errors.length > 0 && parts.some(({ type }) => type === "error"), what);
    assert.equal((await lab.last()).status, "failed", what);
  }
});

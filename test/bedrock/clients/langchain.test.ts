import assert from "node:assert/strict";
import test from "node:test";
import { ChatBedrockConverse, type ChatBedrockConverseInput } from "@langchain/aws";
import {
  AIMessageChunk,
  HumanMessage,
  SystemMessage,
  ToolMessage,
  type AIMessage,
  type BaseMessage,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import * as z from "zod";
import { costOf, modelOf, PDF, PNG, startLab, type Lab, type TargetName } from "./setup.ts";

/** LangChain's ChatBedrockConverse with a client whose endpoint is the gateway's: HTTP/2 and signatures. */

function model(
  lab: Lab,
  target: TargetName,
  more: Partial<ChatBedrockConverseInput> = {},
): ChatBedrockConverse {
  return new ChatBedrockConverse({
    model: target === "claude" || target === "nova" ? modelOf(target) : target,
    region: "eu-central-1",
    client: lab.aws({ credentials: lab.pair() }).client,
    maxRetries: 0,
    ...more,
  });
}

const getWeather = tool(({ city }: { city: string }) => `21 °C in ${city}`, {
  name: "get_weather",
  description: "Tells the weather.",
  schema: z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]) }),
});
const getTime = tool(() => "noon", {
  name: "get_time",
  description: "Tells the time.",
  schema: z.object({ city: z.string() }),
});

const TARGETS = ["claude", "nova", "sim", "engine"] as const satisfies TargetName[];

async function streamed(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of stream) whole = whole === undefined ? chunk : whole.concat(chunk);
  return whole ?? assert.fail("nothing came");
}

test("an answer has its text and tokens, plain and streamed, and is charged for them", async () => {
  await using lab = await startLab();
  let count = 0;
  for (const target of TARGETS) {
    const llm = model(lab, target);
    const messages = [new SystemMessage("Be brief."), new HumanMessage("Hello")];
    for (const streaming of [false, true]) {
      const message = streaming ? await streamed(await llm.stream(messages)) : await llm.invoke(messages);
      assert.notEqual(message.text, "", target);
      const record = await lab.last(++count);
      assert.equal(record.target, target);
      assert.equal(record.status, "answered");
      assert.equal(record.estimated, false);
      const { input_tokens: inputTokens, output_tokens: outputTokens } =
        message.usage_metadata ?? assert.fail(`${target} tells its tokens`);
      assert.equal(record.costNano, costOf(target, { inputTokens, outputTokens }));
    }
  }
  assert.deepEqual(lab.gateway.bugs, []);
});

for (const streaming of [false, true])
  test(`tools are called in parallel and their results go round, ${streaming ? "streamed" : "plain"}`, async () => {
    await using lab = await startLab();
    for (const target of ["claude", "nova", "sim"] as const) {
      const llm = model(lab, target).bindTools([getWeather, getTime]);
      const messages: BaseMessage[] = [new HumanMessage("Use get_weather and get_time")];
      const first: AIMessage | AIMessageChunk = streaming
        ? await streamed(await llm.stream(messages))
        : await llm.invoke(messages);
      assert.deepEqual(
        first.tool_calls?.map(({ name }) => name),
        ["get_weather", "get_time"],
        target,
      );
      messages.push(first);
      for (const call of first.tool_calls ?? []) {
        messages.push(new ToolMessage({ content: `${call.name} is 21`, tool_call_id: call.id ?? "" }));
      }
      const next = streaming ? await streamed(await llm.stream(messages)) : await llm.invoke(messages);
      assert.notEqual(next.text, "", target);
      assert.deepEqual(next.tool_calls ?? [], []);
    }
  });

test("structured output is an object of its schema", async () => {
  await using lab = await startLab();
  const schema = z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]) });
  for (const target of ["claude", "nova", "sim"] as const) {
    const llm = model(lab, target, { supportsToolChoiceValues: ["auto", "any", "tool"] });
    const place = await llm.withStructuredOutput(schema, { name: "place" }).invoke("Where?");
    assert.equal(typeof place.city, "string", target);
    assert.ok(place.unit === "celsius" || place.unit === "fahrenheit");
  }
});

test("images and documents reach the model", async () => {
  await using lab = await startLab();
  const message = new HumanMessage({
    content: [
      { type: "text", text: "Look." },
      { type: "image_url", image_url: { url: `data:image/png;base64,${PNG.toString("base64")}` } },
      { type: "document", document: { format: "pdf", name: "report", source: { bytes: PDF } } },
    ],
  });
  assert.notEqual((await model(lab, "claude").invoke([message])).text, "");
  assert.match(JSON.stringify(lab.sent()), new RegExp(PNG.toString("base64").slice(0, 40)));
  await model(lab, "engine").invoke([message]);
  assert.match(lab.engine.lastBody, /data:application\/pdf;base64,/);
});

test("thoughts go round with the calls that they led to", async () => {
  await using lab = await startLab();
  const llm = model(lab, "claude", {
    maxTokens: 4_000,
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
  }).bindTools([getWeather]);
  for (const streaming of [false, true]) {
    const messages: BaseMessage[] = [new HumanMessage("Use get_weather")];
    const first = streaming ? await streamed(await llm.stream(messages)) : await llm.invoke(messages);
    const [call] = first.tool_calls ?? [];
    messages.push(first, new ToolMessage({ content: "21", tool_call_id: call?.id ?? "" }));
    assert.notEqual((await llm.invoke(messages)).text, "");
  }
});

test("failures before and in mid-stream are errors by the names that AWS gave them", async () => {
  await using lab = await startLab();
  const llm = model(lab, "claude");
  lab.faults({ kind: "error", exception: "ThrottlingException" });
  await assert.rejects(llm.invoke("Hello"), { name: "ThrottlingException" });
  await assert.rejects(async () => streamed(await llm.stream("Hello")), { name: "ThrottlingException" });
  lab.faults({ kind: "error", exception: "AccessDeniedException" });
  await assert.rejects(llm.invoke("Hello"), { name: "InternalServerException" });
  for (const fault of [
    { kind: "cut", at: "before-message-stop" },
    { kind: "cut", at: "before-metadata" },
    { kind: "cut", at: 3 },
    { kind: "exception", exception: "serviceUnavailableException", afterFrames: 3 },
  ] as const) {
    lab.faults(fault);
    await assert.rejects(async () => streamed(await llm.stream("Say 60 words")), {
      name: /InternalServerException|ServiceUnavailableException/,
    });
  }
  const credentials = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "nothing" };
  const stranger = model(lab, "claude", { client: lab.aws({ credentials }).client });
  await assert.rejects(stranger.invoke("Hello"), { name: "UnrecognizedClientException" });
});

import assert from "node:assert/strict";
import test from "node:test";
import { writeEvent } from "../../src/core/event-stream.ts";
import { openStream, part, useCredentials } from "../sagemaker/endpoint.ts";
import { plain, sse, type Script } from "../support/engine.ts";
import { answerJson, event } from "../triton/server.ts";
import { leaveAfter, nano, startTill } from "./setup.ts";

// Bedrock's Claude for Anthropic's clients, SageMaker and Triton: what was generated is charged, however it ends.

useCredentials();

const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const HELLO = { model: "first", max_tokens: 50, messages: [{ role: "user", content: "Say something." }] };
const BEDROCK = 'kind: bedrock, region: us-east-1, apiKey: "env:KEY"';

function chunk(value: object): Buffer {
  return writeEvent(
    "chunk",
    JSON.stringify({ bytes: Buffer.from(JSON.stringify(value)).toString("base64") }),
  );
}

/** The beginning of a stream of InvokeModel on a Claude. */
const BEGINNING = Buffer.concat([
  chunk({
    type: "message_start",
    message: {
      role: "assistant",
      content: [],
      usage: {
        input_tokens: 2,
        cache_read_input_tokens: 300,
        cache_creation_input_tokens: 10,
        cache_creation: { ephemeral_1h_input_tokens: 10 },
        output_tokens: 1,
      },
    },
  }),
  chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "one two three four" } }),
]);

const hanging: Script = (_request, response) => {
  response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
  response.write(BEGINNING);
};

test("who leaves Bedrock's Claude in mid-stream is charged the input that was counted, in Anthropic's form and in Bedrock's", async () => {
  await using till = await startTill(BEDROCK, hanging, { model: SONNET, address: "" });
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/messages", { ...HELLO, stream: true }, {}, leaving.signal),
    "four",
    leaving,
  );
  const record = await till.record();
  assert.deepEqual([record.status, record.estimated, record.usage?.inputTokens], ["abandoned", true, 312]);
  const output = record.usage?.outputTokens ?? 0;
  assert.ok(output > 1);
  assert.equal(record.costNano, nano([2, 3], [300, 0.3], [10, 6], [output, 15]));
  const again = new AbortController();
  const body = { anthropic_version: "bedrock-2023-05-31", max_tokens: 50, messages: HELLO.messages };
  const path = "/model/first/invoke-with-response-stream";
  await leaveAfter(await till.ask(path, body, {}, again.signal), "chunk", again);
  const native = await till.record();
  assert.deepEqual([native.status, native.estimated, native.usage?.inputTokens], ["abandoned", true, 312]);
});

test("a budget that pays for more than a model of Bedrock can write asks for what it can write", async () => {
  const said = { message: { role: "assistant", content: [{ text: "hi" }] } };
  const reply = { output: said, stopReason: "end_turn", usage: { inputTokens: 12, outputTokens: 5 } };
  await using till = await startTill(
    BEDROCK,
    (_request, response) => plain(response, 200, JSON.stringify(reply)),
    {
      model: SONNET,
      address: "",
    },
  );
  const { max_tokens: _, ...unlimited } = HELLO;
  const answered = await till.ask("/v1/chat/completions", unlimited, { "x-switchyard-budget": "50" });
  assert.equal(answered.status, 200, await answered.clone().text());
  const { inferenceConfig } = JSON.parse(till.first.lastBody) as { inferenceConfig: { maxTokens: number } };
  assert.equal(inferenceConfig.maxTokens, 64_000);
});

test("a container's whole reply that ends with an error was generated, and is charged what it counts", async () => {
  const usage = { prompt_tokens: 9, completion_tokens: 4 };
  const choice = { index: 0, message: { role: "assistant", content: "hal" }, finish_reason: "error" };
  const replies = {
    openai: { choices: [choice], usage },
    tgi: {
      generated_text: "hal",
      details: { finish_reason: "error", generated_tokens: 4, input_length: 9 },
    },
  };
  for (const [payload, reply] of Object.entries(replies)) {
    const script: Script = (_request, response) => plain(response, 200, JSON.stringify(reply));
    const provider = `kind: sagemaker, region: us-east-1, payload: ${payload}${payload === "tgi" ? ", chatTemplate: plain" : ""}`;
    await using till = await startTill(provider, script, { model: "chat-ep", address: "" });
    assert.equal((await till.ask("/v1/chat/completions", HELLO)).status, 502);
    const record = await till.record();
    assert.deepEqual([record.status, record.estimated], ["failed", false], payload);
    assert.equal(record.costNano, nano([9, 3], [4, 15]), payload);
  }
});

test("a container that is left in mid-stream is charged what it said", async () => {
  const script: Script = (_request, response) => {
    openStream(response);
    response.write(
      part('data:{"token":{"text":"one two three four"},"generated_text":null,"details":null}\n\n'),
    );
  };
  await using till = await startTill(
    "kind: sagemaker, region: us-east-1, payload: tgi, chatTemplate: plain",
    script,
    {
      model: "chat-ep",
      address: "",
    },
  );
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/messages", { ...HELLO, stream: true }, {}, leaving.signal),
    "four",
    leaving,
  );
  const record = await till.record();
  assert.deepEqual([record.status, record.estimated], ["abandoned", true]);
  assert.ok((record.usage?.outputTokens ?? 0) > 3);
});

test("Triton's counts are a usage where every piece has one, and a reply that failed is charged what it counts", async () => {
  const counts = (tokens: number): object => ({ num_input_tokens: 9, num_output_tokens: tokens });
  const script: Script = (request, response) => {
    if (request.path.endsWith("/generate"))
      return plain(response, 200, answerJson("hal", { ...counts(4), finish_reason: "error" }));
    sse(response);
    response.write(event("one ", counts(1)) + event("two three four five six seven"));
    response.end(event("", { finish_reason: "stop" }));
  };
  await using till = await startTill("kind: triton, chatTemplate: llama3", script, {
    model: "llm",
    address: "",
  });
  const streamed = await till.ask("/v1/chat/completions", { ...HELLO, stream: true });
  assert.match(await streamed.text(), /\[DONE\]/);
  const record = await till.record();
  assert.equal(record.estimated, true);
  assert.ok((record.usage?.outputTokens ?? 0) > 5);
  assert.equal((await till.ask("/v1/chat/completions", HELLO)).status, 502);
  const failed = await till.record();
  assert.deepEqual([failed.estimated, failed.costNano], [false, nano([9, 3], [4, 15])]);
});

test("drained, a stream that nobody hears any more costs what it reports", async () => {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  const script: Script = async (_request, response) => {
    await hanging(_request, response);
    await left;
    const metrics = {
      inputTokenCount: 2,
      outputTokenCount: 7,
      cacheReadInputTokenCount: 300,
      cacheWriteInputTokenCount: 10,
    };
    response.write(
      chunk({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } }),
    );
    response.end(chunk({ type: "message_stop", "amazon-bedrock-invocationMetrics": metrics }));
  };
  await using till = await startTill(BEDROCK, script, {
    model: SONNET,
    address: "",
    target: ", onAbort: drain",
  });
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/messages", { ...HELLO, stream: true }, {}, leaving.signal),
    "four",
    leaving,
  );
  leave();
  const record = await till.record();
  assert.equal(record.estimated, false);
  assert.equal(record.costNano, nano([2, 3], [300, 0.3], [10, 6], [7, 15]));
});

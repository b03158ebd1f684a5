import assert from "node:assert/strict";
import test from "node:test";
import { FrameReader, writeEvent } from "../../../src/core/event-stream.ts";
import {
  callModel,
  openStream,
  sendJson,
  sendStream,
  startEmulated,
  startScripted,
  type Any,
} from "../traps/support.ts";
import { recordOf, told } from "./support.ts";

const INVOKE = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 100,
  messages: [{ role: "user", content: "Say hello." }],
};
const METRICS = {
  inputTokenCount: 12,
  outputTokenCount: 3,
  invocationLatency: 7,
  firstByteLatency: 5,
};
const chunk = (value: object): Buffer =>
  writeEvent(
    "chunk",
    JSON.stringify({ bytes: Buffer.from(JSON.stringify(value)).toString("base64"), p: "abc" }),
  );
const words = (text: string): Buffer =>
  chunk({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
const START = chunk({
  type: "message_start",
  message: { role: "assistant", usage: { input_tokens: 12, output_tokens: 1 } },
});
const END = chunk({ type: "message_stop", "amazon-bedrock-invocationMetrics": METRICS });

const stream = (gateway: Parameters<typeof callModel>[0]): Promise<Response> =>
  callModel(gateway, "invoke-with-response-stream", INVOKE);

test("an InvokeModel stream cut at any byte, or with any byte flipped, is no answer", async () => {
  const whole = Buffer.concat([START, words("Hello "), words("there."), END]);
  let sent = whole;
  await using pair = await startScripted((_request, response) => {
    openStream(response);
    response.end(sent);
  });
  const ask = async (what: string): Promise<void> => {
    const reply = await stream(pair.gateway);
    const bytes = Buffer.from(await reply.arrayBuffer());
    const record = await recordOf(pair.gateway, what);
    assert.equal(record.status, "failed", what);
    if (reply.status !== 200) return assert.equal(reply.status, 500, what);
    const reader = new FrameReader();
    assert.equal(reader.push(bytes).at(-1)?.kind, "exception", what);
    assert.equal(reader.pending, 0, what);
    assert.equal(record.estimated, true, what);
  };
  for (let at = 0; at < whole.length; at++) {
    sent = whole.subarray(0, at);
    await ask(`cut at ${at}`);
    sent = Buffer.from(whole);
    sent[at] = (sent[at] ?? 0) ^ 0x10;
    await ask(`flipped at ${at}`);
  }
  sent = whole;
  assert.deepEqual(Buffer.from(await (await stream(pair.gateway)).arrayBuffer()), whole);
  assert.equal((await recordOf(pair.gateway)).estimated, false);
});

test("a model that speaks of amazon-bedrock-invocationMetrics has not said its last word", async () => {
  const frames = [
    START,
    words('Read "amazon-bedrock-invocationMetrics" '),
    words("from the last chunk: "),
    words('{"amazon-bedrock-invocationMetrics":{"inputTokenCount":1,"outputTokenCount":1}}'),
    END,
  ];
  for (const apart of [false, true]) {
    await using pair = await startScripted(async (_request, response) => {
      if (!apart) return sendStream(response, frames);
      openStream(response);
      for (const frame of frames) {
        response.write(frame);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      response.end();
    });
    const reply = await stream(pair.gateway);
    assert.deepEqual(Buffer.from(await reply.arrayBuffer()), Buffer.concat(frames), "the reply is whole");
    const record = await recordOf(pair.gateway);
    assert.equal(record.usage?.inputTokens, 12);
    assert.equal(record.usage?.outputTokens, 3);
    assert.equal(record.estimated, false);
  }
});

test("a short reply that speaks of UnknownOperationException is a reply", async () => {
  const text = "An UnknownOperationException means that the path is not known.";
  const body = JSON.stringify({
    output: { message: { role: "assistant", content: [{ text }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 12, outputTokens: 3, totalTokens: 15 },
    metrics: { latencyMs: 7 },
  });
  await using pair = await startScripted((_request, response) => sendJson(response, body));
  const converse = await callModel(pair.gateway, "converse", {
    messages: [{ role: "user", content: [{ text: "x" }] }],
  });
  assert.equal(converse.status, 200, await converse.clone().text());
  assert.equal(await converse.text(), body);
  assert.equal((await recordOf(pair.gateway)).status, "answered");
  const chat = await told(
    await pair.gateway.chat({ model: "fine", messages: [{ role: "user", content: "x" }] }),
    "openai",
  );
  assert.equal(chat.body.choices[0].message.content, text);
  await recordOf(pair.gateway);
});

test("an emulated InvokeModel that says the words is whole, too", async () => {
  const text = "amazon-bedrock-invocationMetrics and UnknownOperationException are words.";
  await using pair = await startEmulated({ script: { answers: [{ contains: "Say", text }] } });
  const plain = await callModel(pair.gateway, "invoke", INVOKE);
  const body = (await plain.json()) as Any;
  assert.equal(plain.status, 200, JSON.stringify(body));
  assert.equal(body.content[0].text, text);
  await recordOf(pair.gateway);
  const reply = await stream(pair.gateway);
  const frames = new FrameReader().push(Buffer.from(await reply.arrayBuffer()));
  let said = "";
  for (const frame of frames) {
    const { bytes }: Any = JSON.parse(frame.payload.toString());
    const event: Any = JSON.parse(Buffer.from(bytes as string, "base64").toString());
    said += event.delta?.text ?? "";
  }
  assert.equal(said, text);
  assert.equal((await recordOf(pair.gateway)).estimated, false);
});

test("wrong invocation metrics leave the stream alone and the record estimated", async () => {
  for (const metrics of [
    { ...METRICS, inputTokenCount: -1 },
    { ...METRICS, outputTokenCount: "3" },
    { ...METRICS, inputTokenCount: 1e9 },
    {},
    null,
    7,
  ]) {
    const frames = [START, words("one two"), chunk({ "amazon-bedrock-invocationMetrics": metrics })];
    await using pair = await startScripted((_request, response) => sendStream(response, frames));
    const reply = await stream(pair.gateway);
    assert.deepEqual(Buffer.from(await reply.arrayBuffer()), Buffer.concat(frames), JSON.stringify(metrics));
    const record = await recordOf(pair.gateway, JSON.stringify(metrics));
    assert.equal(record.status, "answered");
    assert.equal(record.estimated, true, JSON.stringify(metrics));
    assert.ok((record.usage?.inputTokens ?? 0) < 200);
  }
});

test("an InvokeModel reply of any JSON reaches its client, and its tokens are those of the headers", async () => {
  const cases: readonly (readonly [Record<string, string>, boolean])[] = [
    [{ "x-amzn-bedrock-input-token-count": "12", "x-amzn-bedrock-output-token-count": "3" }, false],
    [{ "x-amzn-bedrock-input-token-count": "-12", "x-amzn-bedrock-output-token-count": "3" }, true],
    [{ "x-amzn-bedrock-input-token-count": "1e3", "x-amzn-bedrock-output-token-count": "3" }, true],
    [{ "x-amzn-bedrock-input-token-count": "0x10", "x-amzn-bedrock-output-token-count": "3" }, true],
    [
      {
        "x-amzn-bedrock-input-token-count": "99999999999999999999",
        "x-amzn-bedrock-output-token-count": "3",
      },
      true,
    ],
    [{}, true],
  ];
  for (const [headers, estimated] of cases) {
    await using pair = await startScripted((_request, response) =>
      sendJson(response, '{"generation":"one two","n":12345678901234567890}', 200, headers),
    );
    const reply = await callModel(pair.gateway, "invoke", { prompt: "x" });
    assert.equal(await reply.text(), '{"generation":"one two","n":12345678901234567890}');
    const record = await recordOf(pair.gateway, JSON.stringify(headers));
    assert.equal(record.status, "answered");
    assert.equal(record.estimated, estimated, JSON.stringify(headers));
  }
});

import assert from "node:assert/strict";
import test from "node:test";
import { writeEvent, writeException } from "../../src/core/event-stream.ts";
import { startBedrockEmulator } from "../../src/emulator/index.ts";
import type { CountSink, Provider } from "../../src/providers/provider.ts";
import { createProvider } from "../../src/providers/registry.ts";
import { ask } from "../anthropic/ask.ts";
import { Engine, type Script } from "../support/engine.ts";
import { EMPTY_CHAT } from "../support/empty-chat.ts";

// Clients of Anthropic's own dialect on the Claudes of Bedrock.

const SECRET = "bedrock-api-secret-1234567890";
const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

function bedrock(baseUrl: string): Provider {
  return createProvider("subject", {
    kind: "bedrock",
    region: "us-east-1",
    baseUrl,
    apiKey: SECRET,
    profile: undefined,
    assumeRole: undefined,
    requestMetadata: true,
    connections: 4,
    media: { fetch: true, allow: [], maxBytes: 1_000_000, timeoutMs: 1_000 },
  });
}

interface Emulated extends AsyncDisposable {
  readonly emulator: Awaited<ReturnType<typeof startBedrockEmulator>>;
  readonly provider: Provider;
}

async function emulated(): Promise<Emulated> {
  const emulator = await startBedrockEmulator({ bearerToken: SECRET });
  const provider = bedrock(emulator.url);
  return {
    emulator,
    provider,
    async [Symbol.asyncDispose]() {
      await provider.close();
      await emulator.close();
    },
  };
}

async function scripted(script: Script): Promise<AsyncDisposable & { engine: Engine; provider: Provider }> {
  const engine = await Engine.start(script);
  const provider = bedrock(engine.url.replace(/\/v1$/, ""));
  return {
    engine,
    provider,
    async [Symbol.asyncDispose]() {
      await provider.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- events are looked at in all directions
type Any = any;

function eventsIn(text: string): Any[] {
  return text
    .split("\n\n")
    .filter((event) => event !== "")
    .map((event) => {
      const [, type, json] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? assert.fail(event);
      const value: Any = JSON.parse(json ?? "");
      assert.equal(value.type, type);
      return value;
    });
}

test("a plain request passes to InvokeModel, and its reply comes back as it is", async () => {
  await using world = await emulated();
  const heard = await ask(
    world.provider,
    { metadata: { user_id: "u", team: "a" }, temperature: 0.5 },
    { model: SONNET },
  );
  assert.deepEqual(heard.order, ["usage", "whole"]);
  const body: Any = JSON.parse(heard.reply?.body.toString() ?? "");
  assert.equal(body.type, "message");
  assert.equal(body.usage.input_tokens, heard.reported?.inputTokens);
  assert.deepEqual(Object.keys(heard.reply?.headers ?? {}), ["x-amzn-requestid"]);
});

test("the body is the client's without model and stream, with Bedrock's version", async () => {
  await using world = await scripted((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"content":[],"usage":{"input_tokens":3,"output_tokens":2}}');
  });
  const heard = await ask(
    world.provider,
    { system: "be kind", metadata: { user_id: "u", team: "a" }, service_tier: "auto" },
    {
      model: SONNET,
      outputCap: 50,
      headers: {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219, context-1m-2025-08-07",
      },
    },
  );
  assert.deepEqual(JSON.parse(world.engine.lastBody), {
    anthropic_version: "bedrock-2023-05-31",
    anthropic_beta: ["context-1m-2025-08-07"],
    max_tokens: 50,
    messages: [{ role: "user", content: "Say something." }],
    system: "be kind",
    metadata: { user_id: "u" },
  });
  const { path, headers } = world.engine.seen[0] ?? assert.fail();
  assert.equal(path, `/model/${encodeURIComponent(SONNET)}/invoke`);
  assert.equal(headers["anthropic-beta"], undefined);
  assert.equal(headers["anthropic-version"], undefined);
  assert.match(String(headers["x-amzn-bedrock-request-metadata"]), /switchyard_exchange/);
  assert.deepEqual(heard.left, ["service_tier", "anthropic-beta:claude-code-20250219"]);
});

test("a mark for the cache at the top, which Bedrock refuses, goes to the last message", async () => {
  await using world = await emulated();
  const heard = await ask(
    world.provider,
    { cache_control: { type: "ephemeral", ttl: "1h" } },
    { model: SONNET },
  );
  assert.equal(heard.failure, undefined);
  const auto = await ask(world.provider, { system: "be kind" }, { model: SONNET, autoCache: true });
  assert.equal(auto.failure, undefined);
});

test("a stream becomes Anthropic's own, with Bedrock's metrics taken out and counted", async () => {
  await using world = await emulated();
  const heard = await ask(world.provider, { stream: true }, { model: SONNET });
  assert.equal(heard.order.at(-1), "end");
  const events = eventsIn(heard.text);
  assert.equal(events[0].type, "message_start");
  assert.deepEqual(events.at(-1), { type: "message_stop" });
  assert.ok(!heard.text.includes("amazon-bedrock"));
  const delta = events.find(({ type }) => type === "message_delta");
  assert.equal(heard.reported?.outputTokens, delta.usage.output_tokens);
  assert.ok((heard.reported?.inputTokens ?? 0) > 0);
});

const chunk = (value: object): Buffer =>
  writeEvent(
    "chunk",
    JSON.stringify({ bytes: Buffer.from(JSON.stringify(value)).toString("base64"), p: "abc" }),
  );
const START = chunk({
  type: "message_start",
  message: {
    role: "assistant",
    content: [],
    usage: {
      input_tokens: 2,
      output_tokens: 1,
      cache_creation_input_tokens: 10,
      cache_creation: { ephemeral_1h_input_tokens: 10 },
    },
  },
});
const WORDS = chunk({
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text: 'says "message_stop" and amazon-bedrock-invocationMetrics' },
});
const DELTA = chunk({
  type: "message_delta",
  delta: { stop_reason: "end_turn" },
  usage: { output_tokens: 7 },
});
const STOP = chunk({
  type: "message_stop",
  "amazon-bedrock-invocationMetrics": {
    inputTokenCount: 2,
    outputTokenCount: 7,
    cacheWriteInputTokenCount: 10,
  },
});

test("cut at any byte, or with any byte flipped, a stream is no normal end", async () => {
  const whole = Buffer.concat([START, WORDS, DELTA, STOP]);
  let sent = whole;
  await using world = await scripted((_request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
    response.end(sent);
  });
  for (let at = 0; at < whole.length; at += 3) {
    for (const flips of [false, true]) {
      sent = flips ? Buffer.from(whole) : whole.subarray(0, at);
      if (flips) sent[at] = (sent[at] ?? 0) ^ 0x10;
      const heard = await ask(world.provider, { stream: true }, { model: SONNET });
      assert.equal(heard.order.at(-1), "fail", `${flips ? "flipped" : "cut"} at ${at}`);
      assert.equal(heard.ends, 1);
      assert.equal(heard.reported, undefined);
    }
  }
  sent = whole;
  const heard = await ask(world.provider, { stream: true }, { model: SONNET });
  assert.equal(heard.order.at(-1), "end");
  assert.equal(heard.last?.toString(), 'event: message_stop\ndata: {"type":"message_stop"}\n\n');
  assert.deepEqual(heard.reported, {
    inputTokens: 12,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 10,
    cacheWrite1hInputTokens: 10,
    outputTokens: 7,
    reasoningTokens: 0,
  });
});

test("an exception in mid-stream fails with its kind, and without bytes that nobody could read", async () => {
  await using world = await scripted((_request, response) => {
    response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
    response.end(Buffer.concat([START, writeException("throttlingException", '{"message":"too fast"}')]));
  });
  const { failure, order } = await ask(world.provider, { stream: true }, { model: SONNET });
  assert.deepEqual(order, ["chunk", "fail"]);
  assert.equal(failure?.kind, "throttled");
  assert.equal(failure?.event, undefined);
});

test("Bedrock's refusals are words for the client, and not bytes", async () => {
  await using world = await emulated();
  const { failure } = await ask(world.provider, { temperature: 3 }, { model: SONNET });
  assert.equal(failure?.kind, "rejected");
  assert.equal(failure?.reply, undefined);
  assert.match(failure?.said ?? "", /temperature/);
});

test("tokens are counted for the body that would be sent, by the base model", async () => {
  await using world = await emulated();
  const heard = await ask(world.provider, { max_tokens: undefined }, { model: SONNET, counts: true });
  assert.deepEqual(heard.order, ["usage", "whole"]);
  assert.equal(heard.reported?.inputTokens, 0);
  const { input_tokens: tokens }: Any = JSON.parse(heard.reply?.body.toString() ?? "");
  assert.ok(Number.isInteger(tokens) && tokens > 0);
  const served = await ask(world.provider, {}, { model: SONNET });
  assert.equal(tokens, served.reported?.inputTokens);
});

test("clients of other dialects get the same count, by Converse", async () => {
  await using world = await emulated();
  assert.equal(
    world.provider.serves({ dialect: "responses", operation: "count-tokens" }, SONNET),
    "translate",
  );
  const told = await count(world.provider, SONNET);
  assert.ok(typeof told === "number" && told > 0);
});

test("a model that is not counted for may be counted elsewhere", async () => {
  await using world = await emulated();
  const model = "us.anthropic.claude-sonnet-4-6";
  assert.equal(world.provider.serves({ dialect: "anthropic", operation: "count-tokens" }, model), "estimate");
  assert.equal(world.provider.serves({ dialect: "bedrock", operation: "count-tokens" }, model), "pass");
  const told = (await count(world.provider, model)) as Any;
  assert.equal(told.kind, "unsupported");
  assert.equal(told.elsewhere, true);
});

test("models that are no Claudes are served by translation", async () => {
  await using world = await emulated();
  const { provider } = world;
  assert.equal(provider.serves({ dialect: "anthropic", operation: "chat" }, SONNET), "pass");
  assert.equal(
    provider.serves({ dialect: "anthropic", operation: "chat" }, "us.amazon.nova-micro-v1:0"),
    "translate",
  );
});

function count(provider: Provider, model: string): Promise<unknown> {
  return new Promise((resolve) => {
    const sink: CountSink = { whole: resolve, fail: resolve, usage() {}, dropped() {}, alive() {} };
    provider.count?.(
      {
        chat: {
          ...EMPTY_CHAT,
          maxOutputTokens: 5,
          temperature: 0.5,
          messages: [{ role: "user", parts: [{ type: "text", text: "Say something." }] }],
        },
        model,
        outputCap: undefined,
        connectTimeoutMs: 1_000,
        autoCache: false,
        withoutThoughts: false,
        labels: { exchange: "x1", tenant: "acme", tags: {} },
      },
      sink,
    );
  });
}

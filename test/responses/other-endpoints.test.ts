import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import test from "node:test";
import OpenAI, { toFile } from "openai";
import { plain, sse } from "../support/engine.ts";
import { bodyOf, failureOf, post, startSetup } from "./setup.ts";

/** What OpenAI's clients ask besides responses: unpriced endpoints, older completions, counts of tokens. */

test("audio and images are refused as unpriced with a key, also as multipart, and nothing is recorded", async () => {
  await using setup = await startSetup();
  const file = await toFile(Buffer.alloc(200_000), "a.wav");
  const { client } = setup;
  for (const call of [
    () => client.audio.speech.create({ model: "tts-1", input: "hi", voice: "alloy" }),
    () => client.audio.transcriptions.create({ model: "whisper-1", file }),
    () => client.audio.translations.create({ model: "whisper-1", file }),
    () => client.images.generate({ model: "dall-e-3", prompt: "a cat" }),
    () => client.images.edit({ model: "gpt-image-1", prompt: "a cat", image: file }),
    () => client.videos.create({ model: "sora-2", prompt: "a cat" }),
    () => client.realtime.clientSecrets.create({}),
  ]) {
    const error = await failureOf(call());
    assert.deepEqual([error.status, error.code, error.type], [403, "unpriced", "permission_error"]);
  }
  assert.deepEqual(setup.gateway.records, []);
  const stranger = client.withOptions({ apiKey: "sy-wrong" });
  for (const call of [
    () => stranger.audio.transcriptions.create({ model: "whisper-1", file }),
    () => stranger.images.generate({ model: "dall-e-3", prompt: "a cat" }),
    () => stranger.realtime.clientSecrets.create({}),
  ])
    assert.ok((await failureOf(call())) instanceof OpenAI.AuthenticationError);
});

/** Asks for a websocket. @returns the first bytes of the answer */
function upgrade(port: number, authorization: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, "127.0.0.1", () =>
      socket.write(
        `GET /v1/realtime?model=gpt-realtime HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${authorization}\r\n`,
      ),
    );
    let text = "";
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      if (/\r\n\r\n.*\}\s*$/s.test(text)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

test("a websocket for a realtime session is refused as unpriced with a key, and 401 without", async () => {
  await using setup = await startSetup();
  const { port, key } = setup.gateway;
  const refused = await upgrade(port, `Authorization: Bearer ${key}\r\n`);
  assert.match(refused, /^HTTP\/1\.1 403 /);
  assert.match(refused, /"code":"unpriced"/);
  assert.match(await upgrade(port, ""), /^HTTP\/1\.1 401 /);
  assert.match(await upgrade(port, "Authorization: Bearer sy-wrong\r\n"), /^HTTP\/1\.1 401 /);
});

const USAGE = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

function completion(choices: number): object {
  return {
    id: "cmpl-1",
    object: "text_completion",
    created: 1,
    model: "m",
    choices: Array.from({ length: choices }, (_, index) => ({
      index,
      text: "hello",
      logprobs: null,
      finish_reason: "stop",
    })),
    usage: USAGE,
  };
}

test("an older completion passes, plain and streamed, with its cost, whether the client wants the usage or not", async () => {
  await using setup = await startSetup();
  setup.chat.script = (request, response) => {
    const body = bodyOf(request);
    if (body["stream"] !== true) return plain(response, 200, JSON.stringify(completion(1)));
    sse(response);
    const { usage: _usage, ...piece } = completion(1) as { usage: unknown };
    response.write(`data: ${JSON.stringify(piece)}\n\n`);
    if ((body["stream_options"] as { include_usage?: boolean } | undefined)?.include_usage === true)
      response.write(`data: ${JSON.stringify({ ...piece, choices: [], usage: USAGE })}\n\n`);
    response.end("data: [DONE]\n\n");
  };
  const request = { model: "chat", prompt: "say hello", max_tokens: 5 };
  const { data, response } = await setup.client.completions.create(request).withResponse();
  assert.equal(data.choices[0]?.text, "hello");
  assert.equal(response.headers.get("x-switchyard-cost-usd"), "0.000009");
  assert.equal(setup.chat.seen[0]?.path, "/v1/completions");
  for (const [index, include_usage] of [undefined, false, true].entries()) {
    const stream = await setup.client.completions.create({
      ...request,
      stream: true,
      ...(include_usage !== undefined && { stream_options: { include_usage } }),
    });
    let text = "";
    let usages = 0;
    for await (const each of stream) {
      text += each.choices[0]?.text ?? "";
      if (each.usage !== undefined && each.usage !== null) usages++;
    }
    assert.equal(text, "hello");
    assert.equal(usages, include_usage === true ? 1 : 0);
    const record = await setup.record(index + 2);
    assert.deepEqual([record.operation, record.costNano, record.estimated], ["completions", 9_000n, false]);
  }
});

test("n, best_of and lists of prompts pass as they are written, and the ceiling knows of them", async () => {
  await using setup = await startSetup();
  setup.chat.script = (_request, response) => plain(response, 200, JSON.stringify(completion(4)));
  const ceilings: bigint[] = [];
  for (const more of [
    { prompt: "a" },
    { prompt: "a", n: 2 },
    { prompt: "a", n: 2, best_of: 4 },
    { prompt: ["a", "b", "c", "d"] },
    { prompt: [1, 2, 3] },
    { prompt: [[1, 2], [3]] },
  ]) {
    const request = { model: "chat", max_tokens: 100, ...more };
    await setup.client.completions.create(request);
    assert.equal(setup.chat.lastBody, JSON.stringify({ ...request, model: "chat-up" }));
    ceilings.push((await setup.record(ceilings.length + 1)).ceilingNano ?? assert.fail());
  }
  const [one = 0n, two = 0n, best = 0n, four = 0n] = ceilings;
  assert.ok(two - one >= 200_000n, "n");
  assert.ok(best - one >= 600_000n, "best_of");
  assert.ok(four - one >= 600_000n, "four prompts");
});

test("an older completion is refused clearly where there is none", async () => {
  await using setup = await startSetup();
  for (const model of ["sim", "claude"]) {
    const error = await failureOf(setup.client.completions.create({ model, prompt: "say hello" }));
    assert.deepEqual([error.status, error.code], [400, "unsupported_parameter"], error.message);
    assert.match(error.message, /chat/);
  }
  assert.equal(setup.bedrock.requests().length, 0);
});

const MESSAGES = [{ role: "user", content: "how many tokens are these?" }];
const CONVERSE = [{ role: "user", content: [{ text: "how many tokens are these?" }] }];

/** Ways of counting, each with its request and where its number stands. */
const COUNTERS = [
  {
    path: "/v1/responses/input_tokens",
    body: (model: string): object => ({ model, input: "how many tokens are these?" }),
    key: "input_tokens",
  },
  {
    path: "/anthropic/v1/messages/count_tokens",
    body: (model: string): object => ({ model, messages: MESSAGES }),
    key: "input_tokens",
  },
  {
    path: undefined,
    body: (): object => ({ input: { converse: { messages: CONVERSE } } }),
    key: "inputTokens",
  },
];

for (const { path, body, key } of COUNTERS) {
  test(`a target without a counter is counted for, free and marked: ${path ?? "Bedrock's CountTokens"}`, async () => {
    await using setup = await startSetup();
    for (const [index, model] of ["sim", "chat"].entries()) {
      const reply = await new Promise<http.IncomingMessage & { text: string }>((resolve, reject) => {
        const request = http.request(
          setup.gateway.url + (path ?? `/model/${model}/count-tokens`),
          { method: "POST", headers: { authorization: `Bearer ${setup.gateway.key}` } },
          (response) => {
            let text = "";
            response.on("data", (bytes: Buffer) => (text += bytes.toString()));
            response.on("end", () => resolve(Object.assign(response, { text })));
          },
        );
        request.on("error", reject);
        request.end(JSON.stringify(body(model)));
      });
      assert.equal(reply.statusCode, 200, reply.text);
      const tokens = (JSON.parse(reply.text) as Record<string, unknown>)[key];
      assert.ok(typeof tokens === "number" && tokens > 3, reply.text);
      assert.match(String(reply.headers["x-switchyard-estimated"]), /^input_tokens/);
      const record = await setup.record(index + 1);
      assert.deepEqual([record.operation, record.status, record.costNano], ["count-tokens", "answered", 0n]);
    }
    assert.equal(setup.chat.seen.length, 0);
  });
}

test("an upstream's own counter is asked and not marked", async () => {
  await using setup = await startSetup();
  const reply = await setup.client.responses.inputTokens
    .count({ model: "native", input: "hi" })
    .withResponse();
  assert.equal(reply.data.input_tokens, 7);
  assert.equal(reply.response.headers.get("x-switchyard-estimated"), null);
  assert.equal((await setup.record(1)).costNano, 0n);
});

test("counting takes no hosted tools either, and an input of nothing", async () => {
  await using setup = await startSetup();
  const path = "/v1/responses/input_tokens";
  const refused = await post(setup, '{"model":"sim","input":"hi","tools":[{"type":"mcp"}]}', path);
  assert.equal(refused.code, "unpriced");
  assert.equal((await post(setup, '{"model":"sim"}', path)).status, 200);
});

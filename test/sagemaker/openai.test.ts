import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { chunk, DONE, FINISH, PLAIN, plain, sse, USAGE_FRAME } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import { addressed, answering, API_KEY, openStream, part, pieces, streaming } from "./endpoint.ts";
import { HELLO, readStream, recordOf, startSetup } from "./setup.ts";

const EVENTS = chunk("one ") + chunk("zwei Stück ") + chunk("三") + FINISH + USAGE_FRAME + DONE;

test("a plain chat goes to /invocations, signed, and its reply comes back with usage and price", async () => {
  await using setup = await startSetup(answering(PLAIN, []));
  const completion = await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  assert.equal(completion.choices[0]?.message.content, "hello");
  const [seen] = setup.endpoint.seen;
  assert.equal(seen?.path, "/endpoints/chat-ep/invocations");
  assert.match(seen?.headers.authorization ?? "", /\/us-east-1\/sagemaker\/aws4_request/);
  assert.equal(seen?.headers["x-amzn-sagemaker-inference-component"], undefined);
  const record = await recordOf(setup);
  assert.deepEqual([record.usage?.inputTokens, record.usage?.outputTokens, record.estimated], [12, 3, false]);
  assert.equal(record.costNano, 18_000n);
});

test("the client's bytes go on but for the model, which the container does not know", async () => {
  await using setup = await startSetup(answering(PLAIN, []));
  const body =
    '{ "model":"chat", "messages":[{"role":"user","content":"hi"}], "x_engine":{"seed":12345678901234567890} }';
  const reply = await fetch(`${setup.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${setup.gateway.key}`, "content-type": "application/json" },
    body,
  });
  assert.equal(reply.status, 200);
  assert.equal(setup.endpoint.lastBody, body.replace(' "model":"chat",', ""));
  assert.equal(await reply.text(), PLAIN);
});

test("a name that the container wants is sent in the model's place", async () => {
  await using setup = await startSetup(answering(PLAIN, []), { provider: ", sendModel: /opt/ml/model" });
  await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  assert.equal((JSON.parse(setup.endpoint.lastBody) as { model: string }).model, "/opt/ml/model");
});

test("a component is named in a header, and what clients write in SageMaker's headers goes nowhere", async () => {
  await using setup = await startSetup(answering(PLAIN, []), { model: "shared-ep/llama-8b" });
  await setup.gateway.chat(
    { model: "chat", messages: HELLO },
    {
      headers: {
        "x-amzn-sagemaker-session-id": "NEW_SESSION",
        "x-amzn-sagemaker-target-variant": "secret-variant",
        "x-amzn-sagemaker-inference-component": "another",
        "x-amzn-sagemaker-custom-attributes": "a=b",
      },
    },
  );
  const [seen] = setup.endpoint.seen;
  assert.ok(seen !== undefined);
  assert.deepEqual(addressed(seen), { endpoint: "shared-ep", component: "llama-8b", stream: false });
  const own = Object.keys(seen.headers).filter((name) => name.startsWith("x-amzn-sagemaker"));
  assert.deepEqual(own, ["x-amzn-sagemaker-inference-component"]);
});

for (const bytes of [1, 7, 64, 100_000]) {
  test(`a stream of events in parts of ${bytes} bytes is what the container wrote`, async () => {
    await using setup = await startSetup(answering("", pieces(EVENTS, bytes)));
    const read = await readStream(setup.client, { stream_options: { include_usage: true } });
    assert.equal(read.text, "one zwei Stück 三");
    assert.equal(read.finish, "stop");
    assert.equal(read.usage?.prompt_tokens, 12);
    assert.equal(setup.endpoint.seen[0]?.path, "/endpoints/chat-ep/invocations-response-stream");
    const record = await recordOf(setup);
    assert.deepEqual([record.status, record.usage?.outputTokens, record.estimated], ["answered", 3, false]);
  });
}

test("the usage of a stream is asked for, and hidden from a client that did not", async () => {
  await using setup = await startSetup(answering("", [EVENTS]));
  assert.equal((await readStream(setup.client)).usage, undefined);
  const asked = JSON.parse(setup.endpoint.lastBody) as { stream_options: object };
  assert.deepEqual(asked.stream_options, { include_usage: true });
  assert.equal((await recordOf(setup)).usage?.inputTokens, 12);
});

const CALL = {
  id: "call_1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"Köln"}' },
};
const TOOLS = [
  { type: "function", function: { name: "weather", parameters: { type: "object" } } },
] satisfies OpenAI.ChatCompletionFunctionTool[];

test("tools are called in a plain reply and in a stream", async () => {
  const whole = PLAIN.replace(
    '"content":"hello"}',
    `"content":null,"tool_calls":[${JSON.stringify(CALL)}]}`,
  ).replace('"stop"', '"tool_calls"');
  const delta = (calls: object): string =>
    `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[${JSON.stringify(calls)}]},"finish_reason":null}]}\n\n`;
  const events =
    chunk("").replace('"content":""', '"role":"assistant","content":null') +
    delta({ ...CALL, index: 0, function: { name: "weather", arguments: "" } }) +
    delta({ index: 0, function: { arguments: '{"city":' } }) +
    delta({ index: 0, function: { arguments: '"Köln"}' } }) +
    FINISH.replace('"stop"', '"tool_calls"') +
    DONE;
  await using setup = await startSetup(answering(whole, pieces(events, 11)));
  const ask = { model: "chat", messages: HELLO, tools: TOOLS };
  const plainly = await setup.client.chat.completions.create(ask);
  assert.deepEqual(plainly.choices[0]?.message.tool_calls, [CALL]);
  const final = await setup.client.chat.completions.stream(ask).finalChatCompletion();
  assert.equal(final.choices[0]?.finish_reason, "tool_calls");
  const [call] = final.choices[0]?.message.tool_calls ?? [];
  assert.ok(call?.type === "function");
  assert.deepEqual(
    [call.id, call.function.name, call.function.arguments],
    ["call_1", "weather", '{"city":"Köln"}'],
  );
});

test("a client that leaves stops the container's stream", async () => {
  await using setup = await startSetup((_request, response) => {
    openStream(response);
    response.write(part(chunk("one ")));
  });
  const stream = await setup.client.chat.completions.create({ model: "chat", messages: HELLO, stream: true });
  for await (const event of stream) {
    assert.equal(event.choices[0]?.delta.content, "one ");
    break;
  }
  await until(() => setup.endpoint.seen[0]?.closedEarly, "the upstream's notice");
  const record = await recordOf(setup);
  assert.deepEqual([record.status, record.estimated], ["abandoned", true]);
});

/** LMI's chat streams lines of JSON, without a model, and with its own words for why they ended. */
const line = (content: string, reason: string | null): string =>
  `${JSON.stringify({ id: "chatcmpl-0", object: "chat.completion.chunk", created: 1, choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: reason }] })}\n`;

for (const bytes of [1, 5, 100_000]) {
  test(`lines of JSON in parts of ${bytes} bytes become events`, async () => {
    const lines = line(" Über", null) + line(" 東京", null) + line("!", "length");
    await using setup = await startSetup(answering("", pieces(lines, bytes)));
    const read = await readStream(setup.client);
    assert.deepEqual([read.text, read.finish], [" Über 東京!", "length"]);
    const record = await recordOf(setup);
    assert.deepEqual([record.status, record.estimated], ["answered", true]);
  });
}

test("a last line without its end counts, and a chat that ends with an error is none", async () => {
  await using whole = await startSetup(streaming([(line("a", null) + line("b", "eos_token")).trimEnd()]));
  assert.equal((await readStream(whole.client)).text, "ab");
  await using broken = await startSetup(streaming([line("a", null), line("", "error")]));
  await assert.rejects(readStream(broken.client), /ended its stream with an error/);
  assert.equal((await recordOf(broken)).status, "failed");
  await using failed = await startSetup(answering(PLAIN.replace('"stop"', '"error"'), []));
  const reply = await failed.gateway.chat({ model: "chat", messages: HELLO });
  assert.equal(reply.status, 502);
});

test("lines that are cut before a finish reason are no end", async () => {
  await using setup = await startSetup(streaming([line("a", null), line("b", null)]));
  await assert.rejects(readStream(setup.client), /end marker/);
  assert.equal((await recordOf(setup)).status, "failed");
});

test("older completions pass", async () => {
  const whole =
    '{"id":"x","object":"text_completion","created":1,"model":"m","choices":[{"index":0,"text":"there","finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":2,"completion_tokens":1,"total_tokens":3}}';
  await using setup = await startSetup(answering(whole, []));
  const reply = await fetch(`${setup.gateway.url}/v1/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${setup.gateway.key}`, "content-type": "application/json" },
    body: '{"model":"chat","prompt":"hi"}',
  });
  assert.equal(await reply.text(), whole);
  assert.equal(setup.endpoint.lastBody, '{"prompt":"hi"}');
});

test("embeddings are refused, and nothing is sent", async () => {
  await using setup = await startSetup(answering(PLAIN, []));
  await assert.rejects(setup.client.embeddings.create({ model: "chat", input: "hi" }), OpenAI.APIError);
  assert.equal(setup.endpoint.seen.length, 0);
});

test("the endpoint's OpenAI path takes an API key, names the component in the path, and streams events", async () => {
  await using setup = await startSetup(
    (request, response) => {
      assert.equal(request.headers.authorization, `Bearer ${API_KEY}`);
      if ((JSON.parse(request.raw.toString()) as { stream?: boolean }).stream !== true)
        return plain(response, 200, PLAIN);
      sse(response);
      response.end(EVENTS);
    },
    { payload: "openai-path", provider: ', apiKey: "env:SAGEMAKER_KEY"', model: "shared-ep/llama-8b" },
  );
  const completion = await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  assert.equal(completion.choices[0]?.message.content, "hello");
  const [seen] = setup.endpoint.seen;
  assert.equal(seen?.path, "/endpoints/shared-ep/inference-components/llama-8b/openai/v1/chat/completions");
  assert.equal((JSON.parse(setup.endpoint.lastBody) as { model: string }).model, "");
  assert.equal((await readStream(setup.client)).text, "one zwei Stück 三");
});

test("the OpenAI path is signed where there is no key, and may stream lines", async () => {
  await using setup = await startSetup(
    (_request, response) => {
      response.writeHead(200, { "content-type": "application/jsonlines" });
      response.end(line("a", null) + line("b", "stop"));
    },
    { payload: "openai-path" },
  );
  assert.equal((await readStream(setup.client)).text, "ab");
  assert.equal(setup.endpoint.seen[0]?.path, "/endpoints/chat-ep/openai/v1/chat/completions");
});

test("a client of Bedrock's dialect is served by translation", async () => {
  await using setup = await startSetup(answering(PLAIN, pieces(EVENTS, 9)));
  const reply = await fetch(`${setup.gateway.url}/model/chat/converse`, {
    method: "POST",
    headers: { authorization: `Bearer ${setup.gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ messages: [{ role: "user", content: [{ text: "hi" }] }] }),
  });
  const body = (await reply.json()) as { output: { message: { content: { text: string }[] } } };
  assert.equal(body.output.message.content[0]?.text, "hello");
  assert.equal((JSON.parse(setup.endpoint.lastBody) as { model?: string }).model, undefined);
});

test("an API key that opens nothing is a fault of the configuration", async () => {
  await assert.rejects(
    startSetup(answering(PLAIN, []), { payload: "tgi", provider: ', apiKey: "env:SAGEMAKER_KEY"' }),
    /opens the OpenAI path alone/,
  );
});

import assert from "node:assert/strict";
import test from "node:test";
import { plain, sse, type Script } from "../support/engine.ts";
import { leaveAfter, nano, startTill } from "./setup.ts";

// OpenAI's Responses: passed, and asked for by clients of other dialects.

const PROVIDER = "kind: openai-compatible, vendor: openai, apiKey: env:KEY";
const ASK = { model: "first", input: "Say something." };

let responses = 0;

function response(more: object = {}): object {
  return {
    id: `resp_${++responses}`,
    object: "response",
    status: "completed",
    model: "m",
    output: [
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "hello", annotations: [] }],
      },
    ],
    usage: {
      input_tokens: 50,
      input_tokens_details: { cached_tokens: 30, cache_write_tokens: 15 },
      output_tokens: 9,
      output_tokens_details: { reasoning_tokens: 4 },
    },
    ...more,
  };
}

function event(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

const CREATED = event("response.created", {
  response: response({ status: "in_progress", output: [], usage: null }),
});
const DELTA = event("response.output_text.delta", {
  item_id: "msg_1",
  output_index: 0,
  content_index: 0,
  delta: "one two three four",
});
const COST = nano([5, 3], [30, 0.3], [15, 3.75], [5, 15], [4, 20]);

function streaming(...events: readonly string[]): Script {
  return (_request, reply) => {
    sse(reply);
    for (const piece of events) reply.write(piece);
    reply.end();
  };
}

test("a whole reply and a stream cost the same, each kind of token at its own price", async () => {
  const script: Script = (request, reply) =>
    request.raw.includes('"stream":true')
      ? streaming(CREATED, DELTA, event("response.completed", { response: response() }))(request, reply)
      : plain(reply, 200, JSON.stringify(response()));
  await using till = await startTill(PROVIDER, script, { model: "gpt-x" });
  for (const stream of [false, true]) {
    await (await till.ask("/v1/responses", { ...ASK, stream })).text();
    const record = await till.record();
    assert.deepEqual([record.costNano, record.estimated, record.dialect], [COST, false, "responses"]);
  }
});

test("a response that failed is charged what it says that it cost, and another target answers", async () => {
  const failed = response({ status: "failed", error: { code: "server_error", message: "no" }, output: [] });
  await using till = await startTill(
    PROVIDER,
    (_request, reply) => plain(reply, 200, JSON.stringify(failed)),
    {
      second: (_request, reply) => plain(reply, 200, JSON.stringify(response())),
      model: "gpt-x",
    },
  );
  const reply = await till.ask("/v1/responses", { ...ASK, model: "both" });
  assert.equal(reply.headers.get("x-switchyard-target"), "second");
  assert.equal((await till.record()).costNano, 2n * COST);
});

test("a stream without its last event is no end, and what was said is charged", async () => {
  for (const end of [
    "",
    "data: [DONE]\n\n",
    event("response.failed", {
      response: response({ status: "failed", usage: null, error: { code: "server_error", message: "no" } }),
    }),
  ]) {
    await using till = await startTill(PROVIDER, streaming(CREATED, DELTA, end), { model: "gpt-x" });
    const text = await (await till.ask("/v1/responses", { ...ASK, stream: true })).text();
    assert.doesNotMatch(text, /response\.completed|response\.incomplete/);
    const record = await till.record();
    assert.deepEqual([record.status, record.estimated], ["failed", true]);
    assert.ok((record.usage?.outputTokens ?? 0) >= 4);
  }
});

test("who leaves in mid-stream is charged an estimate", async () => {
  await using till = await startTill(
    PROVIDER,
    (_request, reply) => {
      sse(reply);
      reply.write(CREATED + DELTA);
    },
    { model: "gpt-x" },
  );
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/responses", { ...ASK, stream: true }, {}, leaving.signal),
    "four",
    leaving,
  );
  const record = await till.record();
  assert.deepEqual([record.status, record.estimated], ["abandoned", true]);
  assert.ok(record.costNano > 0n);
});

test("a budget caps a response under its own name, and is held for a conversation that is resumed", async () => {
  await using till = await startTill(
    PROVIDER,
    (_request, reply) => plain(reply, 200, JSON.stringify(response())),
    { model: "gpt-x" },
  );
  const budget = { "x-switchyard-budget": "0.01" };
  const long = { ...ASK, input: "word ".repeat(200), max_output_tokens: 90_000, store: true };
  const first = await till.ask("/v1/responses", long, budget);
  assert.equal(first.status, 200);
  const sent = JSON.parse(till.first.lastBody) as { max_output_tokens: number };
  assert.ok(sent.max_output_tokens < 500, String(sent.max_output_tokens));
  await till.record();
  const { id } = (await first.json()) as { id: string };
  const next = { ...ASK, previous_response_id: id, max_output_tokens: 90_000 };
  assert.equal((await till.ask("/v1/responses", next, budget)).status, 200);
  const resumed = JSON.parse(till.first.lastBody) as { max_output_tokens: number };
  assert.ok(resumed.max_output_tokens < sent.max_output_tokens);
  const record = await till.record();
  assert.ok((record.ceilingNano ?? 0n) <= 10_000_000n);
  const small = await till.ask("/v1/responses", next, { "x-switchyard-budget": "0.001" });
  assert.equal(small.status, 402, await small.text());
});

test("clients of other dialects pay the same for a response, and are limited under its name", async () => {
  await using till = await startTill(
    `${PROVIDER}, responses: only`,
    (_request, reply) => plain(reply, 200, JSON.stringify(response())),
    { model: "gpt-x" },
  );
  const messages = [{ role: "user", content: "hi" }];
  for (const path of ["/v1/messages", "/v1/chat/completions"]) {
    const reply = await till.ask(
      path,
      { model: "first", messages, max_tokens: 70_000 },
      { "x-switchyard-budget": "0.01" },
    );
    assert.equal(reply.status, 200, await reply.clone().text());
    const sent = JSON.parse(till.first.lastBody) as { max_output_tokens: number };
    assert.ok(sent.max_output_tokens < 500, String(sent.max_output_tokens));
    const record = await till.record();
    assert.deepEqual([record.costNano, record.estimated], [COST, false]);
  }
});

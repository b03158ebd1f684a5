import assert from "node:assert/strict";
import test from "node:test";
import * as claude from "../anthropic/engine.ts";
import { plain, sse, type Script } from "../support/engine.ts";
import { leaveAfter, nano, startTill } from "./setup.ts";

// What Anthropic's Messages cost, to the nano-dollar, however they end.

const PROVIDER = 'kind: anthropic, apiKey: "env:KEY"';
const HELLO = { model: "first", max_tokens: 50, messages: [{ role: "user", content: "Say something." }] };
const CACHED = {
  input_tokens: 10,
  cache_read_input_tokens: 100_000,
  cache_creation_input_tokens: 2_000,
  cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 1_500 },
  output_tokens: 1,
};
const INPUT_COST = nano([10, 3], [100_000, 0.3], [500, 3.75], [1_500, 6]);

/** Begins a stream, and goes on as told. */
function begun(then: Script, usage: object = CACHED): Script {
  return (request, response) => {
    sse(response);
    response.write(claude.start(usage) + claude.textBlock(0, "one two three four "));
    return then(request, response);
  };
}

const HANGS: Script = () => {};
/** Breaks the connection when all before has left. */
const cut: Script = (_request, response) => {
  response.write(claude.PING, () => response.destroy());
};

test("who leaves in mid-stream is charged the input that was counted at its beginning, and what was said", async () => {
  await using till = await startTill(PROVIDER, begun(HANGS), {});
  const body = { ...HELLO, messages: [{ role: "user", content: "word ".repeat(25_000) }], stream: true };
  for (const path of ["/v1/messages", "/v1/chat/completions"]) {
    const leaving = new AbortController();
    await leaveAfter(await till.ask(path, body, {}, leaving.signal), "four", leaving);
    const record = await till.record();
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true);
    assert.equal(record.usage?.inputTokens, 102_010, path);
    assert.equal(record.usage.cacheWrite1hInputTokens, 1_500);
    assert.ok(record.usage.outputTokens > 1, "what was said is in it");
    assert.equal(record.costNano, INPUT_COST + nano([record.usage.outputTokens, 15]));
    assert.ok(record.cacheSavedNano > 0n);
  }
});

test("a stream that breaks off is no end; its input is as counted where that can be, else all is estimated", async () => {
  const starts = [{ input_tokens: 12, output_tokens: 1 }, { input_tokens: 0, output_tokens: 0 }, CACHED];
  for (const [index, usage] of starts.entries()) {
    await using till = await startTill(PROVIDER, begun(cut, usage));
    const text = await (await till.ask("/v1/messages", { ...HELLO, stream: true })).text();
    assert.doesNotMatch(text, /message_stop/);
    assert.match(text, /event: error/);
    const { status, estimated, usage: booked, costNano } = await till.record();
    assert.deepEqual([status, estimated], ["failed", true]);
    // So small a request cannot have a hundred thousand tokens.
    assert.equal(booked?.inputTokens === 12, index === 0);
    const { inputTokens = 0, outputTokens = 0 } = booked ?? {};
    assert.ok(inputTokens > 0 && inputTokens < 100 && outputTokens > 1);
    assert.equal(costNano, nano([inputTokens, 3], [outputTokens, 15]));
  }
});

test("a summary that the service makes of a long conversation is charged with the answer", async () => {
  const usage = {
    input_tokens: 23,
    output_tokens: 10,
    iterations: [
      { type: "compaction", input_tokens: 180, output_tokens: 35, cache_read_input_tokens: 7 },
      { type: "message", input_tokens: 23, output_tokens: 10 },
    ],
  };
  const script: Script = (request, response) => {
    if (!request.raw.includes('"stream":true'))
      return plain(
        response,
        200,
        claude.message("hi").replace(/"usage":\{.*?\}/, `"usage":${JSON.stringify(usage)}`),
      );
    sse(response);
    response.end(
      claude.start({ input_tokens: 23, output_tokens: 1 }) +
        claude.textBlock(0, "hi") +
        claude.end("end_turn", usage),
    );
  };
  await using till = await startTill(PROVIDER, script);
  for (const stream of [false, true]) {
    await (await till.ask("/v1/messages", { ...HELLO, stream })).text();
    const record = await till.record();
    assert.equal(record.costNano, nano([203, 3], [7, 0.3], [45, 15]), String(stream));
    assert.equal(record.estimated, false);
  }
});

test("an advisor, which is another model at another price, is refused as unpriced", async () => {
  await using till = await startTill(PROVIDER, claude.answer());
  const tools = [{ type: "advisor_20260301", name: "advisor", model: "claude-opus-4-6" }];
  const reply = await till.ask("/v1/messages", { ...HELLO, tools });
  assert.equal(reply.status, 403);
  assert.match(await reply.text(), /unpriced|not priced/);
  assert.equal(till.first.seen.length, 0);
});

test("a plain reply to a stream is of no use, and was paid for all the same; the next target serves", async () => {
  const whole: Script = (_request, response) => plain(response, 200, claude.message("hi"));
  await using till = await startTill(PROVIDER, whole, { second: claude.answer() });
  const text = await (await till.ask("/v1/messages", { ...HELLO, model: "both", stream: true })).text();
  assert.match(text, /message_stop/);
  const record = await till.record();
  assert.deepEqual(
    record.attempts.map(({ status }) => status),
    ["failed", "answered"],
  );
  assert.equal(record.costNano, nano([24, 3], [10, 15]));
});

test("counts that are none, after counts that were, take those back: the cost is estimated", async () => {
  const script: Script = (_request, response) => {
    sse(response);
    response.write(claude.start() + claude.textBlock(0, "one two"));
    response.write(claude.event("message_delta", { delta: {}, usage: { output_tokens: 2 } }));
    response.end(claude.end("end_turn", { output_tokens: -7 }));
  };
  await using till = await startTill(PROVIDER, script);
  await (await till.ask("/v1/messages", { ...HELLO, stream: true })).text();
  const record = await till.record();
  assert.equal(record.status, "answered");
  assert.equal(record.estimated, true);
  assert.match(record.flagged ?? "", /no counts/);
  assert.equal(record.usage?.inputTokens, 12);
});

test("a budget that pays for more than the model can write asks for what it can write", async () => {
  await using till = await startTill(PROVIDER, claude.answer());
  const { max_tokens: _, ...unlimited } = HELLO;
  const reply = await till.ask("/v1/chat/completions", unlimited, { "x-switchyard-budget": "50" });
  assert.equal(reply.status, 200);
  assert.equal((JSON.parse(till.first.lastBody) as { max_tokens: number }).max_tokens, 64_000);
});

test("what Anthropic reads beyond the request is believed, and no budget can bound it", async () => {
  const usage = { input_tokens: 150_000, output_tokens: 5 };
  const body = claude.message("hi").replace(/"usage":\{.*?\}/, `"usage":${JSON.stringify(usage)}`);
  await using till = await startTill(PROVIDER, (_request, response) => plain(response, 200, body));
  const sent = [
    { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] },
    { mcp_servers: [{ type: "url", url: "https://example.com", name: "example" }] },
    { context_management: { edits: [{ type: "compact_20260112" }] } },
  ];
  for (const more of sent) {
    assert.equal((await till.ask("/v1/messages", { ...HELLO, ...more })).status, 200);
    const record = await till.record();
    assert.deepEqual([record.flagged, record.estimated], [undefined, false], JSON.stringify(more));
    assert.equal(record.costNano, nano([150_000, 3], [5, 15]));
    const capped = await till.ask("/v1/messages", { ...HELLO, ...more }, { "x-switchyard-budget": "1" });
    assert.equal(capped.status, 402, await capped.text());
    await till.record();
  }
  // Words that only speak of such things make no difference.
  const words = { ...HELLO, system: 'say "mcp_servers" and "web_fetch_1" and "compact_1"', mcp_servers: [] };
  assert.equal((await till.ask("/v1/messages", words, { "x-switchyard-budget": "1" })).status, 200);
  assert.match((await till.record()).flagged ?? "", /150000/);
});

test("a budget caps what the client wants, its thoughts too, and counting costs nothing under any", async () => {
  await using till = await startTill(PROVIDER, claude.answer());
  const thinking = { type: "enabled", budget_tokens: 30_000 };
  const wanted = { ...HELLO, max_tokens: 60_000, thinking };
  const budget = { "x-switchyard-budget": "0.05" };
  assert.equal((await till.ask("/v1/messages", wanted, budget)).status, 200);
  const sent = JSON.parse(till.first.lastBody) as { max_tokens: number; thinking: { budget_tokens: number } };
  assert.ok(sent.max_tokens < 3_000 && sent.max_tokens > 1_024, String(sent.max_tokens));
  assert.ok(sent.thinking.budget_tokens < sent.max_tokens);
  const record = await till.record();
  assert.ok((record.ceilingNano ?? 0n) <= 50_000_000n);
  const none = await till.ask("/v1/messages/count_tokens", wanted, { "x-switchyard-budget": "0.000000001" });
  assert.equal(none.status, 200);
  const counted = await till.record();
  assert.deepEqual([counted.costNano, counted.ceilingNano, counted.operation], [0n, 0n, "count-tokens"]);
});

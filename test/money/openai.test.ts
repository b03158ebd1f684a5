import assert from "node:assert/strict";
import test from "node:test";
import { answer, chunk, DONE, FINISH, plain, PLAIN, sse, type Script } from "../support/engine.ts";
import { leaveAfter, nano, startTill } from "./setup.ts";

// Engines that speak OpenAI's API: what their replies cost, and what a budget lets them be asked for.

const PROVIDER = "kind: openai-compatible";
const CHAT = { model: "first", messages: [{ role: "user", content: "Say something." }] };
const WORDS = "one two three four five six seven eight nine ten ";

/** A piece of a reply that says how much there was so far. */
function counted(content: string, output: number): string {
  const usage = `,"usage":{"prompt_tokens":40,"completion_tokens":${output}}}\n\n`;
  return chunk(content).replace(/\}\n\n$/, usage);
}

function streaming(...pieces: readonly string[]): Script {
  return (_request, response) => {
    sse(response);
    for (const piece of pieces) response.write(piece);
  };
}

test("a count from the middle of a stream is not the end's: what came after it is estimated", async () => {
  await using till = await startTill(PROVIDER, streaming(counted("", 0), chunk(WORDS), chunk("last")));
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/chat/completions", { ...CHAT, stream: true }, {}, leaving.signal),
    "last",
    leaving,
  );
  const record = await till.record();
  assert.deepEqual([record.status, record.estimated], ["abandoned", true]);
  assert.equal(record.usage?.inputTokens, 40);
  assert.ok(record.usage.outputTokens > 5, String(record.usage.outputTokens));
  assert.equal(record.costNano, nano([40, 3], [record.usage.outputTokens, 15]));
});

test("an engine that counts in every piece is believed wherever its stream is left", async () => {
  await using till = await startTill(
    PROVIDER,
    streaming(counted("one", 1), counted("two", 2), counted("last", 3)),
  );
  const leaving = new AbortController();
  await leaveAfter(
    await till.ask("/v1/chat/completions", { ...CHAT, stream: true }, {}, leaving.signal),
    "last",
    leaving,
  );
  const record = await till.record();
  assert.equal(record.estimated, false);
  assert.equal(record.costNano, nano([40, 3], [3, 15]));
});

test("a count is the end's where nothing but the end comes after it", async () => {
  const script: Script = (_request, response) => {
    sse(response);
    response.end(counted("one", 7) + chunk("") + FINISH + DONE);
  };
  await using till = await startTill(PROVIDER, script);
  await (await till.ask("/v1/chat/completions", { ...CHAT, stream: true })).text();
  const record = await till.record();
  assert.equal(record.estimated, false);
  assert.equal(record.costNano, nano([40, 3], [7, 15]));
});

test("chat's newer name for the limit of output limits no completion", async () => {
  const completion: Script = (_request, response) => plain(response, 200, PLAIN);
  await using till = await startTill(PROVIDER, completion);
  const body = { model: "first", prompt: "Once", max_completion_tokens: 1 };
  const reply = await till.ask("/v1/completions", body, { "x-switchyard-budget": "0.01" });
  assert.equal(reply.status, 200);
  const sent = JSON.parse(till.first.lastBody) as { max_tokens?: number };
  assert.ok((sent.max_tokens ?? Infinity) < 1_000, till.first.lastBody);
  const record = await till.record();
  assert.ok((record.ceilingNano ?? 0n) > nano([100, 20]));
});

test("under a budget the limit stands under the name that the engine knows, also where it is the client's own", async () => {
  await using till = await startTill(PROVIDER, answer());
  const budget = { "x-switchyard-budget": "1" };
  await till.ask("/v1/chat/completions", { ...CHAT, max_completion_tokens: 5 }, budget);
  const chat = JSON.parse(till.first.lastBody) as Record<string, unknown>;
  assert.deepEqual([chat["max_completion_tokens"], chat["max_tokens"]], [5, 5]);
  await till.ask("/v1/chat/completions", { ...CHAT, max_completion_tokens: 5 });
  assert.doesNotMatch(till.first.lastBody, /max_tokens/);
  // Of each of four replies to two prompts.
  await till.ask(
    "/v1/completions",
    { model: "first", prompt: ["a", "b"], best_of: 4, max_tokens: 90_000 },
    budget,
  );
  const most = JSON.parse(till.first.lastBody) as { max_tokens: number };
  assert.ok(
    most.max_tokens * 8 * 20 <= 1_000_000 && most.max_tokens * 9 * 20 > 1_000_000,
    String(most.max_tokens),
  );
});

test("tokens of sound have no price of their own: what they cost is a guess, and marked", async () => {
  const usage = { prompt_tokens: 40, completion_tokens: 7, prompt_tokens_details: { audio_tokens: 30 } };
  const frame = `data: {"choices":[],"usage":${JSON.stringify(usage)}}\n\n`;
  const script: Script = (request, response) => {
    if (!request.raw.includes('"stream":true'))
      return plain(response, 200, PLAIN.replace(/"usage":\{.*?\}/, `"usage":${JSON.stringify(usage)}`));
    sse(response);
    response.end(chunk("one") + FINISH + frame + DONE);
  };
  await using till = await startTill(PROVIDER, script);
  for (const path of ["/v1/chat/completions", "/v1/messages"])
    for (const stream of [false, true]) {
      const reply = await till.ask(path, { ...CHAT, max_tokens: 50, stream });
      assert.equal(reply.status, 200, await reply.text());
      const record = await till.record();
      assert.equal(record.estimated, true);
      assert.equal(record.costNano, nano([40, 3], [7, 15]));
    }
});

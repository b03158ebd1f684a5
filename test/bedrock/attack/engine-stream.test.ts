import assert from "node:assert/strict";
import test from "node:test";
import { Engine, plain, sse, type Script } from "../../support/engine.ts";
import { startGateway, targetsOn, type TestGateway } from "../../support/gateway.ts";
import { callModel, eventsOf, readEvents, SAY, type Any } from "../traps/support.ts";
import { recordOf, told } from "./support.ts";

/** Converse clients on an engine that speaks OpenAI's chat and whose replies are not what they should be. */

const frame = (choices: object[], more: object = {}): string =>
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices, ...more })}\n\n`;
const piece = (delta: object, finish: string | null = null): string =>
  frame([{ index: 0, delta, finish_reason: finish }]);
const tool = (index: number, more: object): string => piece({ tool_calls: [{ index, ...more }] });
const USAGE = frame([], { usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 } });
const DONE = "data: [DONE]\n\n";
const WHOLE = [
  piece({ role: "assistant", content: "" }),
  piece({ content: "Hel" }),
  piece({ content: "lo \u{1F600}." }),
  tool(0, { id: "call_0", type: "function", function: { name: "alpha", arguments: "" } }),
  tool(0, { function: { arguments: '{"x"' } }),
  tool(0, { function: { arguments: ":1}" } }),
  piece({}, "tool_calls"),
  USAGE,
  DONE,
].join("");

async function startEngine(
  script: Script,
): Promise<AsyncDisposable & { gateway: TestGateway; engine: Engine }> {
  const engine = await Engine.start(script);
  const gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  return {
    engine,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

const stream = (gateway: TestGateway): Promise<Response> => callModel(gateway, "converse-stream", SAY("hi"));

test("an engine's stream cut at any byte is an exception to a Converse client, and never an end", async () => {
  const bytes = Buffer.from(WHOLE);
  let sent = bytes;
  await using pair = await startEngine((_request, response) => {
    sse(response);
    response.end(sent);
  });
  const end = bytes.indexOf(DONE) + DONE.length;
  for (let at = 0; at <= bytes.length; at++) {
    sent = bytes.subarray(0, at);
    const what = `cut at ${at}`;
    const reply = await stream(pair.gateway);
    const body = Buffer.from(await reply.arrayBuffer());
    const events = reply.status === 200 ? readEvents(body) : [];
    const isWhole = events.at(-1)?.type === "metadata";
    // The line's end after the marker says nothing more.
    assert.equal(isWhole, at >= end - 2, what);
    if (!isWhole && reply.status === 200) assert.equal(events.at(-1)?.kind, "exception", what);
    if (reply.status !== 200) assert.equal(reply.status, 500, what);
    const record = await recordOf(pair.gateway, what);
    assert.equal(record.status, isWhole ? "answered" : "failed", what);
    if (!isWhole && reply.status === 200)
      assert.equal(record.estimated || record.usage !== undefined, true, what);
  }
});

test("an engine's stream in one piece, byte by byte or in CRLF is the same to a Converse client", async () => {
  const texts: string[] = [];
  for (const script of [
    (_request, response) => {
      sse(response);
      response.end(WHOLE);
    },
    async (_request, response) => {
      sse(response);
      for (const byte of Buffer.from(WHOLE)) {
        response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      response.end();
    },
    (_request, response) => {
      sse(response);
      response.end(WHOLE.replaceAll("\n", "\r\n"));
    },
  ] satisfies Script[]) {
    await using pair = await startEngine(script);
    const events = await eventsOf(await stream(pair.gateway));
    assert.equal(events.at(-1)?.type, "metadata");
    const said = events.map(({ json }) => json.delta?.text ?? json.delta?.toolUse?.input ?? "").join("");
    assert.equal(said, 'Hello \u{1F600}.{"x":1}');
    texts.push(events.map(({ type }) => type).join(" "));
    assert.equal((await recordOf(pair.gateway)).estimated, false);
  }
  assert.equal(new Set(texts.map((types) => types.split(" ").at(0))).size, 1);
});

const ODD: Readonly<Record<string, string>> = {
  "an error in mid-stream":
    piece({ content: "a" }) + 'data: {"error":{"message":"it broke","code":"x"}}\n\n' + DONE,
  "no finish reason": piece({ content: "a" }) + USAGE + DONE,
  "a chunk that is no JSON": `${piece({ content: "a" })}data: {"choices":\n\n${piece({}, "stop")}${DONE}`,
  "nothing but the end marker": DONE,
};

for (const [what, text] of Object.entries(ODD)) {
  test(`an engine's stream with ${what} is an exception, and no end, to a Converse client`, async () => {
    await using pair = await startEngine((_request, response) => {
      sse(response);
      response.end(text);
    });
    const reply = await stream(pair.gateway);
    if (reply.status === 200) {
      const events = await eventsOf(reply);
      assert.equal(events.at(-1)?.kind, "exception");
      assert.ok(!events.some(({ type }) => type === "metadata"));
    } else await told(reply, "bedrock", true);
    assert.equal((await recordOf(pair.gateway, what)).status, "failed");
  });
}

test("calls whose arguments are no JSON, come without a name, or interleave never make an illegal stream", async () => {
  for (const text of [
    tool(0, { id: "a", function: { name: "alpha", arguments: "not json" } }) + piece({}, "tool_calls"),
    tool(0, { id: "a", function: { name: "alpha", arguments: '{"x":' } }) + piece({}, "length"),
    tool(0, { id: "a b/c", function: { name: "alpha" } }) + piece({}, "tool_calls"),
    tool(0, { id: "x".repeat(200), function: { name: "alpha", arguments: "{}" } }) + piece({}, "tool_calls"),
    tool(0, { id: "a", function: { name: "alpha" } }) +
      tool(1, { id: "a", function: { name: "beta" } }) +
      tool(0, { function: { arguments: '{"x":1}' } }) +
      tool(1, { function: { arguments: '{"y":2}' } }) +
      piece({}, "tool_calls"),
    tool(3, { id: "a", function: { name: "alpha", arguments: "{}" } }) + piece({}, "tool_calls"),
    tool(0, { function: { arguments: '{"x":1}' } }) + piece({}, "tool_calls"),
    piece({
      content: "a",
      tool_calls: [{ index: 0, id: "a", function: { name: "alpha", arguments: "{}" } }],
    }) +
      piece({ content: "b" }) +
      piece({}, "tool_calls"),
  ]) {
    await using pair = await startEngine((_request, response) => {
      sse(response);
      response.end(text + USAGE + DONE);
    });
    const reply = await stream(pair.gateway);
    if (reply.status !== 200) {
      await told(reply, "bedrock", true);
      await recordOf(pair.gateway);
      continue;
    }
    const events = await eventsOf(reply);
    assertLegal(events, text);
    await recordOf(pair.gateway, text);
  }
});

/** The order that ConverseStream promises. */
function assertLegal(events: Awaited<ReturnType<typeof eventsOf>>, what: string): void {
  assert.equal(events[0]?.type, "messageStart", what);
  let open: number | undefined;
  let last = -1;
  const ids = new Set<string>();
  for (const { kind, type, json } of events.slice(1)) {
    if (kind !== "event") return;
    const index = json.contentBlockIndex as number;
    if (type === "contentBlockStart") {
      assert.equal(open, undefined, what);
      assert.equal(index, last + 1, what);
      const { toolUseId, name } = json.start.toolUse;
      assert.match(toolUseId as string, /^[a-zA-Z0-9_.:-]{1,64}$/, what);
      assert.ok(!ids.has(toolUseId as string), what);
      assert.equal(typeof name, "string");
      ids.add(toolUseId as string);
      open = last = index;
    } else if (type === "contentBlockDelta") {
      if (open === undefined) {
        assert.equal(index, last + 1, what);
        open = last = index;
      }
      assert.equal(index, open, what);
    } else if (type === "contentBlockStop") {
      assert.equal(index, open, what);
      open = undefined;
    } else if (type === "messageStop") assert.equal(open, undefined, what);
  }
  assert.equal(events.at(-1)?.type, "metadata", what);
  assert.equal(events.at(-2)?.type, "messageStop", what);
}

const completion = (message: object, more: object = {}): string =>
  JSON.stringify({
    id: "c1",
    object: "chat.completion",
    created: 1,
    model: "m",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
    ...more,
  });

test("a plain reply of an engine that is none is an InternalServerException to a Converse client", async () => {
  let body = "";
  await using pair = await startEngine((_request, response) => plain(response, 200, body));
  for (body of [
    "",
    "null",
    "{}",
    "[]",
    "<html>",
    '{"choices":[]}',
    '{"choices":[{}]}',
    '{"error":{"message":"no"}}',
    completion({}, { choices: null }),
  ]) {
    const reply = await told(await callModel(pair.gateway, "converse", SAY("hi")), "bedrock", true);
    assert.equal(reply.status, 500, `${body}: ${JSON.stringify(reply.body)}`);
    assert.equal(reply.code, "InternalServerException");
    assert.equal((await recordOf(pair.gateway, body)).status, "failed");
  }
});

test("an engine's wrong usage makes no negative count for a Converse client, and an estimated record", async () => {
  let usage: unknown;
  await using pair = await startEngine((_request, response) =>
    plain(response, 200, completion({ content: "one two" }, { usage })),
  );
  for (usage of [
    { prompt_tokens: -1, completion_tokens: 3 },
    { prompt_tokens: "12", completion_tokens: 3 },
    { prompt_tokens: 1e9, completion_tokens: 3 },
    "12",
    null,
  ]) {
    const reply = await told(await callModel(pair.gateway, "converse", SAY("hi")), "bedrock");
    assert.equal(reply.status, 200);
    const counts: Any = reply.body.usage;
    for (const name of ["inputTokens", "outputTokens", "totalTokens"])
      assert.ok(counts[name] >= 0, JSON.stringify(counts));
    const record = await recordOf(pair.gateway, JSON.stringify(usage));
    assert.equal(record.estimated, true);
    assert.ok((record.usage?.inputTokens ?? 0) < 100);
  }
});

test("an engine's cached tokens that are more than its prompt leave no negative input", async () => {
  await using pair = await startEngine((_request, response) =>
    plain(
      response,
      200,
      completion(
        { content: "x" },
        { usage: { prompt_tokens: 5, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 9 } } },
      ),
    ),
  );
  const { body } = await told(await callModel(pair.gateway, "converse", SAY("hi")), "bedrock");
  assert.ok(body.usage.inputTokens >= 0 && body.usage.cacheReadInputTokens >= 0);
  assert.ok((await recordOf(pair.gateway)).costNano >= 0n);
});

import assert from "node:assert/strict";
import test from "node:test";
import { ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import { Engine, plain } from "../../support/engine.ts";
import { startGateway, targetsOn } from "../../support/gateway.ts";
import {
  callModel,
  CHAT,
  chunksOf,
  converseReply,
  delta,
  ending,
  event,
  HAIKU,
  lastBody,
  onlyRecord,
  SAY,
  sdk,
  sendJson,
  sendStream,
  startEmulated,
  startScripted,
  stop,
  type Any,
} from "./support.ts";

const NEW_REPLY = converseReply(
  [
    { text: "hi", futureMember: { n: 12345678901234567890n.toString() } },
    { holographicContent: { depth: 3 } },
  ],
  {
    stopReason: "new_reason",
    futureField: [1, 2.5e-7, null],
    usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2, moonTokens: 9 },
  },
).replace('"depth":3', '"depth":123456789012345678901234567890');

test("trap 21: a field, a union's member, an enum's value and a number that nobody knows yet reach the client as they came", async () => {
  await using pair = await startScripted((_request, response) => sendJson(response, NEW_REPLY));
  const reply = await callModel(pair.gateway, "converse", SAY("hi"));
  assert.equal(await reply.text(), NEW_REPLY);
  assert.equal((await onlyRecord(pair.gateway)).usage?.inputTokens, 1);
  const client = sdk(pair.gateway.url, pair.gateway.key);
  const read = await client.send(
    new ConverseCommand({ modelId: "fine", messages: [{ role: "user", content: [{ text: "hi" }] }] }),
  );
  client.destroy();
  assert.equal(read.stopReason, "new_reason");
  assert.equal(read.output?.message?.content?.length, 2);
});

test("trap 21: an event, a delta and a stop reason that nobody knows yet pass through a stream byte by byte", async () => {
  const bytes = Buffer.concat([
    event("messageStart", { role: "assistant", future: 1 }),
    event("weatherReport", { sunny: true }),
    delta(0, { smell: "of roses" }),
    delta(0, { text: "hi" }),
    stop(0),
    ...ending("new_reason"),
  ]);
  await using pair = await startScripted((_request, response) => sendStream(response, [bytes]));
  const reply = await callModel(pair.gateway, "converse-stream", SAY("hi"));
  assert.deepEqual(Buffer.from(await reply.arrayBuffer()), bytes);
  assert.equal((await onlyRecord(pair.gateway)).status, "answered");
  const { chunks, isDone } = await chunksOf(await pair.gateway.chat({ ...CHAT, stream: true }));
  assert.ok(isDone);
  assert.equal(chunks.at(-1).choices[0].finish_reason, "stop");
});

test("trap 21: what a request has that nobody knows yet goes upstream as it came", async () => {
  await using pair = await startScripted((_request, response) =>
    sendJson(response, converseReply([{ text: "hi" }])),
  );
  const body = `{"messages":[{"role":"user","content":[{"text":"hi","future":1}]}],"futureConfig":{"n":12345678901234567890,"z":1.0},"requestMetadata":{"mine":"1"}}`;
  assert.equal((await callModel(pair.gateway, "converse", body)).status, 200);
  const sent = pair.engine.lastBody;
  assert.ok(sent.includes('"futureConfig":{"n":12345678901234567890,"z":1.0}'), sent);
  assert.ok(sent.includes('"content":[{"text":"hi","future":1}]'));
  assert.equal(JSON.parse(sent).requestMetadata.mine, "1");
});

const user = (content: string): object => ({ role: "user", content });
const turn = (id: string): object[] => [
  {
    role: "assistant",
    content: null,
    tool_calls: [{ id, type: "function", function: { name: "alpha", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: id, content: `result of ${id}` },
];
const TOOLS = [
  {
    type: "function",
    function: { name: "alpha", description: "x", parameters: { type: "object", properties: {} } },
  },
];

test("trap 25: turns that repeat call_0 go upstream with ids of their own, and each result finds its call", async () => {
  await using pair = await startEmulated({ models: { fine: HAIKU } });
  for (const messages of [
    [user("go"), ...turn("call_0"), ...turn("call_0")],
    [user("go"), ...turn("call_0"), user("again"), ...turn("call_0"), user("and again"), ...turn("call_0")],
  ]) {
    const reply = await pair.gateway.chat({ model: "fine", messages, tools: TOOLS });
    assert.equal(reply.status, 200, await reply.text());
    const blocks: Any[] = lastBody(pair.emulator).messages.flatMap(({ content }: Any) => content as Any[]);
    const called = blocks.flatMap(({ toolUse }) => toolUse?.toolUseId ?? []);
    const answered = blocks.flatMap(({ toolResult }) => toolResult?.toolUseId ?? []);
    assert.equal(new Set(called).size, called.length, called.join(" "));
    assert.deepEqual(answered, called);
  }
});

test("trap 25: an engine that says call_0 in each reply gives a Converse client ids that differ, and its history resolves", async () => {
  await using engine = await Engine.start((_request, response) =>
    plain(
      response,
      200,
      JSON.stringify({
        id: "c1",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [
          {
            index: 0,
            message: {
              role: "assistant",
              content: null,
              tool_calls: [{ id: "call_0", type: "function", function: { name: "alpha", arguments: "{}" } }],
            },
            finish_reason: "tool_calls",
          },
        ],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    ),
  );
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const toolConfig = {
    tools: [{ toolSpec: { name: "alpha", description: "x", inputSchema: { json: { type: "object" } } } }],
  };
  const messages: object[] = [{ role: "user", content: [{ text: "go" }] }];
  const ids: string[] = [];
  for (let round = 0; round < 3; round++) {
    const reply = await callModel(gateway, "converse", { messages, toolConfig });
    const body = (await reply.json()) as Any;
    assert.equal(reply.status, 200, JSON.stringify(body));
    const { toolUse } = body.output.message.content[0];
    ids.push(toolUse.toolUseId as string);
    messages.push(body.output.message as object, {
      role: "user",
      content: [{ toolResult: { toolUseId: toolUse.toolUseId, content: [{ text: "done" }] } }],
    });
  }
  assert.equal(new Set(ids).size, 3, ids.join(" "));
  const sent = lastBody(engine).messages as Any[];
  const called = sent.flatMap(
    ({ tool_calls: list = [] }) => list.map(({ id }: Any) => id as string) as string[],
  );
  assert.deepEqual(
    sent.flatMap(({ tool_call_id: id }) => id ?? []),
    called,
  );
  assert.equal(new Set(called).size, called.length);
});

import assert from "node:assert/strict";
import test from "node:test";
import { NO_RECORDINGS, recordings } from "../recordings.ts";
import {
  callModel,
  CHAT,
  chunksOf,
  delta,
  ending,
  event,
  eventsOf,
  HAIKU,
  NOVA,
  onlyRecord,
  openai,
  SAY,
  sdk,
  sendJson,
  sendStream,
  startEmulated,
  startScripted,
  stop,
  streamOf,
  textBlock,
  toolStart,
  USAGE,
  type Any,
  converseReply,
} from "./support.ts";
import { ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import type { Fault } from "../../../src/emulator/index.ts";

const STREAM = { ...CHAT, stream: true };

test("trap 10: blocks are neither choices nor tools: the choice is 0, calls count from 0, and one without input has an empty object", async () => {
  const frames = [
    event("messageStart", { role: "assistant" }),
    delta(0, { reasoningContent: { text: "Hm." } }),
    delta(0, { reasoningContent: { signature: "sig" } }),
    stop(0),
    ...textBlock(1, ["I ", "will."]),
    toolStart(2, "tooluse_a", "alpha"),
    delta(2, { toolUse: { input: '{"x"' } }),
    delta(2, { toolUse: { input: ":1}" } }),
    stop(2),
    toolStart(3, "tooluse_b", "beta"),
    stop(3),
    ...ending("tool_use"),
  ];
  await using pair = await startScripted((_request, response) => sendStream(response, frames));
  const { chunks, isDone } = await chunksOf(await pair.gateway.chat(STREAM));
  assert.ok(isDone);
  const choices: Any[] = chunks.flatMap((chunk) => chunk.choices as Any[]);
  assert.ok(choices.every(({ index }) => index === 0));
  const args = ["", ""];
  const names: string[] = [];
  for (const { delta: piece } of choices) {
    for (const { index, function: called } of piece.tool_calls ?? []) {
      args[index] += called.arguments ?? "";
      if (called.name !== undefined) names.push(`${index} ${called.name}`);
    }
  }
  assert.deepEqual(names, ["0 alpha", "1 beta"]);
  assert.deepEqual(args, ['{"x":1}', "{}"]);
  assert.equal(choices.at(-1).finish_reason, "tool_calls");
  assert.equal((await onlyRecord(pair.gateway)).status, "answered");

  const client = openai(pair.gateway);
  const whole = await client.chat.completions
    .stream({ model: "fine", messages: [{ role: "user", content: "hi" }] })
    .finalChatCompletion();
  assert.deepEqual(
    whole.choices[0]?.message.tool_calls?.map((one) => one.type === "function" && one.function.arguments),
    ['{"x":1}', "{}"],
  );
});

const BROKEN: Readonly<Record<string, Fault>> = {
  "on a boundary before messageStop": { kind: "cut", at: "before-message-stop" },
  "after messageStop and before metadata": { kind: "cut", at: "before-metadata" },
  "before anything": { kind: "cut", at: "start" },
  "inside a message": { kind: "cut", at: "inside-frame" },
  "by a damaged message": { kind: "damage", afterFrames: 2 },
  "by a damaged first message": { kind: "damage", afterFrames: 0 },
  "by a reset": { kind: "reset", afterFrames: 3 },
};

for (const [where, fault] of Object.entries(BROKEN)) {
  test(`trap 11: a stream that is broken ${where} is an error to its client and no answer in the record`, async () => {
    await using pair = await startEmulated();
    const { gateway, emulator } = pair;
    emulator.setFaults([fault]);
    const chat = await gateway.chat(STREAM);
    const text = await chat.text();
    assert.ok(!text.includes("[DONE]"));
    assert.match(text, /"code":"upstream_error"/);
    const record = await onlyRecord(gateway);
    assert.equal(record.status, "failed");
    assert.equal(
      record.estimated,
      fault.kind !== "damage" || fault.afterFrames !== 0 || record.usage !== undefined,
    );
    const reply = await callModel(gateway, "converse-stream", SAY("Say hello."));
    if (reply.status === 200) {
      const events = await eventsOf(reply);
      assert.equal(events.at(-1)?.kind, "exception");
      assert.ok(!events.some(({ type }) => type === "metadata"));
    } else assert.equal(reply.status, 500);
    assert.equal((await onlyRecord(gateway)).status, "failed");

    const client = sdk(gateway.url, gateway.key);
    await assert.rejects(async () => {
      const sent = await client.send(
        new ConverseStreamCommand({
          modelId: "fine",
          messages: [{ role: "user", content: [{ text: "Say hello." }] }],
        }),
      );
      for await (const _ of sent.stream ?? []);
    });
    client.destroy();
    assert.equal((await onlyRecord(gateway)).status, "failed");
  });
}

const TWO = {
  models: { one: HAIKU, two: NOVA },
  more: "tasks:\n  both: { targets: [one, two] }\n",
};

test("trap 12: an exception in the first frame is met by the next target, and the client sees nothing of it", async () => {
  await using pair = await startEmulated(TWO);
  const { gateway, emulator } = pair;
  for (const exception of ["throttlingException", "modelTimeoutException", "serviceUnavailableException"]) {
    emulator.setFaults([{ kind: "exception", exception, model: "*haiku*" }]);
    const { chunks, isDone } = await chunksOf(await gateway.chat({ ...STREAM, model: "both" }));
    assert.ok(isDone);
    assert.ok(chunks.every((chunk) => chunk.error === undefined));
    const record = await onlyRecord(gateway);
    assert.deepEqual(
      record.attempts.map(({ target, status }) => `${target} ${status}`),
      ["one failed", "two answered"],
    );
    const reply = await callModel(gateway, "converse-stream", SAY("hi"), { model: "both" });
    assert.equal((await eventsOf(reply)).at(-1)?.type, "metadata");
    assert.equal((await onlyRecord(gateway)).status, "answered");
  }
});

test("trap 12: an exception after the first event is not tried again, and is the client's error, whatever its class", async () => {
  await using pair = await startEmulated(TWO);
  const { gateway, emulator } = pair;
  const classes = {
    throttlingException: "rate_limited",
    modelStreamErrorException: "upstream_error",
    modelTimeoutException: "upstream_timeout",
    internalServerException: "upstream_error",
    validationException: "upstream_error",
    somethingNewException: "upstream_error",
  };
  for (const [exception, code] of Object.entries(classes)) {
    emulator.clearRequests();
    emulator.setFaults([{ kind: "exception", exception, afterFrames: 2 }]);
    const text = await (await gateway.chat({ ...STREAM, model: "both" })).text();
    assert.ok(!text.includes("[DONE]"), exception);
    assert.match(text, new RegExp(`"code":"${code}"`), exception);
    assert.equal(emulator.requests().length, 1, "no second attempt");
    const record = await onlyRecord(gateway);
    assert.equal(record.status, "failed");
    assert.equal(record.code, code);
    const events = await eventsOf(await callModel(gateway, "converse-stream", SAY("hi"), { model: "both" }));
    assert.equal(events.at(-1)?.kind, "exception", exception);
    assert.equal((await onlyRecord(gateway)).code, code);
  }
});

const CODE = [
  toolStart(0, "tooluse_server", "nova_code_interpreter", { type: "server_tool_use" }),
  delta(0, { toolUse: { input: '{"snippet":"1+1"}' } }),
  stop(0),
  event("contentBlockStart", {
    contentBlockIndex: 1,
    start: { toolResult: { toolUseId: "tooluse_server", type: "nova_code_interpreter_result" } },
  }),
  delta(1, { toolResult: [{ json: { stdOut: "2", exitCode: 0 } }] }),
  stop(1),
  ...textBlock(2, ["It is 2."]),
];

test("trap 23: a call of the service's own tools is no call of the client's, plain or streamed", async () => {
  const content = [
    {
      toolUse: {
        toolUseId: "tooluse_server",
        name: "nova_code_interpreter",
        input: {},
        type: "server_tool_use",
      },
    },
    {
      toolResult: {
        toolUseId: "tooluse_server",
        type: "nova_code_interpreter_result",
        content: [{ text: "2" }],
      },
    },
    { text: "It is 2." },
  ];
  await using pair = await startScripted((request, response) =>
    request.path.endsWith("-stream")
      ? sendStream(response, streamOf(CODE))
      : sendJson(response, converseReply(content)),
  );
  const plain = (await (await pair.gateway.chat(CHAT)).json()) as Any;
  assert.equal(plain.choices[0].message.tool_calls, undefined);
  assert.equal(plain.choices[0].message.content, "It is 2.");
  assert.equal(plain.choices[0].finish_reason, "stop");
  const { chunks, isDone } = await chunksOf(await pair.gateway.chat(STREAM));
  assert.ok(isDone);
  const deltas: Any[] = chunks.flatMap((chunk) => chunk.choices.map((choice: Any) => choice.delta) as Any[]);
  assert.ok(deltas.every((piece) => piece.tool_calls === undefined));
  assert.equal(deltas.map(({ content: text = "" }) => text as string).join(""), "It is 2.");
});

test(
  "trap 23: the recorded code interpreter gives an OpenAI client no call of it",
  { skip: NO_RECORDINGS },
  async () => {
    const recorded = (await recordings()).filter(
      ({ name, operation, status }) =>
        name.includes("code_execution") && operation.startsWith("converse") && status === 200,
    );
    assert.ok(recorded.length > 0);
    for (const { reply, operation } of recorded) {
      await using pair = await startScripted((_request, response) =>
        operation === "converse-stream"
          ? sendStream(response, [reply])
          : sendJson(response, reply.toString()),
      );
      const text = await (
        await pair.gateway.chat({ ...CHAT, stream: operation === "converse-stream" })
      ).text();
      assert.ok(!text.includes("nova_code_interpreter"), text.slice(0, 400));
      assert.equal((await onlyRecord(pair.gateway)).status, "answered");
    }
  },
);

test("trap 24: the padding and the counts told twice are passed over", async () => {
  const usage = {
    ...USAGE,
    cacheReadInputTokens: 100,
    cacheReadInputTokenCount: 100,
    cacheWriteInputTokens: 20,
    cacheWriteInputTokenCount: 20,
    serverToolUsage: {},
    totalTokens: 135,
  };
  await using pair = await startScripted((request, response) =>
    request.path.endsWith("-stream")
      ? sendStream(response, streamOf(undefined, usage))
      : sendJson(response, converseReply([{ text: "one two three" }], { usage })),
  );
  for (const stream of [false, true]) {
    const reply = await pair.gateway.chat({
      ...CHAT,
      stream,
      stream_options: stream ? { include_usage: true } : undefined,
    });
    const text = await reply.text();
    assert.ok(!text.includes("abcdefghij"), "no padding");
    assert.match(text, /"prompt_tokens":132/);
    const { usage: booked } = await onlyRecord(pair.gateway);
    assert.equal(booked?.inputTokens, 132);
    assert.equal(booked?.cachedInputTokens, 100);
    assert.equal(booked?.cacheWriteInputTokens, 20);
  }
});

test("trap 24: the emulator pads each event, in lengths that differ, and tells counts twice", async () => {
  await using pair = await startEmulated({ models: { fine: HAIKU, nova: NOVA } });
  const events = await eventsOf(await callModel(pair.gateway, "converse-stream", SAY("Say 200 words.")));
  assert.ok(events.every(({ json }) => typeof json.p === "string"));
  assert.ok(new Set(events.map(({ json }) => (json.p as string).length)).size > 3);
  const { usage } = events.at(-1)?.json ?? {};
  assert.equal(usage.cacheReadInputTokenCount, usage.cacheReadInputTokens);
  assert.equal(usage.cacheWriteInputTokenCount, usage.cacheWriteInputTokens);
});

import assert from "node:assert/strict";
import test from "node:test";
import { crc32 } from "node:zlib";
import { writeEvent, writeException, writeFrame } from "../../../src/core/event-stream.ts";
import type { Script } from "../../support/engine.ts";
import {
  callModel,
  CHAT,
  chunksOf,
  delta,
  ending,
  event,
  openStream,
  readEvents,
  SAY,
  sendStream,
  startScripted,
  stop,
  streamOf,
  textBlock,
  toolStart,
  type Any,
  type Scripted,
} from "../traps/support.ts";
import { recordOf } from "./support.ts";

const START = event("messageStart", { role: "assistant" });
const STREAM = { ...CHAT, stream: true };
const [MESSAGE_STOP = Buffer.alloc(0), METADATA = Buffer.alloc(0)] = ending("end_turn");
const send =
  (...frames: readonly Buffer[]): Script =>
  (_request, response) =>
    sendStream(response, frames);

/** What an OpenAI client heard: its words, its calls, and how it ended. */
async function heard(pair: Scripted): Promise<{
  readonly text: string;
  readonly calls: readonly { name: string; args: string }[];
  readonly finish: readonly string[];
  readonly error: Any;
  readonly isDone: boolean;
  readonly afterFinish: number;
}> {
  const reply = await pair.gateway.chat(STREAM);
  if (reply.status !== 200) {
    const { error } = (await reply.json()) as Any;
    return { text: "", calls: [], finish: [], error, isDone: false, afterFinish: 0 };
  }
  const { chunks, isDone } = await chunksOf(reply);
  const calls: { name: string; args: string }[] = [];
  let text = "";
  const finish: string[] = [];
  let afterFinish = 0;
  for (const chunk of chunks) {
    const [choice] = (chunk.choices ?? []) as Any[];
    if (choice === undefined) continue;
    if (finish.length > 0) afterFinish++;
    text += choice.delta.content ?? "";
    for (const { index, function: called } of choice.delta.tool_calls ?? []) {
      const call = (calls[index] ??= { name: "", args: "" });
      call.name += called.name ?? "";
      call.args += called.arguments ?? "";
    }
    if (choice.finish_reason !== null) finish.push(choice.finish_reason as string);
  }
  return { text, calls, finish, error: chunks.at(-1)?.error, isDone, afterFinish };
}

/** The same, of a Converse client: the stream it got, byte by byte what the upstream sent before its end. */
async function converseBytes(pair: Scripted): Promise<{ status: number; bytes: Buffer }> {
  const reply = await callModel(pair.gateway, "converse-stream", SAY("hi"));
  return { status: reply.status, bytes: Buffer.from(await reply.arrayBuffer()) };
}

async function assertAnswered(pair: Scripted, what = ""): Promise<void> {
  const record = await recordOf(pair.gateway, what);
  assert.equal(record.status, "answered", what);
  assert.equal(record.estimated, false, what);
}

async function assertFailed(pair: Scripted, what = ""): Promise<void> {
  const record = await recordOf(pair.gateway, what);
  assert.equal(record.status, "failed", what);
  assert.equal(record.code, "upstream_error", what);
}

test("an exception of a class that nobody knows ends both clients' streams with an error", async () => {
  const frame = writeException("brandNewException", '{"message":"brand new trouble"}');
  await using pair = await startScripted(send(START, delta(0, { text: "x" }), frame));
  const { error, isDone } = await heard(pair);
  assert.ok(!isDone);
  assert.equal(error.code, "upstream_error");
  assert.match(error.message as string, /brand new trouble/);
  await assertFailed(pair);
  const events = readEvents((await converseBytes(pair)).bytes);
  assert.equal(events.at(-1)?.kind, "exception");
  await assertFailed(pair);
});

test("an error frame ends both clients' streams with an error", async () => {
  const frame = writeFrame(
    { ":message-type": "error", ":error-code": "InternalFailure", ":error-message": "it broke" },
    "",
  );
  await using pair = await startScripted(send(START, delta(0, { text: "x" }), frame));
  const { error, isDone } = await heard(pair);
  assert.ok(!isDone);
  assert.match(error.message as string, /it broke/);
  await assertFailed(pair);
  const { bytes } = await converseBytes(pair);
  assert.ok(bytes.includes("it broke"));
  assert.ok(!bytes.includes("messageStop"));
  await assertFailed(pair);
});

test("a frame of a message type that nobody knows is no normal end", async () => {
  const frame = writeFrame({ ":message-type": "surprise", ":event-type": "metadata" }, "{}");
  await using pair = await startScripted(send(START, delta(0, { text: "x" }), frame, MESSAGE_STOP, METADATA));
  const { isDone, error } = await heard(pair);
  assert.ok(!isDone && error !== undefined);
  await assertFailed(pair);
  const { bytes } = await converseBytes(pair);
  assert.ok(!bytes.subarray(-METADATA.length).equals(METADATA));
  await assertFailed(pair);
});

test("messageStop twice gives one finish reason, and a Converse client gets both", async () => {
  const frames = [START, ...textBlock(0, ["one"]), MESSAGE_STOP, MESSAGE_STOP, METADATA];
  await using pair = await startScripted(send(...frames));
  const { finish, isDone } = await heard(pair);
  assert.deepEqual(finish, ["stop"]);
  assert.ok(isDone);
  await assertAnswered(pair);
  assert.deepEqual((await converseBytes(pair)).bytes, Buffer.concat(frames));
  await assertAnswered(pair);
});

test("metadata before messageStop is an error", async () => {
  await using pair = await startScripted(send(START, ...textBlock(0, ["one"]), METADATA, MESSAGE_STOP));
  const { isDone, error } = await heard(pair);
  assert.ok(!isDone);
  assert.equal(error.code, "upstream_error");
  await assertFailed(pair);
  const { status, bytes } = await converseBytes(pair);
  assert.ok(status === 500 || readEvents(bytes).at(-1)?.kind === "exception");
  await assertFailed(pair);
});

test("events after metadata reach nobody, and change nothing in the record", async () => {
  const frames = streamOf();
  const after = [
    delta(0, { text: "SURPLUS" }),
    METADATA,
    writeException("throttlingException", '{"message":"x"}'),
  ];
  for (const apart of [false, true]) {
    await using pair = await startScripted((_request, response) => {
      openStream(response);
      response.write(Buffer.concat([...frames, ...(apart ? [] : after)]));
      setTimeout(() => response.end(apart ? Buffer.concat(after) : undefined), 10);
    });
    const { text, isDone } = await heard(pair);
    assert.ok(isDone);
    assert.equal(text, "one two three");
    await assertAnswered(pair);
    const { bytes } = await converseBytes(pair);
    assert.deepEqual(bytes, Buffer.concat(frames));
    await assertAnswered(pair);
  }
});

test("words after messageStop are no words after a finish reason", async () => {
  const frames = [START, ...textBlock(0, ["one"]), MESSAGE_STOP, ...textBlock(1, ["two"]), METADATA];
  await using pair = await startScripted(send(...frames));
  const { finish, isDone, afterFinish } = await heard(pair);
  assert.equal(afterFinish, 0);
  assert.ok(!isDone || finish.length === 1);
  await recordOf(pair.gateway);
});

test("a call's input that is no JSON reaches an OpenAI client as it is, plain text and broken text alike", async () => {
  for (const input of ['{"x":', "not json", '{"x":1}}', '"text"', "[1]"]) {
    await using pair = await startScripted(
      send(
        START,
        toolStart(0, "tooluse_a", "alpha"),
        delta(0, { toolUse: { input } }),
        stop(0),
        ...ending("tool_use"),
      ),
    );
    const { calls, isDone, finish } = await heard(pair);
    assert.ok(isDone);
    assert.deepEqual(calls, [{ name: "alpha", args: input }]);
    assert.deepEqual(finish, ["tool_calls"]);
    await assertAnswered(pair);
  }
});

test("text without a start is text; a call's input without its start is an error and no reply without the call", async () => {
  await using text = await startScripted(send(START, delta(0, { text: "hi" }), ...ending("end_turn")));
  assert.equal((await heard(text)).text, "hi");
  await assertAnswered(text);
  await using pair = await startScripted(
    send(
      START,
      ...textBlock(0, ["I will."]),
      delta(1, { toolUse: { input: '{"x":1}' } }),
      stop(1),
      ...ending("tool_use"),
    ),
  );
  const { isDone, error } = await heard(pair);
  assert.ok(!isDone, "a reply whose call is lost must not end as if it were whole");
  assert.ok(error !== undefined);
  await assertFailed(pair);
});

test("a stream without messageStart, or with two, is a reply all the same", async () => {
  for (const starts of [[], [START, START]]) {
    await using pair = await startScripted(send(...starts, ...textBlock(0, ["one"]), MESSAGE_STOP, METADATA));
    const { text, isDone } = await heard(pair);
    assert.equal(text, "one");
    assert.ok(isDone);
    await assertAnswered(pair);
  }
});

test("an empty reply, and a block that is stopped and never began, are no trouble", async () => {
  for (const frames of [[], [stop(0), stop(7), stop(0)], [delta(0, {}), delta(0, { text: "" }), stop(0)]]) {
    await using pair = await startScripted(send(START, ...frames, MESSAGE_STOP, METADATA));
    const { text, isDone, finish } = await heard(pair);
    assert.equal(text, "");
    assert.deepEqual(finish, ["stop"]);
    assert.ok(isDone);
    await assertAnswered(pair);
  }
});

const ODD: Readonly<Record<string, Buffer>> = {
  "a delta that is no JSON": writeEvent("contentBlockDelta", "{"),
  "a delta that is a list": writeEvent("contentBlockDelta", "[1]"),
  "a delta without an index": writeEvent("contentBlockDelta", '{"delta":{"text":""}}'),
  "a delta with an index that is no number": writeEvent(
    "contentBlockDelta",
    '{"contentBlockIndex":"x","delta":{"text":""}}',
  ),
  "a start of a call without name and id": event("contentBlockStart", {
    contentBlockIndex: 1,
    start: { toolUse: {} },
  }),
  "a start with nothing in it": event("contentBlockStart", {}),
  "a stop with nothing in it": event("contentBlockStop", {}),
  "an empty payload": writeEvent("contentBlockDelta", ""),
  "an event without a type": writeFrame({ ":message-type": "event" }, "{}"),
  "a frame without headers": writeFrame({}, '{"a":1}'),
  "a reasoning of null": event("contentBlockDelta", {
    contentBlockIndex: 1,
    delta: { reasoningContent: null },
  }),
  "a signature alone": event("contentBlockDelta", {
    contentBlockIndex: 1,
    delta: { reasoningContent: { signature: "s" } },
  }),
  "a redacted thought that is no base64": event("contentBlockDelta", {
    contentBlockIndex: 1,
    delta: { reasoningContent: { redactedContent: "\u{1F600}" } },
  }),
  "a nesting of 5,000": writeEvent(
    "contentBlockDelta",
    `{"contentBlockIndex":1,"delta":{"toolUse":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}}`,
  ),
};

for (const [what, frame] of Object.entries(ODD)) {
  test(`${what} in a stream is an error, or is passed over and leaves the rest`, async () => {
    await using pair = await startScripted(
      send(START, ...textBlock(0, ["one"]), frame, MESSAGE_STOP, METADATA),
    );
    const { text, isDone, error } = await heard(pair);
    assert.equal(text, "one");
    assert.notEqual(isDone, error !== undefined, "an end or an error, and not both");
    const record = await recordOf(pair.gateway, what);
    assert.equal(record.status, isDone ? "answered" : "failed");
    const { status } = await converseBytes(pair);
    assert.equal(status, 200);
    await recordOf(pair.gateway, what);
  });
}

for (const stopReason of ["malformed_model_output", "malformed_tool_use", undefined, 7]) {
  test(`an end for the reason ${stopReason} is an error to an OpenAI client, and no stop`, async () => {
    await using pair = await startScripted(
      send(START, ...textBlock(0, ["one"]), event("messageStop", { stopReason }), METADATA),
    );
    const { isDone, error } = await heard(pair);
    assert.ok(!isDone);
    assert.equal(error.code, "upstream_error");
    await assertFailed(pair);
  });
}

const MANY = Array.from({ length: 100_000 }, (_, at) => delta(0, { text: at % 10 === 0 ? "a" : "b" }));

test("a hundred thousand tiny events in one piece come through whole", async () => {
  const bytes = Buffer.concat([START, ...MANY, stop(0), MESSAGE_STOP, METADATA]);
  await using pair = await startScripted((_request, response) => sendStream(response, [bytes]));
  const { text, isDone } = await heard(pair);
  assert.ok(isDone);
  assert.equal(text.length, 100_000);
  await assertAnswered(pair);
  const reply = await converseBytes(pair);
  assert.ok(reply.bytes.equals(bytes));
  await assertAnswered(pair);
});

test("a stream that comes one byte at a time is the same stream", async () => {
  const bytes = Buffer.concat(streamOf());
  await using pair = await startScripted(async (_request, response) => {
    openStream(response);
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    response.end();
  });
  const { text, isDone } = await heard(pair);
  assert.ok(isDone);
  assert.equal(text, "one two three");
  await assertAnswered(pair);
  assert.deepEqual((await converseBytes(pair)).bytes, bytes);
  await assertAnswered(pair);
});

test("a message that claims to be longer than any may be, or has headers longer than itself, is an error", async () => {
  for (const change of [
    (bytes: Buffer) => bytes.writeUInt32BE(0xffff_ffff, 0),
    (bytes: Buffer) => bytes.writeUInt32BE(0, 0),
    (bytes: Buffer) => bytes.writeUInt32BE(0xffff_ffff, 4),
  ]) {
    const frame = Buffer.from(delta(0, { text: "x" }));
    change(frame);
    frame.writeUInt32BE(crc32(frame.subarray(0, 8)), 8);
    await using pair = await startScripted(send(START, frame, MESSAGE_STOP, METADATA));
    const { isDone, error } = await heard(pair);
    assert.ok(!isDone && error !== undefined);
    await assertFailed(pair);
    const { bytes } = await converseBytes(pair);
    assert.equal(readEvents(bytes).at(-1)?.kind, "exception");
    await assertFailed(pair);
  }
});

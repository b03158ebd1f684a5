import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "../../../src/emulator/index.ts";
import { until } from "../../support/gateway.ts";
import {
  callModel,
  CHAT,
  chunksOf,
  eventsOf,
  onlyRecord,
  openai,
  SAY,
  startEmulated,
} from "../traps/support.ts";

/** A model that Bedrock serves on OpenAI's own path, and one beside it. */
const OPTIONS = {
  models: { fine: "openai.gpt-oss-20b-1:0", next: "us.amazon.nova-micro-v1:0" },
  target: ", timeouts: { firstByte: 1s, idle: 200ms }",
  more: "tasks: { both: { targets: [fine, next] } }\n",
};

type Cut = Extract<Fault, { kind: "cut" }>["at"];
const cut = (at: Cut): Fault => ({ kind: "cut", at });
/** Before anything that a client could have seen. */
const AT_ONCE: Readonly<Record<string, Fault>> = {
  "is cut at its start": cut("start"),
  "is reset at its start": { kind: "reset", afterFrames: 0 },
  "hangs at its start": { kind: "hang", afterFrames: 0 },
  "begins with an exception": { kind: "exception", exception: "internalServerException" },
  "begins with a throttle": { kind: "exception", exception: "throttlingException" },
  "begins with an exception nobody knows": { kind: "exception", exception: "newException" },
  "begins with an error": { kind: "error-frame", code: "engine_gone", message: "no" },
};
const IN_MID_STREAM: Readonly<Record<string, Fault>> = {
  "is cut after its first event": cut(1),
  "is cut in its middle": cut(4),
  "is cut inside an event": cut("inside-frame"),
  "is cut before its finish": cut("before-message-stop"),
  "is cut before its usage": cut("before-metadata"),
  "is cut before its last event": cut("before-last"),
  "is reset in its middle": { kind: "reset", afterFrames: 4 },
  "hangs in its middle": { kind: "hang", afterFrames: 4 },
  "has an exception in its middle": {
    kind: "exception",
    exception: "modelStreamErrorException",
    afterFrames: 4,
  },
  "has a throttle in its middle": { kind: "exception", exception: "throttlingException", afterFrames: 4 },
  "has an exception nobody knows in its middle": {
    kind: "exception",
    exception: "newException",
    afterFrames: 4,
  },
  "has an error in its middle": { kind: "error-frame", code: "engine_gone", message: "no", afterFrames: 4 },
};

for (const [what, fault] of Object.entries({ ...AT_ONCE, ...IN_MID_STREAM }))
  test(`OpenAI's client hears of it where gpt-oss's stream ${what}`, async () => {
    await using pair = await startEmulated({ ...OPTIONS, script: { faults: [fault] } });
    for (const include_usage of [true, false]) {
      const reply = await pair.gateway.chat({ ...CHAT, stream: true, stream_options: { include_usage } });
      const isAtOnce = what in AT_ONCE;
      assert.equal(reply.status === 200, !isAtOnce, `${reply.status}`);
      if (isAtOnce) {
        const { error } = (await reply.json()) as { error: { code: string } };
        assert.match(error.code, /^(upstream_error|upstream_timeout|rate_limited)$/);
      } else {
        const { chunks, isDone } = await chunksOf(reply);
        assert.equal(isDone, false);
        assert.ok(chunks.at(-1).error, "the last event is an error");
        assert.ok(!chunks.slice(0, -1).some(({ error }) => error !== undefined), "and the only one");
        assert.ok(include_usage || !chunks.some(({ usage }) => usage), "no usage was asked for");
      }
      const record = await onlyRecord(pair.gateway);
      assert.equal(record.status, "failed");
      assert.equal(record.attempts.length, 1);
      // Only where the usage came is it known, though the end did not.
      if (!isAtOnce) {
        assert.equal(record.estimated, fault.kind !== "cut" || fault.at !== "before-last");
        assert.ok(record.costNano > 0n);
      }
    }
    for (const stream of [true, false]) {
      const sdk = openai(pair.gateway).chat.completions;
      if (stream)
        await assert.rejects(async () => {
          for await (const _ of await sdk.create({
            model: "fine",
            messages: [{ role: "user", content: "hi" }],
            stream: true,
          }));
        });
    }
  });

for (const [what, fault] of Object.entries(AT_ONCE))
  test(`the next target serves where gpt-oss's stream ${what}`, async () => {
    await using pair = await startEmulated({
      ...OPTIONS,
      script: { faults: [{ ...fault, operation: "ChatCompletions" }] },
    });
    const reply = await pair.gateway.chat({ ...CHAT, model: "both", stream: true });
    assert.equal(reply.headers.get("x-switchyard-target"), "next", String(reply.status));
    assert.ok((await chunksOf(reply)).isDone);
    const record = await onlyRecord(pair.gateway);
    assert.equal(record.status, "answered");
    assert.equal(record.attempts.length, 2);
  });

for (const [what, fault] of Object.entries({ ...AT_ONCE, ...IN_MID_STREAM }))
  test(`a Converse client hears of it where gpt-oss's stream ${what}`, async () => {
    await using pair = await startEmulated({ ...OPTIONS, script: { faults: [fault] } });
    const reply = await callModel(pair.gateway, "converse-stream", SAY("hi"));
    assert.equal(pair.emulator.requests().at(-1)?.operation, "ConverseStream");
    if (reply.status === 200) {
      const events = await eventsOf(reply);
      assert.ok(!(what in AT_ONCE));
      assert.equal(events.at(-1)?.kind, "exception");
      assert.ok(!events.some(({ type }) => type === "metadata"));
    } else {
      assert.ok(what in AT_ONCE, `${reply.status}`);
      assert.match(reply.headers.get("x-amzn-errortype") ?? "", /Exception/);
    }
    assert.equal((await onlyRecord(pair.gateway)).status, "failed");
  });

test("a client that leaves gpt-oss's stream has the upstream left, too, on both paths", async () => {
  await using pair = await startEmulated({
    ...OPTIONS,
    target: "",
    script: { faults: [{ kind: "hang", afterFrames: 3 }] },
  });
  for (const ask of [
    (signal: AbortSignal) => pair.gateway.chat({ ...CHAT, stream: true }, { signal }),
    (signal: AbortSignal) => callModel(pair.gateway, "converse-stream", SAY("hi"), { signal }),
  ]) {
    const leave = new AbortController();
    const reply = await ask(leave.signal);
    await reply.body?.getReader().read();
    leave.abort();
    const record = await onlyRecord(pair.gateway);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true);
    await until(() => pair.gateway.gateway.inFlight === 0, "its end");
  }
});

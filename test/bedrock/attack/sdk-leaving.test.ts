import assert from "node:assert/strict";
import test from "node:test";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
  type ConverseStreamOutput,
} from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { until, type TestGateway } from "../../support/gateway.ts";
import { connectHttp2 } from "../../attack/http2-client.ts";
import {
  converseReply,
  delta,
  ending,
  event,
  openStream,
  readEvents,
  SAY,
  sendJson,
  startScripted,
  stop,
  USAGE,
} from "../traps/support.ts";
import { recordOf } from "./support.ts";

const [MESSAGE_STOP = Buffer.alloc(0), METADATA = Buffer.alloc(0)] = ending("end_turn");
const FRAMES = [
  event("messageStart", { role: "assistant" }),
  delta(0, { text: "one two three " }),
  delta(0, { text: "four five six" }),
  stop(0),
  MESSAGE_STOP,
  METADATA,
];
const NAMES = [
  "the upstream's head",
  "messageStart",
  "a delta",
  "another delta",
  "contentBlockStop",
  "messageStop",
];
const ASKED = { modelId: "fine", messages: [{ role: "user" as const, content: [{ text: "hi" }] }] };

function client({ url, key }: TestGateway, version: string): BedrockRuntimeClient & Disposable {
  const made = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: url,
    maxAttempts: 1,
    token: { token: key },
    authSchemePreference: ["httpBearerAuth"],
    ...(version === "HTTP/1.1" && { requestHandler: new NodeHttpHandler() }),
  });
  return Object.assign(made, { [Symbol.dispose]: () => made.destroy() });
}

for (const version of ["HTTP/2", "HTTP/1.1"]) {
  for (const [count, name] of NAMES.entries())
    test(`the SDK that leaves after ${name} over ${version} is abandoned, and the upstream is left`, async () => {
      await using pair = await startScripted((_request, response) => {
        openStream(response);
        response.flushHeaders();
        for (const frame of FRAMES.slice(0, count)) response.write(frame);
      });
      using sdk = client(pair.gateway, version);
      const leave = new AbortController();
      const read = async (): Promise<void> => {
        const { stream } = await sdk.send(new ConverseStreamCommand(ASKED), { abortSignal: leave.signal });
        let seen = 0;
        for await (const _ of stream ?? []) if (++seen === count) leave.abort();
      };
      const reading = read();
      // Without an event the gateway says nothing yet.
      if (count === 0) {
        await until(() => pair.engine.seen.length === 1, "the request");
        leave.abort();
      }
      // Over HTTP/2 the SDK's own stream just ends when it is aborted.
      await reading.catch(() => {});
      const record = await recordOf(pair.gateway, name);
      assert.equal(record.status, "abandoned");
      assert.equal(record.estimated, true);
      assert.equal(record.attempts.length, 1);
      await until(() => pair.engine.seen[0]?.closedEarly === true, "the upstream's end");
    });

  test(`the SDK that leaves a plain Converse over ${version} is abandoned, and the upstream is left`, async () => {
    await using pair = await startScripted(() => {});
    using sdk = client(pair.gateway, version);
    const leave = new AbortController();
    const asked = sdk.send(new ConverseCommand(ASKED), { abortSignal: leave.signal });
    await until(() => pair.engine.seen.length === 1, "the request");
    leave.abort();
    await assert.rejects(asked);
    assert.equal((await recordOf(pair.gateway)).status, "abandoned");
    await until(() => pair.engine.seen[0]?.closedEarly === true, "the upstream's end");
  });

  test(`the SDK that reads slowly over ${version} holds the upstream back and gets every event in order`, async () => {
    const words = 3_000;
    let held = false;
    await using pair = await startScripted(async (_request, response) => {
      openStream(response);
      response.write(FRAMES[0]);
      for (let at = 0; at < words; at++) {
        if (response.write(delta(0, { text: `${at} `.repeat(300) }))) continue;
        held = true;
        await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end(Buffer.concat([stop(0), ...ending("end_turn")]));
    });
    using sdk = client(pair.gateway, version);
    const { stream } = await sdk.send(new ConverseStreamCommand(ASKED));
    let next = 0;
    let last: ConverseStreamOutput | undefined;
    for await (const one of stream ?? []) {
      last = one;
      const text = one.contentBlockDelta?.delta?.text;
      if (text === undefined) continue;
      assert.ok(text.startsWith(`${next} `), `${next}: ${text.slice(0, 20)}`);
      if (next++ % 300 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    }
    assert.equal(next, words);
    assert.equal(last?.metadata?.usage?.outputTokens, USAGE.outputTokens);
    assert.ok(held);
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "answered");
    assert.equal(record.estimated, false);
  });

  test(`the SDK that stops reading over ${version} and then leaves is abandoned`, async () => {
    let written = 0;
    await using pair = await startScripted(async (_request, response) => {
      openStream(response);
      response.write(FRAMES[0]);
      const piece = delta(0, { text: "word ".repeat(2_000) });
      const closed = new Promise((resolve) => response.once("close", resolve));
      for (; written < 20_000 && !response.destroyed; written++)
        if (!response.write(piece))
          await Promise.race([closed, new Promise((resolve) => response.once("drain", resolve))]);
    });
    using sdk = client(pair.gateway, version);
    const leave = new AbortController();
    const { stream } = await sdk.send(new ConverseStreamCommand(ASKED), { abortSignal: leave.signal });
    const reader = stream?.[Symbol.asyncIterator]();
    await reader?.next();
    let before = -1;
    // Until the upstream is held: what fits into buffers is written, and no more.
    for (; before !== written; await new Promise((resolve) => setTimeout(resolve, 100))) before = written;
    assert.ok(written < 20_000, "the upstream was not held back");
    leave.abort();
    assert.equal((await recordOf(pair.gateway)).status, "abandoned");
    await until(() => pair.engine.seen[0]?.closedEarly === true, "the upstream's end");
  });
}

test("one of two streams of an HTTP/2 connection is reset; the other one and the connection go on", async () => {
  let goOn = (): void => {};
  await using pair = await startScripted((request, response) => {
    if (request.raw.includes("plain")) return sendJson(response, converseReply([{ text: "x" }]));
    openStream(response);
    response.write(Buffer.concat(FRAMES.slice(0, 2)));
    if (request.raw.includes("stays")) goOn = () => response.end(Buffer.concat(FRAMES.slice(2)));
  });
  await using wire = connectHttp2(pair.gateway.port);
  const head = (path: string) => ({
    ":method": "POST",
    ":path": path,
    authorization: `Bearer ${pair.gateway.key}`,
    "content-type": "application/json",
  });
  const open = (text: string) => {
    const stream = wire.session.request(head("/model/fine/converse-stream"));
    const parts: Buffer[] = [];
    stream.on("data", (bytes: Buffer) => parts.push(bytes));
    stream.on("error", () => {});
    stream.end(JSON.stringify(SAY(text)));
    return { stream, parts };
  };
  const leaves = open("leaves");
  const stays = open("stays");
  await until(() => leaves.parts.length > 0 && stays.parts.length > 0, "both");
  leaves.stream.close(8);
  await until(() => pair.gateway.records.length === 1, "the record");
  assert.equal(pair.gateway.records[0]?.status, "abandoned");
  const ended = new Promise((resolve) => stays.stream.once("end", resolve));
  goOn();
  await ended;
  assert.equal(readEvents(Buffer.concat(stays.parts)).at(-1)?.type, "metadata");
  const again = await wire.request(head("/model/fine/converse"), JSON.stringify(SAY("plain")));
  assert.equal(again.status, 200);
  await until(() => pair.gateway.records.length === 3, "the records");
  assert.deepEqual(
    pair.gateway.records.map(({ status }) => status),
    ["abandoned", "answered", "answered"],
  );
  assert.deepEqual(pair.gateway.bugs, []);
});

test("an HTTP/2 connection that ends in mid-stream abandons all its exchanges", async () => {
  await using pair = await startScripted((_request, response) => {
    openStream(response);
    response.write(Buffer.concat(FRAMES.slice(0, 2)));
  });
  await using wire = connectHttp2(pair.gateway.port);
  let begun = 0;
  for (let at = 0; at < 5; at++) {
    const stream = wire.session.request({
      ":method": "POST",
      ":path": "/model/fine/converse-stream",
      authorization: `Bearer ${pair.gateway.key}`,
      "content-type": "application/json",
    });
    stream.once("data", () => begun++);
    stream.on("error", () => {});
    stream.end(JSON.stringify(SAY("hi")));
  }
  await until(() => begun === 5, "all streams");
  wire.session.destroy();
  await until(() => pair.gateway.records.length === 5, "the records");
  assert.ok(pair.gateway.records.every(({ status, estimated }) => status === "abandoned" && estimated));
  await until(() => pair.engine.seen.every(({ closedEarly }) => closedEarly), "the upstream's ends");
});

import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import type { Script } from "../../support/engine.ts";
import { until, type TestGateway } from "../../support/gateway.ts";
import { connect, requestText } from "../../attack/support.ts";
import {
  callModel,
  CHAT,
  converseReply,
  delta,
  ending,
  event,
  eventsOf,
  openStream,
  SAY,
  sendJson,
  sendStream,
  startScripted,
  stop,
  streamOf,
  USAGE,
  type Scripted,
} from "../traps/support.ts";
import { recordOf } from "./support.ts";

const START = event("messageStart", { role: "assistant" });

type Ask = (gateway: TestGateway, signal?: AbortSignal) => Promise<Response>;
const ASKS: Readonly<Record<string, { readonly stream: boolean; readonly ask: Ask }>> = {
  chat: {
    stream: false,
    ask: (gateway, signal) => gateway.chat(CHAT, signal === undefined ? {} : { signal }),
  },
  "streamed chat": {
    stream: true,
    ask: (gateway, signal) => gateway.chat({ ...CHAT, stream: true }, signal === undefined ? {} : { signal }),
  },
  Converse: {
    stream: false,
    ask: (gateway, signal) =>
      callModel(gateway, "converse", SAY("hi"), signal === undefined ? {} : { signal }),
  },
  ConverseStream: {
    stream: true,
    ask: (gateway, signal) =>
      callModel(gateway, "converse-stream", SAY("hi"), signal === undefined ? {} : { signal }),
  },
};

async function assertServes({ engine, gateway }: Scripted): Promise<void> {
  engine.script = (request, response) =>
    request.path.endsWith("-stream")
      ? sendStream(response, streamOf())
      : sendJson(response, converseReply([{ text: "x" }]));
  for (const { ask } of Object.values(ASKS)) {
    const reply = await ask(gateway);
    assert.equal(reply.status, 200);
    await reply.text();
    assert.equal((await recordOf(gateway)).status, "answered");
  }
}

for (const [name, { ask, stream }] of Object.entries(ASKS)) {
  test(`${name}: a client that leaves before anything came is abandoned, and so is the upstream`, async () => {
    await using pair = await startScripted(() => {});
    const leave = new AbortController();
    const asked = ask(pair.gateway, leave.signal);
    await until(() => pair.engine.seen.length === 1, "the request upstream");
    leave.abort();
    await assert.rejects(asked);
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true, "the model may have begun");
    await until(() => pair.engine.seen[0]?.closedEarly === true, "the end of the upstream's connection");
    await assertServes(pair);
  });

  if (!stream) continue;

  test(`${name}: a client that leaves in mid-stream is abandoned, and what was said so far is estimated`, async () => {
    await using pair = await startScripted((_request, response) => {
      openStream(response);
      response.write(Buffer.concat([START, delta(0, { text: "one two three four five six" })]));
    });
    const leave = new AbortController();
    const reply = await ask(pair.gateway, leave.signal);
    const reader = reply.body?.getReader();
    await reader?.read();
    leave.abort();
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true);
    assert.ok((record.usage?.outputTokens ?? 0) > 0);
    assert.ok((record.usage?.outputTokens ?? 0) < 50);
    await until(() => pair.engine.seen[0]?.closedEarly === true, "the end of the upstream's connection");
    await assertServes(pair);
  });

  test(`${name}: with drain the usage of a client that left is the upstream's own`, async () => {
    let goOn: () => void = () => {};
    await using pair = await startScripted(
      (_request, response) => {
        openStream(response);
        response.write(Buffer.concat([START, delta(0, { text: "one two three" })]));
        goOn = () => response.end(Buffer.concat([stop(0), ...ending("end_turn")]));
      },
      { target: ", onAbort: drain" },
    );
    const leave = new AbortController();
    const reply = await ask(pair.gateway, leave.signal);
    await reply.body?.getReader().read();
    leave.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(pair.gateway.records.length, 0, "it reads on");
    goOn();
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, false);
    assert.equal(record.usage?.inputTokens, USAGE.inputTokens);
    assert.equal(record.usage?.outputTokens, USAGE.outputTokens);
  });

  test(`${name}: with drain a stream that breaks after its client left is estimated`, async () => {
    let goOn: () => void = () => {};
    await using pair = await startScripted(
      (_request, response) => {
        openStream(response);
        response.write(Buffer.concat([START, delta(0, { text: "one two three" })]));
        goOn = () => response.destroy();
      },
      { target: ", onAbort: drain" },
    );
    const leave = new AbortController();
    const reply = await ask(pair.gateway, leave.signal);
    await reply.body?.getReader().read();
    leave.abort();
    await new Promise((resolve) => setTimeout(resolve, 50));
    goOn();
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true);
  });

  test(`${name}: a client that reads slowly holds the upstream back and gets every byte`, async () => {
    const words = Array.from({ length: 4_000 }, (_, at) => delta(0, { text: `${at} `.repeat(200) }));
    let held = false;
    await using pair = await startScripted(async (_request, response) => {
      openStream(response);
      for (const frame of [START, ...words, stop(0), ...ending("end_turn")]) {
        if (response.write(frame)) continue;
        held = true;
        await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const path = name === "ConverseStream" ? "/model/fine/converse-stream" : "/v1/chat/completions";
    const body = JSON.stringify(name === "ConverseStream" ? SAY("hi") : { ...CHAT, stream: true });
    const reply = await new Promise<http.IncomingMessage>((resolve) => {
      const request = http.request(
        {
          host: "127.0.0.1",
          port: pair.gateway.port,
          path,
          method: "POST",
          headers: { authorization: `Bearer ${pair.gateway.key}`, "content-type": "application/json" },
        },
        resolve,
      );
      request.end(body);
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    let bytes = 0;
    for await (const part of reply) {
      bytes += (part as Buffer).length;
      if (bytes < 200_000) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(bytes > 4_000 * 200 * 2, `${bytes} bytes`);
    assert.ok(held, "the upstream was held back");
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "answered");
    assert.equal(record.estimated, false);
  });
}

test("a client that leaves in the middle of its request's body leaves one record and no request upstream", async () => {
  await using pair = await startScripted(() => {});
  for (const path of ["/model/fine/converse", "/model/fine/converse-stream", "/model/fine/invoke"]) {
    await using wire = await connect(pair.gateway.port);
    wire.send(
      requestText(
        `POST ${path} HTTP/1.1`,
        {
          authorization: `Bearer ${pair.gateway.key}`,
          "content-type": "application/json",
          "content-length": 1_000,
        },
        '{"messages":[',
      ),
    );
    await until(() => pair.gateway.gateway.inFlight === 1, "the exchange");
    wire.socket.destroy();
    const record = await recordOf(pair.gateway, path);
    assert.equal(record.status, "abandoned");
    assert.equal(record.costNano, 0n);
  }
  assert.equal(pair.engine.seen.length, 0);
});

test("a client that leaves between two attempts is asked for no more", async () => {
  let asked = 0;
  const script: Script = (_request, response) => {
    asked++;
    if (asked === 1) setTimeout(() => sendJson(response, '{"message":"no"}', 503), 60);
    else sendJson(response, converseReply([{ text: "x" }]));
  };
  await using pair = await startScripted(script, {
    models: { one: "amazon.nova-lite-v1:0", two: "amazon.nova-micro-v1:0" },
    more: "tasks:\n  both: { targets: [one, two] }\n",
  });
  const leave = new AbortController();
  const reply = callModel(pair.gateway, "converse", SAY("hi"), { model: "both", signal: leave.signal });
  await until(() => asked === 1, "the first attempt");
  leave.abort();
  await assert.rejects(reply);
  assert.equal((await recordOf(pair.gateway)).status, "abandoned");
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(asked, 1);
});

test("an upstream that falls silent in mid-stream is a timeout to both clients", async () => {
  await using pair = await startScripted(
    (_request, response) => {
      openStream(response);
      response.write(Buffer.concat([START, delta(0, { text: "one" })]));
    },
    { target: ", timeouts: { idle: 150ms }" },
  );
  const text = await (await pair.gateway.chat({ ...CHAT, stream: true })).text();
  assert.match(text, /"code":"upstream_timeout"/);
  assert.ok(!text.includes("[DONE]"));
  const record = await recordOf(pair.gateway);
  assert.equal(record.code, "upstream_timeout");
  assert.equal(record.estimated, true);
  const events = await eventsOf(await callModel(pair.gateway, "converse-stream", SAY("hi")));
  assert.equal(events.at(-1)?.kind, "exception");
  assert.equal(events.at(-1)?.type, "modelStreamErrorException");
  await recordOf(pair.gateway);
});

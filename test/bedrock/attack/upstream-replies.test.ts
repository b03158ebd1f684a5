import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import type { Script } from "../../support/engine.ts";
import type { TestGateway } from "../../support/gateway.ts";
import {
  callModel,
  CHAT,
  converseReply,
  event,
  SAY,
  sendJson,
  sendStream,
  startScripted,
  streamOf,
  USAGE,
} from "../traps/support.ts";
import { recordOf, told, type Told } from "./support.ts";

interface Asked {
  readonly dialect: "openai" | "bedrock";
  readonly stream: boolean;
  readonly ask: (gateway: TestGateway) => Promise<Response>;
}

const ASKED: readonly Asked[] = [
  { dialect: "openai", stream: false, ask: (gateway) => gateway.chat(CHAT) },
  { dialect: "openai", stream: true, ask: (gateway) => gateway.chat({ ...CHAT, stream: true }) },
  { dialect: "bedrock", stream: false, ask: (gateway) => callModel(gateway, "converse", SAY("hi")) },
  { dialect: "bedrock", stream: true, ask: (gateway) => callModel(gateway, "converse-stream", SAY("hi")) },
];

/** Asks in every way, and insists on an error in the client's shape and one record of it. */
async function assertFails(script: Script, what: string, only?: boolean): Promise<void> {
  await using pair = await startScripted(script);
  for (const { dialect, stream, ask } of ASKED) {
    if (only !== undefined && only !== stream) continue;
    const name = `${what}, ${dialect}${stream ? " stream" : ""}`;
    const reply = await ask(pair.gateway);
    assert.ok(reply.status >= 400, `${name}: ${reply.status} ${(await reply.clone().text()).slice(0, 300)}`);
    const { code } = await told(reply, dialect, true);
    assert.equal(code, dialect === "openai" ? "upstream_error" : "InternalServerException", name);
    const record = await recordOf(pair.gateway, name);
    assert.equal(record.status, "failed", name);
    assert.equal(record.code, "upstream_error", name);
    assert.equal(record.attempts.length, 1, name);
  }
}

const UNKNOWN = '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}';

test("a 200 with UnknownOperationException is an error", () =>
  assertFails((_request, response) => sendJson(response, UNKNOWN), "unknown operation"));

test("a 200 with UnknownOperationException instead of a stream, even of a stream's type, is an error", () =>
  assertFails(
    (_request, response) =>
      sendJson(response, UNKNOWN, 200, { "content-type": "application/vnd.amazon.eventstream" }),
    "unknown operation as a stream",
  ));

for (const [what, body, type] of [
  ["a page", "<html><body>Gateway</body></html>", "text/html"],
  ["nothing", "", "application/json"],
  ["half a JSON text", '{"output":{"message":', "application/json"],
  ["an OpenAI stream", 'data: {"choices":[]}\n\ndata: [DONE]\n\n', "text/event-stream"],
] as const) {
  test(`a 200 with ${what} is an error`, () =>
    assertFails((_request, response) => sendJson(response, body, 200, { "content-type": type }), what));
}

for (const body of ["null", "[]", "{}", '"text"', "17", '{"message":"ok"}']) {
  test(`a 200 with ${body}, which is no reply of Converse, is an error`, () =>
    assertFails((_request, response) => sendJson(response, body), body));
}

for (const status of [204, 302, 304, 307]) {
  test(`a ${status} is an error`, () =>
    assertFails((_request, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/", "content-type": "application/json" });
      response.end(status === 204 || status === 304 ? undefined : "{}");
    }, String(status)));
}

test("a plain reply to one who asked for a stream is an error", () =>
  assertFails((_request, response) => sendJson(response, converseReply([{ text: "x" }])), "plain", true));

test("a stream to one who asked for a plain reply is an error", () =>
  assertFails((_request, response) => sendStream(response, streamOf()), "stream", false));

test("a compressed reply, which was not asked for, is an error", () =>
  assertFails((request, response) => {
    const body = request.path.includes("stream")
      ? Buffer.concat(streamOf())
      : Buffer.from(converseReply([{ text: "x" }]));
    response.writeHead(200, {
      "content-type": request.path.includes("stream")
        ? "application/vnd.amazon.eventstream"
        : "application/json",
      "content-encoding": "gzip",
    });
    response.end(gzipSync(body));
  }, "gzip"));

test("a reply shorter than its content-length is an error", () =>
  assertFails((request, response) => {
    const isStream = request.path.includes("stream");
    const body = isStream
      ? Buffer.concat(streamOf()).subarray(0, 0)
      : Buffer.from(converseReply([{ text: "x" }]));
    response.writeHead(200, {
      "content-type": isStream ? "application/vnd.amazon.eventstream" : "application/json",
      "content-length": body.length + 10,
    });
    response.write(body);
    setTimeout(() => response.destroy(), 5);
  }, "short"));

test("a page with status 502 and one with 400 keep their kind and not their page", async () => {
  let status = 502;
  await using pair = await startScripted((_request, response) =>
    sendJson(response, "<html>proxy-7.internal</html>", status, { "content-type": "text/html" }),
  );
  for (status of [502, 503, 504, 400, 404, 413]) {
    for (const { dialect, ask } of ASKED) {
      const { body, code }: Told = await told(await ask(pair.gateway), dialect, true);
      assert.ok(!JSON.stringify(body).includes("proxy-7"), JSON.stringify(body));
      assert.ok(code !== undefined);
      assert.equal((await recordOf(pair.gateway, String(status))).status, "failed");
    }
  }
});

const WRONG: Readonly<Record<string, unknown>> = {
  negative: { ...USAGE, inputTokens: -12 },
  texts: { inputTokens: "12", outputTokens: "3", totalTokens: "15" },
  fractions: { ...USAGE, outputTokens: 3.5 },
  "beyond a safe integer": { ...USAGE, outputTokens: 1e300 },
  absurd: { inputTokens: 500_000_000, outputTokens: 3, totalTokens: 500_000_003 },
  "absurd output": { inputTokens: 12, outputTokens: 15_000_000, totalTokens: 15_000_012 },
  "half there": { inputTokens: 12 },
  "a negative cache": { ...USAGE, cacheReadInputTokens: -5 },
  "details that are no counts": { ...USAGE, cacheWriteInputTokens: 5, cacheDetails: [{ ttl: "1h" }] },
  "a text": "12 tokens",
  "a list": [12, 3],
  absent: undefined,
  null: null,
};

for (const [what, usage] of Object.entries(WRONG)) {
  test(`a usage that is ${what} leaves the reply alone, and the record is estimated and says so`, async () => {
    await using pair = await startScripted(
      (request, response) =>
        request.path.endsWith("-stream")
          ? sendStream(response, [...streamOf().slice(0, -1), event("metadata", { usage })])
          : sendJson(response, converseReply([{ text: "one two three" }], { usage })),
      { target: ", maxOutputTokens: 1000" },
    );
    for (const { dialect, stream, ask } of ASKED) {
      const name = `${what}, ${dialect}${stream ? " stream" : ""}`;
      const reply = await ask(pair.gateway);
      const text = await reply.text();
      assert.equal(reply.status, 200, `${name}: ${text}`);
      assert.match(text, /one /);
      if (stream && dialect === "openai") assert.match(text, /\[DONE\]/);
      const record = await recordOf(pair.gateway, name);
      assert.equal(record.status, "answered", name);
      assert.equal(record.estimated, true, name);
      assert.ok(record.usage !== undefined && record.usage.outputTokens > 0, name);
      assert.ok(record.usage.outputTokens < 100 && record.usage.inputTokens < 100, name);
      assert.ok(record.costNano > 0n, name);
    }
  });
}

test("a usage that says the same in ordinary counts is taken as it is", async () => {
  await using pair = await startScripted((request, response) =>
    request.path.endsWith("-stream")
      ? sendStream(response, streamOf())
      : sendJson(response, converseReply([{ text: "one two three" }])),
  );
  for (const { ask } of ASKED) {
    assert.equal((await (await ask(pair.gateway)).text()).length > 0, true);
    const record = await recordOf(pair.gateway);
    assert.equal(record.estimated, false);
    assert.equal(record.usage?.inputTokens, 12);
    assert.equal(record.usage?.outputTokens, 3);
    assert.equal(record.flagged, undefined);
  }
});

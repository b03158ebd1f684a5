import assert from "node:assert/strict";
import test from "node:test";
import { setInterval as every } from "node:timers/promises";
import { chunk, DONE, plain, sse } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import { chatHeaders, connectHttp2, h2 } from "./http2-client.ts";
import {
  assertAlive,
  assertErrorBody,
  chatText,
  connect,
  HELLO,
  parseReplies,
  requestText,
  sleep,
  startPair,
  type Pair,
  type Wire,
} from "./support.ts";

const SOON = "headers: 400ms, request: 600ms, keepAlive: 400ms, stalledClient: 300ms";

const half = (text: string): string => text.slice(0, text.length - 20);

/** What a client sends and then leaves lying, and what it is told at the deadline, if anything. */
const LEFT: Readonly<Record<string, readonly [(key: string) => string | Uint8Array, number | undefined]>> = {
  "nothing at all": [() => "", undefined],
  "a line's end": [() => "\r\n", 408],
  "half a method": [() => "GE", 408],
  "half a request line": [() => "POST /v1/chat/comp", 408],
  "half a header": [() => "POST /v1/chat/completions HTTP/1.1\r\nhost: loc", 408],
  "all but the last line feed of a head": [() => "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r", 408],
  "half a body": [(key) => half(chatText(key)), 408],
  "a head that announces a body": [(key) => chatText(key).replace(/\r\n\r\n.*/s, "\r\n\r\n"), 408],
  "half a chunk": [
    (key) =>
      chatText(key).replace(/content-length: \d+\r\n\r\n.*/s, "transfer-encoding: chunked\r\n\r\nff\r\n{"),
    408,
  ],
  "half an HTTP/2 preface": [() => h2.preface.subarray(0, 10), undefined],
  "the first three letters of an HTTP/2 preface": [() => "PRI", undefined],
  "an HTTP/2 preface alone": [() => h2.preface, undefined],
  "HTTP/2 settings alone": [() => Buffer.concat([h2.preface, h2.settings()]), undefined],
  "half an HTTP/2 frame": [() => Buffer.concat([h2.preface, h2.settings().subarray(0, 5)]), undefined],
  "an HTTP/2 header block without end": [
    () => Buffer.concat([h2.preface, h2.settings(), h2.headers(1, 0, [[":method", "GET"]])]),
    undefined,
  ],
};

for (const [what, [bytes, status]] of Object.entries(LEFT)) {
  test(`a connection that sends ${what} ends at its deadline`, async () => {
    await using pair = await startPair({ server: SOON });
    await using wire = await connect(pair.gateway.port);
    wire.send(bytes(pair.gateway.key));
    await wire.closed();
    const told = parseReplies(status === undefined ? "" : wire.text());
    assert.deepEqual(
      told.map((reply) => reply.status),
      status === undefined ? [] : [status],
    );
    assert.equal(pair.engine.seen.length, 0);
    await assertAlive(pair);
  });
}

test("an exchange whose body never comes whole is recorded as refused", async () => {
  await using pair = await startPair({ server: SOON });
  await using wire = await connect(pair.gateway.port);
  wire.send(half(chatText(pair.gateway.key)));
  await wire.closed();
  const record = await until(() => pair.gateway.records[0]);
  assert.equal(record.status, "refused");
  assert.equal(record.code, "invalid_request");
});

async function drip(wire: Wire, text: string): Promise<void> {
  // The first letters together: how a connection begins is one-byte.test.ts's subject.
  let at = 4;
  wire.send(text.slice(0, at));
  for await (const _ of every(50)) {
    if (wire.socket.destroyed || at >= text.length) return;
    wire.send(text.slice(at, ++at));
  }
}

test("a head or body that comes byte by byte ends at its deadline all the same", async () => {
  await using pair = await startPair({ server: SOON });
  await using slowHead = await connect(pair.gateway.port);
  await using slowBody = await connect(pair.gateway.port);
  const text = chatText(pair.gateway.key, { ...HELLO, pad: "x".repeat(500) });
  const bodyAt = text.indexOf("\r\n\r\n") + 4;
  slowBody.send(text.slice(0, bodyAt));
  await Promise.all([drip(slowHead, text), drip(slowBody, text.slice(bodyAt))]);
  await Promise.all([slowHead.closed(), slowBody.closed()]);
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("an idle connection is closed after a while, and a used one begins anew", async () => {
  await using pair = await startPair({ server: SOON });
  await using wire = await connect(pair.gateway.port);
  const healthy = requestText("GET /healthz HTTP/1.1", {});
  for (let round = 1; round <= 3; round++) {
    wire.send(healthy);
    await wire.until((text) => text.split('"alive"').length > round);
    await sleep(100);
  }
  await wire.closed();
  assert.equal(parseReplies(wire.text()).length, 3);
});

test("an HTTP/2 stream whose body never comes whole ends at its deadline", async () => {
  await using pair = await startPair({ server: SOON });
  await using client = connectHttp2(pair.gateway.port);
  const stream = client.session.request(chatHeaders(pair.gateway.key));
  const closed = new Promise<void>((resolve) => stream.on("close", () => resolve()));
  stream.on("error", () => {});
  stream.write('{"model":');
  await closed;
  const record = await until(() => pair.gateway.records[0]);
  assert.equal(record.status, "refused");
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("an idle HTTP/2 connection is let go of even where the peer never closes its side", async () => {
  await using pair = await startPair({ server: SOON });
  await using wire = await connect(pair.gateway.port, { allowHalfOpen: true });
  wire.send(Buffer.concat([h2.preface, h2.settings()]));
  const ping = h2.frame(6, 0, 0, Buffer.alloc(8));
  const pings = setInterval(() => wire.socket.writable && wire.send(ping), 50);
  try {
    // A socket that the gateway still holds takes these for ever; one that it let go of resets.
    await wire.closed();
  } finally {
    clearInterval(pings);
  }
});

/** Requests that are refused by their head alone. */
const REFUSED_BY_HEAD: Readonly<Record<string, readonly [string, Record<string, string>, number]>> = {
  "a wrong key": ["POST /v1/chat/completions", { authorization: "Bearer sy-nobody" }, 401],
  "no key": ["POST /v1/chat/completions", {}, 401],
  "a path that is not there": ["POST /nowhere", {}, 404],
  "another method": ["PUT /v1/chat/completions", {}, 404],
};

for (const [what, [line, headers, status]] of Object.entries(REFUSED_BY_HEAD)) {
  test(`with ${what} a request is refused before its body is read`, async () => {
    await using pair = await startPair();
    await using wire = await connect(pair.gateway.port);
    const head = { "content-type": "application/json", "content-length": 10_000_000, ...headers };
    wire.send(`${requestText(`${line} HTTP/1.1`, head)}{`);
    const text = await Promise.race([wire.until((received) => received.endsWith("}}")), sleep(2_000)]);
    assert.ok(text !== undefined, "nothing is said until the body is there");
    const [reply] = parseReplies(text);
    assert.equal(reply?.status, status);
    assertErrorBody(reply?.body ?? "", status === 401 ? "unauthenticated" : "not_found", /./);
  });
}

/** Sends a request, reads nothing of its reply until well past the deadline, then all that still comes. */
async function readLate({ gateway }: Pair, stream: boolean): Promise<string> {
  await using wire = await connect(gateway.port);
  wire.socket.pause();
  wire.send(chatText(gateway.key, { ...HELLO, stream }, { connection: "close" }));
  await until(() => gateway.records[0], "the exchange's end");
  await sleep(1_500);
  wire.socket.resume();
  await wire.closed();
  return wire.text();
}

const BIG = "y".repeat(20_000_000);

test("a client that does not read its plain reply is cut off, and the reply is let go of", async () => {
  await using pair = await startPair({
    server: SOON,
    script: (_request, response) => plain(response, 200, JSON.stringify({ choices: [], pad: BIG })),
  });
  assert.ok((await readLate(pair, false)).length < BIG.length, "the reply waits as long as the client likes");
});

test("a client that does not read the end of its stream is cut off", async () => {
  await using pair = await startPair({
    server: SOON,
    script: (_request, response) => {
      sse(response);
      response.end(chunk(BIG) + DONE);
    },
  });
  assert.ok((await readLate(pair, true)).length < BIG.length, "the stream waits as long as the client likes");
});

test("hundreds of connections that send nothing, or half of something, cost the others nothing and all end", async () => {
  await using pair = await startPair({ server: SOON });
  const beginnings = ["", "GET /healthz HT", h2.preface, half(chatText(pair.gateway.key))];
  const wires = await Promise.all(Array.from({ length: 400 }, () => connect(pair.gateway.port)));
  wires.forEach((wire, index) => wire.send(beginnings[index % beginnings.length] ?? ""));
  await assertHealthy(pair);
  await Promise.all(wires.map((wire) => wire.closed()));
  await assertAlive(pair);
});

async function assertHealthy({ gateway }: Pair): Promise<void> {
  const healthy = await Promise.all(Array.from({ length: 20 }, () => fetch(`${gateway.url}/healthz`)));
  assert.ok(healthy.every(({ status }) => status === 200));
  await Promise.all(healthy.map((response) => response.arrayBuffer()));
}

test("a client that leaves while it still sends its body is recorded as gone, not as refused", async () => {
  await using pair = await startPair();
  const wire = await connect(pair.gateway.port);
  wire.send(half(chatText(pair.gateway.key)));
  await until(() => (pair.gateway.gateway.inFlight === 1 ? true : undefined));
  wire.socket.destroy();
  const record = await until(() => pair.gateway.records[0]);
  assert.equal(record.status, "abandoned");
  assert.equal(record.code, undefined);
});

import assert from "node:assert/strict";
import http2 from "node:http2";
import test from "node:test";
import { answer, chunk, DONE, FINISH, PLAIN, sse } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import { chatHeaders, connectHttp2, h2 } from "./http2-client.ts";
import { assertAlive, connect, HELLO, sleep, startPair, type Pair } from "./support.ts";

const BODY = JSON.stringify(HELLO);
const STREAM = JSON.stringify({ ...HELLO, stream: true });

test("a stream passes to the byte over HTTP/2 too", async () => {
  await using pair = await startPair({ script: answer(["a", "b"]) });
  await using client = connectHttp2(pair.gateway.port);
  const reply = await client.request(chatHeaders(pair.gateway.key), STREAM);
  assert.equal(reply.status, 200);
  assert.equal(reply.text, chunk("a") + chunk("b") + FINISH + DONE);
});

test("RST_STREAM in mid-stream cancels the upstream, and the connection goes on", async () => {
  await using pair = await startPair();
  pair.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("a"));
  };
  await using client = connectHttp2(pair.gateway.port);
  const stream = client.session.request(chatHeaders(pair.gateway.key));
  stream.on("error", () => {});
  stream.end(STREAM);
  await new Promise((resolve) => stream.once("data", resolve));
  stream.close(http2.constants.NGHTTP2_CANCEL);
  await until(() => pair.engine.seen[0]?.closedEarly, "the upstream's end");
  assert.equal((await until(() => pair.gateway.records[0])).status, "abandoned");
  pair.engine.script = answer();
  assert.equal((await client.request(chatHeaders(pair.gateway.key), BODY)).text, PLAIN);
  await assertAlive(pair);
});

test("a connection that breaks ends all of its exchanges", async () => {
  await using pair = await startPair();
  pair.engine.script = (_request, response) => sse(response);
  const client = connectHttp2(pair.gateway.port);
  for (let count = 0; count < 20; count++) {
    const stream = client.session.request(chatHeaders(pair.gateway.key));
    stream.on("error", () => {});
    stream.end(STREAM);
  }
  await until(() => pair.engine.seen.length === 20);
  client.session.destroy();
  await until(() => pair.engine.seen.every(({ closedEarly }) => closedEarly));
  await until(() => pair.gateway.records.length === 20);
  await assertAlive(pair);
});

test("streams that are opened and reset at once, again and again, leave nothing behind", async () => {
  await using pair = await startPair();
  for (let round = 0; round < 5; round++) {
    await using client = connectHttp2(pair.gateway.port);
    for (let count = 0; count < 200 && !client.session.destroyed; count++) {
      const stream = client.session.request(chatHeaders(pair.gateway.key));
      stream.on("error", () => {});
      stream.write(BODY.slice(0, 10));
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }
    await sleep(50);
  }
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("a content-length that lies is refused, and nothing of it reaches the engine", async () => {
  await using pair = await startPair();
  for (const length of [BODY.length - 5, BODY.length + 5, 0, "-1", "abc", "5, 5"]) {
    await using client = connectHttp2(pair.gateway.port);
    const headers = chatHeaders(pair.gateway.key, { "content-length": length });
    const reply = await client.request(headers, BODY).catch(() => ({ status: 400, text: "" }));
    assert.ok(reply.status === 400 || reply.status === 0, `${length} is answered ${reply.status}`);
  }
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

/** Sends a request's header fields as they are, and a body, and waits for what comes of it. */
async function sendFields(
  pair: Pair,
  fields: readonly (readonly [string, string])[],
  patienceMs = 100,
): Promise<void> {
  await using wire = await connect(pair.gateway.port);
  wire.send(
    Buffer.concat([
      h2.preface,
      h2.settings(),
      h2.headers(1, 4, fields),
      h2.frame(0, 1, 1, Buffer.from(BODY)),
    ]),
  );
  await Promise.race([wire.closed(), sleep(patienceMs)]);
}

function fieldsOf(pair: Pair): [string, string][] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "localhost"],
    [":path", "/v1/chat/completions"],
    ["x-api-key", pair.gateway.key],
    ["content-length", String(BODY.length)],
  ];
}

test("header fields sent by hand reach the engine as a request, so that the refusals below mean something", async () => {
  await using pair = await startPair();
  await sendFields(pair, fieldsOf(pair), 1_000);
  assert.equal(pair.engine.seen.length, 1);
});

const FORBIDDEN: Readonly<Record<string, readonly [string, string]>> = {
  "a name in capitals": ["X-Switchyard-User", "ann"],
  "a header of the connection": ["connection", "x-api-key"],
  "keep-alive": ["keep-alive", "timeout=5"],
  "transfer-encoding": ["transfer-encoding", "chunked"],
  upgrade: ["upgrade", "h2c"],
  "te other than trailers": ["te", "gzip"],
  "a second path": [":path", "/healthz"],
  "a second method": [":method", "GET"],
  "an unknown pseudo-header": [":admin", "1"],
  "a second content-length": ["content-length", "1"],
};

for (const [what, field] of Object.entries(FORBIDDEN)) {
  test(`over HTTP/2, ${what} is no request`, async () => {
    await using pair = await startPair();
    await sendFields(pair, [...fieldsOf(pair), field]);
    assert.equal(pair.engine.seen.length, 0);
    await assertAlive(pair);
  });
}

/** nghttp2 leaves out a field that is none and hands on the rest: it must not come out as another field. */
const LEFT_OUT: Readonly<Record<string, readonly [string, string]>> = {
  "a line break in a value": ["x-switchyard-user", "ann\r\nx-switchyard-app: evil"],
  "a line feed in a value": ["x-switchyard-user", "ann\nx-switchyard-app: evil"],
  "NUL in a value": ["x-switchyard-user", "ann\0"],
  "a line break in a name": ["x-switchyard-user: ann\r\nx-switchyard-app", "evil"],
  "a colon in a name": ["x-switchyard-app:", "evil"],
  "a space in a name": ["x-switchyard-app ", "evil"],
};

for (const [what, field] of Object.entries(LEFT_OUT)) {
  test(`over HTTP/2, ${what} makes no other field`, async () => {
    await using pair = await startPair();
    await sendFields(pair, [...fieldsOf(pair), field]);
    assert.equal(pair.gateway.records.at(-1)?.context?.user, undefined);
    assert.equal(pair.gateway.records.at(-1)?.context?.app, undefined);
    await assertAlive(pair);
  });
}

test("over HTTP/2, a request without method, path or scheme is none", async () => {
  await using pair = await startPair();
  for (const name of [":method", ":path", ":scheme"]) {
    await sendFields(
      pair,
      fieldsOf(pair).filter(([other]) => other !== name),
    );
  }
  await sendFields(
    pair,
    fieldsOf(pair).map(([name, value]) => [name, name === ":path" ? "" : value]),
  );
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("trailers add neither a key nor a word", async () => {
  await using pair = await startPair();
  await using client = connectHttp2(pair.gateway.port);
  const trailing = (
    headers: http2.OutgoingHttpHeaders,
    trailers: http2.OutgoingHttpHeaders,
  ): Promise<number> =>
    new Promise((resolve, reject) => {
      const stream = client.session.request(headers, { waitForTrailers: true });
      let status = 0;
      stream.on("wantTrailers", () => stream.sendTrailers(trailers));
      stream.on("response", (head) => (status = Number(head[":status"])));
      stream.on("error", reject);
      stream.on("close", () => resolve(status));
      stream.resume().end(BODY);
    });
  const { authorization, ...noKey } = chatHeaders(pair.gateway.key);
  assert.equal(await trailing(noKey, { authorization }), 401);
  const worded = await trailing(chatHeaders(pair.gateway.key), {
    "x-switchyard-user": "ann",
    "x-api-key": "other",
  });
  assert.equal(worded, 200);
  assert.equal(pair.gateway.records.at(-1)?.context?.user, undefined);
  await assertAlive(pair);
});

test("too many headers, and headers that are too long, are refused and cost the others nothing", async () => {
  await using pair = await startPair();
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-h${index}`, "v"]));
  for (const more of [many, { "x-long": "a".repeat(60_000) }, { "x-long": "a".repeat(200_000) }]) {
    await using client = connectHttp2(pair.gateway.port);
    const reply = await client
      .request(chatHeaders(pair.gateway.key, more), BODY)
      .catch(() => ({ status: 431, text: "" }));
    assert.ok([0, 200, 431].includes(reply.status), `answered ${reply.status}`);
  }
  await assertAlive(pair);
});

/** Frames that a peer may not send, or not so many of. */
const FLOODS: Readonly<Record<string, readonly Uint8Array[]>> = {
  "a header block that goes on and on": [
    h2.headers(1, 0, [[":method", "POST"]]),
    ...Array.from({ length: 5_000 }, () => h2.frame(9, 0, 1, h2.block([["x-a", "b".repeat(100)]]))),
  ],
  "empty continuations": [
    h2.headers(1, 0, [[":method", "POST"]]),
    ...Array.from({ length: 50_000 }, () => h2.frame(9, 0, 1)),
  ],
  pings: Array.from({ length: 50_000 }, () => h2.frame(6, 0, 0, Buffer.alloc(8))),
  settings: Array.from({ length: 50_000 }, () => h2.settings()),
  "empty data on a stream that is not there": Array.from({ length: 1_000 }, () => h2.frame(0, 0, 99)),
  "a window of zero": [h2.frame(8, 0, 0, Buffer.alloc(4))],
  "a window that overflows": Array.from({ length: 3 }, () =>
    h2.frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
  ),
  "a frame larger than allowed": [h2.frame(0, 0, 1, Buffer.alloc(100_000))],
  "a push promise": [h2.frame(5, 4, 1, Buffer.from([0, 0, 0, 2, 0]))],
  "frames of unknown types": Array.from({ length: 10_000 }, (_, index) =>
    h2.frame(100 + (index % 100), 255, 1),
  ),
  "a broken header block": [h2.frame(1, 5, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]))],
  "a stream that depends on itself": [h2.frame(2, 0, 1, Buffer.from([0, 0, 0, 1, 16]))],
};

for (const [what, frames] of Object.entries(FLOODS)) {
  test(`${what}: an HTTP/2 connection that sends it harms itself at most`, async () => {
    await using pair = await startPair({ server: "headers: 500ms, request: 500ms" });
    await using wire = await connect(pair.gateway.port);
    wire.send(Buffer.concat([h2.preface, h2.settings(), ...frames]));
    await assertAlive(pair);
    await Promise.race([wire.closed(), sleep(500)]);
    assert.equal(pair.engine.seen.filter(({ path }) => path !== "/v1/chat/completions").length, 0);
    await assertAlive(pair);
  });
}

test("more streams at once than allowed wait or are refused; none is lost", async () => {
  await using pair = await startPair();
  await using client = connectHttp2(pair.gateway.port);
  const all = Array.from({ length: 600 }, () => client.request(chatHeaders(pair.gateway.key), BODY));
  const replies = await Promise.all(all);
  assert.ok(replies.every(({ text }) => text === PLAIN));
  await assertAlive(pair);
});

test("a client that opens no window for its stream is cut off, and its upstream with it", async () => {
  await using pair = await startPair({ server: "stalledClient: 300ms" });
  pair.engine.script = async (_request, response) => {
    sse(response);
    while (!response.destroyed) {
      response.write(chunk("y".repeat(60_000)));
      await sleep(1);
    }
  };
  await using client = connectHttp2(pair.gateway.port);
  const stream = client.session.request(chatHeaders(pair.gateway.key));
  stream.on("error", () => {});
  stream.pause();
  stream.end(STREAM);
  await until(() => pair.engine.seen[0]?.closedEarly, "the upstream's end");
  assert.equal((await until(() => pair.gateway.records[0])).status, "abandoned");
  await assertAlive(pair);
});

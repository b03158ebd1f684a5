import assert from "node:assert/strict";
import test from "node:test";
import { answer, DONE, PLAIN } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import { chatHeaders, connectHttp2 } from "./http2-client.ts";
import {
  assertAlive,
  assertErrorBody,
  chatText,
  connect,
  exchangeBytes,
  HELLO,
  parseReplies,
  requestText,
  startPair,
} from "./support.ts";

const BODY = JSON.stringify(HELLO);

/** The head of a chat request with a valid key, and any lines after it. */
function head(key: string, ...lines: string[]): string {
  return [
    "POST /v1/chat/completions HTTP/1.1",
    "host: localhost",
    `authorization: Bearer ${key}`,
    ...lines,
    "",
    "",
  ].join("\r\n");
}

/** What is no HTTP request, or one that two readers could divide differently. A line each; the body follows. */
const MALFORMED: Readonly<Record<string, readonly [lines: readonly string[], body: string]>> = {
  "NUL in a header value": [["x-switchyard-user: a\0b", `content-length: ${BODY.length}`], BODY],
  "a bare CR in a header value": [
    ["x-switchyard-user: a\rx-api-key: b", `content-length: ${BODY.length}`],
    BODY,
  ],
  "a bare LF at a header's end": [["x-a: b\nx-switchyard-user: c", `content-length: ${BODY.length}`], BODY],
  "a space before a header's colon": [["content-length : 5", `content-length: ${BODY.length}`], BODY],
  "a header that goes on in the next line": [["x-a: b\r\n c: d", `content-length: ${BODY.length}`], BODY],
  "a header without a name": [[": x", `content-length: ${BODY.length}`], BODY],
  "a header without a colon": [["garbage", `content-length: ${BODY.length}`], BODY],
  "a control character in a header's name": [["x\x01y: z", `content-length: ${BODY.length}`], BODY],
  "a negative content-length": [["content-length: -5"], BODY],
  "a signed content-length": [["content-length: +5"], BODY],
  "a hexadecimal content-length": [["content-length: 0x20"], BODY],
  "a content-length of two numbers": [["content-length: 5 5"], BODY],
  "a list of content-lengths": [[`content-length: ${BODY.length}, ${BODY.length}`], BODY],
  "a content-length that no number holds": [[`content-length: ${"9".repeat(30)}`], BODY],
  "two content-lengths": [[`content-length: ${BODY.length}`, "content-length: 5"], BODY],
  "the same content-length twice": [
    [`content-length: ${BODY.length}`, `content-length: ${BODY.length}`],
    BODY,
  ],
  "transfer-encoding beside content-length": [
    ["transfer-encoding: chunked", "content-length: 5"],
    "0\r\n\r\n",
  ],
  "content-length beside transfer-encoding": [
    ["content-length: 5", "transfer-encoding: chunked"],
    "0\r\n\r\n",
  ],
  "a transfer-encoding that is not chunked at its end": [["transfer-encoding: chunked, identity"], BODY],
  "an unknown transfer-encoding": [["transfer-encoding: xchunked"], BODY],
  "a transfer-encoding of gzip": [["transfer-encoding: gzip"], BODY],
  "a transfer-encoding with a vertical tab": [["transfer-encoding: \vchunked"], "0\r\n\r\n"],
  "a chunk's size that is no number": [["transfer-encoding: chunked"], `zz\r\n${BODY}\r\n0\r\n\r\n`],
  "a chunk's size with a sign": [["transfer-encoding: chunked"], `-1\r\n${BODY}\r\n0\r\n\r\n`],
  "a chunk's size with a prefix": [["transfer-encoding: chunked"], `0x5\r\nhello\r\n0\r\n\r\n`],
  "a chunk's size that no number holds": [["transfer-encoding: chunked"], `${"f".repeat(20)}\r\nx`],
  "a chunk longer than it says": [["transfer-encoding: chunked"], `2\r\n${BODY}\r\n0\r\n\r\n`],
  "a chunk that ends with LF alone": [
    ["transfer-encoding: chunked"],
    `${BODY.length.toString(16)}\n${BODY}\n0\n\n`,
  ],
  "a chunk extension without end": [["transfer-encoding: chunked"], `5;${"a".repeat(40_000)}`],
};

for (const [what, [lines, body]] of Object.entries(MALFORMED)) {
  test(`${what} ends the connection with a refusal, and nothing behind it is a request`, async () => {
    await using pair = await startPair({ server: "headers: 1s, request: 1s" });
    const smuggled = requestText("GET /healthz HTTP/1.1", {});
    const text = await exchangeBytes(pair.gateway.port, head(pair.gateway.key, ...lines) + body + smuggled);
    const replies = parseReplies(text);
    assert.ok(replies.length <= 1, text);
    for (const reply of replies) {
      assert.ok([400, 408, 413, 431].includes(reply.status), text);
      const { error } = JSON.parse(reply.body) as { error: { code: string } };
      assert.equal(error.code, reply.status === 413 ? "payload_too_large" : "invalid_request");
    }
    assert.equal(pair.engine.seen.length, 0);
    await assertAlive(pair);
  });
}

test("a header of 17 kB is refused with 431 and says how much there may be", async () => {
  await using pair = await startPair();
  const text = await exchangeBytes(
    pair.gateway.port,
    requestText("GET /v1/models HTTP/1.1", { "x-a": "a".repeat(17 * 1_024) }),
  );
  const [reply, ...others] = parseReplies(text);
  assert.equal(others.length, 0);
  assert.equal(reply?.status, 431);
  assert.match(reply?.head ?? "", /content-type: application\/json/i);
  assert.match(reply?.body ?? "", /longer than 16 KiB/);
  await assertAlive(pair);
});

test("the answer to what is no HTTP carries an id and says what to do, as every error does", async () => {
  await using pair = await startPair();
  const text = await exchangeBytes(pair.gateway.port, "NONSENSE\r\n\r\n");
  assertErrorBody(parseReplies(text)[0]?.body ?? "", "invalid_request", /not valid HTTP/);
});

test("a content-length that is too short leaves a rest that is refused, not served", async () => {
  await using pair = await startPair();
  const text = await exchangeBytes(
    pair.gateway.port,
    head(pair.gateway.key, `content-length: ${BODY.length}`) + BODY + "x",
  );
  const statuses = parseReplies(text).map(({ status }) => status);
  assert.ok(statuses.length === 1 || statuses[1] === 400, text);
  assert.ok(pair.engine.seen.length <= 1);
  await assertAlive(pair);
});

test("Expect: 100-continue is told to go on and then served", async () => {
  await using pair = await startPair();
  await using wire = await connect(pair.gateway.port);
  wire.send(
    head(pair.gateway.key, "expect: 100-continue", `content-length: ${BODY.length}`, "connection: close"),
  );
  assert.equal(await wire.until((text) => text.endsWith("\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
  assert.equal(pair.engine.seen.length, 0);
  wire.send(BODY);
  await wire.closed();
  const [first, second] = parseReplies(wire.text());
  assert.equal(first?.status, 100);
  assert.equal(second?.body, PLAIN);
});

test("another expectation is refused", async () => {
  await using pair = await startPair();
  const request = head(
    pair.gateway.key,
    "expect: 200-ok",
    `content-length: ${BODY.length}`,
    "connection: close",
  );
  const text = await exchangeBytes(pair.gateway.port, request + BODY);
  assert.equal(parseReplies(text)[0]?.status, 417);
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

for (const stream of [false, true]) {
  test(`an HTTP/1.0 client gets its ${stream ? "stream" : "plain reply"} without chunks, and the connection ends`, async () => {
    await using pair = await startPair({ script: answer(["a", "b"]) });
    const text = chatText(pair.gateway.key, { ...HELLO, stream }).replace("HTTP/1.1", "HTTP/1.0");
    const reply = await exchangeBytes(pair.gateway.port, text);
    const [start = "", body = ""] = reply.split(/\r\n\r\n(.*)/s);
    assert.match(start, /^HTTP\/1\.[01] 200 /);
    assert.doesNotMatch(start, /chunked/i);
    assert.ok(stream ? body.endsWith(DONE) : body === PLAIN, reply);
  });
}

test("other versions of HTTP in the request line get one answer in HTTP/1.1, and the connection ends", async () => {
  await using pair = await startPair({ server: "headers: 1s, request: 1s" });
  const closing = "host: localhost\r\nconnection: close\r\n\r\n";
  for (const version of ["HTTP/1.2", "HTTP/9.9", "HTTPS/1.1", "http/1.1", "", "HTTP/1.1 x", "HTTP/11"]) {
    const text = await exchangeBytes(pair.gateway.port, `GET /healthz ${version}\r\n${closing}`);
    assert.deepEqual(
      parseReplies(text).map(({ status }) => status),
      [400],
      version,
    );
  }
  // Node's parser takes these two for what they can only mean here.
  for (const version of ["HTTP/0.9", "HTTP/2.0"]) {
    const text = await exchangeBytes(pair.gateway.port, `GET /v1/models ${version}\r\n${closing}`);
    const [reply, ...others] = parseReplies(text);
    assert.ok(reply?.status === 401 || reply?.status === 400, text);
    assert.equal(others.length, 0);
  }
  await assertAlive(pair);
});

test("HTTP/1.1 and HTTP/2 are served on one port at the same time", async () => {
  await using pair = await startPair();
  await using client = connectHttp2(pair.gateway.port);
  const rounds = Array.from({ length: 20 }, async () => {
    const [one, two] = await Promise.all([
      pair.gateway.chat(HELLO).then((response) => response.text()),
      client.request(chatHeaders(pair.gateway.key), BODY),
    ]);
    assert.equal(one, PLAIN);
    assert.equal(two.text, PLAIN);
  });
  await Promise.all(rounds);
  assert.equal(pair.engine.seen.length, 40);
  await assertAlive(pair);
});

test("hop-by-hop headers take no part of the request away", async () => {
  await using pair = await startPair();
  const names = "authorization, x-api-key, x-switchyard-sensitivity, content-length, host";
  const with_ = (key: string): string =>
    chatText(key, HELLO, {
      connection: `close, ${names}`,
      te: "trailers",
      "x-switchyard-sensitivity": "restricted",
    });
  const [refused] = parseReplies(await exchangeBytes(pair.gateway.port, with_(pair.gateway.key)));
  // The target takes internal data only: the raised sensitivity must have been seen.
  assert.equal(refused?.status, 403);
  assertErrorBody(refused?.body ?? "", "policy_denied", /restricted/);
  const [unknown] = parseReplies(await exchangeBytes(pair.gateway.port, with_("sy-nobody")));
  assert.equal(unknown?.status, 401);
  assert.equal(pair.engine.seen.length, 0);
});

test("a request for an upgrade is served as it stands or refused, and the protocol stays", async () => {
  await using pair = await startPair();
  for (const upgrade of ["websocket", "h2c"]) {
    const text = await exchangeBytes(
      pair.gateway.port,
      chatText(pair.gateway.key, HELLO, {
        connection: "close, Upgrade, HTTP2-Settings",
        upgrade,
        "http2-settings": "AAMAAABkAAQAAP__",
      }),
    );
    assert.notEqual(parseReplies(text)[0]?.status, 101);
  }
  await until(() => pair.gateway.gateway.inFlight === 0);
  await assertAlive(pair);
});

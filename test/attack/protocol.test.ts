import assert from "node:assert/strict";
import test from "node:test";
import { answer, chunk, DONE, PLAIN, sse } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import {
  assertAlive,
  assertErrorBody,
  chatHeaders,
  chatText,
  connect,
  connectHttp2,
  exchangeBytes,
  HELLO,
  parseReplies,
  requestText,
  sleep,
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

test("pipelined exchanges are answered in order, each with its own reply", async () => {
  await using pair = await startPair();
  let count = 0;
  pair.engine.script = async (request, response) => {
    // The first is the slowest.
    await sleep(150 - 50 * count++);
    const { user } = JSON.parse(request.raw.toString()) as { user: string };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ user }));
  };
  const users = ["ann", "ben", "cem"];
  const texts = users.map((user, index) =>
    chatText(pair.gateway.key, { ...HELLO, user }, index === 2 ? { connection: "close" } : {}),
  );
  const replies = parseReplies(await exchangeBytes(pair.gateway.port, texts.join("")));
  assert.deepEqual(
    replies.map(({ body }) => JSON.parse(body) as unknown),
    users.map((user) => ({ user })),
  );
  await assertAlive(pair);
});

test("pipelined streams are not mixed", async () => {
  await using pair = await startPair();
  pair.engine.script = async (request, response) => {
    const { user } = JSON.parse(request.raw.toString()) as { user: string };
    sse(response);
    for (let index = 0; index < 5; index++) {
      response.write(chunk(`${user}${index}`));
      await sleep(10);
    }
    response.end(DONE);
  };
  const of = (user: string, headers = {}): string =>
    chatText(pair.gateway.key, { ...HELLO, user, stream: true }, headers);
  const text = await exchangeBytes(pair.gateway.port, of("ann") + of("ben", { connection: "close" }));
  const wanted = (user: string): string =>
    [0, 1, 2, 3, 4].map((index) => chunk(`${user}${index}`)).join("") + DONE;
  assert.deepEqual(
    parseReplies(text).map(({ body }) => body),
    [wanted("ann"), wanted("ben")],
  );
  await assertAlive(pair);
});

for (const [what, bytes] of [
  ["garbage", "NONSENSE\r\n\r\n"],
  ["half a second request", "GET /healthz HTTP/1.1\r\nhost:"],
] as const) {
  test(`${what} behind a request under way does not get into the reply's stream`, async () => {
    await using pair = await startPair({ server: "headers: 500ms, request: 500ms" });
    pair.engine.script = async (_request, response) => {
      sse(response);
      for (let index = 0; index < 30; index++) {
        response.write(chunk(`w${index}`));
        await sleep(100);
      }
      response.end(DONE);
    };
    await using wire = await connect(pair.gateway.port);
    wire.send(chatText(pair.gateway.key, { ...HELLO, stream: true }));
    await wire.until((text) => text.includes("w0"));
    wire.send(bytes);
    await Promise.race([wire.closed(), sleep(4_000)]);
    const from = wire.text().indexOf("\r\n\r\n");
    assert.doesNotMatch(wire.text().slice(from), /HTTP\/1\.1|invalid_request/);
  });
}

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

test("garbage that keeps coming behind a request under way piles nothing up", async () => {
  await using pair = await startPair();
  pair.engine.script = async (_request, response) => {
    sse(response);
    response.write(chunk("a"));
    await sleep(400);
    response.end(DONE);
  };
  const warnings: string[] = [];
  const note = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", note);
  await using wire = await connect(pair.gateway.port);
  wire.send(chatText(pair.gateway.key, { ...HELLO, stream: true }));
  await wire.until((text) => text.includes('"a"'));
  for (let count = 0; count < 50; count++) {
    wire.send("\0garbage\r\n\r\n");
    await sleep(2);
  }
  await wire.closed();
  process.off("warning", note);
  assert.deepEqual(warnings, []);
  await assertAlive(pair);
});

test("a client that sends garbage behind its request and then leaves takes its upstream with it", async () => {
  await using pair = await startPair();
  pair.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("a"));
  };
  await using wire = await connect(pair.gateway.port);
  wire.send(chatText(pair.gateway.key, { ...HELLO, stream: true }));
  await wire.until((text) => text.includes('"a"'));
  wire.send("\0garbage\r\n\r\n");
  await sleep(50);
  wire.socket.destroy();
  await until(() => pair.engine.seen[0]?.closedEarly, "the upstream's end");
  await assertAlive(pair);
});

/** Requests that are answered before their body has come, and the answer's status. */
const EARLY: Readonly<Record<string, readonly [line: string, key: string, status: number]>> = {
  "a wrong key": ["POST /v1/chat/completions", "sy-nobody", 401],
  "a path that is not there": ["POST /nowhere", "sy-nobody", 404],
  "another method": ["PUT /v1/chat/completions", "sy-nobody", 404],
  "a GET that has a body": ["GET /healthz", "sy-nobody", 200],
};

for (const [what, [line, key, status]] of Object.entries(EARLY)) {
  test(`with ${what} the body is passed over as a body, and the next request is the next request`, async () => {
    await using pair = await startPair();
    // A body that looks like a request with a good key must stay a body.
    const body = chatText(pair.gateway.key, { ...HELLO, user: "smuggled" }).repeat(3);
    const framings = [
      [`content-length: ${body.length}`, body],
      ["transfer-encoding: chunked", `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
    ] as const;
    for (const [framing, framed] of framings) {
      const first = `${line} HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\n${framing}\r\n\r\n${framed}`;
      const next = requestText("GET /v1/models HTTP/1.1", {
        "x-api-key": pair.gateway.key,
        connection: "close",
      });
      const replies = parseReplies(await exchangeBytes(pair.gateway.port, first + next));
      assert.deepEqual(
        replies.map((reply) => reply.status),
        [status, 200],
      );
      assert.match(replies[1]?.body ?? "", /"object":"list"/);
    }
    assert.equal(pair.engine.seen.length, 0);
  });
}

test("a body that is longer than the limit is passed over, and the next request is the next request", async () => {
  await using pair = await startPair();
  const body = " ".repeat(27 * 1024 * 1024);
  const next = requestText("GET /healthz HTTP/1.1", { connection: "close" });
  const first = head(pair.gateway.key, `content-length: ${body.length}`);
  const replies = parseReplies(await exchangeBytes(pair.gateway.port, first + body + next));
  assert.deepEqual(
    replies.map(({ status }) => status),
    [413, 200],
  );
});

test("the answer to HEAD ends with its head", async () => {
  await using pair = await startPair();
  for (const path of ["/healthz", "/v1/models", "/v1/chat/completions", "/nowhere"]) {
    const text = requestText(`HEAD ${path} HTTP/1.1`, { connection: "close" });
    const reply = await exchangeBytes(pair.gateway.port, text);
    assert.equal(reply.indexOf("\r\n\r\n"), reply.length - 4, path);
  }
});

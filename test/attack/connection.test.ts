import assert from "node:assert/strict";
import test from "node:test";
import { chunk, DONE, sse } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import {
  assertAlive,
  chatText,
  connect,
  exchangeBytes,
  HELLO,
  parseReplies,
  requestText,
  sleep,
  startPair,
} from "./support.ts";

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
  const first = requestText("POST /v1/chat/completions HTTP/1.1", {
    "x-api-key": pair.gateway.key,
    "content-length": body.length,
  });
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

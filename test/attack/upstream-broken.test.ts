import assert from "node:assert/strict";
import test from "node:test";
import { chunk, DONE, FINISH, sse, type Script } from "../support/engine.ts";
import { startGateway, targetsOn, type TestGateway } from "../support/gateway.ts";
import { RawUpstream } from "./raw-upstream.ts";
import { assertAlive, assertErrorBody, HELLO, startPair } from "./support.ts";

/** The stream as a client reads it: what it was told before, and the error that it ends with, if it does. */
async function readBroken(
  gateway: TestGateway,
): Promise<{ readonly before: string; readonly error: string | undefined; readonly id: string }> {
  const response = await gateway.chat({ ...HELLO, stream: true });
  const text = await response.text();
  const at = text.lastIndexOf('data: {"error"');
  return {
    before: at === -1 ? text : text.slice(0, at),
    error: at === -1 ? undefined : text.slice(at + 6).trimEnd(),
    id: response.headers.get("x-switchyard-exchange") ?? "",
  };
}

async function assertBreaks(
  gateway: TestGateway,
  code: string,
  says: RegExp,
  before = chunk("a"),
): Promise<void> {
  const broken = await readBroken(gateway);
  assert.equal(broken.before, before);
  assertErrorBody(broken.error ?? "{}", code, says);
  const record = await gateway.record(broken.id);
  assert.equal(record.status, "failed");
  assert.equal(record.code, code);
}

const cutAfter =
  (...events: string[]): Script =>
  (_request, response) => {
    sse(response);
    response.write(events.join(""), () => response.destroy());
  };

test("a stream that is reset in the middle ends with an error event and no end marker", async () => {
  await using pair = await startPair({ script: cutAfter(chunk("a")) });
  await assertBreaks(pair.gateway, "upstream_error", /cut its reply/);
  pair.engine.script = cutAfter(chunk("a"), chunk("b").slice(0, 40));
  await assertBreaks(pair.gateway, "upstream_error", /cut its reply/);
  await assertAlive(pair);
});

test("a stream that ends without its end marker is cut, however finished it looks", async () => {
  await using pair = await startPair();
  for (const last of [FINISH, "data: [DON", ": [DONE]\n\n", "event: [DONE]\n\n", 'data: "[DONE]"\n\n', ""]) {
    pair.engine.script = (_request, response) => {
      sse(response);
      response.end(chunk("a") + last);
    };
    const broken = await readBroken(pair.gateway);
    assertErrorBody(broken.error ?? "{}", "upstream_error", /without its end marker/);
    assert.doesNotMatch(broken.before, /^data: \[DONE\]$/m);
  }
  await assertAlive(pair);
});

/** Mid-stream errors as engines and services write them: OpenAI and vLLM, OpenRouter, TGI, and vLLM as it used to. */
const ERRORS: Readonly<Record<string, string>> = {
  "an object": 'data: {"error":{"message":"boom","code":500}}\n\n',
  "an object, with spaces": 'data: { "error" : {"message":"boom"} }\n\n',
  "an object behind other members": `data: {"id":"c1","object":"chat.completion.chunk","error":{"code":502,"message":"boom"},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}\n\n`,
  "a text": 'data: {"error":"boom","error_type":"generation"}\n\n',
  "an object that says of itself that it is an error":
    'data: {"object":"error","message":"boom","type":"InternalServerError","code":500}\n\n',
};

for (const [what, event] of Object.entries(ERRORS)) {
  test(`an upstream error in mid-stream that is ${what} ends the stream as an error, whatever the upstream sends behind it`, async () => {
    await using pair = await startPair({
      script: (_request, response) => {
        sse(response);
        response.write(chunk("a"));
        response.end(event + DONE);
      },
    });
    const broken = await readBroken(pair.gateway);
    assert.doesNotMatch(broken.before, /\[DONE\]/);
    assertErrorBody(broken.error ?? "{}", "upstream_error", /boom|failed/);
    assert.equal((await pair.gateway.record(broken.id)).status, "failed");
  });
}

test("an error member that is null is no error", async () => {
  await using pair = await startPair();
  const event = 'data: {"error":null,"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n';
  pair.engine.script = (_request, response) => {
    sse(response);
    response.end(event + DONE);
  };
  assert.equal(await (await pair.gateway.chat({ ...HELLO, stream: true })).text(), event + DONE);
});

test("an event larger than any event ends the stream instead of filling memory", async () => {
  await using pair = await startPair({
    script: (_request, response) => {
      sse(response);
      response.write(chunk("a"));
      response.end(`data: ${"x".repeat(33 * 1024 * 1024)}`);
    },
  });
  await assertBreaks(pair.gateway, "upstream_error", /an event of more than/);
  await assertAlive(pair);
});

/** Replies over a bare socket that are not what HTTP or the API promises, and what the client is told. */
const NONSENSE: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
  "no HTTP": ["hello, I am no server\r\n\r\n", /without an answer/],
  "an SSH banner": ["SSH-2.0-OpenSSH_9.2\r\n", /without an answer/],
  "a TLS alert": ["\x15\x03\x01\x00\x02\x02\x46", /without an answer/],
  "an HTTP/2 preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /without an answer/],
  "nothing at all": ["", /without an answer/],
  "half a head": ["HTTP/1.1 200 OK\r\ncontent-ty", /without an answer/],
  "a status that is no number": ["HTTP/1.1 OK\r\n\r\n", /without an answer/],
  "a status of 999": ["HTTP/1.1 999 Never\r\ncontent-length: 0\r\n\r\n", /answered 999/],
  "two content-lengths": [
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    /without an answer/,
  ],
  "a content-length longer than the body": [
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{}",
    /cut its reply/,
  ],
  "a broken chunk": [
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{}",
    /cut its reply/,
  ],
  "an upgrade": [
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    /without an answer/,
  ],
  "a head of 100 kB": [`HTTP/1.1 200 OK\r\nx-a: ${"a".repeat(100_000)}\r\n\r\n`, /without an answer/],
};

for (const [what, [text, says]] of Object.entries(NONSENSE)) {
  for (const stream of [false, true]) {
    test(`an upstream that answers a ${stream ? "stream" : "plain request"} with ${what} is a failed upstream`, async () => {
      await using upstream = await RawUpstream.start((socket) => socket.end(Buffer.from(text, "latin1")));
      await using gateway = await startGateway(
        targetsOn(upstream.url, ["fine"], ", timeouts: { firstByte: 2s }"),
      );
      const response = await gateway.chat({ ...HELLO, stream });
      assert.equal(response.status, 502);
      assertErrorBody(await response.text(), "upstream_error", says);
      assert.deepEqual(gateway.bugs, []);
    });
  }
}

test("bytes that an upstream sends on an idle connection answer nobody", async () => {
  const poison = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"evil":1}';
  await using upstream = await RawUpstream.start((socket, count) => {
    const body = `{"reply":${count}}`;
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    // Behind the reply at once, or a moment later when the connection waits for its next request.
    if (count % 2 === 1) socket.write(poison);
    else setTimeout(() => socket.writable && socket.write(poison), 20);
  });
  await using gateway = await startGateway(targetsOn(upstream.url, ["fine"]));
  for (let count = 1; count <= 6; count++) {
    const text = await (await gateway.chat(HELLO)).text();
    assert.equal(text, `{"reply":${count}}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.deepEqual(gateway.bugs, []);
});

test("a body longer than its content-length is not taken for the next reply", async () => {
  await using upstream = await RawUpstream.start((socket, count) => {
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"reply":${count}}{"reply":"evil"}`,
    );
  });
  await using gateway = await startGateway(targetsOn(upstream.url, ["fine"]));
  for (let count = 1; count <= 3; count++) {
    assert.equal(await (await gateway.chat(HELLO)).text(), `{"reply":${count}}`);
  }
});

/** Answers to the second request of a connection that show that it was received. */
const TAKEN: Readonly<Record<string, string>> = {
  "no HTTP": "hello, I am no server\r\n\r\n",
  "a broken head": "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
  "a head of 100 kB": `HTTP/1.1 200 OK\r\nx-a: ${"a".repeat(100_000)}\r\n\r\n`,
  "half a head": "HTTP/1.1 200 OK\r\ncontent-ty",
};

for (const [what, text] of Object.entries(TAKEN)) {
  test(`a request that a reused connection answered with ${what} was received, and is not sent again`, async () => {
    await using upstream = await RawUpstream.start((socket, count) => {
      if (count > 1) return void socket.end(text);
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}");
    });
    await using gateway = await startGateway(targetsOn(upstream.url, ["fine"]));
    assert.equal((await gateway.chat(HELLO)).status, 200);
    assert.equal((await gateway.chat(HELLO)).status, 502);
    assert.equal(upstream.requests.length, 2);
  });
}

import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { chunk, DONE, Engine, PLAIN, plain, sse, USAGE, type Script } from "../support/engine.ts";
import { startGateway, targetsOn, until } from "../support/gateway.ts";
import { assertAlive, assertError, assertErrorBody, HELLO, sleep, startPair } from "./support.ts";

const QUICK = "connect: 200ms, firstByte: 300ms, idle: 300ms, total: 2s";

/** Sends a head, then these pieces one after the other, so many milliseconds apart. */
const trickling =
  (type: string, pieces: readonly string[], apartMs: number): Script =>
  async (_request, response) => {
    response.writeHead(200, { "content-type": type });
    for (const piece of pieces) {
      if (response.destroyed) return;
      response.write(piece);
      await sleep(apartMs);
    }
    response.end();
  };

test("a redirect is not followed, and the upstream's credential and the prompt go nowhere else", async () => {
  await using canary = await Engine.start();
  for (const status of [301, 302, 303, 307, 308]) {
    await using pair = await startPair({
      script: (_request, response) => {
        response.writeHead(status, { location: `${canary.url}/chat/completions` });
        response.end();
      },
    });
    const response = await pair.gateway.chat(HELLO, {});
    assert.equal(response.headers.get("location"), null);
    await assertError(response, 502, "upstream_error", new RegExp(`answered ${status}`));
    await assertAlive(pair);
  }
  assert.equal(canary.seen.length, 0);
});

for (const encoding of ["gzip", "br", "deflate", "zstd", "x-unknown"]) {
  test(`a reply encoded in ${encoding}, which nobody accepted, is a failed upstream`, async () => {
    await using pair = await startPair({
      script: (request, response) => {
        assert.equal(request.headers["accept-encoding"], "identity");
        response.writeHead(200, { "content-type": "application/json", "content-encoding": encoding });
        response.end(gzipSync(PLAIN));
      },
    });
    await assertError(await pair.gateway.chat(HELLO), 502, "upstream_error", /sent its reply encoded/);
    await assertAlive(pair);
  });
}

/** Replies of 200 that are none of the API's. */
const STRANGE: Readonly<Record<string, readonly [type: string, body: string]>> = {
  "a page of a proxy": ["text/html", "<!doctype html><title>Sign in</title><script>alert(1)</script>"],
  "plain text": ["text/plain", "upstream connect error or disconnect/reset before headers"],
  "no body": ["application/json", ""],
  "broken JSON": ["application/json", '{"id":"c1","choices":[{"ind'],
  "a list": ["application/json", "[]"],
};

for (const [what, [type, body]] of Object.entries(STRANGE)) {
  test(`a 200 with ${what} is a failed upstream, and no page of ours`, async () => {
    await using pair = await startPair({
      script: (_request, response) => plain(response, 200, body, { "content-type": type }),
    });
    for (const stream of [false, true]) {
      const response = await pair.gateway.chat({ ...HELLO, stream });
      assert.doesNotMatch(response.headers.get("content-type") ?? "", /html/);
      await assertError(response, 502, "upstream_error", /./);
    }
    await assertAlive(pair);
  });
}

test("a reply of 100 MB passes to the byte, and the gateway serves others meanwhile", async () => {
  const reply = `{"choices":[],"pad":"${"x".repeat(100_000_000)}","usage":${JSON.stringify(USAGE)}}`;
  await using pair = await startPair({ script: (_request, response) => plain(response, 200, reply) });
  const [response, healthy] = await Promise.all([
    pair.gateway.chat(HELLO),
    fetch(`${pair.gateway.url}/healthz`),
  ]);
  assert.equal(healthy.status, 200);
  const text = await response.text();
  assert.ok(text === reply);
  const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.usage?.inputTokens, USAGE.prompt_tokens);
  await assertAlive(pair);
});

test("an upstream that never stops sending a plain reply is stopped", async () => {
  await using pair = await startPair({
    timeouts: "total: 30s",
    script: (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      const piece = Buffer.alloc(4 * 1024 * 1024, 0x20);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    },
  });
  await assertError(await pair.gateway.chat(HELLO), 502, "upstream_error", /longer than 268435456 bytes/);
  await until(() => pair.engine.seen[0]?.closedEarly, "the upstream's end");
});

test("a hanging upstream gets 504 upstream_timeout after the target's first-byte deadline, and its connection ends", async () => {
  await using pair = await startPair({ timeouts: QUICK, script: () => {} });
  for (const stream of [false, true]) {
    const response = await pair.gateway.chat({ ...HELLO, stream });
    await assertError(
      response,
      504,
      "upstream_timeout",
      /no first byte within 300 ms \(timeouts\.firstByte\)/,
    );
  }
  await until(() => pair.engine.seen.every(({ closedEarly }) => closedEarly));
  await assertAlive(pair);
});

test("an upstream that falls silent in mid-stream gets an error event after the idle deadline", async () => {
  await using pair = await startPair({
    timeouts: QUICK,
    script: (_request, response) => {
      sse(response);
      response.write(chunk("a"));
    },
  });
  const text = await (await pair.gateway.chat({ ...HELLO, stream: true })).text();
  assert.ok(text.startsWith(chunk("a")));
  assertErrorBody(
    text.slice(chunk("a").length + 6),
    "upstream_timeout",
    /silent for 300 ms \(timeouts\.idle\)/,
  );
  await until(() => pair.engine.seen[0]?.closedEarly);
});

test("an upstream that says something now and then is ended by the total deadline at the latest", async () => {
  await using pair = await startPair({
    timeouts: "firstByte: 300ms, idle: 300ms, total: 800ms",
    script: trickling(
      "text/event-stream",
      Array.from({ length: 100 }, () => chunk("a")),
      100,
    ),
  });
  const text = await (await pair.gateway.chat({ ...HELLO, stream: true })).text();
  assert.match(text, /no end within 800 ms \(timeouts\.total\)/);
  assert.doesNotMatch(text, /\[DONE\]/);
  await until(() => pair.engine.seen[0]?.closedEarly);
});

test("a slow-loris upstream, a byte every 50 ms, is ended at a deadline and never by the client's patience", async () => {
  for (const type of ["text/event-stream", "application/json"]) {
    await using pair = await startPair({
      timeouts: QUICK,
      script: trickling(
        type,
        [...Buffer.from(chunk("slow"))].map((byte) => String.fromCodePoint(byte)),
        50,
      ),
    });
    const response = await pair.gateway.chat({ ...HELLO, stream: type !== "application/json" });
    assert.match(await response.text(), /upstream_timeout/);
    await until(() => pair.engine.seen[0]?.closedEarly);
    await assertAlive(pair);
  }
});

test("a plain reply whose head has come is no longer late for its first byte, however slowly the rest comes", async () => {
  const pieces = Array.from({ length: 6 }, (_, index) =>
    PLAIN.slice(index * 50, index === 5 ? undefined : (index + 1) * 50),
  );
  await using pair = await startPair({ timeouts: QUICK, script: trickling("application/json", pieces, 100) });
  const response = await pair.gateway.chat(HELLO);
  assert.equal(await response.text(), PLAIN);
});

test("a refused connection is told as such, without the address", async () => {
  const closed = http.createServer();
  await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  await using gateway = await startGateway(
    targetsOn(`http://127.0.0.1:${port}/v1`, ["fine"], `, timeouts: { ${QUICK} }`),
  );
  for (const stream of [false, true]) {
    const response = await gateway.chat({ ...HELLO, stream });
    const { message } = await assertError(
      response,
      502,
      "upstream_error",
      /no connection to the upstream \(ECONNREFUSED\)/,
    );
    assert.doesNotMatch(message, /127\.0\.0\.1/);
    assert.ok(!message.includes(String(port)));
  }
});

test("an upstream's own refusal of the request passes with its status and message", async () => {
  await using pair = await startPair();
  const body =
    '{"error":{"message":"max_tokens is too large: 99","type":"invalid_request_error","param":"max_tokens","code":null}}';
  for (const status of [400, 404, 409, 413, 415, 422]) {
    pair.engine.script = (_request, response) => plain(response, status, body);
    const response = await pair.gateway.chat(HELLO);
    assert.equal(response.status, status);
    assert.equal(await response.text(), body);
    assert.equal(response.headers.get("x-switchyard-attempts"), "1");
  }
  pair.engine.script = (_request, response) =>
    plain(response, 422, "<html>no</html>", { "content-type": "text/html" });
  await assertError(await pair.gateway.chat(HELLO), 422, "invalid_request", /answered 422/);
});

test("an upstream's throttle becomes rate_limited with its retry-after, made sensible", async () => {
  await using pair = await startPair();
  const waits: readonly (readonly [string | undefined, string])[] = [
    ["7", "7"],
    [undefined, "1"],
    ["999999999999", "3600"],
    ["-5", "0"],
    ["soon", "1"],
    [new Date(Date.now() - 60_000).toUTCString(), "0"],
  ];
  for (const [sent, wanted] of waits) {
    pair.engine.script = (_request, response) =>
      plain(response, 429, "{}", sent === undefined ? {} : { "retry-after": sent });
    const response = await pair.gateway.chat(HELLO);
    assert.ok([wanted, "1"].includes(response.headers.get("retry-after") ?? ""), String(sent));
    await assertError(response, 429, "rate_limited", /answered 429/);
  }
});

test("a reply's headers that are the upstream's own affair stay behind", async () => {
  await using pair = await startPair({
    script: (_request, response) =>
      plain(response, 200, PLAIN, {
        "set-cookie": ["session=canary", "b=canary"],
        authorization: "Bearer canary",
        "x-api-key": "canary",
        "www-authenticate": "canary",
        server: "canary",
        via: "canary",
        "x-switchyard-target": "canary",
        "x-switchyard-cost-usd": "canary",
        "x-ratelimit-limit-requests": "canary",
        "access-control-allow-origin": "*",
        "strict-transport-security": "canary",
        "openai-organization": "canary",
        "x-request-id": "req-1",
      }),
  });
  const response = await pair.gateway.chat(HELLO);
  const headers = JSON.stringify([...response.headers]);
  assert.doesNotMatch(headers, /canary/);
  assert.equal(response.headers.get("access-control-allow-origin"), null);
  assert.equal(response.headers.get("x-switchyard-target"), "fine");
  assert.equal(response.headers.get("x-request-id"), "req-1");
  assert.equal(await response.text(), PLAIN);
});

test("bytes above ASCII in an upstream's headers are no reason to lose its reply", async () => {
  await using pair = await startPair({
    script: (_request, response) => {
      const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: \u00e9\u20ac\r\ncontent-length: ${PLAIN.length}\r\n\r\n`;
      response.socket?.write(head + PLAIN);
    },
  });
  assert.equal(await (await pair.gateway.chat(HELLO)).text(), PLAIN);
  assert.deepEqual(pair.gateway.bugs, []);
});

test("an end marker that never ends its connection holds neither the client nor the connection", async () => {
  await using pair = await startPair({
    script: (_request, response) => {
      sse(response);
      response.write(chunk("a") + DONE);
    },
  });
  assert.equal(await (await pair.gateway.chat({ ...HELLO, stream: true })).text(), chunk("a") + DONE);
  await until(() => pair.engine.seen[0]?.closedEarly, "the connection's end");
  await assertAlive(pair);
});

import assert from "node:assert/strict";
import test from "node:test";
import { answer, chunk, DONE, failing, FINISH, plain, PLAIN, sse, type Script } from "../support/engine.ts";
import { startGateway, targetsOn, until } from "../support/gateway.ts";
import { assertAlive, assertError, assertErrorBody, HELLO, sleep, startPair } from "./support.ts";

const COMMENT = ": waiting for the model\n\n";
const IMPATIENT = "keepAliveComment: 100ms";

const after =
  (ms: number, script: Script): Script =>
  async (request, response) => {
    await sleep(ms);
    await script(request, response);
  };

test("a stream that waits gets comments, then its content and its proper end", async () => {
  await using pair = await startPair({ server: IMPATIENT, script: after(350, answer(["a"])) });
  const response = await pair.gateway.chat({ ...HELLO, stream: true });
  const text = await response.text();
  assert.equal(text.replaceAll(COMMENT, ""), chunk("a") + FINISH + DONE);
  assert.ok(text.startsWith(COMMENT + COMMENT));
  assert.ok(text.indexOf("data:") > text.lastIndexOf(COMMENT), "a comment came after the content began");
  await assertAlive(pair);
});

test("no comments come between pieces of content, nor to a plain request", async () => {
  await using pair = await startPair({ server: "keepAliveComment: 50ms" });
  pair.engine.script = async (_request, response) => {
    sse(response);
    response.write(chunk("a"));
    await sleep(200);
    response.end(chunk("b") + DONE);
  };
  assert.equal(
    await (await pair.gateway.chat({ ...HELLO, stream: true })).text(),
    chunk("a") + chunk("b") + DONE,
  );
  pair.engine.script = after(200, answer());
  assert.equal(await (await pair.gateway.chat(HELLO)).text(), PLAIN);
});

/** Failures that come when comments have already gone out. */
const LATE: Readonly<Record<string, readonly [script: Script, code: string]>> = {
  "an error status": [failing(500), "upstream_error"],
  "a refusal of the request": [failing(400, '{"error":{"message":"too long"}}'), "invalid_request"],
  "a throttle": [failing(429), "rate_limited"],
  "our credentials' refusal": [failing(401), "upstream_error"],
  "a reset": [(_request, response) => void response.destroy(), "upstream_error"],
  "a plain reply": [(_request, response) => plain(response, 200, PLAIN), "upstream_error"],
};

for (const [what, [script, code]] of Object.entries(LATE)) {
  test(`comments, then ${what}: an error event ends the stream, without an end marker, and the record says so`, async () => {
    await using pair = await startPair({ server: IMPATIENT, script: after(250, script) });
    const response = await pair.gateway.chat({ ...HELLO, stream: true });
    assert.equal(response.status, 200);
    const text = (await response.text()).replaceAll(COMMENT, "");
    assert.doesNotMatch(text, /\[DONE\]/);
    assertErrorBody(text.slice("data: ".length), code, /./);
    const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
    assert.equal(record.status, "failed");
    assert.equal(record.code, code);
    await assertAlive(pair);
  });
}

test("comments, then no answer within the deadline: an error event of upstream_timeout", async () => {
  await using pair = await startPair({ server: IMPATIENT, timeouts: "firstByte: 350ms", script: () => {} });
  const text = await (await pair.gateway.chat({ ...HELLO, stream: true })).text();
  assertErrorBody(text.replaceAll(COMMENT, "").slice(6), "upstream_timeout", /no first byte within 350 ms/);
  await assertAlive(pair);
});

/** Three targets on one engine; each request to the engine names the target's model. */
const chain = (url: string, extra = ""): string =>
  `${targetsOn(url, ["first", "second", "third"], extra)}tasks:\n  chain: { targets: [first, second, third] }\n`;

const CHAIN = { ...HELLO, model: "chain" };
const QUICK = ", timeouts: { firstByte: 250ms, idle: 250ms }";

/** Scripts by model. */
const byModel =
  (scripts: Readonly<Record<string, Script>>): Script =>
  (request, response) => {
    const { model } = JSON.parse(request.raw.toString()) as { model: string };
    return (scripts[model.replace("-up", "")] ?? answer(["ok"]))(request, response);
  };

/** Failures before the first byte after which another target may do better. */
const FALLS: Readonly<Record<string, Script>> = {
  "429": failing(429),
  "500": failing(500),
  "503": failing(503),
  "401 about our credentials": failing(401),
  "404 of a model that is not there": failing(404),
  "408": failing(408),
  "302": failing(302),
  "a reset before the head": (_request, response) => void response.destroy(),
  "a reset after the head": (_request, response) => {
    sse(response);
    response.flushHeaders();
    setTimeout(() => response.destroy(), 20);
  },
  "no answer in time": () => {},
  "a head and then nothing": (_request, response) => {
    sse(response);
    response.flushHeaders();
  },
  "half an event and then nothing": (_request, response) => {
    sse(response);
    response.write(chunk("lost").slice(0, 30));
  },
  "an error as the first event": (_request, response) => {
    sse(response);
    response.end('data: {"error":{"message":"no capacity"}}\n\n');
  },
};

for (const [what, script] of Object.entries(FALLS)) {
  test(`after ${what} the next target serves, and the client sees it alone`, async () => {
    await using pair = await startPair();
    await using gateway = await startGateway(chain(pair.engine.url, QUICK));
    pair.engine.script = byModel({ first: script, second: script });
    const response = await gateway.chat({ ...CHAIN, stream: true });
    assert.equal(await response.text(), chunk("ok") + FINISH + DONE);
    assert.equal(response.headers.get("x-switchyard-target"), "third");
    assert.equal(response.headers.get("x-switchyard-attempts"), "3");
    const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
    assert.deepEqual(
      record.attempts.map(({ target, status }) => [target, status]),
      [
        ["first", "failed"],
        ["second", "failed"],
        ["third", "answered"],
      ],
    );
    assert.deepEqual(gateway.bugs, []);
  });
}

test("after a refused connection the next target serves", async () => {
  await using pair = await startPair();
  const yaml = chain(pair.engine.url)
    .replace("targets:", `  gone: { kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }\ntargets:`)
    .replace("first: { provider: eng", "first: { provider: gone");
  await using gateway = await startGateway(yaml);
  const response = await gateway.chat(CHAIN);
  assert.equal(await response.text(), PLAIN);
  assert.equal(response.headers.get("x-switchyard-target"), "second");
});

test("after the first byte there is no falling back: what was begun is ended with an error", async () => {
  const failures: Script[] = [
    (_request, response) => void response.destroy(),
    () => {},
    (_request, response) => void response.end(),
    (_request, response) => void response.end('data: {"error":{"message":"boom"}}\n\n'),
  ];
  for (const failure of failures) {
    await using pair = await startPair();
    await using gateway = await startGateway(chain(pair.engine.url, QUICK));
    pair.engine.script = byModel({
      first: async (request, response) => {
        sse(response);
        response.write(chunk("begun"));
        await sleep(50);
        await failure(request, response);
      },
    });
    const text = await (await gateway.chat({ ...CHAIN, stream: true })).text();
    assert.ok(text.startsWith(chunk("begun")));
    assert.match(text, /"code":"upstream_(error|timeout)"/);
    assert.doesNotMatch(text, /\[DONE\]|"ok"/);
    assert.equal(pair.engine.seen.length, 1);
  }
});

test("a fault of the request is not tried elsewhere", async () => {
  await using pair = await startPair();
  await using gateway = await startGateway(chain(pair.engine.url));
  pair.engine.script = failing(400, '{"error":{"message":"bad tool"}}');
  assert.equal((await gateway.chat(CHAIN)).status, 400);
  assert.equal(pair.engine.seen.length, 1);
});

test("when every target fails the client hears of the last, once", async () => {
  await using pair = await startPair();
  await using gateway = await startGateway(chain(pair.engine.url));
  pair.engine.script = byModel({ first: failing(500), second: failing(429), third: failing(503) });
  const response = await gateway.chat(CHAIN);
  assert.equal(response.headers.get("x-switchyard-attempts"), "3");
  await assertError(response, 502, "upstream_error", /"third" failed: the upstream answered 503/);
  assert.equal(pair.engine.seen.length, 3);
});

test("comments while one target after the other fails, then content: the client waits once", async () => {
  await using pair = await startPair();
  await using gateway = await startGateway(
    `server: { timeouts: { ${IMPATIENT} } }\n${chain(pair.engine.url)}`,
  );
  pair.engine.script = byModel({ first: after(150, failing(500)), second: after(150, failing(429)) });
  const text = await (await gateway.chat({ ...CHAIN, stream: true })).text();
  assert.ok(text.startsWith(COMMENT));
  assert.equal(text.replaceAll(COMMENT, ""), chunk("ok") + FINISH + DONE);
  await until(() => gateway.gateway.inFlight === 0);
});

test("a client that leaves between two attempts starts no further one", async () => {
  await using pair = await startPair();
  await using gateway = await startGateway(chain(pair.engine.url));
  pair.engine.script = after(200, failing(500));
  const control = new AbortController();
  const reply = gateway.chat(CHAIN, { signal: control.signal });
  await until(() => pair.engine.seen.length === 1);
  control.abort();
  await assert.rejects(reply);
  assert.equal((await until(() => gateway.records[0])).status, "abandoned");
  await sleep(400);
  assert.equal(pair.engine.seen.length, 1);
});

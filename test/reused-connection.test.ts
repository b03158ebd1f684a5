import assert from "node:assert/strict";
import type { Socket } from "node:net";
import test from "node:test";
import { answer, Engine, type Script } from "./support/engine.ts";
import { startGateway, targetsOn } from "./support/gateway.ts";

/**
 * Engines close connections that they have just promised to keep: on their idle timeout, and uvicorn (vLLM, SGLang,
 * llama-cpp-python) a few milliseconds after a reply in which the application failed. A request that is sent into such a
 * close has met no engine at all.
 */

const hello = { model: "fine", messages: [{ role: "user", content: "hi" }] };

/** Answers the first request of every connection and resets the connection at the second. */
function oneAnswerEach(): Script {
  const used = new WeakSet<Socket>();
  const answers = answer();
  return (request, response) => {
    const { socket } = response;
    if (socket === null) return;
    if (used.has(socket)) return void socket.resetAndDestroy();
    used.add(socket);
    return answers(request, response);
  };
}

for (const stream of [false, true]) {
  test(`a request is served though the engine resets the reused connection, stream: ${stream}`, async () => {
    await using engine = await Engine.start(oneAnswerEach());
    await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
    const first = await gateway.chat({ ...hello, stream });
    await first.text();
    assert.equal(first.status, 200);
    const second = await gateway.chat({ ...hello, stream });
    assert.equal(second.status, 200, await second.text());
  });
}

test("a request is sent once only where a fresh connection is reset", async () => {
  await using engine = await Engine.start((_request, response) => void response.socket?.resetAndDestroy());
  await using gateway = await startGateway(targetsOn(engine.url, ["fine"]));
  const response = await gateway.chat(hello);
  assert.equal(response.status, 502);
  assert.equal(engine.seen.length, 1);
});

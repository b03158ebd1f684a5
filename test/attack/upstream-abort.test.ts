import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import test from "node:test";
import {
  chunk,
  DONE,
  FINISH,
  plain,
  PLAIN,
  sse,
  USAGE,
  USAGE_FRAME,
  type Script,
} from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import {
  assertAlive,
  chatText,
  connect,
  HELLO,
  parseReplies,
  sleep,
  startPair,
  type Pair,
  type Wire,
} from "./support.ts";

const BOOKED = {
  inputTokens: 12,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 3,
  reasoningTokens: 0,
};

/** Where an upstream stands when its client leaves. */
const STANDS: Readonly<Record<string, readonly [stream: boolean, script: Script]>> = {
  "before a stream's first byte": [true, () => {}],
  "before a plain reply": [false, () => {}],
  "after a stream's head": [
    true,
    (_request, response) => {
      sse(response);
      response.flushHeaders();
    },
  ],
  "in the middle of a stream": [
    true,
    (_request, response) => {
      sse(response);
      response.write(chunk("a"));
    },
  ],
  "in the middle of an event": [
    true,
    (_request, response) => {
      sse(response);
      response.write(chunk("a") + chunk("b").slice(0, 30));
    },
  ],
  "in the middle of a plain reply": [
    false,
    (_request, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": PLAIN.length });
      response.write(PLAIN.slice(0, 50));
    },
  ],
};

/** Resolves when an engine may write again, or never can. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

/** Sends a request, waits until the engine has it, and leaves. */
async function leave({ engine, gateway }: Pair, stream: boolean): Promise<void> {
  const wire = await connect(gateway.port);
  wire.send(chatText(gateway.key, { ...HELLO, stream }));
  await until(() => engine.seen.length > 0);
  await sleep(50);
  wire.socket.destroy();
}

for (const [where, [stream, script]] of Object.entries(STANDS)) {
  test(`a client that leaves ${where} takes its upstream with it`, async () => {
    await using pair = await startPair({ script });
    await leave(pair, stream);
    await until(() => pair.engine.seen[0]?.closedEarly, "the upstream's end");
    const record = await until(() => pair.gateway.records[0]);
    assert.equal(record.status, "abandoned");
    assert.equal(record.attempts[0]?.status, "abandoned");
    assert.equal(record.attempts.length, 1);
    await assertAlive(pair);
  });
}

test("a client that only closes its writing side still gets its reply or leaves: nothing stays open", async () => {
  await using pair = await startPair({
    script: async (_request, response) => (await sleep(100), plain(response, 200, PLAIN)),
  });
  await using wire = await connect(pair.gateway.port, { allowHalfOpen: true });
  wire.socket.end(chatText(pair.gateway.key));
  await until(() => pair.gateway.records[0]);
  wire.socket.destroy();
  await assertAlive(pair);
});

test("a client that leaves while its request waits for a connection is never sent upstream", async () => {
  await using pair = await startPair();
  const { gateway, engine } = pair;
  // Fill every connection of the provider, so that the next request waits.
  engine.script = () => {};
  const held = Array.from({ length: 512 }, () => {
    const control = new AbortController();
    gateway.chat(HELLO, { signal: control.signal }).catch(() => {});
    return control;
  });
  await until(() => engine.seen.length === 512);
  const wire = await connect(gateway.port);
  wire.send(chatText(gateway.key, { ...HELLO, user: "late" }));
  await sleep(100);
  wire.socket.destroy();
  await until(() => gateway.records.length === 1);
  for (const control of held) control.abort();
  await until(() => gateway.records.length === 513);
  assert.ok(engine.seen.every(({ raw }) => !raw.includes("late")));
  await assertAlive(pair);
});

test("with onAbort: drain the upstream is read to its usage, which is booked", async () => {
  for (const stream of [true, false]) {
    await using pair = await startPair({ target: ", onAbort: drain" });
    pair.engine.script = async (_request, response) => {
      if (stream) sse(response);
      if (stream) response.write(chunk("a"));
      await sleep(150);
      if (stream) response.end(chunk("b") + FINISH + USAGE_FRAME + DONE);
      else plain(response, 200, PLAIN);
    };
    await leave(pair, stream);
    const record = await until(() => pair.gateway.records[0]);
    assert.equal(record.status, "abandoned");
    assert.deepEqual(record.usage, BOOKED);
    assert.equal(record.costNano, 18_000n);
    assert.equal(pair.engine.seen[0]?.closedEarly, false);
    await assertAlive(pair);
  }
});

test("with onAbort: drain a client that stopped reading before it left does not hold the upstream back for ever", async () => {
  await using pair = await startPair({ target: ", onAbort: drain", server: "stalledClient: 300ms" });
  const events = 400;
  pair.engine.script = async (_request, response) => {
    sse(response);
    for (let count = 0; count < events && !response.destroyed; count++) {
      if (!response.write(chunk("y".repeat(60_000)))) await drained(response);
    }
    response.end(USAGE_FRAME + DONE);
  };
  await using wire = await connect(pair.gateway.port);
  wire.socket.pause();
  wire.send(chatText(pair.gateway.key, { ...HELLO, stream: true }));
  const record = await until(() => pair.gateway.records[0]);
  assert.equal(record.status, "abandoned");
  assert.deepEqual(record.usage, BOOKED);
  await assertAlive(pair);
});

test("with onAbort: drain a client that left is left, whatever the upstream then answers", async () => {
  const answers: Script[] = [
    (_request, response) => plain(response, 200, PLAIN),
    (_request, response) => plain(response, 500, "{}"),
    (_request, response) => void response.destroy(),
    (_request, response) => {
      sse(response);
      response.end(USAGE_FRAME + DONE);
    },
  ];
  for (const last of answers) {
    await using pair = await startPair({ target: ", onAbort: drain", server: "keepAliveComment: 20ms" });
    pair.engine.script = async (request, response) => {
      await sleep(200);
      await last(request, response);
    };
    // By then comments have gone out.
    await leave(pair, true);
    const record = await until(() => pair.gateway.records[0]);
    assert.equal(record.status, "abandoned");
    await assertAlive(pair);
  }
});

test("with onAbort: drain an upstream that falls silent is still ended by its deadline", async () => {
  await using pair = await startPair({
    target: ", onAbort: drain",
    timeouts: "firstByte: 300ms, idle: 300ms",
  });
  pair.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("a"));
  };
  await leave(pair, true);
  assert.equal((await until(() => pair.gateway.records[0])).status, "abandoned");
  await until(() => pair.engine.seen[0]?.closedEarly);
  await assertAlive(pair);
});

test("usage that was told before the client left is booked, though the stream was cancelled", async () => {
  await using pair = await startPair({
    script: (_request, response) => {
      sse(response);
      response.write(
        `data: {"choices":[{"index":0,"delta":{"content":"a"}}],"usage":${JSON.stringify(USAGE)}}\n\n`,
      );
    },
  });
  await leave(pair, true);
  const record = await until(() => pair.gateway.records[0]);
  assert.equal(record.status, "abandoned");
  assert.deepEqual(record.usage, BOOKED);
});

test("a client that stops reading a long stream holds the upstream back, and is cut after stalledClient", async () => {
  await using pair = await startPair({ server: "stalledClient: 1500ms" });
  let written = 0;
  const piece = chunk("y".repeat(60_000));
  pair.engine.script = async (_request, response) => {
    sse(response);
    while (!response.destroyed) {
      written += piece.length;
      if (!response.write(piece)) await drained(response);
    }
  };
  await using wire = await connect(pair.gateway.port);
  wire.socket.pause();
  wire.send(chatText(pair.gateway.key, { ...HELLO, stream: true }));
  await sleep(900);
  const before = written;
  await sleep(300);
  assert.equal(written, before, "the engine goes on sending");
  // What the kernel's buffers of two connections take, and no more.
  assert.ok(before < 64_000_000, `${before} bytes are on their way to a client that reads none`);
  await until(() => pair.engine.seen[0]?.closedEarly, "the cut");
  assert.equal((await until(() => pair.gateway.records[0])).status, "abandoned");
  await assertAlive(pair);
});

/** Reads at about 10 MB a second, in small sips, until the connection ends. */
function sip(wire: Wire): Promise<number> {
  let sipped = 0;
  wire.socket.on("data", (bytes: Buffer) => {
    sipped += bytes.length;
    if (sipped < 250_000) return;
    sipped = 0;
    wire.socket.pause();
    setTimeout(() => wire.socket.resume(), 25);
  });
  return wire.closed();
}

const LONG = "y".repeat(20_000_000);

/** Replies that take a slow reader longer than it may stand still; none of them may be cut. */
const LONG_REPLIES: Readonly<Record<string, readonly [stream: boolean, script: Script]>> = {
  "a plain reply": [
    false,
    (_request, response) => plain(response, 200, JSON.stringify({ choices: [], pad: LONG })),
  ],
  "a stream of many events": [
    true,
    (_request, response) => {
      sse(response);
      for (let count = 0; count < 400; count++) response.write(chunk(LONG.slice(0, 50_000)));
      response.end(DONE);
    },
  ],
  "a stream with one long event": [
    true,
    (_request, response) => {
      sse(response);
      response.write(chunk(LONG));
      response.end(chunk("b") + DONE);
    },
  ],
};

for (const [what, [stream, script]] of Object.entries(LONG_REPLIES)) {
  test(`a client that reads ${what} slowly, but reads, is not cut and gets every byte`, async () => {
    await using pair = await startPair({ server: "stalledClient: 400ms", script });
    await using wire = await connect(pair.gateway.port);
    wire.send(chatText(pair.gateway.key, { ...HELLO, stream }, { connection: "close" }));
    await sip(wire);
    const [reply] = parseReplies(wire.text());
    assert.equal((reply?.body ?? "").split("y").length - 1, LONG.length);
    assert.equal((await until(() => pair.gateway.records[0])).status, "answered");
    await assertAlive(pair);
  });
}

import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import test from "node:test";
import { testSnapshot, until } from "../support/gateway.ts";
import { plain, type Script } from "../support/engine.ts";
import { wireOf } from "./wires.ts";
import {
  ask,
  assertIdle,
  ENDS,
  ERROR_ENDS,
  KEYS,
  openStream,
  PAIRS,
  startWorld,
  textOf,
  type World,
} from "./world.ts";

/** Streams of every client dialect by every kind of provider, with clients and upstreams that behave badly. */

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function begin(response: http.ServerResponse, type: string): void {
  response.writeHead(200, { "content-type": type });
}

/** A whole stream of so many words. */
function words(count: number, text = "word "): Script {
  return (request, response) => {
    const wire = wireOf(request);
    begin(response, wire.type);
    response.write(wire.open);
    const word = wire.word(text);
    response.write(Buffer.concat(Array.from({ length: count }, () => word)));
    response.end(wire.end);
  };
}

/** Begins, and says no more. */
const hanging: Script = (request, response) => {
  const wire = wireOf(request);
  begin(response, wire.type);
  response.write(Buffer.concat([wire.open, wire.word("begun")]));
};

/** Says a word now and then, without an end. */
const trickling: Script = (request, response) => {
  const wire = wireOf(request);
  begin(response, wire.type);
  response.write(wire.open);
  const timer = setInterval(() => response.write(wire.word("drop ")), 5);
  response.on("close", () => clearInterval(timer));
};

/** Says all, with its end marker, and keeps the connection. */
const lingering: Script = (request, response) => {
  const wire = wireOf(request);
  begin(response, wire.type);
  response.write(Buffer.concat([wire.open, wire.word("all"), wire.end]));
};

test("an event of 4 MB is part of a whole stream, in every dialect and by every provider", async () => {
  await using world = await startWorld(words(3));
  for (const [client, model] of PAIRS) {
    const { text } = await ask(world, client, model, true);
    assert.match(text, ENDS[client], `${client} ${model}`);
  }
  world.engine.script = words(1, "x".repeat(4_000_000));
  await Promise.all(
    PAIRS.map(async ([client, model]) => {
      const { text } = await ask(world, client, model, true);
      assert.match(text.replaceAll(/x{1000}/g, ""), ENDS[client], `${client} ${model}`);
      assert.ok(text.length > 4_000_000);
    }),
  );
  await assertIdle(world);
});

test("so are 100,000 tiny events by each provider", async () => {
  await using world = await startWorld(words(100_000, "a"));
  for (const [client, model] of PAIRS.filter((_pair, index) => index % 4 === 0)) {
    const { text } = await ask(world, client, model, true);
    assert.match(text.slice(-1_000_000), ENDS[client], `${client} ${model}`);
  }
  await assertIdle(world);
});

test("an upstream that keeps its connection after its end marker keeps no client waiting, and no connection", async () => {
  await using world = await startWorld(lingering);
  // Triton has no end marker but the end of the body.
  const pairs = PAIRS.filter(([, model]) => model !== "triton");
  await Promise.all(
    pairs.map(async ([client, model]) => {
      const { text } = await ask(world, client, model, true);
      assert.match(text, ENDS[client], `${client} ${model}`);
    }),
  );
  await assertIdle(world);
  await until(() => world.engine.seen.every(({ closedEarly }) => closedEarly), "the end of every connection");
});

test("a reply that is encoded though nobody asked for it is an error, plain and streamed", async () => {
  await using world = await startWorld((request, response) => {
    const { type } = wireOf(request);
    response.writeHead(200, { "content-type": type, "content-encoding": "gzip" });
    response.end(Buffer.from([0x1f, 0x8b, 0, 0]));
  });
  for (const [client, model] of PAIRS)
    for (const stream of [false, true]) {
      const { status, text } = await ask(world, client, model, stream);
      assert.equal(status, 502, `${client} ${model} ${text}`);
      assert.match(text, /encoded \(gzip\)/);
    }
  await assertIdle(world);
});

test("200 streams at once whose clients leave at any time leave nothing behind", async () => {
  const scripts = [words(50), hanging, trickling, lingering];
  let turn = 0;
  await using world = await startWorld((request, response) =>
    scripts[turn++ % scripts.length]?.(request, response),
  );
  await storm(world);
  const timers = timersNow();
  const before = heapNow();
  for (let round = 0; round < 2; round++) await storm(world);
  const grown = heapNow() - before;
  assert.ok(grown < 12_000_000, `${Math.round(grown / 1000)} kB more after two rounds`);
  // Keep-alive connections have timers of their own; those of exchanges would be hundreds.
  assert.ok(timersNow() - timers < 60, `${timersNow() - timers} more timers`);
});

async function storm(world: World): Promise<void> {
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const [client, model] = PAIRS[index % PAIRS.length] ?? assert.fail();
      const response = await openStream(world, client, model);
      response.on("error", () => {});
      response.resume();
      const leave = setTimeout(() => response.destroy(), (index * 37) % 300);
      await new Promise((resolve) => response.on("close", resolve));
      clearTimeout(leave);
    }),
  );
  await assertIdle(world);
  world.engine.seen.length = 0;
  world.gateway.records.length = 0;
}

function timersNow(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

function heapNow(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

test("a client that reads nothing holds its upstream back", async () => {
  const MOST = 48;
  const written = new Map<string, number>();
  await using world = await startWorld(async (request, response) => {
    const wire = wireOf(request);
    begin(response, wire.type);
    response.write(wire.open);
    const megabyte = Buffer.concat(Array.from({ length: 16 }, () => wire.word("x".repeat(65_536))));
    const name = `${request.path} ${world.engine.seen.length}`;
    const closed = once(response, "close");
    for (let count = 1; count <= MOST; count++) {
      written.set(name, count);
      if (response.write(megabyte)) continue;
      await Promise.race([once(response, "drain"), closed]);
      if (response.destroyed) return;
    }
    response.end(wire.end);
  });
  const responses = await Promise.all(
    PAIRS.map(async ([client, model]) => {
      const response = await openStream(world, client, model);
      response.on("error", () => {});
      return response.pause();
    }),
  );
  // Until nobody writes any more.
  let last = -1;
  const sum = (): number => [...written.values()].reduce((all, count) => all + count, 0);
  for (; sum() !== last; await new Promise((resolve) => setTimeout(resolve, 400))) last = sum();
  for (const [name, count] of written) assert.ok(count < MOST / 2, `${name}: ${count} MB went through`);
  assert.equal(written.size, PAIRS.length);
  for (const response of responses) response.destroy();
  await assertIdle(world);
});

test("at the drain's deadline every stream ends with its dialect's error, and every exchange with a record", async () => {
  await using world = await startWorld(hanging);
  const { gateway } = world;
  const responses = await Promise.all(
    PAIRS.map(async ([client, model]) => [client, model, await openStream(world, client, model)] as const),
  );
  const texts = responses.map(
    async ([client, model, response]) => [client, model, await textOf(response)] as const,
  );
  await gateway.gateway.drain(50);
  for (const [client, model, text] of await Promise.all(texts))
    assert.match(text, ERROR_ENDS[client], `${client} ${model}: ${text}`);
  assert.equal(gateway.records.length, PAIRS.length);
  assert.deepEqual(
    [...new Set(gateway.records.map(({ status, code }) => `${status} ${code}`))],
    ["failed no_target_available"],
  );
  await until(() => world.engine.seen.every(({ closedEarly }) => closedEarly), "the end of every connection");
});

test("streams that are under way at a reload end as they would have, and their providers go with them", async () => {
  const waiting: (() => void)[] = [];
  await using world = await startWorld((request, response) => {
    const wire = wireOf(request);
    begin(response, wire.type);
    response.write(Buffer.concat([wire.open, wire.word("begun")]));
    waiting.push(() => response.end(Buffer.concat([wire.word("ended"), wire.end])));
  });
  const { gateway } = world.gateway;
  const old = gateway.snapshot;
  const responses = await Promise.all(
    PAIRS.map(async ([client, model]) => [client, await openStream(world, client, model)] as const),
  );
  gateway.swap(testSnapshot(world.yaml, KEYS));
  for (const end of waiting) end();
  for (const [client, response] of responses) assert.match(await textOf(response), ENDS[client]);
  await assertIdle(world);
  assert.notEqual(gateway.snapshot, old);
  world.engine.script = (_request, response) => plain(response, 500, "{}");
  assert.equal((await ask(world, "messages", "claude", false)).status, 502);
});

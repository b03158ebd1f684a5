import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { ReplySink, UpstreamHandle } from "../provider.ts";
import type { Fault } from "./faults.ts";
import type { Plan } from "./plan.ts";
import { Playback } from "./playback.ts";

interface Heard {
  readonly events: string[];
  readonly handle: UpstreamHandle;
  /** Done with each chunk, while the sink hears it. */
  onChunk: (count: number) => void;
}

/** A plan of tokens that come 10 ms after each other, the first after 100 ms. */
function planOf(changes: Partial<Plan> = {}): Plan {
  const frames = ["a", "b", "c"].map((text) => ({ bytes: Buffer.from(text), tokens: 1 }));
  return {
    firstMs: 100,
    msPerToken: 10,
    fault: undefined,
    frames,
    body: undefined,
    tokens: frames.length,
    usage: { inputTokens: 5, outputTokens: 3 },
    refusal: undefined,
    last: Buffer.from("!"),
    ...changes,
  };
}

function play(context: TestContext, plan: Plan): Heard {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const events: string[] = [];
  let chunks = 0;
  const sink: ReplySink = {
    whole: ({ status, body }) => events.push(`whole ${status} ${body.toString()}`),
    chunk(bytes) {
      events.push(`chunk ${bytes.toString()}`);
      heard.onChunk(++chunks);
    },
    end: (last) => events.push(`end ${last.toString()}`),
    usage: (usage) =>
      events.push(usage === "invalid" ? usage : `usage ${usage?.inputTokens} ${usage?.outputTokens}`),
    alive: () => {},
    head: () => {},
    dropped: () => {},
    fail: ({ kind }) => events.push(`fail ${kind}`),
  };
  const heard: Heard = { events, handle: new Playback(plan, sink), onChunk: () => {} };
  return heard;
}

/** Millisecond by millisecond, because a timer that is set while time passes counts from there. */
function pass(context: TestContext, ms: number): void {
  for (let passed = 0; passed < ms; passed++) context.mock.timers.tick(1);
}

function scripted(changes: Partial<Fault>): Fault {
  return { kind: "error", status: 500, every: 1, delay: 0, afterTokens: 0, ...changes };
}

const STREAM = ["chunk a", "chunk b", "chunk c", "usage 5 3", "end !"];

test("a stream appears token by token after its first, then its usage, then its end", (context) => {
  const { events } = play(context, planOf());
  pass(context, 99);
  assert.deepEqual(events, []);
  pass(context, 1);
  assert.deepEqual(events, STREAM.slice(0, 1));
  pass(context, 10);
  assert.deepEqual(events, STREAM.slice(0, 2));
  pass(context, 10);
  assert.deepEqual(events, STREAM);
});

test("tokens that come faster than the ticks are sent together", (context) => {
  const { events } = play(context, planOf({ msPerToken: 1 }));
  pass(context, 100);
  assert.deepEqual(events, ["chunk abc", "usage 5 3", "end !"]);
});

test("a plain reply appears when all its tokens would have", (context) => {
  const { events } = play(context, planOf({ body: Buffer.from("{}"), frames: [] }));
  pass(context, 129);
  assert.deepEqual(events, []);
  pass(context, 1);
  assert.deepEqual(events, ["usage 5 3", "whole 200 {}"]);
});

test("a refusal comes at once", (context) => {
  const refused = play(context, planOf({ refusal: "messages: none" }));
  pass(context, 1);
  assert.deepEqual(refused.events, ["fail rejected"]);
});

for (const [status, kind] of [
  [429, "throttled"],
  [500, "status"],
  [503, "status"],
  [401, "credentials"],
  [408, "timeout"],
  [400, "rejected"],
] as const) {
  test(`a scripted ${status} fails as ${kind}`, (context) => {
    const { events } = play(context, planOf({ fault: scripted({ status }) }));
    pass(context, 1_000);
    assert.deepEqual(events, [`fail ${kind}`]);
  });
}

test("a scripted cut breaks a stream off after its tokens", (context) => {
  const { events } = play(context, planOf({ fault: scripted({ kind: "cut", afterTokens: 2 }) }));
  pass(context, 1_000);
  assert.deepEqual(events, ["chunk a", "chunk b", "fail cut"]);
});

test("a scripted cut leaves nothing of a plain reply", (context) => {
  const { events } = play(context, planOf({ body: Buffer.from("{}"), fault: scripted({ kind: "cut" }) }));
  pass(context, 1_000);
  assert.deepEqual(events, ["fail cut"]);
});

test("a scripted hang says nothing for ever", (context) => {
  const { events } = play(context, planOf({ fault: scripted({ kind: "hang" }) }));
  pass(context, 1_000);
  assert.deepEqual(events, []);
});

test("a stream that is paused stands still and goes on where it was", (context) => {
  const { events, handle } = play(context, planOf());
  handle.pause();
  pass(context, 1_000);
  assert.deepEqual(events, []);
  handle.resume();
  assert.deepEqual(events, ["chunk a"]);
  handle.pause();
  pass(context, 1_000);
  assert.deepEqual(events, ["chunk a"]);
  handle.resume();
  pass(context, 1_000);
  assert.deepEqual(events, STREAM);
});

test("a stream that is resumed before its time is not hurried", (context) => {
  const { events, handle } = play(context, planOf());
  handle.pause();
  handle.resume();
  pass(context, 99);
  assert.deepEqual(events, []);
});

test("a stream that is paused at its last token ends once, however often it is resumed", (context) => {
  const heard = play(context, planOf());
  heard.onChunk = (count) => {
    if (count === 3) heard.handle.pause();
  };
  pass(context, 1_000);
  heard.handle.resume();
  heard.handle.pause();
  heard.handle.resume();
  assert.deepEqual(heard.events, STREAM);
});

test("nothing more is heard after a cancel", (context) => {
  const { events, handle } = play(context, planOf());
  pass(context, 100);
  handle.cancel();
  handle.resume();
  pass(context, 1_000);
  assert.deepEqual(events, ["chunk a"]);
});

test("nothing more is heard after a cancel in the middle of a chunk", (context) => {
  const heard = play(context, planOf());
  heard.onChunk = () => heard.handle.cancel();
  pass(context, 1_000);
  assert.deepEqual(heard.events, ["chunk a"]);
});

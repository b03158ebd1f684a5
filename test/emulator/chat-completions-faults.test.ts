import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "../../src/emulator/index.ts";
import { collect, sdk, start, asking } from "./support.ts";
import { ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";

const MODEL = "openai.gpt-oss-120b-1:0";

/** A stream's text as it came, and whether it ended as if all were well. */
interface Received {
  readonly text: string;
  /** The data of whole events, in order. */
  readonly events: readonly string[];
  readonly broke: boolean;
}

/** @param enough  leaves when so many events have come */
async function stream(url: string, includeUsage: boolean, enough = Infinity): Promise<Received> {
  const leave = new AbortController();
  const reply = await fetch(`${url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer a-long-term-key" },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: "user", content: "Hello" }],
      stream: true,
      stream_options: { include_usage: includeUsage },
    }),
    signal: leave.signal,
  });
  assert.equal(reply.status, 200);
  let text = "";
  const events = (): string[] =>
    text.split("\n\n").flatMap((part, at, all) => (at < all.length - 1 ? part.replace(/^data: /, "") : []));
  try {
    for await (const bytes of reply.body ?? []) {
      text += Buffer.from(bytes).toString();
      if (events().length >= enough) leave.abort();
    }
    return { text, events: events(), broke: false };
  } catch {
    return { text, events: events(), broke: true };
  }
}

async function broken(fault: Fault, includeUsage = true): Promise<Received & { whole: Received }> {
  await using emulator = await start();
  const whole = await stream(emulator.url, includeUsage);
  emulator.setFaults([fault]);
  return { ...(await stream(emulator.url, includeUsage)), whole };
}

const CUTS: readonly (readonly [
  at: Extract<Fault, { kind: "cut" }>["at"],
  includeUsage: boolean,
  missing: number,
])[] = [
  ["before-message-stop", true, 3],
  ["before-message-stop", false, 2],
  ["before-metadata", true, 2],
  ["before-metadata", false, 1],
  ["before-last", true, 1],
  ["before-last", false, 1],
];

for (const [at, includeUsage, missing] of CUTS)
  test(`a cut ${at} ends the stream like a whole one, ${missing} events too early, ${includeUsage ? "with" : "without"} usage`, async () => {
    const { events, text, broke, whole } = await broken({ kind: "cut", at }, includeUsage);
    assert.equal(broke, false);
    assert.deepEqual(events, whole.events.slice(0, -missing));
    assert.equal(whole.events.at(-1), "[DONE]");
    assert.ok(text.endsWith("\n\n"));
    assert.equal(text.includes('"finish_reason":"stop"'), at !== "before-message-stop");
    assert.equal(text.includes('"usage"'), at === "before-last" && includeUsage);
  });

test("a cut at the start is a stream of nothing, and one after so many events has so many", async () => {
  assert.equal((await broken({ kind: "cut", at: "start" })).text, "");
  const { events, whole } = await broken({ kind: "cut", at: 3 });
  assert.deepEqual(events, whole.events.slice(0, 3));
});

test("a cut inside an event leaves half of it", async () => {
  const { text, broke, whole } = await broken({ kind: "cut", at: "inside-frame" });
  assert.equal(broke, false);
  assert.ok(whole.text.startsWith(text) && !text.endsWith("\n\n"));
  assert.ok(text.split("\n\n").at(-1)?.startsWith("data: {") === true);
});

test("a reset breaks the connection after so many events", async () => {
  const { events, broke, whole } = await broken({ kind: "reset", afterFrames: 3 });
  assert.equal(broke, true);
  assert.deepEqual(events, whole.events.slice(0, 3));
});

test("a stream that hangs has told what it had", async () => {
  await using emulator = await start();
  emulator.setFaults([{ kind: "hang", afterFrames: 2 }]);
  const { events, broke } = await stream(emulator.url, true, 2);
  assert.equal(events.length, 2);
  assert.equal(broke, true, "the client left; nothing else would have ended it");
});

test("an exception is an error in OpenAI's notation, the stream's last event, with no [DONE] after it", async () => {
  for (const [exception, type, code] of [
    ["throttlingException", "rate_limit_error", "rate_limit_exceeded"],
    ["validationException", "invalid_request_error", null],
    ["internalServerException", "api_error", null],
    ["notKnownAtAll", "api_error", null],
  ] as const) {
    for (const afterFrames of [0, 2]) {
      const { events, text, broke } = await broken({ kind: "exception", exception, afterFrames });
      assert.equal(broke, false);
      assert.equal(events.length, afterFrames + 1);
      const { error } = JSON.parse(events.at(-1) ?? "") as { error: Record<string, unknown> };
      assert.deepEqual([error["type"], error["code"], error["param"]], [type, code, null]);
      assert.ok(typeof error["message"] === "string" && error["message"] !== "");
      assert.ok(!text.includes("[DONE]"));
    }
  }
});

test("an exception's message and members are those of the script", async () => {
  const { events } = await broken({
    kind: "exception",
    exception: "modelStreamErrorException",
    message: "broken",
    members: { param: "x", originalStatusCode: 503 },
  });
  assert.deepEqual(JSON.parse(events.at(-1) ?? ""), {
    error: { code: null, message: "broken", param: "x", type: "api_error", originalStatusCode: 503 },
  });
});

test("an error frame is an error with the script's own code", async () => {
  const { events } = await broken({
    kind: "error-frame",
    code: "engine_gone",
    message: "no",
    afterFrames: 1,
  });
  assert.equal(events.length, 2);
  assert.deepEqual(JSON.parse(events.at(-1) ?? ""), {
    error: { code: "engine_gone", message: "no", param: null, type: "api_error" },
  });
});

test("damage passes these streams by, for they have no checksums, and is refused where it names them", async () => {
  const { text, whole } = await broken({ kind: "damage" });
  assert.equal(text, whole.text);
  const fault: Fault = { kind: "damage", operation: "ChatCompletions" };
  await assert.rejects(start({ script: { faults: [fault] } }), /faults\.0\.operation: .*no checksums/);
});

test("before the last event cuts Converse's streams, too: before their metadata", async () => {
  await using emulator = await start({ script: { faults: [{ kind: "cut", at: "before-last" }] } });
  using runtime = sdk(emulator);
  const { stream: events } = await runtime.send(new ConverseStreamCommand(asking("Hello")));
  assert.ok((await collect(events)).at(-1)?.messageStop);
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { end, event, PING, start, textBlock, USAGE } from "../../../test/anthropic/engine.ts";
import { Hearing } from "../../../test/conformance/hearing.ts";
import { Secrets } from "../http/secrets.ts";
import { MessagesStream } from "./stream.ts";

const SECRET = "sk-ant-secret-of-ours";
const WHOLE = start() + PING + textBlock(0, "Hé ", 'says "usage" and "message_stop"') + end();

function hear(...pieces: readonly (string | Buffer)[]): Hearing {
  const hearing = new Hearing();
  const stream = new MessagesStream(hearing, new Secrets(SECRET));
  for (const piece of pieces) stream.push(Buffer.from(piece as string));
  stream.finish();
  return hearing;
}

const overloaded = (said = "Overloaded"): string =>
  event("error", { error: { type: "overloaded_error", message: said } });

test("in whatever pieces it comes, a stream goes on byte for byte, with one end and its usage", () => {
  const bytes = Buffer.from(WHOLE);
  const cuts = fc.array(fc.nat(bytes.length), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (places) => {
      const at = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      const heard = hear(...at.slice(1).map((to, index) => bytes.subarray(at[index], to)));
      assert.equal(heard.text, WHOLE);
      assert.equal(heard.ends, 1);
      assert.equal(heard.order.at(-1), "end");
      assert.equal(heard.last?.toString(), event("message_stop"));
      assert.deepEqual(heard.reported, {
        inputTokens: 12,
        cachedInputTokens: 0,
        cacheWriteInputTokens: 0,
        outputTokens: 5,
        reasoningTokens: 0,
      });
      for (const chunk of heard.chunks) assert.match(chunk.toString(), /\n\n$/);
    }),
  );
});

test("cut at any byte it is no normal end", () => {
  const bytes = Buffer.from(WHOLE);
  // Without its blank line the last event is whole all the same.
  for (let length = 0; length < bytes.length - 2; length++) {
    const heard = hear(bytes.subarray(0, length));
    assert.equal(heard.failure?.kind, "cut", `at ${length}`);
    assert.equal(heard.ends, 1, `at ${length}`);
    assert.ok(!heard.text.includes("event: message_stop"), `at ${length}`);
  }
  assert.equal(hear(bytes.subarray(0, bytes.length - 1)).order.at(-1), "end");
});

test("comments and pings before the first event commit to nothing", () => {
  const heard = hear(": here\n\n", PING, PING + overloaded());
  assert.deepEqual(heard.order, ["fail"]);
  assert.equal(heard.failure?.kind, "status");
  assert.equal(heard.failure?.code, "no_target_available");
  assert.equal(heard.failure?.event, undefined);
  assert.equal(hear(": here\n\n", PING, WHOLE).text, `: here\n\n${PING}${WHOLE}`);
});

test("an error that comes together with the beginning commits to nothing either", () => {
  const heard = hear(start() + overloaded());
  assert.deepEqual(heard.order, ["fail"]);
});

test("an error in mid-stream is told with its kind, its words and its bytes", () => {
  const heard = hear(start(), textBlock(0, "a") + overloaded());
  assert.deepEqual(heard.order, ["chunk", "chunk", "fail"]);
  assert.equal(heard.failure?.said, "Overloaded");
  assert.equal(heard.failure?.event?.toString(), overloaded());
  const throttled = event("error", { error: { type: "rate_limit_error", message: "slow" } });
  assert.equal(hear(start(), throttled).failure?.kind, "throttled");
});

test("an error that repeats our key goes to nobody", () => {
  const heard = hear(start(), overloaded(`not with ${SECRET}`));
  assert.ok(!JSON.stringify(heard.failure).includes(SECRET));
  const account = event("error", { error: { type: "authentication_error", message: "expired" } });
  assert.deepEqual(hear(start(), account).failure, {
    kind: "credentials",
    message: "the upstream refused our credentials or account in its stream (authentication_error)",
  });
});

test("usage is what the end says, over what the beginning said; the cache is part of the input", () => {
  const first = {
    ...USAGE,
    cache_read_input_tokens: 100,
    cache_creation_input_tokens: 30,
    cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
    output_tokens: 1,
  };
  const last = { output_tokens: 9, input_tokens: null, output_tokens_details: { thinking_tokens: 4 } };
  assert.deepEqual(hear(start(first) + end("end_turn", last)).reported, {
    inputTokens: 142,
    cachedInputTokens: 100,
    cacheWriteInputTokens: 30,
    cacheWrite1hInputTokens: 20,
    outputTokens: 9,
    reasoningTokens: 4,
  });
});

test("what a stream had used when it was cut is not told as what it used", () => {
  assert.equal(hear(start() + textBlock(0, "a")).reported, undefined);
});

test("lines may end with CR and LF", () => {
  const crlf = WHOLE.replaceAll("\n", "\r\n");
  const heard = hear(crlf);
  assert.equal(heard.text, crlf);
  assert.equal(heard.order.at(-1), "end");
});

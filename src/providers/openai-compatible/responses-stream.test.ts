import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure } from "../provider.ts";
import { ResponsesStream } from "./responses-stream.ts";

interface Heard {
  readonly told: string[];
  /** Everything that was passed on. */
  text: string;
  alive: number;
  failure: AttemptFailure | undefined;
}

function read(pieces: readonly (string | Buffer)[], secrets = new Secrets()): Heard {
  const heard: Heard = { told: [], text: "", alive: 0, failure: undefined };
  const stream = new ResponsesStream(
    {
      whole: () => assert.fail("a stream has no whole reply"),
      head() {},
      dropped() {},
      alive: () => heard.alive++,
      chunk(bytes) {
        heard.told.push("chunk");
        heard.text += bytes.toString();
      },
      end(bytes) {
        heard.told.push("end");
        heard.text += bytes.toString();
      },
      usage: (usage) =>
        heard.told.push(usage === "invalid" ? usage : `usage ${usage?.inputTokens} ${usage?.outputTokens}`),
      fail(failure) {
        heard.told.push(`fail ${failure.kind}`);
        heard.failure = failure;
      },
    },
    secrets,
  );
  for (const piece of pieces) stream.push(Buffer.from(piece as string));
  stream.finish();
  return heard;
}

function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const CREATED = event("response.created", { response: { status: "in_progress" } });
const QUEUED = event("response.queued", { response: { status: "queued" } });
const WORD = event("response.output_text.delta", { delta: 'a "usage": {} b' });
const USAGE = { input_tokens: 7, output_tokens: 3 };
const COMPLETED = event("response.completed", { response: { status: "completed", usage: USAGE } });
const FAILED = event("response.failed", {
  response: { error: { code: "server_error", message: "out of luck" }, usage: USAGE },
});

test("events go on as they came, and the last one tells the usage", () => {
  const { told, text } = read([CREATED + WORD + WORD + COMPLETED]);
  assert.deepEqual(told, ["chunk", "usage 7 3", "end"]);
  assert.equal(text, CREATED + WORD + WORD + COMPLETED);
});

test("a response that is incomplete has a proper end, too", () => {
  const incomplete = event("response.incomplete", { response: { status: "incomplete", usage: USAGE } });
  assert.deepEqual(read([WORD + incomplete]).told, ["chunk", "usage 7 3", "end"]);
});

test("what comes before the first output waits for it, so that another target may still serve", () => {
  const waiting = read([CREATED, ": at work\n\n", QUEUED]);
  assert.deepEqual(waiting.told, ["fail cut"]);
  assert.equal(waiting.alive, 3);
  const begun = read([CREATED, ": at work\n\n", WORD, COMPLETED]);
  assert.deepEqual(begun.told, ["chunk", "usage 7 3", "end"]);
  assert.equal(begun.text, `${CREATED}: at work\n\n${WORD}${COMPLETED}`);
});

test("a failure before any output leaves nothing behind it", () => {
  const { told, failure } = read([CREATED, FAILED]);
  assert.deepEqual(told, ["usage 7 3", "fail status"]);
  assert.equal(failure?.event, undefined);
  assert.equal(failure?.said, "out of luck");
});

test("a failure after output comes with the upstream's own last words", () => {
  const { told, failure, text } = read([CREATED + WORD + FAILED + WORD]);
  assert.deepEqual(told, ["chunk", "usage 7 3", "fail status"]);
  assert.equal(failure?.event?.toString(), FAILED);
  assert.equal(text, CREATED + WORD);
});

test("an error event fails, whichever form it has", () => {
  const forms = [
    event("error", { code: "server_error", message: "no" }),
    'data: {"type":"error","message":"no"}\n\n',
    'data: {"error":{"message":"no"}}\n\n',
  ];
  for (const form of forms) {
    const { told, failure } = read([WORD, form]);
    assert.deepEqual(told, ["chunk", "fail status"], form);
    assert.equal(failure?.said, "no", form);
  }
});

test("an error event goes on where clients raise it: not in the flat form", () => {
  const nested = event("error", { error: { code: "server_error", message: "no" } });
  assert.equal(read([CREATED, WORD, nested]).failure?.event?.toString(), nested);
  const flat = event("error", { code: "server_error", message: "no" });
  assert.equal(read([CREATED, WORD, flat]).failure?.event, undefined);
});

test("a response that was throttled is told as a throttle", () => {
  const { told } = read([event("error", { code: "rate_limit_exceeded", message: "slow down" })]);
  assert.deepEqual(told, ["fail throttled"]);
});

test("last words that repeat our credential reach nobody", () => {
  const failed = event("response.failed", { response: { error: { message: "bad key sk-1" } } });
  const { failure } = read([WORD, failed], new Secrets("sk-1"));
  assert.ok(!JSON.stringify({ ...failure, event: failure?.event?.toString() }).includes("sk-1"));
});

test("[DONE] after the last event is nobody's business, and before it no end", () => {
  assert.equal(read([`${WORD + COMPLETED}data: [DONE]\n\n`]).text, WORD + COMPLETED);
  assert.deepEqual(read([`${WORD}data: [DONE]\n\n`]).told, ["chunk", "fail cut"]);
});

test("events without an event line are known by their data", () => {
  const bare = (text: string): string => text.replace(/^event: .*\n/gm, "");
  assert.deepEqual(read([bare(CREATED)]).told, ["fail cut"]);
  assert.deepEqual(read([bare(CREATED + WORD + COMPLETED)]).told, ["chunk", "usage 7 3", "end"]);
});

const STREAM = Buffer.from(CREATED + WORD.replace("a ", "é€") + COMPLETED);

test("cut at any byte, a stream never ends normally", () => {
  const last = STREAM.length - "\n\n".length;
  for (let at = 0; at < last; at++) {
    const { told } = read([STREAM.subarray(0, at)]);
    assert.equal(told.at(-1), "fail cut", `at ${at}`);
    assert.ok(!told.includes("end"), `at ${at}`);
  }
});

test("the pieces in which a stream comes change nothing, nor do its line ends", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(STREAM.length * 2), { maxLength: 12 }),
      fc.constantFrom("\n", "\r\n"),
      (at, line) => {
        const bytes = Buffer.from(STREAM.toString().replaceAll("\n", line));
        const cuts = [0, ...at.map((each) => each % bytes.length).toSorted((a, b) => a - b), bytes.length];
        const pieces = cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
        const heard = read(pieces);
        assert.equal(heard.text, bytes.toString());
        assert.deepEqual(heard.told.slice(-2), ["usage 7 3", "end"]);
      },
    ),
  );
});

import assert from "node:assert/strict";
import test from "node:test";
import type { Dispatcher } from "undici";
import { Secrets } from "../http/secrets.ts";
import type { ReplySink } from "../provider.ts";
import { UpstreamReply } from "../http/upstream-reply.ts";
import { OpenAiReading } from "./reply.ts";

interface Heard {
  readonly events: string[];
  readonly reply: UpstreamReply;
  readonly controller: Dispatcher.DispatchController;
  onChunk: () => void;
}

/** A reply whose head has come, told as the HTTP client tells it. */
function begun(
  headers: Record<string, string> = { "content-type": "text/event-stream" },
  status = 200,
): Heard {
  const events: string[] = [];
  const sink: ReplySink = {
    whole: ({ status: code, body }) => events.push(`whole ${code} ${body.toString()}`),
    chunk(bytes) {
      events.push(`chunk ${bytes.toString()}`);
      heard.onChunk();
    },
    end: () => events.push("end"),
    usage: (usage) =>
      events.push(usage === "invalid" ? usage : `usage ${usage?.inputTokens} ${usage?.outputTokens}`),
    alive: () => {},
    head: () => {},
    dropped: () => {},
    fail: ({ kind }) => events.push(`fail ${kind}`),
  };
  const controller = {
    aborted: false,
    paused: false,
    reason: null,
    abort: () => events.push("abort"),
    pause: () => {},
    resume: () => {},
  } as unknown as Dispatcher.DispatchController;
  const reply = new UpstreamReply(new OpenAiReading(sink, true, true, new Secrets()));
  const heard: Heard = { events, reply, controller, onChunk: () => {} };
  reply.onRequestStart(controller);
  reply.onResponseStart(controller, status, headers);
  return heard;
}

const WORD = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\n';
const USAGE = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
const ERROR = 'data: {"error":{"message":"out of memory"}}\n\n';
const DONE = "data: [DONE]\n\n";

test("what came before an error in one piece of the stream is passed on before the failure is told", () => {
  const { events, reply, controller } = begun();
  reply.onResponseData(controller, Buffer.from(WORD + ERROR));
  assert.deepEqual(events, [`chunk ${WORD}`, "fail status"]);
});

test("nothing more is heard after a cancel, also in the middle of a piece of the stream", () => {
  const heard = begun();
  heard.onChunk = () => heard.reply.cancel();
  heard.reply.onResponseData(heard.controller, Buffer.from(WORD + USAGE + WORD + DONE));
  heard.reply.onResponseEnd();
  const cancelled = heard.events.indexOf("abort");
  assert.notEqual(cancelled, -1);
  assert.deepEqual(heard.events.slice(cancelled + 1), []);
});

test("a request that is cancelled while it waits for a connection is not sent", () => {
  const { events, reply, controller } = begun();
  reply.cancel();
  events.length = 0;
  reply.onRequestStart(controller);
  assert.deepEqual(events, ["abort"]);
});

test("an interim head is no head", () => {
  const { events, reply, controller } = begun({}, 103);
  reply.onResponseStart(controller, 200, { "content-type": "application/json" });
  reply.onResponseData(controller, Buffer.from("{}"));
  reply.onResponseEnd();
  assert.deepEqual(events, ["whole 200 {}"]);
});

test("a stream that ends without its marker was cut, and its last piece is passed on", () => {
  const { events, reply, controller } = begun();
  reply.onResponseData(controller, Buffer.from(WORD.slice(0, -2)));
  reply.onResponseEnd();
  assert.deepEqual(events, [`chunk ${WORD}`, "fail cut"]);
});

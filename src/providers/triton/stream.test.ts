import assert from "node:assert/strict";
import test from "node:test";
import { answerJson, event } from "../../../test/triton/server.ts";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import type { ChatEvent, ChatReply } from "../../core/chat.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, ChatSink } from "../provider.ts";
import { AnswerText } from "../text-generation/answer-text.ts";
import { writePrompt } from "../text-generation/write-prompt.ts";
import { Generation } from "./generation.ts";
import { TritonReading } from "./reading.ts";

const CHAT = { ...EMPTY_CHAT, messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }] } as const;
const FRAMED = { "transfer-encoding": "chunked" };

class Heard implements ChatSink {
  readonly events: ChatEvent[] = [];
  reply: ChatReply | undefined;
  failure: AttemptFailure | undefined;
  reported: ReportedUsage | undefined;
  ended = false;

  usage(usage: ReportedUsage | undefined): void {
    this.reported = usage;
  }
  dropped(): void {}
  alive(): void {}
  fail(failure: AttemptFailure): void {
    this.failure = failure;
  }
  whole(reply: ChatReply): void {
    this.reply = reply;
  }
  event(told: ChatEvent): void {
    this.events.push(told);
  }
  end(): void {
    this.ended = true;
  }

  get text(): string {
    return this.events.map((each) => (each.type === "text" ? each.text : "")).join("");
  }
  get stop(): ChatEvent | undefined {
    return this.events.find(({ type }) => type === "stop");
  }
}

function reading(sink: Heard, stream: boolean, maxTokens = 16): TritonReading {
  const words = new AnswerText(writePrompt(CHAT, "llama3"), "llama3", ["END"]);
  const generation = new Generation(words, maxTokens);
  return new TritonReading(sink, { stream, output: "text_output", generation }, new Secrets("secret-1"));
}

function streamed(body: string, headers: Record<string, string> = FRAMED): Heard {
  const heard = new Heard();
  const stream = reading(heard, true).stream("text/event-stream; charset=utf-8", headers);
  assert.ok(stream !== undefined && "push" in stream);
  stream.push(Buffer.from(body));
  if (!stream.ended) stream.finish();
  return heard;
}

function plain(body: string, maxTokens?: number): Heard {
  const heard = new Heard();
  reading(heard, false, maxTokens).answer(200, {}, Buffer.from(body));
  return heard;
}

test("pieces are deltas, and the end of the body is the end", () => {
  const heard = streamed(event("Hel") + event("lo"));
  assert.equal(heard.text, "Hello");
  assert.deepEqual(heard.stop, { type: "stop", reason: "end" });
  assert.equal(heard.ended, true);
  assert.equal(heard.reported, undefined);
});

test("counts of pieces add up; those of the prompt do not", () => {
  const counts = (finish: string): object => ({
    finish_reason: finish,
    num_input_tokens: 7,
    num_output_tokens: 2,
  });
  const heard = streamed(event("a", counts("None")) + event("b", counts("length")));
  assert.deepEqual(heard.stop, { type: "stop", reason: "max-tokens" });
  assert.deepEqual(heard.reported, {
    inputTokens: 7,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 4,
    reasoningTokens: 0,
  });
  assert.equal(heard.events.at(-1)?.type, "usage");
});

test("counts that are none are told as such", () => {
  const wrong = { finish_reason: "stop", num_input_tokens: 7, num_output_tokens: -1 };
  assert.equal(streamed(event("a", wrong)).reported, "invalid");
  const half = { finish_reason: "stop", num_output_tokens: 1 };
  assert.equal(streamed(event("a", half)).reported, undefined);
});

test("a stop sequence across pieces is cut, and nothing after it is told", () => {
  const heard = streamed(event("go E") + event("N") + event("D and more") + event("even more"));
  assert.equal(heard.text, "go ");
  assert.deepEqual(heard.stop, { type: "stop", reason: "stop-sequence", sequence: "END" });
  assert.equal(heard.ended, true);
});

test("the template's own end is the model's end", () => {
  const heard = streamed(event("bye<|eot_") + event("id|>"));
  assert.equal(heard.text, "bye");
  assert.deepEqual(heard.stop, { type: "stop", reason: "end" });
});

const CUT: readonly (readonly [what: string, body: string, headers?: Record<string, string>])[] = [
  ["no event", ""],
  ["half an event", `${event("a")}data: {"text_out`],
  ["an event without its blank line", `${event("a")}data: ${answerJson("b")}`],
  ["no reason, where reasons are told", event("a", { finish_reason: "None" })],
  ["no mark of HTTP for the end", event("a"), {}],
];
for (const [what, body, headers] of CUT) {
  test(`a stream that ends with ${what} is cut`, () => {
    const heard = streamed(body, headers);
    assert.equal(heard.failure?.kind, "cut");
    assert.equal(heard.ended, false);
  });
}

test("where HTTP does not tell the end, a reason does", () => {
  assert.equal(streamed(event("a", { finish_reason: "stop" }), {}).ended, true);
});

test("an error in mid-stream is a failure, in its words and without our credentials", () => {
  const heard = streamed(`${event("a")}data: {"error":"CUDA error"}\n\n`);
  assert.deepEqual(heard.failure, {
    kind: "status",
    message: "the upstream answered with an error",
    said: "CUDA error",
  });
  assert.equal(streamed('data: {"error":"bad secret-1"}\n\n').failure?.said, undefined);
});

test("a model that gives up fails", () => {
  assert.equal(streamed(event("a", { finish_reason: "abort" })).failure?.kind, "protocol");
});

test("an answer without its tensor names it", () => {
  const message = 'the upstream\'s answer has no text in "text_output"';
  assert.deepEqual(streamed('data: {"OUTPUT":"x"}\n\n').failure, { kind: "protocol", message });
  assert.deepEqual(plain('{"OUTPUT":"x"}').failure, { kind: "protocol", message });
  assert.equal(plain("no JSON").failure?.kind, "protocol");
  assert.equal(plain("[]").failure?.kind, "protocol");
});

test("a stream that repeats all its text in every event is told, not passed on", () => {
  const words = "it grows and grows and grows and grows".split(" ");
  const body = words.map((_, index) => event(words.slice(0, index + 1).join(" "))).join("");
  assert.match(streamed(body).failure?.message ?? "", /accumulate_tokens/);
  // Tokens that begin with the one before them are no such stream.
  const deltas = ["\n", "\n\n", "1", "12", "123", "1234", "12345", "123456"];
  assert.equal(streamed(deltas.map((text) => event(text)).join("")).text, deltas.join(""));
});

test("an error with status 200 is a failure", () => {
  const heard = plain(
    '{"error":"generate expects model to produce exactly 1 response, use generate stream"}',
  );
  assert.equal(heard.failure?.kind, "status");
  assert.match(heard.failure.said ?? "", /exactly 1 response/);
});

test("a plain reply is its text, its reason and its counts, where they are told", () => {
  const told = plain(answerJson("Hi", { finish_reason: "stop", num_input_tokens: 3, num_output_tokens: 1 }));
  assert.deepEqual(told.reply?.parts, [{ type: "text", text: "Hi" }]);
  assert.equal(told.reply.usage?.outputTokens, 1);
  const untold = plain(answerJson("Hi"));
  assert.equal(untold.reply?.stop, "end");
  assert.equal(untold.reply.usage, undefined);
  assert.deepEqual(plain(answerJson("")).reply?.parts, []);
});

test("without a reason, as many tokens as were asked for are the limit", () => {
  const full = answerJson("a b", { num_input_tokens: 3, num_output_tokens: 2 });
  assert.equal(plain(full, 2).reply?.stop, "max-tokens");
  assert.equal(plain(full, 3).reply?.stop, "end");
});

test("of several sequences the first is the answer", () => {
  const body =
    '{"text_output":["one","two"],"finish_reason":["stop","stop"],"num_output_tokens":[1,1],"num_input_tokens":2}';
  const heard = plain(body);
  assert.deepEqual(heard.reply?.parts, [{ type: "text", text: "one" }]);
  assert.equal(heard.reply.usage?.outputTokens, 1);
});

test("a repeated prompt is cut from the answer", () => {
  const { prompt } = writePrompt(CHAT, "llama3");
  assert.deepEqual(plain(answerJson(`${prompt}Hello`)).reply?.parts, [{ type: "text", text: "Hello" }]);
});

test("a whole reply to a stream's request is told in events", () => {
  const heard = new Heard();
  reading(heard, true).answer(200, {}, Buffer.from(answerJson("Hi")));
  assert.equal(heard.text, "Hi");
  assert.equal(heard.ended, true);
});

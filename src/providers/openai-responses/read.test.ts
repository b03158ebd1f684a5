import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatEvent, ChatReply } from "../../core/chat.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readResponse } from "./read-reply.ts";
import { ResponsesEvents } from "./read-stream.ts";
import { toSignature } from "./thought-signature.ts";

const USAGE = {
  input_tokens: 7,
  input_tokens_details: { cached_tokens: 2, cache_write_tokens: 1 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 3 },
};
const READ_USAGE = {
  inputTokens: 7,
  cachedInputTokens: 2,
  cacheWriteInputTokens: 1,
  outputTokens: 5,
  reasoningTokens: 3,
};

type Item = Readonly<Record<string, unknown>>;

function message(text: string, id = "msg_1"): Item {
  return {
    type: "message",
    id,
    role: "assistant",
    content: [{ type: "output_text", text, annotations: [] }],
  };
}

function call(args: string, id = "fc_1"): Item {
  return { type: "function_call", id, call_id: `call_${id}`, name: "f", arguments: args };
}

function thought(summary: readonly string[], encrypted?: string, id = "rs_1"): Item {
  return {
    type: "reasoning",
    id,
    summary: summary.map((text) => ({ type: "summary_text", text })),
    ...(encrypted !== undefined && { encrypted_content: encrypted }),
  };
}

function response(output: readonly Item[], more: object = {}): Item {
  return { id: "resp_1", status: "completed", output, usage: USAGE, service_tier: "default", ...more };
}

function readWhole(value: object): ChatReply {
  return readResponse(Buffer.from(JSON.stringify(value)));
}

function readStream(...events: readonly object[]): ChatEvent[] {
  const told: ChatEvent[] = [];
  const reading = new ResponsesEvents((event) => told.push(event));
  reading.push(Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("")));
  return told;
}

/** The events that OpenAI would send of a response, each text in pieces of so many characters. */
function eventsOf(whole: Item, size: number): object[] {
  const events: object[] = [{ type: "response.created", response: {} }];
  for (const [index, item] of (whole["output"] as Item[]).entries()) {
    const at = { output_index: index, item_id: item["id"] };
    const bare = { ...item, content: [], summary: [], arguments: "", encrypted_content: undefined };
    events.push({ type: "response.output_item.added", output_index: index, item: bare });
    const pieces = (text: string, type: string, more: object = {}): void => {
      for (const part of text.match(new RegExp(`.{1,${size}}`, "gsu")) ?? [])
        events.push({ type, ...at, ...more, delta: part });
    };
    if (item["type"] === "function_call")
      pieces(String(item["arguments"]), "response.function_call_arguments.delta");
    if (item["type"] === "message")
      for (const { text } of item["content"] as { text: string }[])
        pieces(text, "response.output_text.delta");
    if (item["type"] === "reasoning")
      for (const [nth, { text }] of (item["summary"] as { text: string }[]).entries())
        pieces(text, "response.reasoning_summary_text.delta", { summary_index: nth });
    events.push({ type: "response.output_item.done", output_index: index, item });
  }
  const type = whole["status"] === "incomplete" ? "response.incomplete" : "response.completed";
  return [...events, { type, response: whole }];
}

/** Events put together as the reply that they tell. */
function together(events: readonly ChatEvent[]): unknown {
  const parts: { type: string; text?: string; signature?: string | undefined; input?: string }[] = [];
  let isOpen = false;
  const part = (type: string): (typeof parts)[number] => {
    const last = parts.at(-1);
    if (isOpen && last?.type === type) return last;
    isOpen = true;
    parts.push({ type, text: "" });
    return parts.at(-1) as (typeof parts)[number];
  };
  let stop: unknown;
  let usage: unknown;
  for (const event of events) {
    if (event.type === "text") part("text").text += event.text;
    else if (event.type === "reasoning") {
      const open = part("reasoning");
      open.text += event.text;
      open.signature = event.signature;
    } else if (event.type === "tool-call") {
      parts.push({ ...event, input: "" });
      isOpen = true;
    } else if (event.type === "tool-input") (parts.at(-1) as { input: string }).input += event.json;
    else if (event.type === "part-end") isOpen = false;
    else if (event.type === "stop") stop = event.reason;
    else if (event.type === "usage") usage = event.usage;
  }
  return { parts, stop, usage };
}

test("a response is read with all that it has", () => {
  const output = [
    thought(["First", "then"], "gA=="),
    { type: "web_search_call", id: "ws_1" },
    message("Hi"),
    { type: "message", content: [{ type: "refusal", refusal: "No." }] },
    call('{"n":12345678901234567890}'),
  ];
  assert.deepEqual(readWhole(response(output)), {
    parts: [
      {
        type: "reasoning",
        text: "First\n\nthen",
        signature: toSignature({ id: "rs_1", encrypted: "gA==" }),
      },
      { type: "text", text: "Hi" },
      { type: "text", text: "No." },
      { type: "tool-call", id: "call_fc_1", name: "f", input: '{"n":12345678901234567890}' },
    ],
    stop: "tool-calls",
    usage: READ_USAGE,
    latencyMs: undefined,
    serviceTier: "default",
  });
});

test("why a response ended", () => {
  const incomplete = (reason: string): object => ({ status: "incomplete", incomplete_details: { reason } });
  assert.equal(readWhole(response([message("a")])).stop, "end");
  assert.equal(readWhole(response([message("a")], incomplete("max_output_tokens"))).stop, "max-tokens");
  assert.equal(readWhole(response([], incomplete("content_filter"))).stop, "content-filter");
  for (const status of ["failed", "cancelled", "in_progress", "queued"])
    assert.throws(() => readWhole(response([], { status })), ReplyFault, status);
});

test("what is no response is none", () => {
  for (const text of ["", "null", "[]", "{}", '{"output":null}'])
    assert.throws(() => readResponse(Buffer.from(text)), ReplyFault, text);
  assert.throws(() => readWhole(response([{ type: "function_call", call_id: "a" }])), ReplyFault);
});

const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-composite" });
const item = fc.oneof(
  word.map((text) => message(text)),
  fc
    .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.option(word, { nil: undefined }))
    .map(([summary, encrypted]) => thought(summary, encrypted)),
  fc.jsonValue().map((args) => call(JSON.stringify({ args }))),
);

test("a stream tells what the whole response tells, whatever the pieces", () => {
  fc.assert(
    fc.property(
      fc.array(item, { maxLength: 5 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom({}, { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }),
      (items, size, more) => {
        const output = items.map((one, index) => ({ ...one, id: `item_${index}` }));
        const whole = response(output, more);
        const { parts, stop, usage } = readWhole(whole);
        const told = together(readStream(...eventsOf(whole, size))) as { parts: object[] };
        const expected = parts.map((part) => (part.type === "tool-call" ? part : { ...part }));
        assert.deepEqual({ ...told, parts: told.parts }, { parts: expected, stop, usage });
      },
    ),
  );
});

test("what an engine tells only of items that are done is told then, once", () => {
  const events = readStream(
    { type: "response.output_item.done", output_index: 0, item: thought(["Hm"], "gA==") },
    { type: "response.output_item.added", output_index: 1, item: { ...message(""), content: [] } },
    { type: "response.output_item.done", output_index: 1, item: message("Hi") },
    { type: "response.output_item.done", output_index: 2, item: call('{"a":1}') },
  );
  assert.deepEqual(
    events.filter(({ type }) => type !== "part-end"),
    [
      { type: "reasoning", text: "Hm", signature: toSignature({ id: "rs_1", encrypted: "gA==" }) },
      { type: "text", text: "Hi" },
      { type: "tool-call", id: "call_fc_1", name: "f" },
      { type: "tool-input", json: '{"a":1}' },
    ],
  );
});

test("a thought that is told and summed up is told once", () => {
  const at = { output_index: 0, item_id: "rs_1" };
  const events = readStream(
    { type: "response.output_item.added", output_index: 0, item: thought([]) },
    { type: "response.reasoning_text.delta", ...at, content_index: 0, delta: "Long" },
    { type: "response.reasoning_summary_text.delta", ...at, summary_index: 0, delta: "Short" },
  );
  assert.deepEqual(events, [{ type: "reasoning", text: "Long", signature: undefined }]);
});

test("pieces of calls that are not under way are refused, not mixed up", () => {
  const added = (id: string, index: number): object => ({
    type: "response.output_item.added",
    output_index: index,
    item: call("", id),
  });
  const args = { type: "response.function_call_arguments.delta", delta: "{}" };
  assert.throws(() => readStream({ ...args, output_index: 0 }), ReplyFault);
  assert.throws(
    () => readStream(added("fc_1", 0), added("fc_2", 1), { ...args, output_index: 0, item_id: "fc_1" }),
    ReplyFault,
  );
  const done = { type: "response.output_item.done", output_index: 0, item: call("{}", "fc_1") };
  assert.throws(() => readStream(added("fc_1", 0), added("fc_2", 1), done), ReplyFault);
});

test("a failure in the stream is none of its ends", () => {
  assert.throws(() => readStream({ type: "error", message: "no" }), ReplyFault);
  assert.throws(() => readStream({ type: "response.failed", response: {} }), ReplyFault);
});

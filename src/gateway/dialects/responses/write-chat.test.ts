import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Response as OpenAiResponse, ResponseStreamEvent } from "openai/resources/responses/responses";
import { Stream } from "openai/streaming";
import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import type { ReplyFacts } from "../chat-writer.ts";
import {
  FACTS,
  factsOf,
  parse,
  replyOf,
  SEAL_KEY,
  USAGE,
} from "../../../../test/support/responses-dialect.ts";
import { streamed, told } from "../../../../test/support/told-replies.ts";
import { responsesErrorEvent } from "./errors.ts";
import { readResponsesChat } from "./read-chat.ts";
import { ResponsesWriter } from "./write-chat.ts";

const ID = FACTS.exchangeId.replaceAll("-", "");
const INCLUDED = { model: "m", input: "hi", include: ["reasoning.encrypted_content"] };

function whole(reply: Partial<ChatReply>, facts = FACTS): OpenAiResponse {
  const bytes = new ResponsesWriter(facts, SEAL_KEY).whole(replyOf(reply));
  return JSON.parse(bytes.toString()) as OpenAiResponse;
}

/** As OpenAI's own SDK reads them. */
async function sdkEvents(events: readonly ChatEvent[], facts = FACTS): Promise<ResponseStreamEvent[]> {
  const bytes = streamed(new ResponsesWriter(facts, SEAL_KEY), events);
  const response = new Response(new Uint8Array(bytes), { headers: { "content-type": "text/event-stream" } });
  return Array.fromAsync(Stream.fromSSEResponse<ResponseStreamEvent>(response, new AbortController()));
}

test("a whole reply has the shape that OpenAI's types promise", () => {
  const { completed_at: completedAt, ...rest } = whole({
    parts: [{ type: "text", text: "Hi" }],
    usage: USAGE,
    serviceTier: "flex",
  });
  assert.ok(typeof completedAt === "number" && completedAt > 1_700_000_000);
  assert.deepEqual(rest, {
    id: `resp_${ID}`,
    object: "response",
    created_at: 1_700_000_000,
    status: "completed",
    background: false,
    error: null,
    incomplete_details: null,
    model: 'a "model"',
    service_tier: "flex",
    usage: {
      input_tokens: 1_324,
      input_tokens_details: { cached_tokens: 1_000, cache_write_tokens: 20 },
      output_tokens: 15,
      output_tokens_details: { reasoning_tokens: 7 },
      total_tokens: 1_339,
    },
    access_programs: null,
    output: [
      {
        id: `msg_${ID}_0`,
        type: "message",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "Hi", annotations: [], logprobs: [] }],
      },
    ],
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    parallel_tool_calls: true,
    prompt_cache_key: null,
    safety_identifier: null,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_logprobs: 0,
    top_p: null,
    truncation: "disabled",
    user: null as unknown as string,
    metadata: {},
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    text: { verbosity: "medium", format: { type: "text" } },
  } satisfies Omit<OpenAiResponse, "output_text" | "completed_at"> & { store: boolean });
});

test("a response repeats what was asked for, digit by digit, without the words of the context", () => {
  const asked = {
    model: "m",
    input: "hi",
    instructions: "Be\nbrief.",
    max_output_tokens: 100,
    metadata: { switchyard_task: "t", team: "blue" },
    parallel_tool_calls: false,
    reasoning: { effort: "high" },
    store: false,
    temperature: 0.5,
    text: { format: { type: "json_object" } },
    tool_choice: "required",
    tools: [{ type: "function", name: "f", parameters: { type: "object", maximum: 7 }, strict: true }],
    top_p: 0.9,
  };
  const facts = { ...factsOf(asked), previousResponse: "resp_before" };
  const got = whole({}, facts) as unknown as Record<string, unknown>;
  const {
    model: _model,
    input: _input,
    metadata: _metadata,
    reasoning: _reasoning,
    text: _text,
    ...same
  } = asked;
  for (const [key, value] of Object.entries(same)) assert.deepEqual(got[key], value, key);
  assert.deepEqual(got["metadata"], { team: "blue" });
  assert.deepEqual(got["reasoning"], { effort: "high", summary: null });
  assert.deepEqual(got["text"], { verbosity: "medium", format: { type: "json_object" } });
  assert.equal(got["previous_response_id"], "resp_before");
});

test("a request on many lines is repeated on one, as an event has to be", async () => {
  const pretty = JSON.stringify(
    { model: "m", input: "hi", tools: [{ type: "function", name: "f", parameters: {} }] },
    null,
    2,
  ).replaceAll("\n", "\r\n");
  const facts = { ...FACTS, request: parse(pretty).request };
  const [created] = await sdkEvents([{ type: "text", text: "Hi" }], facts);
  assert.ok(created?.type === "response.created");
  assert.deepEqual(created.response.tools, [{ type: "function", name: "f", parameters: {} }]);
});

test("thoughts are told in clear, and sealed where somebody signed them or the client asks for it", () => {
  const parts = [
    { type: "reasoning", text: "Open.", signature: undefined },
    { type: "reasoning", text: "Signed.", signature: "sig" },
    { type: "redacted-reasoning", data: "d" },
  ] as const;
  const sealed = (facts: ReplyFacts): boolean[] =>
    whole({ parts }, facts).output.map((item) => "encrypted_content" in item);
  assert.deepEqual(sealed(FACTS), [false, true, true]);
  assert.deepEqual(sealed(factsOf(INCLUDED)), [true, true, true]);
  const [open, , redacted] = whole({ parts }).output;
  assert.deepEqual(open, {
    id: `rs_${ID}_0`,
    type: "reasoning",
    summary: [],
    content: [{ type: "reasoning_text", text: "Open." }],
  });
  assert.ok(redacted !== undefined && !("content" in redacted));
});

test("who asks for a summary of thoughts gets them as one", async () => {
  const facts = factsOf({ model: "m", input: "hi", reasoning: { summary: "auto" } });
  const [item] = whole({ parts: [{ type: "reasoning", text: "Hm.", signature: undefined }] }, facts).output;
  assert.deepEqual(item, {
    id: `rs_${ID}_0`,
    type: "reasoning",
    summary: [{ type: "summary_text", text: "Hm." }],
  });
  const events = await sdkEvents(
    [
      { type: "reasoning", text: "Hm.", signature: undefined },
      { type: "stop", reason: "end" },
    ],
    facts,
  );
  assert.deepEqual(
    events.slice(2, -1).map(({ type }) => type),
    [
      "response.output_item.added",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.output_item.done",
    ],
  );
});

test("ids that an engine counts or repeats are made new; long ones stay", () => {
  const call = (id: string): ChatReply["parts"][number] => ({ type: "tool-call", id, name: "f", input: "" });
  const long = "call_abcdefghijklmnop";
  const ids = whole({ parts: [call("call_0"), call("call_0"), call(long), call(long), call("")] }).output.map(
    (item) => (item as { call_id: string }).call_id,
  );
  assert.deepEqual(ids, [`call_${ID}_0`, `call_${ID}_1`, long, `call_${ID}_3`, `call_${ID}_4`]);
});

test("every reason to stop has its status", () => {
  const reasons: Record<StopReason, string | undefined> = {
    end: undefined,
    "stop-sequence": undefined,
    "tool-calls": undefined,
    "max-tokens": "max_output_tokens",
    "context-full": "max_output_tokens",
    "content-filter": "content_filter",
    guardrail: "content_filter",
  };
  for (const [stop, reason] of Object.entries(reasons)) {
    const response = whole({ parts: [{ type: "text", text: "So" }], stop: stop as StopReason });
    const status = reason === undefined ? "completed" : "incomplete";
    assert.equal(response.status, status);
    assert.equal(response.incomplete_details?.reason, reason);
    assert.equal((response.output[0] as { status: string }).status, status);
  }
});

test("of a reply that was cut off only the last item is incomplete, and a call whose arguments are whole is not", () => {
  const statuses = (input: string): unknown[] =>
    whole({
      parts: [
        { type: "text", text: "So" },
        { type: "tool-call", id: "a", name: "f", input },
      ],
      stop: "max-tokens",
    }).output.map((item) => (item as { status: string }).status);
  assert.deepEqual(statuses('{"a":'), ["completed", "incomplete"]);
  assert.deepEqual(statuses(""), ["completed", "incomplete"]);
  assert.deepEqual(statuses('{"a":1}'), ["completed", "completed"]);
});

const EVENTS: readonly ChatEvent[] = [
  { type: "reasoning", text: "Hm.", signature: undefined },
  { type: "reasoning", text: "", signature: "sig" },
  { type: "text", text: "One " },
  { type: "text", text: "two" },
  { type: "part-end" },
  { type: "text", text: "three" },
  { type: "tool-call", id: "call_0", name: "f" },
  { type: "tool-input", json: '{"a":' },
  { type: "tool-input", json: "1}" },
  { type: "part-end" },
  { type: "tool-call", id: "call_1", name: "g" },
  { type: "stop", reason: "tool-calls" },
  { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: "default" },
];

test("a stream has the API's events in its order, numbered from 0", async () => {
  const events = await sdkEvents(EVENTS);
  assert.deepEqual(
    events.map(({ sequence_number: number }) => number),
    events.map((_, index) => index),
  );
  assert.deepEqual(
    events.map(({ type, ...event }) =>
      [
        type.replace(/^response\./, ""),
        (event as { output_index?: number }).output_index,
        (event as { content_index?: number }).content_index,
      ].join(" "),
    ),
    [
      "created  ",
      "in_progress  ",
      "output_item.added 0 ",
      "content_part.added 0 0",
      "reasoning_text.delta 0 0",
      "reasoning_text.done 0 0",
      "content_part.done 0 0",
      "output_item.done 0 ",
      "output_item.added 1 ",
      "content_part.added 1 0",
      "output_text.delta 1 0",
      "output_text.delta 1 0",
      "output_text.done 1 0",
      "content_part.done 1 0",
      "content_part.added 1 1",
      "output_text.delta 1 1",
      "output_text.done 1 1",
      "content_part.done 1 1",
      "output_item.done 1 ",
      "output_item.added 2 ",
      "function_call_arguments.delta 2 ",
      "function_call_arguments.delta 2 ",
      "function_call_arguments.done 2 ",
      "output_item.done 2 ",
      "output_item.added 3 ",
      "function_call_arguments.delta 3 ",
      "function_call_arguments.done 3 ",
      "output_item.done 3 ",
      "completed  ",
    ],
  );
  assert.ok(!streamed(new ResponsesWriter(FACTS, SEAL_KEY), EVENTS).includes("[DONE]"));
});

test("an event's name is its type, and its data is on one line", () => {
  const text = streamed(new ResponsesWriter(FACTS, SEAL_KEY), EVENTS).toString();
  for (const event of text.split("\n\n").slice(0, -1)) {
    const [, name, data] = /^event: (\S+)\ndata: (\{[^\n]*\})$/.exec(event) ?? assert.fail(event);
    assert.equal((JSON.parse(data ?? "") as { type: string }).type, name);
  }
});

test("a piece without text shows the client nothing, but for the beginning before the first", () => {
  const writer = new ResponsesWriter(FACTS, SEAL_KEY);
  const first = writer.event({ type: "text", text: "" })?.toString() ?? "";
  assert.match(first, /^event: response\.created\n[^\n]+\n\nevent: response\.in_progress\n[^\n]+\n\n$/);
  for (const event of [
    { type: "text", text: "" },
    { type: "part-end" },
    { type: "reasoning", text: "", signature: undefined },
    { type: "stop", reason: "end" },
    { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: undefined },
  ] as const)
    assert.equal(writer.event(event), undefined);
  assert.match(writer.end().toString(), /^event: response\.completed\n/);
});

test("an error in a stream is one that the SDK throws", async () => {
  const writer = new ResponsesWriter(FACTS, SEAL_KEY);
  const begun = writer.event({ type: "text", text: "One" }) ?? Buffer.alloc(0);
  const error = responsesErrorEvent(new AppError("upstream_error", "it broke"), "x1");
  const response = new Response(new Uint8Array(Buffer.concat([begun, error])));
  const stream = Stream.fromSSEResponse<ResponseStreamEvent>(response, new AbortController());
  await assert.rejects(Array.fromAsync(stream), /it broke/);
  const flat = JSON.parse(error.toString().split("data: ")[1] ?? "") as Record<string, unknown>;
  assert.equal(flat["type"], "error");
  assert.equal(flat["code"], "upstream_error");
  assert.equal(flat["param"], null);
});

/** Seals are never the same twice. */
function withoutSeals(response: object): unknown {
  const text = JSON.stringify({ ...response, completed_at: 0 });
  return JSON.parse(text.replaceAll(/"encrypted_content":"sy1\.[\w-]+"/g, '"encrypted_content":"sealed"'));
}

test("a stream's last event says what the whole reply says", async () => {
  await fc.assert(
    fc.asyncProperty(told, async ({ reply, events }) => {
      const last = (await sdkEvents(events)).at(-1);
      assert.ok(last?.type === "response.completed" || last?.type === "response.incomplete");
      assert.deepEqual(withoutSeals(last.response), withoutSeals(whole(reply)));
    }),
    { numRuns: 200 },
  );
});

test("what a model said comes back as it was, seals, borders and all", () => {
  fc.assert(
    fc.property(told, fc.boolean(), ({ reply }, asSummary) => {
      const reasoning = asSummary ? { summary: "auto" } : {};
      const { output } = whole(reply, factsOf({ ...INCLUDED, reasoning }));
      fc.pre(
        output.every(
          (item) => !("status" in item) || item.status !== "incomplete" || item.type === "message",
        ),
      );
      const input = [{ role: "user", content: "hi" }, ...output];
      const { messages, others } = readResponsesChat(Buffer.from(JSON.stringify({ input })), SEAL_KEY);
      const ids = output.flatMap((item) => ("call_id" in item ? [item.call_id] : []));
      const parts = reply.parts.map((part) =>
        part.type === "tool-call" ? { ...part, id: ids.shift(), input: part.input || "{}" } : part,
      );
      assert.deepEqual(others, []);
      assert.deepEqual(messages.slice(1), parts.length === 0 ? [] : [{ role: "assistant", parts }]);
    }),
    { numRuns: 300 },
  );
});

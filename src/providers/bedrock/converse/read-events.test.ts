import assert from "node:assert/strict";
import test from "node:test";
import type { ChatEvent } from "../../../core/chat.ts";
import { ConverseEvents } from "./read-events.ts";
import { ReplyFault } from "../../reply-fault.ts";
import type { ReadBack } from "../../conversation/read-back.ts";

const PLAIN: ReadBack = { names: new Map(), schemaTool: undefined };
const ANSWER: ReadBack = { names: new Map(), schemaTool: "json_answer" };

type Sent = readonly [type: string, payload: object];

function read(sent: readonly Sent[], how = PLAIN): ChatEvent[] {
  const events: ChatEvent[] = [];
  const reader = new ConverseEvents(how, (event) => events.push(event));
  for (const [type, payload] of sent)
    reader.read(type, Buffer.from(JSON.stringify({ ...payload, p: "abc" })));
  return events;
}

function delta(contentBlockIndex: number, of: object): Sent {
  return ["contentBlockDelta", { contentBlockIndex, delta: of }];
}

function begin(contentBlockIndex: number, name: string, more: object = {}): Sent {
  return [
    "contentBlockStart",
    { contentBlockIndex, start: { toolUse: { toolUseId: `id${contentBlockIndex}`, name, ...more } } },
  ];
}

function input(index: number, text: string): Sent {
  return delta(index, { toolUse: { input: text } });
}

function stop(contentBlockIndex: number): Sent {
  return ["contentBlockStop", { contentBlockIndex }];
}

function end(stopReason: string): Sent {
  return ["messageStop", { stopReason }];
}

const END = { type: "part-end" } as const;
const text = (words: string): ChatEvent => ({ type: "text", text: words });

test("text comes as it comes, and the end with its reason", () => {
  assert.deepEqual(
    read([
      ["messageStart", { role: "assistant" }],
      delta(0, { text: "Hel" }),
      delta(0, { text: "lo" }),
      stop(0),
      end("end_turn"),
    ]),
    [text("Hel"), text("lo"), END, { type: "stop", reason: "end" }],
  );
});

test("the metadata is the usage, and what was said until then is known", () => {
  const events: ChatEvent[] = [];
  const reader = new ConverseEvents(PLAIN, (event) => events.push(event));
  assert.equal(reader.stopped, false);
  reader.read("messageStop", Buffer.from('{"stopReason":"max_tokens"}'));
  assert.equal(reader.stopped, true);
  assert.equal(reader.usage, undefined);
  reader.read(
    "metadata",
    Buffer.from(
      '{"usage":{"inputTokens":1,"outputTokens":2},"metrics":{"latencyMs":9},"serviceTier":{"type":"priority"}}',
    ),
  );
  const usage = {
    inputTokens: 1,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 2,
    reasoningTokens: 0,
  };
  assert.deepEqual(reader.usage, usage);
  assert.deepEqual(events, [
    { type: "stop", reason: "max-tokens" },
    { type: "usage", usage, latencyMs: 9, serviceTier: "priority" },
  ]);
});

test("a usage that cannot be is known as invalid and not told", () => {
  const events: ChatEvent[] = [];
  const reader = new ConverseEvents(PLAIN, (event) => events.push(event));
  reader.read("metadata", Buffer.from('{"usage":{"inputTokens":-1,"outputTokens":2}}'));
  assert.equal(reader.usage, "invalid");
  assert.deepEqual(events, []);
});

test("gpt-oss's empty first block is nothing", () => {
  assert.deepEqual(
    read([
      delta(0, { text: "" }),
      stop(0),
      delta(1, { reasoningContent: { text: "hm" } }),
      stop(1),
      delta(2, { text: "ok" }),
      stop(2),
      end("end_turn"),
    ]),
    [
      { type: "reasoning", text: "hm", signature: undefined },
      END,
      text("ok"),
      END,
      { type: "stop", reason: "end" },
    ],
  );
});

test("a signature closes a thought, and may come alone or in pieces", () => {
  assert.deepEqual(
    read([
      delta(0, { reasoningContent: { text: "hm" } }),
      delta(0, { reasoningContent: { signature: "ab" } }),
      delta(0, { reasoningContent: { signature: "cd" } }),
      stop(0),
      delta(1, { reasoningContent: { signature: "alone" } }),
      stop(1),
    ]),
    [
      { type: "reasoning", text: "hm", signature: undefined },
      { type: "reasoning", text: "", signature: "abcd" },
      END,
      { type: "reasoning", text: "", signature: "alone" },
      END,
    ],
  );
});

test("redacted thoughts are the maker's text", () => {
  const redactedContent = Buffer.from("ZGF0YQ==").toString("base64");
  assert.deepEqual(read([delta(0, { reasoningContent: { redactedContent } }), stop(0)]), [
    { type: "redacted-reasoning", data: "ZGF0YQ==" },
    END,
  ]);
});

test("calls begin, go on in pieces and have the client's names; one without pieces is a call too", () => {
  const how = { names: new Map([["a_b", "a.b"]]), schemaTool: undefined };
  assert.deepEqual(
    read(
      [
        begin(0, "a_b"),
        input(0, '{"x"'),
        input(0, ""),
        input(0, ":1}"),
        stop(0),
        begin(1, "bare"),
        stop(1),
        end("tool_use"),
      ],
      how,
    ),
    [
      { type: "tool-call", id: "id0", name: "a.b" },
      { type: "tool-input", json: '{"x"' },
      { type: "tool-input", json: ":1}" },
      END,
      { type: "tool-call", id: "id1", name: "bare" },
      END,
      { type: "stop", reason: "tool-calls" },
    ],
  );
});

test("the service's own calls and their results are passed over", () => {
  assert.deepEqual(
    read([
      begin(0, "nova_code_interpreter", { type: "server_tool_use" }),
      input(0, '{"snippet":"1"}'),
      stop(0),
      [
        "contentBlockStart",
        { contentBlockIndex: 1, start: { toolResult: { toolUseId: "x", status: "success" } } },
      ],
      delta(1, { toolResult: [{ json: {} }] }),
      stop(1),
      delta(2, { text: "ok" }),
      stop(2),
      end("tool_use"),
    ]),
    [text("ok"), END, { type: "stop", reason: "end" }],
  );
});

test("blocks that come mixed are told one after the other, in the order of their numbers", () => {
  assert.deepEqual(
    read([
      delta(0, { text: "a" }),
      begin(2, "two"),
      begin(1, "one"),
      input(2, "{2"),
      delta(0, { text: "b" }),
      input(1, "{1}"),
      stop(1),
      stop(0),
      input(2, "}"),
      stop(2),
      end("tool_use"),
    ]),
    [
      text("a"),
      text("b"),
      END,
      { type: "tool-call", id: "id1", name: "one" },
      { type: "tool-input", json: "{1}" },
      END,
      { type: "tool-call", id: "id2", name: "two" },
      { type: "tool-input", json: "{2" },
      { type: "tool-input", json: "}" },
      END,
      { type: "stop", reason: "tool-calls" },
    ],
  );
});

test("a block that nobody closed ends with the message", () => {
  assert.deepEqual(read([delta(0, { text: "a" }), delta(1, { text: "b" }), end("end_turn")]), [
    text("a"),
    END,
    text("b"),
    END,
    { type: "stop", reason: "end" },
  ]);
});

test("the arguments of the tool that answers come as text as they come, without the words before them", () => {
  assert.deepEqual(
    read(
      [
        delta(0, { text: "Here it is:" }),
        stop(0),
        begin(1, "json_answer"),
        input(1, '{"city":'),
        input(1, '"Paris"}'),
        stop(1),
        delta(2, { text: "Voilà" }),
        stop(2),
        begin(3, "json_answer"),
        input(3, "{}"),
        stop(3),
        end("tool_use"),
      ],
      ANSWER,
    ),
    [text('{"city":'), text('"Paris"}'), END, { type: "stop", reason: "end" }],
  );
});

test("an answer without arguments is an empty object", () => {
  assert.deepEqual(read([begin(0, "json_answer"), stop(0), end("tool_use")], ANSWER), [
    text("{}"),
    END,
    { type: "stop", reason: "end" },
  ]);
});

test("where no answer comes, the words that waited for it come at the end, in order", () => {
  assert.deepEqual(
    read([delta(0, { text: "let me look" }), stop(0), begin(1, "look"), stop(1), end("tool_use")], ANSWER),
    [
      text("let me look"),
      END,
      { type: "tool-call", id: "id1", name: "look" },
      END,
      { type: "stop", reason: "tool-calls" },
    ],
  );
});

test("what is not known is passed over", () => {
  assert.deepEqual(
    read([
      ["somethingNew", { a: 1 }],
      ["contentBlockStart", { contentBlockIndex: 0, start: { image: { format: "png" } } }],
      delta(0, { image: {} }),
      stop(0),
      delta(1, { citation: { title: "x" } }),
      delta(1, { text: "cited" }),
      stop(1),
      stop(7),
    ]),
    [text("cited"), END],
  );
});

test("output that could not be read, and events that are no JSON, are faults", () => {
  assert.throws(() => read([end("malformed_tool_use")]), ReplyFault);
  assert.throws(() => read([["messageStop", {}]]), ReplyFault);
  assert.throws(() => read([["contentBlockStart", { start: { toolUse: {} } }]]), ReplyFault);
  const reader = new ConverseEvents(PLAIN, () => {});
  assert.throws(() => reader.read("contentBlockDelta", Buffer.from("{")), ReplyFault);
});

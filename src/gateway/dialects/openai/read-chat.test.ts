import assert from "node:assert/strict";
import test from "node:test";
import type { ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { readOpenAiChat } from "./read-chat.ts";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";

const HELLO = [{ role: "user", content: "Hello" }];

function read(rest: object): ChatRequest {
  return readOpenAiChat(Buffer.from(JSON.stringify({ model: "m", messages: HELLO, ...rest })));
}

function refuses(rest: object, expected: RegExp): void {
  assert.throws(
    () => read(rest),
    (error) => error instanceof AppError && error.code === "invalid_request" && expected.test(error.message),
  );
}

test("a plain request asks for nothing but an answer", () => {
  assert.deepEqual(read({ stream: true, user: "u", metadata: { a: "b" }, safety_identifier: "s" }), {
    ...EMPTY_CHAT,
    messages: [{ role: "user", parts: [{ type: "text", text: "Hello" }] }],
  } satisfies ChatRequest);
});

test("sampling, limits and hints have their places", () => {
  const chat = read({
    max_tokens: 100,
    max_completion_tokens: 50,
    temperature: 1.5,
    top_p: 0.9,
    stop: "END",
    reasoning_effort: "xhigh",
    service_tier: "flex",
    prompt_cache_key: "k",
    parallel_tool_calls: false,
  });
  assert.equal(chat.maxOutputTokens, 50);
  assert.equal(chat.temperature, 1.5);
  assert.equal(chat.topP, 0.9);
  assert.deepEqual(chat.stop, ["END"]);
  assert.equal(chat.reasoningEffort, "xhigh");
  assert.equal(chat.serviceTier, "flex");
  assert.equal(chat.cacheKey, "k");
  assert.equal(chat.parallelToolCalls, false);
  assert.equal(read({ max_tokens: 7 }).maxOutputTokens, 7);
  assert.deepEqual(read({ stop: ["a", "b"] }).stop, ["a", "b"]);
});

test("a default written out asks for nothing, and neither does null", () => {
  const chat = read({
    n: 1,
    logprobs: false,
    top_logprobs: 0,
    presence_penalty: 0,
    frequency_penalty: 0,
    store: false,
    logit_bias: {},
    modalities: ["text"],
    verbosity: "medium",
    service_tier: "auto",
    prompt_cache_retention: "in_memory",
    response_format: { type: "text" },
    seed: null,
    audio: null,
    tools: null,
    stop: null,
    temperature: null,
    max_tokens: null,
  });
  assert.deepEqual(chat.others, []);
  assert.equal(chat.serviceTier, undefined);
  assert.equal(chat.output, undefined);
});

test("what has no place is told with its value", () => {
  const asked = {
    seed: 7,
    n: 2,
    logprobs: true,
    top_logprobs: 3,
    presence_penalty: 0.5,
    frequency_penalty: -1,
    logit_bias: { 50256: -100 },
    prediction: { type: "content", content: "x" },
    modalities: ["text", "audio"],
    audio: { voice: "alloy", format: "wav" },
    web_search_options: {},
    store: true,
    verbosity: "low",
    top_a: 40,
  };
  assert.deepEqual(
    read(asked).others,
    Object.entries(asked).map(([name, value]) => ({ name, value })),
  );
});

test("what else stands in messages, parts and tools is told with its path", () => {
  const chat = read({
    messages: [
      { role: "user", name: "ann", content: [{ type: "text", text: "A", tone: "warm" }] },
      { role: "assistant", content: "B", prefix: true },
    ],
    tools: [{ type: "function", defer: true, function: { name: "f", examples: [] } }],
  });
  assert.deepEqual(
    chat.others.map(({ name }) => name),
    [
      "messages.0.name",
      "messages.0.content.0.tone",
      "messages.1.prefix",
      "tools.0.defer",
      "tools.0.function.examples",
    ],
  );
});

test("tools, functions of the old form, and tools that only OpenAI knows", () => {
  const schema = { type: "object", properties: {} };
  const chat = read({
    tools: [
      { type: "function", function: { name: "f", description: "F", parameters: schema, strict: true } },
      { type: "custom", custom: { name: "c" } },
      { type: "function", function: { name: "g", strict: null } },
    ],
    functions: [{ name: "old", parameters: schema }],
  });
  assert.deepEqual(chat.tools, [
    { type: "tool", name: "f", description: "F", schema, strict: true },
    { type: "opaque", name: "tools[1].custom" },
    { type: "tool", name: "g", description: undefined, schema: undefined, strict: undefined },
    { type: "tool", name: "old", description: undefined, schema, strict: undefined },
  ]);
});

test("the choice of tools, in the new form and in the old", () => {
  assert.equal(read({ tool_choice: "auto" }).toolChoice, "auto");
  assert.equal(read({ tool_choice: "none" }).toolChoice, "none");
  const tools = [{ type: "function", function: { name: "f" } }];
  assert.equal(read({ tools, tool_choice: "required" }).toolChoice, "any");
  assert.deepEqual(read({ tools, tool_choice: { type: "function", function: { name: "f" } } }).toolChoice, {
    tool: "f",
  });
  assert.equal(read({ function_call: "none" }).toolChoice, "none");
  const functions = [{ name: "f" }];
  assert.deepEqual(read({ functions, function_call: { name: "f" } }).toolChoice, { tool: "f" });
});

test("a choice among some tools is only OpenAI's", () => {
  const value = { type: "allowed_tools", allowed_tools: { mode: "auto", tools: [] } };
  const chat = read({ tool_choice: value });
  assert.equal(chat.toolChoice, undefined);
  assert.deepEqual(chat.others, [{ name: "tool_choice", value }]);
});

test("a wanted form of the reply", () => {
  const schema = { type: "object" };
  assert.deepEqual(read({ response_format: { type: "json_object" } }).output, { type: "json" });
  assert.deepEqual(
    read({ response_format: { type: "json_schema", json_schema: { name: "x", schema, strict: true } } })
      .output,
    { type: "json-schema", name: "x", description: undefined, schema, strict: true },
  );
  const grammar = { type: "grammar", grammar: "root ::= x" };
  assert.deepEqual(read({ response_format: grammar }).others, [{ name: "response_format", value: grammar }]);
});

const FAULTS: readonly (readonly [object, RegExp])[] = [
  [{ messages: undefined }, /^messages: expected a list/],
  [{ messages: [] }, /^messages: expected at least one message/],
  [{ messages: ["x"] }, /^messages\[0\]: expected an object/],
  [{ messages: [{ role: "robot", content: "x" }] }, /^messages\[0\]\.role: expected system/],
  [{ messages: [{ role: "user" }] }, /^messages\[0\]\.content: expected a text or a list/],
  [{ messages: [{ role: "user", content: [1] }] }, /^messages\[0\]\.content\[0\]: expected an object/],
  [{ messages: [{ role: "user", content: [{ text: "x" }] }] }, /^messages\[0\]\.content\[0\]\.type/],
  [{ messages: [{ role: "user", content: [{ type: "text" }] }] }, /^messages\[0\]\.content\[0\]\.text/],
  [
    { messages: [{ role: "assistant", content: null }] },
    /^messages\[0\]\.content: expected a text, or tool_/,
  ],
  [{ messages: [{ role: "assistant", content: 1 }] }, /^messages\[0\]\.content: expected a text or a list/],
  [{ messages: [{ role: "tool", content: "x" }] }, /^messages\[0\]\.tool_call_id: expected a text/],
  [{ tools: [{ type: "function" }] }, /^tools\[0\]\.function: expected an object/],
  [{ tools: [{ type: "function", function: { name: "" } }] }, /^tools\[0\]\.function\.name: expected a text/],
  [{ tools: {} }, /^tools: expected a list/],
  [{ tool_choice: "required" }, /^tool_choice: expected tools beside it/],
  [
    { tool_choice: { type: "function", function: { name: "f" } } },
    /^tool_choice: expected the name of one of the tools/,
  ],
  [{ function_call: { name: "f" } }, /^function_call: expected the name of one of the tools/],
  [{ tool_choice: 1 }, /^tool_choice: expected auto, none, required or a tool/],
  [{ temperature: "hot" }, /^temperature: expected a number/],
  [{ max_tokens: 0 }, /^max_tokens: expected a whole number of at least 1/],
  [{ stop: ["a", ""] }, /^stop\[1\]: expected a text that is not empty/],
  [{ stop: 1 }, /^stop: expected a text/],
  [{ response_format: { type: "json_schema" } }, /^response_format\.json_schema: expected an object/],
];

test("what is of another type is refused with its place", () => {
  for (const [rest, expected] of FAULTS) refuses(rest, expected);
});

test("a body that is no object is refused", () => {
  for (const text of ["[]", "1", "{"])
    assert.throws(() => readOpenAiChat(Buffer.from(text)), /the body is not the JSON expected/);
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import type { ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { SEAL_KEY } from "../../../../test/support/responses-dialect.ts";
import { readResponsesChat, readResponsesCount } from "./read-chat.ts";
import { sealThought } from "./sealed-thoughts.ts";

function read(body: object): ChatRequest {
  return readResponsesChat(Buffer.from(JSON.stringify({ model: "m", ...body })), SEAL_KEY);
}

function items(...input: object[]): ChatRequest["messages"] {
  const { messages, others } = read({ input });
  assert.deepEqual(others, []);
  return messages;
}

function refusal(body: object): AppError {
  try {
    read(body);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return error;
  }
  return assert.fail("it was not refused");
}

const text = (value: string): { type: "text"; text: string } => ({ type: "text", text: value });

test("a text is a user's message, and instructions are the system", () => {
  const chat = read({ input: "hi", instructions: "Be brief." });
  assert.deepEqual(chat.system, [text("Be brief.")]);
  assert.deepEqual(chat.messages, [{ role: "user", parts: [text("hi")] }]);
});

test("messages before the conversation are its system, later ones keep their place", () => {
  const { system, messages } = read({
    instructions: "A",
    input: [
      { role: "developer", content: "B" },
      { type: "message", role: "system", content: [{ type: "input_text", text: "C" }] },
      { role: "user", content: "hi" },
      { role: "system", content: "D" },
    ],
  });
  assert.deepEqual(system, [text("A"), text("B"), text("C")]);
  assert.deepEqual(messages, [
    { role: "user", parts: [text("hi")] },
    { role: "system", parts: [text("D")] },
  ]);
});

test("what the model thought, said and called in a row is one message, and so are the results", () => {
  assert.deepEqual(
    items(
      { role: "user", content: "hi" },
      {
        type: "reasoning",
        id: "rs_1",
        summary: [],
        content: [{ type: "reasoning_text", text: "Hm." }],
        status: "completed",
      },
      {
        type: "message",
        id: "msg_1",
        role: "assistant",
        status: "completed",
        phase: "commentary",
        content: [
          { type: "output_text", text: "Let me", annotations: [], logprobs: [] },
          { type: "refusal", refusal: "not" },
        ],
      },
      { type: "function_call", id: "fc_1", call_id: "a", name: "f", arguments: "", status: "completed" },
      { type: "function_call", call_id: "b", name: "g", arguments: '{"n":12345678901234567890}' },
      { type: "function_call_output", call_id: "b", output: "two" },
      { type: "function_call_output", call_id: "a", output: [{ type: "input_text", text: "one" }] },
      { role: "user", content: "go on" },
    ),
    [
      { role: "user", parts: [text("hi")] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", text: "Hm.", signature: undefined },
          text("Let me"),
          text("not"),
          { type: "tool-call", id: "a", name: "f", input: "" },
          { type: "tool-call", id: "b", name: "g", input: '{"n":12345678901234567890}' },
        ],
      },
      {
        role: "user",
        parts: [
          { type: "tool-result", id: "b", content: [text("two")], isError: false },
          { type: "tool-result", id: "a", content: [text("one")], isError: false },
        ],
      },
      { role: "user", parts: [text("go on")] },
    ],
  );
});

test("ids that repeat from turn to turn stay, each beside its result", () => {
  const turn = [
    { type: "function_call", call_id: "call_0", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "call_0", output: "x" },
  ];
  const roles = items({ role: "user", content: "hi" }, ...turn, ...turn).map(({ role }) => role);
  assert.deepEqual(roles, ["user", "assistant", "user", "assistant", "user"]);
});

test("images, files and sounds are read; those that are kept elsewhere are opaque", () => {
  const [message] = items({
    role: "user",
    content: [
      { type: "input_image", detail: "auto", image_url: "data:image/PNG;base64,AAAA" },
      { type: "input_image", image_url: "https://images.example/cat.png" },
      { type: "input_image", file_id: "file-1" },
      { type: "input_file", filename: "a.PDF", file_data: "data:application/octet-stream;base64,AAAA" },
      { type: "input_file", file_url: "https://files.example/a.pdf" },
      { type: "input_file", file_id: "file-1" },
      { type: "input_audio", input_audio: { data: "AAAA", format: "WAV" } },
      { type: "input_smell" },
    ],
  });
  const source = { base64: "AAAA" };
  assert.deepEqual(message?.parts, [
    { type: "image", source, format: "png", name: undefined },
    { type: "image", source: { url: "https://images.example/cat.png" }, format: undefined, name: undefined },
    { type: "opaque", name: "input[0].content[2].file_id" },
    { type: "document", source, format: "pdf", name: "a.PDF" },
    { type: "document", source: { url: "https://files.example/a.pdf" }, format: undefined, name: undefined },
    { type: "opaque", name: "input[0].content[5].file_id" },
    { type: "audio", source, format: "wav", name: undefined },
    { type: "opaque", name: "input[0].content[7].input_smell" },
  ]);
});

test("a breakpoint of the prompt cache stands after its part", () => {
  const [message] = items({
    role: "user",
    content: [{ type: "input_text", text: "a", prompt_cache_breakpoint: { ttl: "30m" } }],
  });
  assert.deepEqual(message?.parts, [text("a"), { type: "cache-point", ttl: "1h" }]);
});

test("thoughts that were sealed here are opened, whatever stands beside the seal", () => {
  const signed = { type: "reasoning", text: "Hm.", signature: "sig" } as const;
  const redacted = { type: "redacted-reasoning", data: "gone" } as const;
  const [message] = items(
    {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "other words" }],
      encrypted_content: sealThought(signed, SEAL_KEY),
    },
    { type: "reasoning", id: "rs_2", summary: [], encrypted_content: sealThought(redacted, SEAL_KEY) },
  );
  assert.deepEqual(message, { role: "assistant", parts: [signed, redacted] });
});

test("of another maker's thoughts only what can be read is there, so that a conversation may move on", () => {
  const foreign = "gAAAAABowgAKxFTo";
  const summary = [
    { type: "summary_text", text: "One." },
    { type: "summary_text", text: "Two." },
  ];
  for (const sealed of [foreign, sealThought({ type: "redacted-reasoning", data: "d" }, randomBytes(32))]) {
    assert.deepEqual(
      items(
        { role: "user", content: "hi" },
        { type: "reasoning", summary: [], encrypted_content: sealed },
        { role: "assistant", content: "yes" },
        { type: "reasoning", summary, encrypted_content: sealed },
      ),
      [
        { role: "user", parts: [text("hi")] },
        {
          role: "assistant",
          parts: [text("yes"), { type: "reasoning", text: "One.\n\nTwo.", signature: undefined }],
        },
      ],
    );
  }
});

test("items that only OpenAI knows are opaque", () => {
  const [message] = items(
    { type: "custom_tool_call", call_id: "c", name: "grep", input: "x" },
    { type: "custom_tool_call_output", call_id: "c", output: "y" },
    { type: "compaction", encrypted_content: "z" },
  );
  assert.deepEqual(message?.parts, [
    { type: "opaque", name: "input[0].custom_tool_call" },
    { type: "opaque", name: "input[1].custom_tool_call_output" },
    { type: "opaque", name: "input[2].compaction" },
  ]);
});

test("a reference to an item, and a response before this one, are refused with what to send instead", () => {
  for (const item of [{ type: "item_reference", id: "msg_1" }, { id: "msg_1" }]) {
    const { code, message } = refusal({ input: [item] });
    assert.equal(code, "unsupported_parameter");
    assert.match(message, /^input\[0\]: an item_reference .* send the item itself/);
  }
  const { code, message } = refusal({ input: "hi", previous_response_id: "resp_1" });
  assert.equal(code, "unsupported_parameter");
  assert.match(message, /^previous_response_id: /);
});

test("what is wrong is refused with its place", () => {
  for (const [body, place] of [
    [{}, "input"],
    [{ input: [] }, "input"],
    [{ input: ["hi"] }, "input[0]"],
    [{ input: [{ role: "robot", content: "hi" }] }, "input[0].role"],
    [{ input: [{ role: "user" }] }, "input[0].content"],
    [{ input: [{ role: "user", content: [{ type: "input_text" }] }] }, "input[0].content[0].text"],
    [{ input: [{ role: "user", content: [{ type: "input_image" }] }] }, "input[0].content[0].image_url"],
    [{ input: [{ type: "function_call", name: "f" }] }, "input[0].call_id"],
    [
      { input: [{ type: "function_call", call_id: "c", name: "f", arguments: '{"a":' }] },
      "input[0].arguments",
    ],
    [{ input: [{ type: "function_call_output", call_id: "c" }] }, "input[0].output"],
    [{ input: "hi", tools: [{ type: "function" }] }, "tools[0].name"],
    [{ input: "hi", tool_choice: 5 }, "tool_choice"],
    [{ input: "hi", text: { format: { type: "json_schema", name: "a" } } }, "text.format.schema"],
    [{ input: "hi", include: "everything" }, "include"],
    [{ input: "hi", max_output_tokens: 0 }, "max_output_tokens"],
  ] as const) {
    const { code, message } = refusal(body);
    assert.equal(code, "invalid_request");
    assert.ok(message.startsWith(`${place}:`), message);
  }
});

test("tools, their choice, and settings are read", () => {
  const schema = { type: "object", properties: {} };
  const {
    system: _system,
    messages: _messages,
    ...rest
  } = read({
    input: "hi",
    tools: [
      {
        type: "function",
        name: "f",
        description: null,
        parameters: schema,
        strict: true,
        defer_loading: false,
      },
      { type: "function", name: "g", parameters: null, strict: null },
      { type: "custom", name: "h" },
    ],
    tool_choice: { type: "function", name: "f" },
    parallel_tool_calls: false,
    max_output_tokens: 100,
    temperature: 0.5,
    top_p: 0.9,
    text: { format: { type: "json_schema", name: "a", schema, strict: true }, verbosity: "medium" },
    reasoning: { effort: "high", summary: "auto" },
    service_tier: "flex",
    prompt_cache_key: "k",
  });
  assert.deepEqual(rest, {
    tools: [
      { type: "tool", name: "f", description: undefined, schema, strict: true },
      { type: "tool", name: "g", description: undefined, schema: undefined, strict: undefined },
      { type: "opaque", name: "tools[2].custom" },
    ],
    toolChoice: { tool: "f" },
    parallelToolCalls: false,
    maxOutputTokens: 100,
    temperature: 0.5,
    topP: 0.9,
    topK: undefined,
    stop: [],
    output: { type: "json-schema", name: "a", description: undefined, schema, strict: true },
    reasoningEffort: "high",
    thinkingTokens: undefined,
    serviceTier: "flex",
    cacheKey: "k",
    others: [],
  });
});

test("every choice of tools has its word, or is told", () => {
  for (const [choice, read_] of [
    ["auto", "auto"],
    ["none", "none"],
    ["required", "any"],
    [null, undefined],
  ] as const)
    assert.equal(
      read({ input: "hi", tools: [{ type: "function", name: "f" }], tool_choice: choice }).toolChoice,
      read_,
    );
  const allowed = { type: "allowed_tools", mode: "auto", tools: [{ type: "function", name: "f" }] };
  const chat = read({ input: "hi", tool_choice: allowed });
  assert.equal(chat.toolChoice, undefined);
  assert.deepEqual(chat.others, [{ name: "tool_choice", value: allowed }]);
});

test("what only this dialect knows is told, with its path", () => {
  const { others } = read({
    input: [
      {
        role: "user",
        name: "Ann",
        content: [{ type: "input_image", detail: "high", image_url: "http://a/b" }],
      },
    ],
    text: { verbosity: "low" },
    reasoning: { summary: "detailed", context: "all_turns" },
    truncation: "auto",
    include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
    top_logprobs: 3,
    moderation: {},
  });
  const names = others.map(({ name }) => name).toSorted();
  assert.deepEqual(names, [
    "include",
    "input.0.content.0.detail",
    "input.0.name",
    "moderation",
    "reasoning.context",
    "reasoning.summary",
    "text.verbosity",
    "top_logprobs",
    "truncation",
  ]);
  const included = others.find(({ name }) => name === "include");
  assert.deepEqual(included?.value, ["message.output_text.logprobs"]);
});

test("a default that is written out, and what the gateway handles, asks for nothing", () => {
  const { others, output, serviceTier } = read({
    input: "hi",
    background: false,
    truncation: "disabled",
    top_logprobs: 0,
    max_tool_calls: 5,
    include: ["reasoning.encrypted_content"],
    text: { format: { type: "text" }, verbosity: null },
    reasoning: { effort: null, summary: null, generate_summary: "auto", mode: "standard" },
    service_tier: "auto",
    store: true,
    stream: true,
    stream_options: { include_obfuscation: false },
    user: "u",
    safety_identifier: "s",
    metadata: { a: "b" },
    client_metadata: { installation_id: "i" },
    prompt_cache_retention: "in_memory",
    conversation: null,
  });
  assert.deepEqual(others, []);
  assert.equal(output, undefined);
  assert.equal(serviceTier, undefined);
});

test("any JSON object will do where the format says so", () => {
  assert.deepEqual(read({ input: "hi", text: { format: { type: "json_object" } } }).output, { type: "json" });
});

test("tokens are counted of requests that may have no input", () => {
  const body = Buffer.from(JSON.stringify({ model: "m", instructions: "Be brief.", input: null }));
  const { system, messages } = readResponsesCount(body, SEAL_KEY);
  assert.deepEqual([system, messages], [[text("Be brief.")], []]);
});

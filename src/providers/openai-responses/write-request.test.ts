import assert from "node:assert/strict";
import test from "node:test";
import type { ResponseCreateParams } from "openai/resources/responses/responses";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import type { ChatMessage, ChatPart, ChatRequest, Inexpressible } from "../../core/chat.ts";
import { toSignature } from "./thought-signature.ts";
import { writeResponse, type WriteOptions } from "./write-request.ts";

const HOW: WriteOptions = {
  model: "m",
  stream: false,
  outputCap: undefined,
  leastOutput: 16,
  encryptsReasoning: false,
  withoutThoughts: false,
};
type Body = ResponseCreateParams;

function bodyOf(chat: Partial<ChatRequest>, how: Partial<WriteOptions> = {}): Body {
  return JSON.parse(writeResponse({ ...EMPTY_CHAT, ...chat }, { ...HOW, ...how }).body) as Body;
}

function leftOut(chat: Partial<ChatRequest>, how: Partial<WriteOptions> = {}): readonly Inexpressible[] {
  return writeResponse({ ...EMPTY_CHAT, ...chat }, { ...HOW, ...how }).inexpressible;
}

function text(value: string): ChatPart {
  return { type: "text", text: value };
}

function user(...parts: ChatPart[]): ChatMessage {
  return { role: "user", parts };
}

function assistant(...parts: ChatPart[]): ChatMessage {
  return { role: "assistant", parts };
}

function call(id: string, input = "{}"): ChatPart {
  return { type: "tool-call", id, name: "f", input };
}

function result(id: string, value: string, isError = false): ChatPart {
  return { type: "tool-result", id, content: [{ type: "text", text: value }], isError };
}

test("all that Responses can say has its place", () => {
  const schema = { type: "object" };
  const body = bodyOf({
    system: [text("Be brief.") as { type: "text"; text: string }],
    messages: [user(text("Hi"))],
    tools: [{ type: "tool", name: "f", description: "F", schema, strict: true }],
    toolChoice: { tool: "f" },
    parallelToolCalls: false,
    maxOutputTokens: 50,
    temperature: 0.5,
    topP: 0.9,
    output: { type: "json-schema", name: "x", description: undefined, schema, strict: true },
    reasoningEffort: "high",
    serviceTier: "flex",
    cacheKey: "k",
    others: [{ name: "verbosity", value: "low" }],
  });
  assert.deepEqual(body, {
    model: "m",
    instructions: "Be brief.",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }],
    tools: [{ type: "function", name: "f", description: "F", parameters: schema, strict: true }],
    tool_choice: { type: "function", name: "f" },
    parallel_tool_calls: false,
    max_output_tokens: 50,
    temperature: 0.5,
    top_p: 0.9,
    text: { format: { type: "json_schema", name: "x", schema, strict: true }, verbosity: "low" },
    reasoning: { effort: "high" },
    service_tier: "flex",
    prompt_cache_key: "k",
    store: false,
  } satisfies Body);
});

test("a function is strict only where the client says so, which here must be said", () => {
  const { tools } = bodyOf({
    tools: [{ type: "tool", name: "f", description: undefined, schema: undefined, strict: undefined }],
  });
  assert.deepEqual(tools, [
    { type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false },
  ]);
});

test("calls that share an id are told apart, and each result finds its own", () => {
  const { input } = bodyOf({
    messages: [
      user(text("Go")),
      assistant(call("call_0", '{"n":12345678901234567890}')),
      user(result("call_0", "one")),
      assistant(call("call_0"), call("call_0")),
      user(text("And?"), result("call_0", "two"), result("call_0", "three", true)),
    ],
  });
  assert.deepEqual((input as object[]).slice(1), [
    { type: "function_call", call_id: "call_0", name: "f", arguments: '{"n":12345678901234567890}' },
    { type: "function_call_output", call_id: "call_0", output: "one" },
    { type: "function_call", call_id: "call_0_2", name: "f", arguments: "{}" },
    { type: "function_call", call_id: "call_0_3", name: "f", arguments: "{}" },
    { type: "function_call_output", call_id: "call_0_2", output: "two" },
    { type: "function_call_output", call_id: "call_0_3", output: "Error: three" },
    { type: "message", role: "user", content: [{ type: "input_text", text: "And?" }] },
  ]);
});

test("an id that is too long is shortened, the same for call and result", () => {
  const id = "x".repeat(80);
  const { input } = bodyOf({ messages: [assistant(call(id)), user(result(id, "r"))] });
  const [first, second] = input as { call_id: string }[];
  assert.ok((first?.call_id.length ?? 99) <= 64);
  assert.equal(first?.call_id, second?.call_id);
});

test("files have their parts, and a result with files in it is a list", () => {
  const png = "iVBORw0KGgo=";
  const image: ChatPart = {
    type: "image",
    source: { base64: png },
    format: "png",
    name: undefined,
  };
  const { input } = bodyOf({
    messages: [
      user(
        { ...image, source: { url: "https://images.example/cat.png" } },
        { type: "document", source: { text: "Hi" }, format: "txt", name: "a.txt" },
        { type: "document", source: { url: "https://x.example/a.pdf" }, format: "pdf", name: undefined },
      ),
      assistant(call("a")),
      user({ type: "tool-result", id: "a", content: [{ type: "text", text: "see" }, image], isError: false }),
    ],
  });
  assert.deepEqual(input, [
    {
      type: "message",
      role: "user",
      content: [
        { type: "input_image", image_url: "https://images.example/cat.png", detail: "auto" },
        { type: "input_file", filename: "a.txt", file_data: "data:text/plain;base64,SGk=" },
        { type: "input_file", file_url: "https://x.example/a.pdf" },
      ],
    },
    { type: "function_call", call_id: "a", name: "f", arguments: "{}" },
    {
      type: "function_call_output",
      call_id: "a",
      output: [
        { type: "input_text", text: "see" },
        { type: "input_image", image_url: `data:image/png;base64,${png}`, detail: "auto" },
      ],
    },
  ]);
});

const OWN = toSignature({ id: "rs:1", encrypted: "gA:==" });

test("thoughts that Responses made go back before what follows from them; others, and the last, do not", () => {
  const messages = [
    assistant(
      { type: "reasoning", text: "Hm", signature: OWN },
      { type: "reasoning", text: "claude's", signature: "EqQB" },
      { type: "redacted-reasoning", data: "x" },
      call("a"),
      { type: "reasoning", text: "", signature: OWN },
    ),
  ];
  const calls = [{ type: "function_call", call_id: "a", name: "f", arguments: "{}" }];
  assert.deepEqual(bodyOf({ messages }).input, [
    {
      type: "reasoning",
      id: "rs:1",
      summary: [{ type: "summary_text", text: "Hm" }],
      encrypted_content: "gA:==",
    },
    ...calls,
  ]);
  assert.deepEqual(bodyOf({ messages }, { withoutThoughts: true }).input, calls);
});

test("instructions in the middle keep their place", () => {
  const { input } = bodyOf({ messages: [user(text("Hi")), { role: "system", parts: [text("Be brief.")] }] });
  assert.deepEqual((input as object[])[1], {
    type: "message",
    role: "system",
    content: [{ type: "input_text", text: "Be brief." }],
  });
});

test("a limit below the least is raised and told; a cap below it is refused", () => {
  assert.equal(bodyOf({ maxOutputTokens: 5 }).max_output_tokens, 16);
  assert.deepEqual(
    leftOut({ maxOutputTokens: 5 }).map(({ name, droppable }) => [name, droppable]),
    [["max_tokens", true]],
  );
  assert.deepEqual(
    leftOut({}, { outputCap: 5 }).map(({ droppable }) => droppable),
    [false],
  );
  assert.equal(bodyOf({ maxOutputTokens: 90 }, { outputCap: 40 }).max_output_tokens, 40);
  assert.equal(bodyOf({ maxOutputTokens: 5 }, { leastOutput: 1 }).max_output_tokens, 5);
});

test("what has no place is told, and whether the request needs it", () => {
  const told = leftOut({
    stop: ["END"],
    topK: 5,
    others: [
      { name: "seed", value: 1 },
      { name: "n", value: 2 },
      { name: "store", value: true },
    ],
    toolChoice: "any",
    messages: [user({ type: "opaque", name: "messages.0.x" })],
  });
  assert.deepEqual(
    told.map(({ name, droppable }) => [name, droppable]),
    [
      ["seed", true],
      ["n", false],
      ["store", true],
      ["stop", false],
      ["top_k", true],
      ["messages.0.x", false],
      ["the choice of a tool", false],
    ],
  );
});

test("thoughts are asked for where they can be had", () => {
  assert.deepEqual(bodyOf({}, { encryptsReasoning: true }).include, ["reasoning.encrypted_content"]);
  assert.equal(bodyOf({}, { stream: true }).stream, true);
});

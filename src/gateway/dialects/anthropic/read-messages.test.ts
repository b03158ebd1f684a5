import assert from "node:assert/strict";
import test from "node:test";
import type { ChatMessage, ChatPart, ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { readAnthropicChat } from "./read-chat.ts";

const HELLO = { role: "user", content: "Hello" };
const EPHEMERAL = { cache_control: { type: "ephemeral" } };
const POINT = { type: "cache-point", ttl: undefined };

function read(messages: unknown, rest: object = {}): ChatRequest {
  return readAnthropicChat(Buffer.from(JSON.stringify({ model: "m", max_tokens: 10, messages, ...rest })));
}

function messagesOf(...messages: unknown[]): readonly ChatMessage[] {
  return read(messages).messages;
}

function userParts(...content: unknown[]): readonly ChatPart[] | undefined {
  return messagesOf({ role: "user", content })[0]?.parts;
}

function refuses(messages: unknown, message: string): void {
  assert.throws(
    () => read(messages),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.deepEqual([error.code, error.message], ["invalid_request", message]);
      return true;
    },
  );
}

function refusesBlock(block: unknown, message: string, role = "user"): void {
  const content = [{ type: "text", text: "A" }, block];
  refuses(role === "user" ? [{ role, content }] : [HELLO, { role, content }], message);
}

function use(id: string, rest: object = {}): object {
  return { type: "tool_use", id, name: "f", input: {}, ...rest };
}

function result(id: string, content: unknown = "1", rest: object = {}): object {
  return { type: "tool_result", tool_use_id: id, content, ...rest };
}

/** A turn with two calls, and what answers it. */
function answered(...results: unknown[]): object[] {
  return [HELLO, { role: "assistant", content: [use("a"), use("b")] }, { role: "user", content: results }];
}

function image(source: object): object {
  return { type: "image", source };
}

function document(source: object, rest: object = {}): object {
  return { type: "document", source, ...rest };
}

test("messages keep their order and their roles; instructions may stand among them", () => {
  assert.deepEqual(
    messagesOf(
      { role: "user", content: [{ type: "text", text: "A" }] },
      { role: "user", content: "B" },
      { role: "system", content: "C" },
      { role: "assistant", content: "D" },
    ),
    [
      { role: "user", parts: [{ type: "text", text: "A" }] },
      { role: "user", parts: [{ type: "text", text: "B" }] },
      { role: "system", parts: [{ type: "text", text: "C" }] },
      { role: "assistant", parts: [{ type: "text", text: "D" }] },
    ],
  );
  assert.deepEqual(
    messagesOf(HELLO, { role: "system", content: [image({ type: "file", file_id: "x" })] })[1]?.parts,
    [{ type: "opaque", name: "messages.1.content.0.image" }],
  );
});

test("pictures are base64 with the label's type, an address, or of a store that only this API has", () => {
  assert.deepEqual(
    userParts(
      image({ type: "base64", media_type: "image/PNG", data: "AAAA" }),
      image({ type: "url", url: "https://images.example/cat.png" }),
      image({ type: "file", file_id: "file_1" }),
    ),
    [
      { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined },
      {
        type: "image",
        source: { url: "https://images.example/cat.png" },
        format: undefined,
        name: undefined,
      },
      { type: "opaque", name: "messages.0.content.2.source.file" },
    ],
  );
});

test("documents are base64, a text, an address or texts in pieces; their title is their name", () => {
  assert.deepEqual(
    userParts(
      document({ type: "base64", media_type: "application/pdf", data: "AAA" }, { title: "a.pdf" }),
      document({ type: "text", media_type: "text/plain", data: "T" }, { title: null, context: null }),
      document({ type: "url", url: "https://files.example/a.pdf" }, { citations: { enabled: false } }),
      document({ type: "content", content: "One" }),
      document({
        type: "content",
        content: [
          { type: "text", text: "1" },
          { type: "text", text: "2" },
        ],
      }),
      document({ type: "content", content: [image({ type: "file", file_id: "x" })] }),
      document({ type: "file", file_id: "x" }),
    ),
    [
      { type: "document", source: { base64: "AAA" }, format: "pdf", name: "a.pdf" },
      { type: "document", source: { text: "T" }, format: "txt", name: undefined },
      {
        type: "document",
        source: { url: "https://files.example/a.pdf" },
        format: "pdf",
        name: undefined,
      },
      { type: "document", source: { text: "One" }, format: "txt", name: undefined },
      { type: "document", source: { text: "1\n2" }, format: "txt", name: undefined },
      { type: "opaque", name: "messages.0.content.5.source.content" },
      { type: "opaque", name: "messages.0.content.6.source.file" },
    ],
  );
});

test("what a document or a picture wants beside its content is told with its place", () => {
  const content = [
    document(
      { type: "text", media_type: "text/plain", data: "T" },
      { context: "C", citations: { enabled: true } },
    ),
    { ...image({ type: "url", url: "https://images.example" }), transformations: { crop: 1 } },
  ];
  assert.deepEqual(read([{ role: "user", content }]).others, [
    { name: "messages.0.content.0.context", value: "C" },
    { name: "messages.0.content.0.citations", value: { enabled: true } },
    { name: "messages.0.content.1.transformations", value: { crop: 1 } },
  ]);
});

test("sources that are none are refused where they stand", () => {
  const at = "messages.0.content.1";
  const png = { type: "base64", media_type: "image/png" };
  refusesBlock(image({ ...png, data: "" }), `${at}.image.source.base64: image cannot be empty`);
  for (const data of ["AAAAA", "a-_b", "data:image/png;base64,AAAA", "AA A", "A==="])
    refusesBlock(image({ ...png, data }), `${at}.image.source.base64: invalid base64 data`);
  refusesBlock(image({ ...png }), `${at}.image.source.base64.data: Field required`);
  refusesBlock(
    image({ type: "base64", data: "AAAA" }),
    `${at}.image.source.base64.media_type: Field required`,
  );
  refusesBlock(
    image({ type: "url", url: "file:///etc/passwd" }),
    `${at}.image.source.url.url: Only HTTPS URLs are supported`,
  );
  refusesBlock({ type: "image" }, `${at}.image.source: Field required`);
  refusesBlock(
    image({ type: "text", data: "x" }),
    `${at}.image.source: Input tag 'text' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'`,
  );
  refusesBlock(
    document({ type: "s3" }),
    `${at}.document.source: Input tag 's3' found using 'type' does not match any of the expected tags: 'base64', 'content', 'file', 'text', 'url'`,
  );
  refusesBlock(
    document({ type: "content", content: 1 }),
    `${at}.document.source.content.content: Input should be a valid string or list`,
  );
});

test("arguments stay the text that they are, digits and order and all", () => {
  const input = '{"id": 12345678901234567890, "2": 1.10, "1": 1e2}';
  const body = `{"max_tokens":1,"messages":[{"role":"user","content":"x"},
    {"role":"assistant","content":[{"type":"text","text":"y"}, {"type":"tool_use","id":"a","name":"f","input":${input}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"a"}]}]}`;
  const { messages } = readAnthropicChat(Buffer.from(body));
  assert.deepEqual(messages[1]?.parts[1], { type: "tool-call", id: "a", name: "f", input });
  assert.deepEqual(messages[2]?.parts, [{ type: "tool-result", id: "a", content: [], isError: false }]);
});

test("results hold texts, files, cache points and failures, and may be empty", () => {
  const content = [
    { type: "text", text: "", ...EPHEMERAL },
    image({ type: "base64", media_type: "image/png", data: "AAAA" }),
    document({ type: "text", media_type: "text/plain", data: "T" }, { context: "C" }),
    { type: "search_result", source: "s", title: "t", content: [] },
    { type: "tool_reference", tool_name: "f" },
  ];
  const chat = read(answered(result("a", content, { is_error: true, ...EPHEMERAL }), result("b", "")));
  const place = "messages.2.content.0.content";
  assert.deepEqual(chat.messages[2]?.parts, [
    {
      type: "tool-result",
      id: "a",
      content: [
        { type: "text", text: "" },
        POINT,
        { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined },
        { type: "document", source: { text: "T" }, format: "txt", name: undefined },
        { type: "opaque", name: `${place}.3.search_result` },
        { type: "opaque", name: `${place}.4.tool_reference` },
      ],
      isError: true,
    },
    POINT,
    { type: "tool-result", id: "b", content: [{ type: "text", text: "" }], isError: false },
  ]);
  assert.deepEqual(chat.others, [{ name: `${place}.2.context`, value: "C" }]);
  refuses(
    answered(result("a", [image({ type: "base64", media_type: "image/png", data: "?" })])),
    "messages.2.content.0.tool_result.content.0.image.source.base64: invalid base64 data",
  );
  refuses(answered(result("a", 1)), "messages.2.content.0.tool_result.content: Input should be a valid list");
});

test("every call has one result in the turn that follows, and nothing else has one", () => {
  const ids = "`tool_use` ids were found without `tool_result` blocks immediately after";
  const each = "Each `tool_use` block must have a corresponding `tool_result` block in the next message";
  refuses(answered(result("a")), `messages.1: ${ids}: b. ${each}`);
  refuses(
    [HELLO, { role: "assistant", content: [use("a")] }, { role: "assistant", content: "B" }, HELLO],
    `messages.2: ${ids}: a. ${each}`,
  );
  refuses([HELLO, { role: "assistant", content: [use("a")] }], `messages.1: ${ids}: a. ${each}`);
  const unexpected =
    "unexpected `tool_use_id` found in `tool_result` blocks: c. Each `tool_result` block must have a corresponding `tool_use` block in the previous message";
  refuses(answered(result("a"), result("b"), result("c")), `messages.2.content.2: ${unexpected}`);
  refuses([{ role: "user", content: [result("c")] }], `messages.0.content.0: ${unexpected}`);
  refuses(
    answered(result("a"), result("a")),
    "messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks with id: a",
  );
  refuses(
    [HELLO, { role: "assistant", content: [use("a"), use("a")] }],
    "messages.1.content.1: `tool_use` ids must be unique",
  );
});

test("messages of one role are one turn, and instructions may stand between calls and results", () => {
  const { messages } = read([
    HELLO,
    { role: "assistant", content: [use("a")] },
    { role: "assistant", content: [use("b")] },
    { role: "system", content: "Go on." },
    { role: "user", content: [{ type: "text", text: "Look:" }, result("b")] },
    { role: "user", content: [result("a")] },
    { role: "assistant", content: [use("a")] },
    { role: "user", content: [result("a")] },
  ]);
  assert.equal(messages.length, 8);
});

test("a call that a program of the API's made is told; one of the model's own is as any", () => {
  const caller = { type: "code_execution_20250825", tool_id: "srvtoolu_1" };
  const chat = read([
    HELLO,
    { role: "assistant", content: [use("a", { caller: { type: "direct" } }), use("b", { caller })] },
    { role: "user", content: [result("a"), result("b")] },
  ]);
  assert.deepEqual(chat.others, [{ name: "messages.1.content.1.caller", value: caller }]);
});

test("thoughts keep their signatures; one that nobody signed has none", () => {
  const content = [
    { type: "thinking", thinking: "Hm.", signature: "c2ln" },
    { type: "thinking", thinking: "", signature: "" },
    { type: "redacted_thinking", data: "xyz" },
    { type: "text", text: "\n\n", citations: [{ type: "char_location" }] },
  ];
  const chat = read([HELLO, { role: "assistant", content }]);
  assert.deepEqual(chat.messages[1]?.parts, [
    { type: "reasoning", text: "Hm.", signature: "c2ln" },
    { type: "reasoning", text: "", signature: undefined },
    { type: "redacted-reasoning", data: "xyz" },
    { type: "text", text: "\n\n" },
  ]);
  assert.deepEqual(chat.others, []);
});

test("what only this API knows is opaque, with its place", () => {
  const types = ["search_result", "container_upload", "something_new"];
  assert.deepEqual(
    userParts(...types.map((type) => ({ type }))),
    types.map((type, index) => ({ type: "opaque", name: `messages.0.content.${index}.${type}` })),
  );
  const own = ["server_tool_use", "web_search_tool_result", "mcp_tool_use", "mcp_tool_result"];
  const said = messagesOf(HELLO, {
    role: "assistant",
    content: own.map((type) => ({ type, id: "x", input: {} })),
  });
  assert.deepEqual(
    said[1]?.parts,
    own.map((type, index) => ({ type: "opaque", name: `messages.1.content.${index}.${type}` })),
  );
  assert.deepEqual(read([{ ...HELLO, name: "Ann" }]).others, [{ name: "messages.0.name", value: "Ann" }]);
});

test("a cache point stands after the block that carries it, and one of the whole request at its end", () => {
  const messages = [
    {
      role: "user",
      content: [
        { type: "text", text: "A", cache_control: { type: "ephemeral", ttl: "1h" } },
        { ...image({ type: "url", url: "https://images.example" }), ...EPHEMERAL },
      ],
    },
    { role: "user", content: "B" },
  ];
  const chat = read(messages, { cache_control: { type: "ephemeral", ttl: "5m" } });
  assert.deepEqual(
    chat.messages[0]?.parts.map((part) => (part.type === "cache-point" ? part.ttl : part.type)),
    ["text", "1h", "image", undefined],
  );
  assert.deepEqual(chat.messages[1]?.parts, [
    { type: "text", text: "B" },
    { type: "cache-point", ttl: "5m" },
  ]);
});

test("no messages, no content and no text are refused, but for a turn that only asks for the assistant's", () => {
  refuses([], "messages: at least one message is required");
  refuses(undefined, "messages: Field required");
  refuses({}, "messages: Input should be a valid list");
  refuses([1], "messages.0: Input should be a valid dictionary");
  refuses([{ role: "user" }], "messages.0.content: Field required");
  refuses([{ role: "user", content: 1 }], "messages.0.content: Input should be a valid string or list");
  const empty = "all messages must have non-empty content except for the optional final assistant message";
  refuses([{ role: "user", content: "" }], `messages.0: ${empty}`);
  refuses([{ role: "user", content: [] }], `messages.0: ${empty}`);
  refuses([HELLO, { role: "assistant", content: [] }, HELLO], `messages.1: ${empty}`);
  assert.equal(messagesOf(HELLO, { role: "assistant", content: "" }).length, 1);
  refuses(
    [{ role: "user", content: [{ type: "text", text: "" }] }],
    "messages: text content blocks must be non-empty (messages.0.content.0)",
  );
  refuses(
    [{ role: "user", content: " \n" }],
    "messages: text content blocks must contain non-whitespace text (messages.0.content)",
  );
});

test("roles and blocks that are none are refused", () => {
  refuses(
    [{ role: "tool", content: "x" }],
    "messages.0.role: Input should be 'user', 'assistant' or 'system'",
  );
  refuses([{ content: "x" }], "messages.0.role: Field required");
  refusesBlock("x", "messages.0.content.1: Input should be a valid dictionary");
  refusesBlock({}, "messages.0.content.1.type: Field required");
  refusesBlock({ type: "text" }, "messages.0.content.1.text.text: Field required");
  refusesBlock({ type: "text", text: 1 }, "messages.0.content.1.text.text: Input should be a valid string");
  refusesBlock(
    use("a", { input: "{}" }),
    "messages.1.content.1.tool_use.input: Input should be a valid dictionary",
    "assistant",
  );
  refusesBlock(
    use("a", { input: undefined }),
    "messages.1.content.1.tool_use.input: Field required",
    "assistant",
  );
  refusesBlock(
    use("", {}),
    "messages.1.content.1.tool_use.id: Input should be at least 1 character",
    "assistant",
  );
  refusesBlock({ type: "thinking" }, "messages.1.content.1.thinking.thinking: Field required", "assistant");
  refusesBlock(
    { type: "redacted_thinking" },
    "messages.1.content.1.redacted_thinking.data: Field required",
    "assistant",
  );
  refusesBlock(use("a"), "messages.0.content.1: `tool_use` blocks can only be in `assistant` messages");
  refusesBlock(
    result("a"),
    "messages.1.content.1: `tool_result` blocks can only be in `user` messages",
    "assistant",
  );
  refusesBlock(
    { type: "thinking", thinking: "x", signature: "s" },
    "messages.0.content.1: `thinking` blocks can only be in `assistant` messages",
  );
});

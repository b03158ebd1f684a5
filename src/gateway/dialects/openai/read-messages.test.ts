import assert from "node:assert/strict";
import test from "node:test";
import type { ChatMessage, ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { readOpenAiChat } from "./read-chat.ts";

const HELLO = [{ role: "user", content: "Hello" }];

function read(rest: object): ChatRequest {
  return readOpenAiChat(Buffer.from(JSON.stringify({ model: "m", messages: HELLO, ...rest })));
}

function messagesOf(...messages: unknown[]): readonly ChatMessage[] {
  return read({ messages }).messages;
}

function partsOf(message: object): unknown {
  return messagesOf(message)[0]?.parts;
}

function refuses(rest: object, expected: RegExp): void {
  assert.throws(
    () => read(rest),
    (error) => error instanceof AppError && error.code === "invalid_request" && expected.test(error.message),
  );
}

test("instructions at the beginning are the system, later ones keep their place", () => {
  const chat = read({
    messages: [
      { role: "system", content: "One." },
      { role: "developer", content: [{ type: "text", text: "Two." }] },
      { role: "user", content: "Hello" },
      { role: "system", content: "Three." },
    ],
  });
  assert.deepEqual(chat.system, [
    { type: "text", text: "One." },
    { type: "text", text: "Two." },
  ]);
  assert.deepEqual(chat.messages[1], { role: "system", parts: [{ type: "text", text: "Three." }] });
});

test("a picture in a data: URL is base64 with the label's type in lower case; one on the web stays an address", () => {
  assert.deepEqual(
    partsOf({
      role: "user",
      content: [
        { type: "image_url", image_url: { url: "DATA:image/PNG;base64,AAAA" } },
        { type: "image_url", image_url: { url: "https://images.example/cat.png", detail: "auto" } },
        { type: "image_url", image_url: { url: "data:;base64,AAAA" } },
      ],
    }),
    [
      { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined },
      {
        type: "image",
        source: { url: "https://images.example/cat.png" },
        format: undefined,
        name: undefined,
      },
      { type: "image", source: { base64: "AAAA" }, format: undefined, name: undefined },
    ],
  );
});

test("a wanted detail of a picture is told with its path", () => {
  const content = [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA", detail: "low" } }];
  assert.deepEqual(read({ messages: [{ role: "user", content }] }).others, [
    { name: "messages.0.content.0.image_url.detail", value: "low" },
  ]);
});

test("sound, files and films are media; a file of OpenAI's store is opaque", () => {
  assert.deepEqual(
    partsOf({
      role: "user",
      content: [
        { type: "input_audio", input_audio: { data: "AAAA", format: "WAV" } },
        { type: "file", file: { filename: "a.PDF", file_data: "data:application/octet-stream;base64,AAAA" } },
        { type: "file", file: { filename: "a.bin", file_data: "data:application/pdf;base64,AAAA" } },
        { type: "file", file: { file_id: "file-1" } },
        { type: "video_url", video_url: { url: "https://films.example/a.mp4" } },
        { type: "hologram", hologram: {} },
      ],
    }),
    [
      { type: "audio", source: { base64: "AAAA" }, format: "wav", name: undefined },
      { type: "document", source: { base64: "AAAA" }, format: "pdf", name: "a.PDF" },
      { type: "document", source: { base64: "AAAA" }, format: "pdf", name: "a.bin" },
      { type: "opaque", name: "messages[0].content[3].file.file_id" },
      { type: "video", source: { url: "https://films.example/a.mp4" }, format: undefined, name: undefined },
      { type: "opaque", name: "messages[0].content[5].hologram" },
    ],
  );
});

test("results that follow each other are one user message, and what the user says next is another", () => {
  const call = (id: string): object => ({ id, type: "function", function: { name: "f", arguments: "" } });
  assert.deepEqual(
    messagesOf(
      { role: "assistant", content: null, tool_calls: [call("a"), call("b")] },
      { role: "tool", tool_call_id: "a", name: "f", content: "1" },
      { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "2" }] },
      { role: "user", content: "Go on." },
    ),
    [
      {
        role: "assistant",
        parts: [
          { type: "tool-call", id: "a", name: "f", input: "" },
          { type: "tool-call", id: "b", name: "f", input: "" },
        ],
      },
      {
        role: "user",
        parts: [
          { type: "tool-result", id: "a", content: [{ type: "text", text: "1" }], isError: false },
          { type: "tool-result", id: "b", content: [{ type: "text", text: "2" }], isError: false },
        ],
      },
      { role: "user", parts: [{ type: "text", text: "Go on." }] },
    ],
  );
});

test("arguments stay the text that they are, digits and all", () => {
  const text = '{"id": 12345678901234567890, "1": 1.10}';
  const message = {
    role: "assistant",
    tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: text } }],
  };
  assert.deepEqual(partsOf(message), [{ type: "tool-call", id: "a", name: "f", input: text }]);
});

test("arguments that are no object are refused where they stand", () => {
  for (const text of ["{", "[]", "1", "null"]) {
    const calls = [{ id: "a", type: "function", function: { name: "f", arguments: text } }];
    refuses(
      { messages: [...HELLO, { role: "assistant", tool_calls: calls }] },
      /^messages\[1\]\.tool_calls\[0\]\.function\.arguments: expected the text of a JSON object/,
    );
  }
});

test("thoughts come before what was said and the calls; signed ones as they were", () => {
  const message = {
    role: "assistant",
    content: "So.",
    reasoning_content: "Hm.",
    thinking_blocks: [
      { type: "thinking", thinking: "Hm.", signature: "c2ln" },
      { type: "redacted_thinking", data: "xyz" },
      { type: "thinking", thinking: "", signature: "YQ==" },
    ],
    tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
  };
  assert.deepEqual(partsOf(message), [
    { type: "reasoning", text: "Hm.", signature: "c2ln" },
    { type: "redacted-reasoning", data: "xyz" },
    { type: "reasoning", text: "", signature: "YQ==" },
    { type: "text", text: "So." },
    { type: "tool-call", id: "a", name: "f", input: "{}" },
  ]);
});

test("a thought that nobody signed has only its text, under either name", () => {
  for (const name of ["reasoning_content", "reasoning"])
    assert.deepEqual(partsOf({ role: "assistant", content: "So.", [name]: "Hm." }), [
      { type: "reasoning", text: "Hm.", signature: undefined },
      { type: "text", text: "So." },
    ]);
});

test("a refusal is what the assistant said", () => {
  assert.deepEqual(partsOf({ role: "assistant", content: null, refusal: "No." }), [
    { type: "text", text: "No." },
  ]);
  assert.deepEqual(partsOf({ role: "assistant", content: [{ type: "refusal", refusal: "No." }] }), [
    { type: "text", text: "No." },
  ]);
});

test("a reply sent back as it came asks for nothing new", () => {
  const message = {
    role: "assistant",
    content: "Hi",
    refusal: null,
    annotations: [],
    audio: null,
    function_call: null,
    tool_calls: null,
    parsed: null,
  };
  const chat = read({ messages: [...HELLO, message] });
  assert.deepEqual(chat.others, []);
  assert.deepEqual(chat.messages[1]?.parts, [{ type: "text", text: "Hi" }]);
});

test("calls and results in the old form are paired by their names", () => {
  assert.deepEqual(
    messagesOf(
      ...HELLO,
      { role: "assistant", content: null, function_call: { name: "f", arguments: '{"a":1}' } },
      { role: "function", name: "f", content: "1" },
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "2" },
    ).slice(1),
    [
      {
        role: "assistant",
        parts: [{ type: "tool-call", id: "function_call_1", name: "f", input: '{"a":1}' }],
      },
      {
        role: "user",
        parts: [
          {
            type: "tool-result",
            id: "function_call_1",
            content: [{ type: "text", text: "1" }],
            isError: false,
          },
        ],
      },
      { role: "assistant", parts: [{ type: "tool-call", id: "function_call_3", name: "f", input: "{}" }] },
      {
        role: "user",
        parts: [
          {
            type: "tool-result",
            id: "function_call_3",
            content: [{ type: "text", text: "2" }],
            isError: false,
          },
        ],
      },
    ],
  );
  refuses(
    { messages: [{ role: "function", name: "f", content: "1" }] },
    /^messages\[0\]: no function_call of "f"/,
  );
});

test("a cache point stands after the content that carries it: of parts, messages, results and tools", () => {
  const mark = { cache_control: { type: "ephemeral" } };
  const point = { type: "cache-point", ttl: undefined };
  const hour = { cache_control: { type: "ephemeral", ttl: "1h" } };
  const chat = read({
    messages: [
      { role: "system", content: [{ type: "text", text: "A", ...hour }] },
      {
        role: "user",
        content: [
          { type: "text", text: "B", ...mark },
          { type: "text", text: "C" },
        ],
      },
      { role: "assistant", content: "D", ...mark },
      { role: "tool", tool_call_id: "a", content: "E", ...mark },
    ],
    tools: [{ type: "function", function: { name: "f", parameters: {} }, ...mark }],
  });
  assert.deepEqual(chat.system[1], { type: "cache-point", ttl: "1h" });
  assert.deepEqual(chat.messages[0]?.parts, [
    { type: "text", text: "B" },
    point,
    { type: "text", text: "C" },
  ]);
  assert.deepEqual(chat.messages[1]?.parts, [{ type: "text", text: "D" }, point]);
  assert.deepEqual(chat.messages[2]?.parts[1], point);
  assert.deepEqual(chat.tools[1], point);
  assert.deepEqual(chat.others, []);
});

test("OpenAI's own breakpoint is a cache point too, and its longer times are an hour", () => {
  const parts = (ttl?: string): unknown =>
    partsOf({
      role: "user",
      content: [{ type: "text", text: "A", prompt_cache_breakpoint: { mode: "explicit", ttl } }],
    });
  assert.deepEqual(parts(), [
    { type: "text", text: "A" },
    { type: "cache-point", ttl: undefined },
  ]);
  assert.deepEqual(parts("30m"), [
    { type: "text", text: "A" },
    { type: "cache-point", ttl: "1h" },
  ]);
});

test("addresses that are none, and labels without base64, are refused", () => {
  for (const url of ["file:///etc/passwd", "gs://b/o", "data:image/png,abc", "AAAA"])
    refuses(
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] },
      /^messages\[0\]\.content\[0\]\.image_url\.url: expected/,
    );
});

test("a cache mark of another kind or time is refused", () => {
  for (const mark of [{ type: "forever" }, { type: "ephemeral", ttl: "2h" }])
    refuses(
      { messages: [{ role: "user", content: [{ type: "text", text: "A", cache_control: mark }] }] },
      /^messages\[0\]\.content\[0\]\.cache_control\.(type|ttl): expected/,
    );
});

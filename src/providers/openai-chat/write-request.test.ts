import assert from "node:assert/strict";
import test from "node:test";
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import type { ChatMessage, ChatPart, ChatRequest, Inexpressible } from "../../core/chat.ts";
import { writeOpenAiChat, type WriteOptions } from "./write-request.ts";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";

const HOW: WriteOptions = {
  model: "m",
  stream: false,
  outputCap: undefined,
  outputParam: "max_tokens",
  topK: true,
};
type Body = ChatCompletionCreateParams;

function bodyOf(chat: Partial<ChatRequest>, how: Partial<WriteOptions> = {}): Body {
  return JSON.parse(writeOpenAiChat({ ...EMPTY_CHAT, ...chat }, { ...HOW, ...how }).body) as Body;
}

function leftOut(chat: Partial<ChatRequest>): readonly Inexpressible[] {
  return writeOpenAiChat({ ...EMPTY_CHAT, ...chat }, HOW).inexpressible;
}

function user(...parts: ChatPart[]): Partial<ChatRequest> {
  return { messages: [{ role: "user", parts }] };
}

function calling(...ids: readonly string[]): ChatMessage {
  return { role: "assistant", parts: ids.map((id) => ({ type: "tool-call", id, name: "f", input: "" })) };
}

function text(value: string): ChatPart {
  return { type: "text", text: value };
}

test("all that chat completions can say has its place", () => {
  const schema = { type: "object" };
  const body = bodyOf({
    ...user(text("Hi")),
    system: [{ type: "text", text: "Be brief." }],
    tools: [{ type: "tool", name: "f", description: "F", schema, strict: true }],
    toolChoice: { tool: "f" },
    parallelToolCalls: false,
    temperature: 0.5,
    topP: 0.9,
    stop: ["END"],
    output: { type: "json-schema", name: "x", description: undefined, schema, strict: true },
    reasoningEffort: "high",
    serviceTier: "flex",
    cacheKey: "k",
  });
  assert.deepEqual(body, {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ],
    tools: [
      { type: "function", function: { name: "f", description: "F", parameters: schema, strict: true } },
    ],
    tool_choice: { type: "function", function: { name: "f" } },
    parallel_tool_calls: false,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["END"],
    response_format: { type: "json_schema", json_schema: { name: "x", schema, strict: true } },
    reasoning_effort: "high",
    service_tier: "flex",
    prompt_cache_key: "k",
  } satisfies Body);
});

test("a stream is asked for with its usage", () => {
  const { stream, stream_options: options } = bodyOf({}, { stream: true });
  assert.equal(stream, true);
  assert.deepEqual(options, { include_usage: true });
});

test("the lower limit of output counts, under the engine's own name", () => {
  assert.equal(bodyOf({ maxOutputTokens: 9 }).max_tokens, 9);
  assert.equal(bodyOf({ maxOutputTokens: 9 }, { outputCap: 5 }).max_tokens, 5);
  const capped = bodyOf({}, { outputCap: 5, outputParam: "max_completion_tokens" });
  assert.equal(capped.max_completion_tokens, 5);
  assert.ok(!("max_tokens" in capped));
});

test("several instructions are one message of several parts, later ones keep their place", () => {
  const { messages } = bodyOf({
    system: [
      { type: "text", text: "A" },
      { type: "cache-point", ttl: "1h" },
      { type: "text", text: "B" },
    ],
    messages: [
      { role: "user", parts: [text("Hi")] },
      { role: "system", parts: [text("C")] },
    ],
  });
  assert.deepEqual(messages, [
    {
      role: "system",
      content: [
        { type: "text", text: "A" },
        { type: "text", text: "B" },
      ],
    },
    { role: "user", content: "Hi" },
    { role: "system", content: "C" },
  ]);
});

test("results come first, each as a message of its tool, then what the user says", () => {
  const call = (id: string, input: string): ChatPart => ({ type: "tool-call", id, name: "f", input });
  const messages: ChatMessage[] = [
    { role: "assistant", parts: [call("a", ""), call("b", '{"n":12345678901234567890}')] },
    {
      role: "user",
      parts: [
        text("And?"),
        {
          type: "tool-result",
          id: "a",
          content: [
            { type: "text", text: "1" },
            { type: "cache-point", ttl: undefined },
            { type: "json", json: '{"x":1.10}' },
          ],
          isError: false,
        },
        { type: "tool-result", id: "b", content: [], isError: false },
      ],
    },
  ];
  assert.deepEqual(bodyOf({ messages }).messages, [
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "a", type: "function", function: { name: "f", arguments: "{}" } },
        { id: "b", type: "function", function: { name: "f", arguments: '{"n":12345678901234567890}' } },
      ],
    },
    { role: "tool", tool_call_id: "a", content: '1\n{"x":1.10}' },
    { role: "tool", tool_call_id: "b", content: "" },
    { role: "user", content: "And?" },
  ]);
});

test("a failed result says so in words, unless it does already", () => {
  const failed = (said: string): unknown =>
    bodyOf({
      messages: [
        calling("a"),
        {
          role: "user",
          parts: [{ type: "tool-result", id: "a", content: [{ type: "text", text: said }], isError: true }],
        },
      ],
    }).messages[1]?.content;
  assert.equal(failed("no such file"), "Error: no such file");
  assert.equal(failed("Error: no such file"), "Error: no such file");
  assert.equal(failed("[ERROR] x"), "[ERROR] x");
});

test("pictures out of results follow the last of them, with the name of their call", () => {
  const picture = { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined } as const;
  const result = (id: string): ChatPart => ({ type: "tool-result", id, content: [picture], isError: false });
  const written = {
    type: "image_url",
    image_url: { url: "data:image/png;base64,AAAA" },
  };
  const messages: ChatMessage[] = [
    calling("a", "b", "c"),
    { role: "user", parts: [result("a")] },
    { role: "user", parts: [result("b"), text("And?")] },
    { role: "user", parts: [result("c")] },
    { role: "assistant", parts: [text("So.")] },
  ];
  const seeNext = "(see the message that follows)";
  assert.deepEqual(bodyOf({ messages }).messages.slice(1), [
    { role: "tool", tool_call_id: "a", content: seeNext },
    { role: "tool", tool_call_id: "b", content: seeNext },
    { role: "tool", tool_call_id: "c", content: seeNext },
    {
      role: "user",
      content: [
        { type: "text", text: "Of the result of tool call a:" },
        written,
        { type: "text", text: "Of the result of tool call b:" },
        written,
        { type: "text", text: "And?" },
      ],
    },
    { role: "user", content: [{ type: "text", text: "Of the result of tool call c:" }, written] },
    { role: "assistant", content: "So." },
  ]);
});

test("results stand right after their calls, whatever was said in between, and each call has one", () => {
  const result = (id: string, said: string): ChatPart => ({
    type: "tool-result",
    id,
    content: [{ type: "text", text: said }],
    isError: false,
  });
  const chat: Partial<ChatRequest> = {
    messages: [
      calling("a", "a", "b"),
      { role: "user", parts: [text("Wait.")] },
      { role: "user", parts: [result("a", "1"), result("a", "2"), result("a", "3")] },
      calling("a"),
      { role: "user", parts: [result("a", "4")] },
    ],
  };
  const { messages } = bodyOf(chat);
  assert.deepEqual(
    messages.map((message) =>
      "tool_call_id" in message ? [message.tool_call_id, message.content] : message.role,
    ),
    [
      "assistant",
      ["a", "1"],
      ["a_2", "2"],
      ["b", "The tool gave no result."],
      "user",
      "assistant",
      ["a", "4"],
    ],
  );
  assert.deepEqual(leftOut(chat), [
    { name: "tool result a", why: "belongs to no call of the assistant's turn before it", droppable: false },
    { name: "tool call b", why: "has no result; one that says so stands in for it", droppable: true },
  ]);
});

test("what only the other speaker may say is told", () => {
  const picture = { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined } as const;
  const call: ChatPart = { type: "tool-call", id: "a", name: "f", input: "" };
  const result: ChatPart = { type: "tool-result", id: "a", content: [], isError: false };
  const chat: Partial<ChatRequest> = {
    messages: [
      { role: "user", parts: [call] },
      { role: "assistant", parts: [picture, result] },
    ],
  };
  assert.deepEqual(
    leftOut(chat).map(({ name, droppable }) => [name, droppable]),
    [
      ["tool call of the user", false],
      ["image of the assistant", false],
      ["tool result of the assistant", false],
    ],
  );
});

test("files are parts: pictures by their own first bytes, documents with a name", () => {
  const png = "iVBORw0KGgoAAAANSUhEUg==";
  const { messages } = bodyOf(
    user(
      { type: "image", source: { base64: png }, format: "jpg", name: undefined },
      { type: "image", source: { url: "https://images.example/a" }, format: undefined, name: undefined },
      { type: "audio", source: { base64: "AAAA" }, format: "mpeg", name: undefined },
      { type: "document", source: { base64: "AAAA" }, format: "docx", name: "a" },
      { type: "document", source: { text: "Once" }, format: undefined, name: undefined },
    ),
  );
  assert.deepEqual(messages[0]?.content, [
    { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
    { type: "image_url", image_url: { url: "https://images.example/a" } },
    { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
    {
      type: "file",
      file: {
        filename: "a",
        file_data: "data:application/vnd.openxmlformats-officedocument.wordprocessingml.document;base64,AAAA",
      },
    },
    { type: "text", text: "Once" },
  ]);
});

test("thoughts and cache points are left out without a word: the request means the same without them", () => {
  const chat: Partial<ChatRequest> = {
    messages: [
      { role: "user", parts: [text("Hi"), { type: "cache-point", ttl: "5m" }] },
      {
        role: "assistant",
        parts: [
          { type: "reasoning", text: "Hm.", signature: "s" },
          { type: "redacted-reasoning", data: "d" },
          text("So."),
        ],
      },
    ],
    tools: [{ type: "cache-point", ttl: undefined }],
  };
  assert.deepEqual(bodyOf(chat), {
    model: "m",
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "So." },
    ],
  });
  assert.deepEqual(leftOut(chat), []);
});

test("a turn of thoughts alone stays a turn", () => {
  const parts: ChatPart[] = [{ type: "reasoning", text: "Hm.", signature: undefined }];
  assert.deepEqual(bodyOf({ messages: [{ role: "assistant", parts }] }).messages, [
    { role: "assistant", content: "" },
  ]);
});

test("what has no place is told, and the body is legal without it", () => {
  const film = { type: "video", source: { base64: "AAAA" }, format: "mp4", name: undefined } as const;
  const stored = {
    type: "image",
    source: { s3: { uri: "s3://b/k", bucketOwner: undefined } },
    format: "png",
    name: undefined,
  } as const;
  const chat: Partial<ChatRequest> = {
    ...user(film, stored, { type: "opaque", name: "messages.0.content.2.guardContent" }),
    tools: [{ type: "opaque", name: "toolConfig.tools.0.systemTool" }],
    toolChoice: "any",
    serviceTier: "reserved",
    others: [
      { name: "guardrailConfig", value: {} },
      { name: "additionalModelRequestFields.seed", value: 5 },
    ],
  };
  assert.deepEqual(
    leftOut(chat).map(({ name, droppable }) => [name, droppable]),
    [
      ["guardrailConfig", false],
      ["additionalModelRequestFields.seed", true],
      ["video content", false],
      ["image in S3", false],
      ["messages.0.content.2.guardContent", false],
      ["toolConfig.tools.0.systemTool", false],
      ["the choice of a tool", false],
      ["the service tier reserved", true],
    ],
  );
  assert.deepEqual(bodyOf(chat), { model: "m", messages: [{ role: "user", content: "" }] });
});

test("a choice of tools that asks for nothing is left out where there are none", () => {
  const chat = { toolChoice: "auto", parallelToolCalls: true } as const;
  assert.deepEqual(leftOut(chat), []);
  assert.ok(!("tool_choice" in bodyOf(chat)));
});

test("Anthropic's tier has OpenAI's name", () => {
  assert.equal(bodyOf({ serviceTier: "standard_only" }).service_tier, "default");
});

import assert from "node:assert/strict";
import test from "node:test";
import { writeEvent, writeException } from "../../../core/event-stream.ts";
import { scanObject } from "../../../core/json-scan.ts";
import type { WireRequest } from "../../../core/wire.ts";
import type { TextSample } from "../dialect.ts";
import { converseReplyText, converseTexts } from "./texts.ts";

function read(body: object): string {
  return sample(body).text.trim();
}

function sample(body: object): TextSample {
  const bytes = Buffer.from(JSON.stringify(body));
  return converseTexts({ bytes, members: scanObject(bytes) } as unknown as WireRequest);
}

function wrote(body: object | Buffer, isStream = false, total?: number): TextSample {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
  return converseReplyText({ bytes, total: total ?? bytes.length, isStream });
}

function chunk(inner: object): Buffer {
  return writeEvent(
    "chunk",
    JSON.stringify({ bytes: Buffer.from(JSON.stringify(inner)).toString("base64") }),
  );
}

test("a model reads the instructions, texts, calls, results and tools of a Converse body, and no file", () => {
  const text = read({
    system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }],
    messages: [
      {
        role: "user",
        content: [
          { text: "What is this?" },
          { image: { format: "png", source: { bytes: "QUFBQUFB" } } },
          { document: { name: "report", format: "txt", source: { text: "Once upon a time." } } },
        ],
      },
      {
        role: "assistant",
        content: [{ toolUse: { toolUseId: "tooluse_x", name: "look", input: { at: 1 } } }],
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "tooluse_x", content: [{ json: { seen: true } }], status: "success" } },
        ],
      },
    ],
    inferenceConfig: { maxTokens: 7 },
    toolConfig: {
      tools: [
        { toolSpec: { name: "look", description: "Looks.", inputSchema: { json: { type: "object" } } } },
      ],
    },
  });
  for (const part of [
    "Be brief.",
    "What is this?",
    "report",
    "Once upon a time.",
    "look",
    '{"at":1}',
    '{"seen":true}',
    "Looks.",
    '{"type":"object"}',
  ])
    assert.ok(text.includes(part), part);
  for (const part of ["QUFB", "tooluse_x", "png", "success", "default"])
    assert.ok(!text.includes(part), part);
});

test("the bodies of InvokeModel are read by what their makers call it", () => {
  assert.equal(read({ inputText: "one" }), "one");
  assert.equal(read({ prompt: "two", max_gen_len: 5 }), "two");
  assert.equal(read({ texts: ["a", "b"], input_type: "search_query" }), "ab");
  assert.equal(read({ singleEmbeddingParams: { embeddingPurpose: "X", text: { value: "v" } } }), "v");
  const claude = read({
    anthropic_version: "bedrock-2023-05-31",
    system: "Be brief.",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "What is this?" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "QUFB" } },
        ],
      },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "look", input: { at: 1 } }] },
    ],
    tools: [{ name: "look", input_schema: { type: "object" } }],
  });
  assert.equal(claude.replaceAll("\n", "|"), 'Be brief.|||What is this?|||look{"at":1}look{"type":"object"}');
});

test("a count of tokens has another body inside", () => {
  const converse = { messages: [{ role: "user", content: [{ text: "Hi" }] }] };
  assert.equal(read({ input: { converse } }), "Hi");
});

test("of a long text the beginning and the end are read, and files in it are no text", () => {
  const long = sample({ prompt: "a".repeat(60_000) });
  assert.equal(long.text.length, 12_000);
  assert.equal(long.scale, 5);
  const content = [
    { text: "What is this?" },
    { image: { format: "png", source: { bytes: "QUFB".repeat(100_000) } } },
  ];
  const { text, scale } = sample({ messages: [{ role: "user", content }] });
  assert.ok(text.includes("What is this?"));
  assert.ok(text.length * scale < 200);
});

test("a file in a huge body is no text", () => {
  const bytes = "QUFB".repeat(5_000_000);
  const body = Buffer.from(
    JSON.stringify({ messages: [{ role: "user", content: [{ image: { source: { bytes } } }] }] }),
  );
  const request = { bytes: body, members: scanObject(body) } as unknown as WireRequest;
  const { text, scale } = converseTexts(request);
  assert.ok(text.length * scale < 1_000, String(text.length * scale));
});

test("a model wrote the texts, thoughts and arguments of a reply", () => {
  const message = {
    role: "assistant",
    content: [
      { reasoningContent: { reasoningText: { text: "Hm.", signature: "c2ln" } } },
      { text: "So." },
      { toolUse: { toolUseId: "x", name: "f", input: { a: 1 } } },
    ],
  };
  assert.equal(wrote({ output: { message }, stopReason: "tool_use", usage: {} }).text, 'Hm.So.f{"a":1}');
});

test("replies of the makers' own models", () => {
  assert.equal(wrote({ generation: "one", stop_reason: "stop" }).text, "one");
  assert.equal(wrote({ results: [{ outputText: "two", completionReason: "FINISH" }] }).text, "two");
  assert.equal(wrote({ outputs: [{ text: "three", stop_reason: "stop" }] }).text, "three");
  assert.equal(wrote({ content: [{ type: "text", text: "four" }], role: "assistant" }).text, "four");
  assert.equal(
    wrote({ choices: [{ message: { role: "assistant", content: "five" }, finish_reason: "stop" }] }).text,
    "five",
  );
  assert.equal(wrote({ embedding: [0.1], inputTextTokenCount: 3 }).text, "");
});

const CONVERSE = [
  writeEvent("messageStart", '{"role":"assistant","p":"abc"}'),
  writeEvent(
    "contentBlockDelta",
    '{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"abc"}',
  ),
  writeEvent("contentBlockDelta", '{"contentBlockIndex":1,"delta":{"text":"So."},"p":"abc"}'),
  writeEvent(
    "contentBlockStart",
    '{"contentBlockIndex":2,"p":"abc","start":{"toolUse":{"name":"f","toolUseId":"x"}}}',
  ),
  writeEvent(
    "contentBlockDelta",
    '{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\\"a\\":1}"}},"p":"abc"}',
  ),
  writeEvent("messageStop", '{"stopReason":"tool_use","p":"abc"}'),
];

test("a stream is read as far as its events are complete", () => {
  const bytes = Buffer.concat(CONVERSE);
  assert.equal(wrote(bytes, true).text, 'Hm.So.f{"a":1}');
  for (let cut = 0; cut < bytes.length; cut++)
    assert.ok('Hm.So.f{"a":1}'.startsWith(wrote(bytes.subarray(0, cut), true).text));
});

test("the beginning of a stream stands for all of it", () => {
  const bytes = Buffer.concat(CONVERSE);
  const { scale } = wrote(bytes, true, bytes.length * 3);
  assert.equal(scale, 3);
});

test("chunks of InvokeModel hold the maker's own events", () => {
  const claude = [
    { type: "message_start", message: { role: "assistant", content: [], usage: {} } },
    { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm." } },
    { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "So." } },
    { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "{}" } },
    { type: "message_delta", delta: { stop_reason: "end_turn" } },
  ];
  assert.equal(wrote(Buffer.concat(claude.map(chunk)), true).text, "Hm.So.{}");
  const others = [
    { generation: "a" },
    { outputText: "b" },
    { contentBlockDelta: { contentBlockIndex: 0, delta: { text: "c" } } },
    { choices: [{ index: 0, delta: { role: "assistant", content: "d" } }] },
  ];
  assert.equal(wrote(Buffer.concat(others.map(chunk)), true).text, "abcd");
});

test("what cannot be read says nothing", () => {
  assert.equal(wrote(Buffer.alloc(0), true).text, "");
  assert.equal(wrote(Buffer.from("no frames at all, but a text"), true).text, "");
  assert.equal(wrote(Buffer.from("no JSON")).text, "");
  assert.equal(wrote(writeException("throttlingException", '{"message":"slow"}'), true).text, "");
});

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatMessage, ChatPart, ChatRequest, MediaPart } from "../../../core/chat.ts";
import { bedrockModel } from "../../../catalog/bedrock-models.ts";
import { faultsOf } from "./legal-body.test.ts";
import { writeConverse } from "./write-request.ts";

const MODELS = [
  "anthropic.claude-3-haiku-20240307-v1:0",
  "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "anthropic.claude-sonnet-4-6",
  "anthropic.claude-opus-4-7",
  "anthropic.claude-opus-4-8",
  "anthropic.claude-fable-5-1",
  "amazon.nova-micro-v1:0",
  "amazon.nova-pro-v1:0",
  "amazon.nova-2-lite-v1:0",
  "meta.llama4-maverick-17b-instruct-v1:0",
  "mistral.mistral-7b-instruct-v0:2",
  "mistral.mistral-large-2402-v1:0",
  "mistral.pixtral-large-2502-v1:0",
  "cohere.command-r-v1:0",
  "deepseek.r1-v1:0",
  "qwen.qwen3-32b-v1:0",
  "openai.gpt-oss-120b-1:0",
  "openai.gpt-5.5",
  "moonshotai.kimi-k2.5",
  "zai.glm-4.7",
  "writer.palmyra-x5-v1:0",
  "google.gemma-3-12b-it",
  "nobody.knows-this",
];

const words = fc.constantFrom("", " ", "\n\t", "hi", "what now? ", "é\u3000😀", "\ud800", '"\\');
const ids = fc.constantFrom("call_0", "call_1", "tooluse_abc", "functions.look:0", "", "é".repeat(70), "a/b");
const names = fc.constantFrom("look", "a.b", "a/b", "json_answer", "x".repeat(67), "x".repeat(68), "");
const ttl = fc.constantFrom(undefined, "5m" as const, "1h" as const);
const text = fc.record({ type: fc.constant("text" as const), text: words });
const cachePoint = fc.record({ type: fc.constant("cache-point" as const), ttl });
const opaque = fc.record({ type: fc.constant("opaque" as const), name: fc.constant("thing") });
const bytes = fc.constantFrom(
  "",
  "AAAA",
  Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64"),
  Buffer.from("%PDF-1.7").toString("base64"),
  Buffer.from("plain text").toString("base64"),
);
const media: fc.Arbitrary<MediaPart> = fc.record({
  type: fc.constantFrom("image", "document", "audio", "video"),
  source: fc.oneof(
    bytes.map((base64) => ({ base64 })),
    words.map((value) => ({ text: value })),
    fc.constant({ url: "https://example.org/a.png" }),
    fc.constant({ s3: { uri: "s3://b/a.png", bucketOwner: undefined } }),
  ),
  format: fc.constantFrom(undefined, "png", "jpg", "pdf", "x-wav", "3gpp", "svg+xml", "plain", "toString"),
  name: fc.constantFrom(undefined, "a.pdf", "報告　2026.v1.pdf", "a  b", "\t", "z".repeat(250)),
});
const document: fc.Arbitrary<MediaPart> = fc.record({
  type: fc.constant("document" as const),
  source: fc.constant({ text: "words" }),
  format: fc.constantFrom(undefined, "md"),
  name: fc.constantFrom(undefined, "a.pdf", "A.md", "報告.pdf", "Document 1"),
});
const call = fc.record({
  type: fc.constant("tool-call" as const),
  id: ids,
  name: names,
  input: fc.constantFrom("", "{}", '{"a": 1.0}', "[]", "{"),
});
const json = fc.record({ type: fc.constant("json" as const), json: fc.constantFrom("{}", "[1]", "x") });
const result = fc.record({
  type: fc.constant("tool-result" as const),
  id: ids,
  content: fc.array(fc.oneof(text, json, media, cachePoint, opaque), { maxLength: 3 }),
  isError: fc.boolean(),
});
const thought: fc.Arbitrary<ChatPart> = fc.oneof(
  fc.record({
    type: fc.constant("reasoning" as const),
    text: words,
    signature: fc.constantFrom(undefined, "", "c2ln"),
  }),
  fc.record({ type: fc.constant("redacted-reasoning" as const), data: fc.constant("ZGF0YQ==") }),
);
const part: fc.Arbitrary<ChatPart> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 3, arbitrary: call },
  { weight: 3, arbitrary: result },
  { weight: 2, arbitrary: thought },
  cachePoint,
  media,
  document,
  opaque,
);
const message: fc.Arbitrary<ChatMessage> = fc.record({
  role: fc.constantFrom("user", "assistant", "system"),
  parts: fc.array(part, { maxLength: 5 }),
});
const schema = fc.constantFrom<Record<string, unknown>[]>(
  {},
  { type: "object", properties: { a: { type: "object", properties: {} } } },
  { type: "object", additionalProperties: { type: "number", minimum: 1 } },
  { type: "array", items: { type: "object" } },
  { anyOf: [{ type: "object" }, { type: "string" }] },
);
const tool = fc.record({
  type: fc.constant("tool" as const),
  name: names,
  description: fc.constantFrom(undefined, "", "does"),
  schema: fc.constantFrom(undefined, { type: "object", properties: { a: { type: "string" } } }, {}),
  strict: fc.constantFrom(undefined, true, false),
});
const fraction = fc.constantFrom(undefined, 0, 0.5, 1, 2, -1);
const chats: fc.Arbitrary<ChatRequest> = fc.record({
  system: fc.array(fc.oneof(text, cachePoint, opaque), { maxLength: 3 }),
  messages: fc.array(message, { maxLength: 8 }),
  tools: fc.array(fc.oneof(tool, tool, cachePoint, opaque), { maxLength: 3 }),
  toolChoice: fc.oneof(
    fc.constantFrom(undefined, "auto" as const, "any" as const, "none" as const),
    names.map((name) => ({ tool: name })),
  ),
  parallelToolCalls: fc.constantFrom(undefined, true, false),
  maxOutputTokens: fc.constantFrom(undefined, 1, 1_024, 1_025, 5_000),
  temperature: fraction,
  topP: fraction,
  topK: fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
  thinkingTokens: fc.option(fc.integer({ min: 1_024, max: 60_000 }), { nil: undefined }),
  stop: fc.array(words, { maxLength: 3 }),
  output: fc.oneof(
    fc.constantFrom(undefined, { type: "json" as const }),
    fc.record({
      type: fc.constant("json-schema" as const),
      name: names,
      description: fc.constantFrom(undefined, "an answer"),
      schema,
      strict: fc.constantFrom(undefined, true),
    }),
  ),
  reasoningEffort: fc.constantFrom(
    undefined,
    "none",
    "minimal",
    "low",
    "medium",
    "high",
    "xhigh",
    "max",
    "wild",
  ),
  serviceTier: fc.constantFrom(undefined, "auto", "flex", "odd"),
  cacheKey: fc.constantFrom(undefined, "k"),
  others: fc.array(
    fc.constantFrom({ name: "seed", value: 1 }, { name: "n", value: 2 }, { name: "min_p", value: 4 }),
    {
      maxLength: 2,
    },
  ),
});

test("any request becomes a legal body, for any model", () => {
  fc.assert(
    fc.property(
      chats,
      fc.constantFrom(...MODELS),
      fc.constantFrom(undefined, 1, 2_000),
      fc.boolean(),
      (chat, id, outputCap, withoutThoughts) => {
        const model = bedrockModel(id);
        const { body } = writeConverse({
          chat,
          model,
          outputCap,
          withoutThoughts,
          metadata: { "k\u00e9": "v", tenant: "acme" },
        });
        assert.deepEqual(faultsOf(JSON.parse(body), model), []);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("what is written of a conversation stays as it is when the conversation goes on, so that caches serve", () => {
  const spoken = fc.array(
    fc.record({
      role: fc.constantFrom("user" as const, "assistant" as const),
      parts: fc.array(fc.oneof(text, call, result, media), { maxLength: 4 }),
    }),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(chats, spoken, fc.nat(10), fc.constantFrom(...MODELS), (chat, messages, length, id) => {
      const written = (some: readonly ChatMessage[]): string[] => {
        const wish = { outputCap: undefined, withoutThoughts: false, metadata: {} };
        const { body } = writeConverse({
          ...wish,
          chat: { ...chat, messages: some },
          model: bedrockModel(id),
        });
        return (JSON.parse(body) as { messages: unknown[] }).messages.map((one) => JSON.stringify(one));
      };
      const before = written(messages.slice(0, length));
      // The last turn may go on, and what is put behind it to make it legal goes.
      const settled = before.slice(0, Math.max(0, before.length - 3));
      assert.deepEqual(written(messages).slice(0, settled.length), settled);
    }),
    { numRuns: 1_000 },
  );
});

import fc from "fast-check";
import type { ChatMessage, ChatPart, ChatRequest, MediaPart } from "../../core/chat.ts";

// Not tests: any request that a dialect may read, however odd, for properties of what is written of it.

const words = fc.constantFrom("", " ", "\n\t", "hi", "what now? ", "é\u3000😀", "\ud800", '"\\');
const ids = fc.constantFrom("call_0", "call_1", "tooluse_abc", "functions.look:0", "", "é".repeat(70), "a/b");
const names = fc.constantFrom("look", "a.b", "a/b", "json_answer", "x".repeat(67), "x".repeat(68), "");
const ttl = fc.constantFrom(undefined, "5m" as const, "1h" as const);
export const text = fc.record({ type: fc.constant("text" as const), text: words });
const cachePoint = fc.record({ type: fc.constant("cache-point" as const), ttl });
const opaque = fc.record({ type: fc.constant("opaque" as const), name: fc.constant("thing") });
const bytes = fc.constantFrom(
  "",
  "AAAA",
  Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64"),
  Buffer.from("%PDF-1.7").toString("base64"),
  Buffer.from("plain text").toString("base64"),
);
export const media: fc.Arbitrary<MediaPart> = fc.record({
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
export const call = fc.record({
  type: fc.constant("tool-call" as const),
  id: ids,
  name: names,
  input: fc.constantFrom("", "{}", '{"a": 1.0}', "[]", "{"),
});
const json = fc.record({ type: fc.constant("json" as const), json: fc.constantFrom("{}", "[1]", "x") });
export const result = fc.record({
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
export const chats: fc.Arbitrary<ChatRequest> = fc.record({
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

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type {
  CachePoint,
  ChatMessage,
  ChatPart,
  ChatRequest,
  MediaPart,
  ToolResultPart,
} from "../../../core/chat.ts";
import { readConverse } from "./read-chat.ts";

/** What Converse and the neutral form can both say. */
const object = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape, { noNullPrototype: true });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const text = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" }).filter((value) => /\S/.test(value));
const name = fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/);
const id = fc.stringMatching(/^[a-zA-Z0-9_.:-]{1,64}$/);
const record = fc.dictionary(fc.string({ maxLength: 6 }), fc.oneof(text, fc.integer(), fc.boolean()), {
  maxKeys: 4,
  noNullPrototype: true,
});
/** JSON text that parsing and writing would not leave as it is. */
const json = fc.oneof(
  fc.json(),
  fc.constantFrom("12345678901234567890", "1.10", "-0", '{"2":1,"1":1E400}', '[ "a\\u0062" ]'),
);
const input = fc
  .array(fc.tuple(name, json), { maxLength: 3 })
  .map((members) => new Map(members))
  .map((members) => `{ ${[...members].map(([key, value]) => `"${key}": ${value}`).join(", ")} }`);

const textPart = text.map((value) => ({ type: "text", text: value }) as const);
const cachePoint: fc.Arbitrary<CachePoint> = fc
  .constantFrom(undefined, "5m" as const, "1h" as const)
  .map((ttl) => ({ type: "cache-point", ttl }));
const inS3 = maybe(fc.constant("123456789012")).map((bucketOwner) => ({
  s3: { uri: "s3://bucket/key", bucketOwner },
}));
const media: fc.Arbitrary<MediaPart> = fc.oneof(
  object({
    type: fc.constantFrom("image" as const, "video" as const, "audio" as const),
    source: fc.oneof(fc.constant({ base64: "AAAA" }), inS3),
    format: fc.constantFrom("png", "mp4", "x-aac"),
    name: fc.constant(undefined),
  }),
  object({
    type: fc.constant("document" as const),
    source: fc.oneof(
      fc.constant({ base64: "AAAA" }),
      inS3,
      text.map((value) => ({ text: value })),
    ),
    format: maybe(fc.constantFrom("pdf", "txt")),
    name: text,
  }),
);
const reasoning: fc.Arbitrary<ChatPart> = fc.oneof(
  object({ type: fc.constant("reasoning" as const), text: fc.string(), signature: maybe(fc.string()) }),
  object({ type: fc.constant("redacted-reasoning" as const), data: fc.string({ unit: "grapheme" }) }),
);
const resultContent: fc.Arbitrary<ToolResultPart["content"]> = fc.array(
  fc.oneof(
    textPart,
    // In a union null counts as absent, for the service too.
    json.filter((value) => value !== "null").map((value) => ({ type: "json" as const, json: value })),
    media.filter(({ type }) => type !== "audio"),
  ),
  { maxLength: 3 },
);
const userParts = fc.array(fc.oneof(textPart, media, cachePoint), { minLength: 1, maxLength: 4 });

const turn: fc.Arbitrary<ChatMessage[]> = fc
  .tuple(
    fc.array(reasoning, { maxLength: 2 }),
    fc.array(textPart, { minLength: 1, maxLength: 2 }),
    fc.uniqueArray(object({ id, name, input, content: resultContent, isError: fc.boolean() }), {
      maxLength: 3,
      selector: (call) => call.id,
    }),
    userParts,
  )
  .map(([thoughts, said, calls, next]) => {
    const made = calls.map(
      (call) => ({ type: "tool-call", id: call.id, name: call.name, input: call.input }) as const,
    );
    const results = calls.map(
      (call) => ({ type: "tool-result", id: call.id, content: call.content, isError: call.isError }) as const,
    );
    return [
      { role: "assistant", parts: [...thoughts, ...said, ...made] },
      { role: "user", parts: [...results, ...next] },
    ];
  });

const unit = maybe(fc.double({ min: 0, max: 1, noNaN: true }).map((value) => (value === 0 ? 0 : value)));
const chat: fc.Arbitrary<ChatRequest> = object({
  system: fc.array(fc.oneof(textPart, cachePoint), { maxLength: 3 }),
  first: userParts,
  turns: fc.array(turn, { maxLength: 3 }),
  tool: object({
    type: fc.constant("tool" as const),
    name,
    description: maybe(text),
    schema: record,
    strict: maybe(fc.boolean()),
  }),
  toolChoice: fc.oneof(
    fc.constantFrom("auto" as const, "any" as const, undefined),
    name.map((tool) => ({ tool })),
  ),
  cachePoints: fc.array(cachePoint, { maxLength: 1 }),
  maxOutputTokens: maybe(fc.integer({ min: 1 })),
  temperature: unit,
  topP: unit,
  topK: fc.constant(undefined),
  thinkingTokens: fc.constant(undefined),
  stop: fc.array(text, { maxLength: 3 }),
  output: maybe(
    object({
      type: fc.constant("json-schema" as const),
      name: text,
      description: maybe(text),
      schema: record,
      strict: fc.constant(true),
    }),
  ),
  reasoningEffort: maybe(fc.constantFrom("low", "high", "max")),
  serviceTier: maybe(fc.constantFrom("flex", "priority")),
}).map(({ first, turns, tool, cachePoints, ...all }) => ({
  ...all,
  messages: [{ role: "user", parts: first }, ...turns.flat()],
  tools: [tool, ...cachePoints],
  // A tool that is chosen is one of them.
  toolChoice: typeof all.toolChoice === "object" ? { tool: tool.name } : all.toolChoice,
  parallelToolCalls: undefined,
  cacheKey: undefined,
  others: [],
}));

/** As a client writes it; put together as text, so that inputs keep their digits. */
function write(request: ChatRequest): string {
  const list = (items: readonly string[]): string => `[${items.join(" , ")}]`;
  const messages = request.messages.map(
    ({ role, parts }) => `{ "content" : ${list(parts.map(block))}, "role" : "${role}" }`,
  );
  const { tools, toolChoice, output } = request;
  const rest = JSON.stringify({
    inferenceConfig: {
      maxTokens: request.maxOutputTokens,
      temperature: request.temperature,
      topP: request.topP,
      stopSequences: request.stop,
    },
    toolConfig: {
      tools: tools.map((tool) => {
        if (tool.type !== "tool")
          return { cachePoint: { type: "default", ...(tool.type === "cache-point" && { ttl: tool.ttl }) } };
        const { name: called, description, schema, strict } = tool;
        return { toolSpec: { name: called, description, inputSchema: { json: schema }, strict } };
      }),
      toolChoice:
        typeof toolChoice === "object"
          ? { tool: { name: toolChoice.tool } }
          : toolChoice && { [toolChoice]: {} },
    },
    outputConfig: {
      effort: request.reasoningEffort,
      textFormat:
        (output?.type === "json-schema" && {
          type: "json_schema",
          structure: {
            jsonSchema: {
              schema: JSON.stringify(output.schema),
              name: output.name,
              description: output.description,
            },
          },
        }) ||
        undefined,
    },
    serviceTier: request.serviceTier && { type: request.serviceTier },
  });
  return `{"system":${list(request.system.map(block))},"messages":${list(messages)},${rest.slice(1)}`;
}

function block(part: ChatPart | ToolResultPart["content"][number]): string {
  switch (part.type) {
    case "text":
      return JSON.stringify({ text: part.text });
    case "json":
      return `{"json":${part.json}}`;
    case "tool-call":
      return `{"toolUse":{"toolUseId":"${part.id}","name":"${part.name}","input":${part.input}}}`;
    case "tool-result":
      return `{"toolResult":{"toolUseId":"${part.id}","status":"${part.isError ? "error" : "success"}","content":[${part.content.map(block).join(",")}]}}`;
    case "reasoning":
      return JSON.stringify({
        reasoningContent: { reasoningText: { text: part.text, signature: part.signature } },
      });
    case "redacted-reasoning":
      return JSON.stringify({
        reasoningContent: { redactedContent: Buffer.from(part.data).toString("base64") },
      });
    case "cache-point":
      return JSON.stringify({ cachePoint: { type: "default", ttl: part.ttl } });
    case "opaque":
      return assert.fail();
    default:
      return mediaBlock(part);
  }
}

function mediaBlock({ type, source, format, name: called }: MediaPart): string {
  const written =
    "base64" in source
      ? { bytes: source.base64 }
      : "s3" in source
        ? { s3Location: source.s3 }
        : "text" in source
          ? { text: source.text }
          : {};
  return JSON.stringify({ [type]: { format, name: called, source: written } });
}

test("a Converse request that says a neutral one is read as that one, to the last digit", () => {
  fc.assert(
    fc.property(chat, (request) => {
      assert.deepEqual(readConverse(Buffer.from(write(request))), request);
    }),
    { numRuns: 300 },
  );
});

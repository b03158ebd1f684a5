import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatMessage, ChatPart, ChatRequest, MediaPart, OutputFormat } from "../../../core/chat.ts";
import { writeOpenAiChat } from "../../../providers/openai-chat/write-request.ts";
import { readOpenAiChat } from "./read-chat.ts";

/** What this dialect and the neutral form can both say. */
const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" });
const text = fc.string({ maxLength: 20, unit: "grapheme" });
const object = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape, { noNullPrototype: true });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const record = fc.dictionary(fc.string({ maxLength: 6 }), fc.oneof(text, fc.integer(), fc.boolean()), {
  maxKeys: 4,
  noNullPrototype: true,
});
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const textPart = text.map((value) => ({ type: "text", text: value }) as const);

const media: fc.Arbitrary<MediaPart> = fc.oneof(
  fc.constantFrom("png", "jpeg", "gif", "webp").map((format) => ({
    type: "image" as const,
    source: { base64: "AAAA" },
    format,
    name: undefined,
  })),
  fc.webUrl().map((url) => ({ type: "image" as const, source: { url }, format: undefined, name: undefined })),
  fc.constantFrom("wav", "mp3").map((format) => ({
    type: "audio" as const,
    source: { base64: "AAAA" },
    format,
    name: undefined,
  })),
  // Of other formats those that are text are written as text.
  fc.tuple(fc.constantFrom("pdf", "epub"), word).map(([format, name]) => ({
    type: "document" as const,
    source: { base64: "AAAA" },
    format,
    name,
  })),
);

const userMessage: fc.Arbitrary<ChatMessage> = fc
  .array(fc.oneof(textPart, media), { minLength: 1, maxLength: 4 })
  .map((parts) => ({ role: "user", parts }));
const systemMessage: fc.Arbitrary<ChatMessage> = fc
  .array(textPart, { minLength: 1, maxLength: 3 })
  .map((parts) => ({ role: "system", parts }));

/** What the assistant says, the calls that it makes, and their results. */
const turn: fc.Arbitrary<ChatMessage[]> = fc
  .tuple(
    fc.array(textPart, { maxLength: 2 }),
    fc.uniqueArray(object({ id: word, name: word, args: record, result: text }), {
      maxLength: 3,
      selector: ({ id }) => id,
    }),
  )
  .filter(([said, calls]) => said.length + calls.length > 0)
  .map(([said, calls]) => {
    const made: ChatPart[] = calls.map(({ id, name, args }) => ({
      type: "tool-call",
      id,
      name,
      input: JSON.stringify(args, undefined, 1),
    }));
    const results: ChatPart[] = calls.map(({ id, result }) => ({
      type: "tool-result",
      id,
      content: [{ type: "text", text: result }],
      isError: false,
    }));
    const assistant: ChatMessage = { role: "assistant", parts: [...said, ...made] };
    return results.length === 0 ? [assistant] : [assistant, { role: "user", parts: results }];
  });

const output: fc.Arbitrary<OutputFormat> = fc.oneof(
  fc.constant({ type: "json" } as const),
  object({
    type: fc.constant("json-schema" as const),
    name: word,
    description: maybe(text),
    schema: record,
    strict: maybe(fc.boolean()),
  }),
);

const tools = fc.array(
  object({
    type: fc.constant("tool" as const),
    name: word,
    description: maybe(text),
    schema: maybe(record),
    strict: maybe(fc.boolean()),
  }),
  { maxLength: 3 },
);

const chat: fc.Arbitrary<ChatRequest> = object({
  system: fc.array(textPart, { maxLength: 3 }),
  first: userMessage,
  rest: fc.array(
    fc.oneof(
      userMessage.map((each) => [each]),
      systemMessage.map((each) => [each]),
      turn,
    ),
    {
      maxLength: 5,
    },
  ),
  tools,
  toolChoice: fc.oneof(
    fc.constantFrom("auto" as const, "any" as const, "none" as const, undefined),
    word.map((tool) => ({ tool })),
  ),
  parallelToolCalls: maybe(fc.boolean()),
  maxOutputTokens: maybe(fc.integer({ min: 1 })),
  temperature: maybe(number),
  topP: maybe(number),
  topK: maybe(fc.integer({ min: 1, max: 1_000 })),
  thinkingTokens: fc.constant(undefined),
  stop: fc.array(word, { maxLength: 3 }),
  output: maybe(output),
  reasoningEffort: maybe(text),
  serviceTier: fc.constantFrom(undefined, "default", "flex", "priority", "scale", "fast"),
  cacheKey: maybe(text),
}).map(({ first, rest, ...all }) => ({
  ...all,
  messages: [first, ...rest.flat()],
  toolChoice: possible(all.toolChoice, all.tools),
  parallelToolCalls: all.tools.length === 0 ? undefined : all.parallelToolCalls,
  others: [],
}));

/** A tool that is chosen is one of them. */
function possible(choice: ChatRequest["toolChoice"], given: ChatRequest["tools"]): ChatRequest["toolChoice"] {
  const first = given.find((tool) => tool.type === "tool");
  if (first === undefined) return undefined;
  return typeof choice === "object" ? { tool: first.name } : choice;
}

test("a request written for an engine and read as a client's is the same request", () => {
  fc.assert(
    fc.property(chat, fc.boolean(), (request, stream) => {
      const outputParam = stream ? "max_tokens" : "max_completion_tokens";
      const { body, inexpressible } = writeOpenAiChat(request, {
        model: "m",
        stream,
        outputCap: undefined,
        outputParam,
        topK: true,
      });
      assert.deepEqual(inexpressible, []);
      assert.deepEqual(readOpenAiChat(Buffer.from(body)), request);
    }),
    { numRuns: 300 },
  );
});

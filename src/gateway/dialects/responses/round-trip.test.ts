import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatMessage, ChatPart, ChatRequest, MediaPart, OutputFormat } from "../../../core/chat.ts";
import { SEAL_KEY } from "../../../../test/support/responses-dialect.ts";
import { writeResponse } from "../../../providers/openai-responses/write-request.ts";
import { readResponsesChat } from "./read-chat.ts";

/** What this dialect and the neutral form can both say. */
const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme-ascii" });
const filled = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme" });
const object = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape, { noNullPrototype: true });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const record = fc.dictionary(word, fc.oneof(filled, fc.integer(), fc.boolean()), {
  maxKeys: 4,
  noNullPrototype: true,
});
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value));
const textPart = filled.map((value) => ({ type: "text", text: value }) as const);

const media: fc.Arbitrary<MediaPart> = fc.oneof(
  fc.constantFrom("png", "jpeg", "gif", "webp").map((format) => ({
    type: "image" as const,
    source: { base64: "AAAA" },
    format,
    name: undefined,
  })),
  fc.webUrl().map((url) => ({ type: "image" as const, source: { url }, format: undefined, name: undefined })),
  fc
    .webUrl()
    .map((url) => ({ type: "document" as const, source: { url }, format: undefined, name: undefined })),
);

const userMessage: fc.Arbitrary<ChatMessage> = fc
  .array(fc.oneof(textPart, media), { minLength: 1, maxLength: 4 })
  .map((parts) => ({ role: "user", parts }));
const systemMessage: fc.Arbitrary<ChatMessage> = fc
  .array(textPart, { minLength: 1, maxLength: 3 })
  .map((parts) => ({ role: "system", parts }));

/** What the assistant says, the calls that it makes, their results, and what the user says then. */
const turn: fc.Arbitrary<ChatMessage[]> = fc
  .tuple(
    fc.array(textPart, { maxLength: 2 }),
    fc.array(object({ name: word, args: record, result: filled }), { maxLength: 3 }),
    fc.uuid(),
    userMessage,
  )
  .filter(([said, calls]) => said.length + calls.length > 0)
  .map(([said, calls, id, then]) => {
    const made: ChatPart[] = calls.map(({ name, args }, index) => ({
      type: "tool-call",
      id: `${id}_${index}`,
      name,
      input: JSON.stringify(args, undefined, 1),
    }));
    const results: ChatPart[] = calls.map(({ result }, index) => ({
      type: "tool-result",
      id: `${id}_${index}`,
      content: [{ type: "text", text: result }],
      isError: false,
    }));
    const assistant: ChatMessage = { role: "assistant", parts: [...said, ...made] };
    return results.length === 0 ? [assistant, then] : [assistant, { role: "user", parts: results }, then];
  });

const output: fc.Arbitrary<OutputFormat> = fc.oneof(
  fc.constant({ type: "json" } as const),
  object({
    type: fc.constant("json-schema" as const),
    name: word,
    description: maybe(filled),
    schema: record,
    strict: fc.boolean(),
  }),
);

const tools = fc.uniqueArray(
  object({
    type: fc.constant("tool" as const),
    name: word,
    description: maybe(filled),
    schema: record,
    strict: fc.boolean(),
  }),
  { maxLength: 3, selector: ({ name }) => name },
);

const chat: fc.Arbitrary<ChatRequest> = object({
  system: fc.array(textPart, { maxLength: 1 }),
  first: userMessage,
  rest: fc.array(
    fc.oneof(
      userMessage.map((each) => [each]),
      systemMessage.map((each) => [each]),
      turn,
    ),
    { maxLength: 5 },
  ),
  tools,
  toolChoice: fc.oneof(
    fc.constantFrom("auto" as const, "any" as const, "none" as const, undefined),
    word.map((tool) => ({ tool })),
  ),
  parallelToolCalls: maybe(fc.boolean()),
  maxOutputTokens: maybe(fc.integer({ min: 16 })),
  temperature: maybe(number),
  topP: maybe(number),
  topK: fc.constant(undefined),
  thinkingTokens: fc.constant(undefined),
  stop: fc.constant([]),
  output: maybe(output),
  reasoningEffort: maybe(word),
  serviceTier: fc.constantFrom(undefined, "default", "flex", "priority", "scale", "fast"),
  cacheKey: maybe(word),
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

test("a request written for an upstream and read as a client's is the same request", () => {
  fc.assert(
    fc.property(chat, fc.boolean(), (request, stream) => {
      const { body, inexpressible } = writeResponse(request, {
        model: "m",
        stream,
        outputCap: undefined,
        leastOutput: 16,
        encryptsReasoning: true,
        withoutThoughts: false,
      });
      assert.deepEqual(inexpressible, []);
      assert.deepEqual(readResponsesChat(Buffer.from(body), SEAL_KEY), request);
    }),
    { numRuns: 300 },
  );
});

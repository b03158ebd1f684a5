import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";
import { claudeModel } from "../../../catalog/claude-models.ts";
import type {
  CachePoint,
  ChatMessage,
  ChatPart,
  ChatRequest,
  MediaPart,
  TextPart,
  Tool,
} from "../../../core/chat.ts";
import { writeAnthropicMessages } from "../../../providers/anthropic-messages/write-request.ts";
import { readAnthropicChat } from "./read-chat.ts";

const MODEL = "claude-sonnet-4-5-20250929";
const TOOLS = ["look", "find-2", "say_it"];

/** What Messages and the neutral form can both say. */
const object = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape, { noNullPrototype: true });
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const word = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((value) => /\S/.test(value));
const textPart: fc.Arbitrary<TextPart> = word.map((text) => ({ type: "text", text }));
/** JSON text that parsing and writing would not leave as it is. */
const input = fc
  .uniqueArray(
    fc.tuple(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.json(), fc.constant("12345678901234567890"))),
    {
      maxLength: 3,
      selector: ([name]) => name,
    },
  )
  .map((members) => `{${members.map(([name, value]) => ` "${name}": ${value}`).join(" ,")}}`);

const media: fc.Arbitrary<MediaPart> = fc.oneof(
  fc.constant({
    type: "image" as const,
    source: { base64: "iVBORw0KGgo=" },
    format: "png",
    name: undefined,
  }),
  fc.webUrl().map((url) => ({ type: "image" as const, source: { url }, format: undefined, name: undefined })),
  object({
    type: fc.constant("document" as const),
    source: word.map((text) => ({ text })),
    format: fc.constant("txt"),
    name: maybe(word),
  }),
  object({
    type: fc.constant("document" as const),
    source: fc.constant({ base64: "JVBERi0=" }),
    format: fc.constant("pdf"),
    name: maybe(word),
  }),
);
const said: fc.Arbitrary<ChatPart[]> = fc
  .tuple(textPart, fc.array(fc.oneof(textPart, media), { maxLength: 3 }))
  .map(([first, rest]) => [first, ...rest]);
const thought: fc.Arbitrary<ChatPart> = fc.oneof(
  object({ type: fc.constant("reasoning" as const), text: fc.string(), signature: word }),
  object({ type: fc.constant("redacted-reasoning" as const), data: word }),
);

interface Turn {
  readonly thoughts: readonly ChatPart[];
  readonly words: TextPart;
  readonly calls: readonly {
    readonly name: string;
    readonly input: string;
    readonly content: readonly (TextPart | MediaPart)[];
    readonly isError: boolean;
  }[];
  readonly next: readonly ChatPart[];
}

const turn: fc.Arbitrary<Turn> = object({
  thoughts: fc.array(thought, { maxLength: 2 }),
  words: textPart,
  calls: fc.array(
    object({
      name: fc.constantFrom(...TOOLS),
      input,
      content: fc.array(textPart, { minLength: 1, maxLength: 2 }),
      isError: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  next: said,
});

/** What the assistant says and calls, and what the user answers: results first, as they must be. */
function messagesOf({ thoughts, words, calls, next }: Turn, index: number): ChatMessage[] {
  const id = (call: number): string => `toolu_${index}_${call}`;
  const made = calls.map(({ name, input: args }, call): ChatPart => ({
    type: "tool-call",
    id: id(call),
    name,
    input: args,
  }));
  const results = calls.map(({ content, isError }, call): ChatPart => ({
    type: "tool-result",
    id: id(call),
    content,
    isError,
  }));
  return [
    { role: "assistant", parts: [...thoughts, words, ...made] },
    { role: "user", parts: [...results, ...next] },
  ];
}

const tools: readonly Tool[] = TOOLS.map((name) => ({
  type: "tool",
  name,
  description: `${name}?`,
  schema: { type: "object", properties: { a: { type: "string" } } },
  strict: undefined,
}));
const schema = { type: "object", properties: {}, required: [], additionalProperties: false };
const choice: fc.Arbitrary<Pick<ChatRequest, "toolChoice" | "parallelToolCalls">> = fc.oneof(
  fc.record({
    toolChoice: fc.constantFrom("none" as const, undefined),
    parallelToolCalls: fc.constant(undefined),
  }),
  fc.record({
    toolChoice: fc.constantFrom("auto" as const, "any" as const, { tool: "look" }),
    parallelToolCalls: fc.constantFrom(undefined, false),
  }),
);
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => (value === 0 ? 0 : value));
/** One of the two: together they are refused by this model. */
const sampling: fc.Arbitrary<Pick<ChatRequest, "temperature" | "topP">> = fc
  .tuple(share, fc.constantFrom("temperature", "topP", "neither"))
  .map(([value, which]) => ({
    temperature: which === "temperature" ? value : undefined,
    topP: which === "topP" ? value : undefined,
  }));

const chat: fc.Arbitrary<ChatRequest> = fc
  .record({
    system: fc.array(textPart, { maxLength: 2 }),
    first: said,
    turns: fc.array(turn, { maxLength: 3 }),
    choice,
    sampling,
    ttl: fc.constantFrom(undefined, "5m" as const, "1h" as const),
    marks: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    maxOutputTokens: fc.integer({ min: 1 }),
    topK: maybe(fc.integer({ min: 1, max: 500 })),
    stop: fc.array(word, { maxLength: 3 }),
    hasSchema: fc.boolean(),
    serviceTier: fc.constantFrom(undefined, "standard_only"),
  })
  .map((all) => {
    const point: CachePoint = { type: "cache-point", ttl: all.ttl };
    const marked = <T>(list: readonly T[], mark: boolean): (T | CachePoint)[] =>
      mark && list.length > 0 ? [...list, point] : [...list];
    return {
      ...EMPTY_CHAT,
      system: marked(all.system, all.marks[0]),
      messages: [{ role: "user", parts: marked(all.first, all.marks[1]) }, ...all.turns.flatMap(messagesOf)],
      tools: marked(tools, all.marks[2]),
      ...all.choice,
      ...all.sampling,
      maxOutputTokens: all.maxOutputTokens,
      topK: all.topK,
      stop: all.stop,
      output: all.hasSchema
        ? { type: "json-schema", name: "output", description: undefined, schema, strict: true }
        : undefined,
      serviceTier: all.serviceTier,
    };
  });

function writtenAndRead(request: ChatRequest, purpose: "whole" | "stream"): ChatRequest {
  const { body, inexpressible } = writeAnthropicMessages({
    chat: request,
    model: MODEL,
    abilities: claudeModel(MODEL),
    purpose,
    outputCap: undefined,
    withoutThoughts: false,
    autoCache: false,
  });
  assert.deepEqual(inexpressible, []);
  return readAnthropicChat(Buffer.from(body));
}

test("a request written for an upstream and read as a client's is the same request, to the last digit", () => {
  fc.assert(
    fc.property(chat, fc.constantFrom("whole" as const, "stream" as const), (request, purpose) => {
      assert.deepEqual(writtenAndRead(request, purpose), request);
    }),
    { numRuns: 300 },
  );
});

test("and so is how many tokens to think in", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1_024, max: 20_000 }), (thinkingTokens) => {
      const request: ChatRequest = {
        ...EMPTY_CHAT,
        messages: [{ role: "user", parts: [{ type: "text", text: "Hello" }] }],
        maxOutputTokens: 30_000,
        reasoningEffort: thinkingTokens >= 4_096 ? "high" : thinkingTokens >= 2_048 ? "medium" : "low",
        thinkingTokens,
      };
      assert.deepEqual(writtenAndRead(request, "whole"), request);
    }),
    { numRuns: 100 },
  );
});

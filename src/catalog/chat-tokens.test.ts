import assert from "node:assert/strict";
import test from "node:test";
import type { ChatMessage, ChatRequest, MediaPart } from "../core/chat.ts";
import { chatTexts } from "./chat-tokens.ts";
import { familyCounter } from "./count-tokens.ts";
import type { TokenFamily } from "./token-family.ts";
import { EMPTY_CHAT } from "../../test/support/empty-chat.ts";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAASwAAADI";

test("a greeting has the 8 tokens that OpenAI reports for GPT-5", async () => {
  assert.equal(await tokensOf({ ...EMPTY_CHAT, messages: [user("Hello!")] }, "openai-gpt-5"), 8);
});

test("a greeting has the 11 tokens that Bedrock counts for Claude Sonnet 4", async () => {
  assert.equal(await tokensOf({ ...EMPTY_CHAT, messages: [user("Hello, world!")] }, "claude"), 11);
});

test("a tool counts as Bedrock counts it for Claude Sonnet 4, within 5 %", async () => {
  const chat: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [user("What is the weather in Paris?")],
    tools: [
      {
        type: "tool",
        name: "get_weather",
        description: "Get the weather for a location",
        schema: { type: "object", properties: { location: { type: "string" } } },
        strict: undefined,
      },
    ],
    toolChoice: "auto",
  };
  const tokens = await tokensOf(chat, "claude");
  assert.ok(Math.abs(tokens - 375) < 19, `${tokens} for 375`);
});

test("instructions, messages, calls, results and schemas are all among the texts", () => {
  const chat: ChatRequest = {
    ...EMPTY_CHAT,
    system: [{ type: "text", text: "Be brief." }],
    messages: [
      user("Weather?"),
      assistant({ type: "tool-call", id: "1", name: "weather", input: '{"city":"Rome"}' }),
      {
        role: "user",
        parts: [{ type: "tool-result", id: "1", content: [{ type: "json", json: "[31]" }], isError: false }],
      },
    ],
    tools: [
      {
        type: "tool",
        name: "weather",
        description: "Tells it.",
        schema: { properties: { city: { type: "string", enum: ["Rome", "Oslo"] } } },
        strict: true,
      },
    ],
    output: { type: "json-schema", name: "reply", description: undefined, schema: { a: 1 }, strict: true },
  };
  assert.deepEqual(chatTexts(chat, "openai-o200k").texts, [
    "Be brief.",
    "Weather?",
    "weather",
    '{"city":"Rome"}',
    "[31]",
    "weather:Tells it",
    "city:string:",
    "Rome",
    "Oslo",
    '{"a":1}',
  ]);
  assert.ok(chatTexts(chat, "openai-o200k").certain);
});

test("Claude reads only the thoughts of the turn under way, others all", () => {
  const thought = { type: "reasoning", text: "Hm.", signature: undefined } as const;
  const messages = [user("One?"), assistant(thought), user("Two?"), assistant(thought)];
  assert.deepEqual(chatTexts({ ...EMPTY_CHAT, messages }, "claude").texts, ["One?", "Two?", "Hm."]);
  assert.equal(chatTexts({ ...EMPTY_CHAT, messages }, "qwen").texts.length, 4);
});

test("an image adds tokens by its size where the rule is known, and makes the count uncertain elsewhere", () => {
  const plain = chatTexts({ ...EMPTY_CHAT, messages: [user("")] }, "claude");
  const withImage = chatTexts({ ...EMPTY_CHAT, messages: [media({ base64: PNG })] }, "claude");
  assert.deepEqual([withImage.added - plain.added, withImage.certain], [80, true]);
  assert.equal(chatTexts({ ...EMPTY_CHAT, messages: [media({ base64: PNG })] }, "nova").certain, false);
  assert.equal(
    chatTexts({ ...EMPTY_CHAT, messages: [media({ url: "https://example.org/a.png" })] }, "claude").certain,
    false,
  );
});

test("a document is countable where it is text", () => {
  const text = chatTexts({ ...EMPTY_CHAT, messages: [media({ text: "Dear all" }, "document")] }, "nova");
  assert.deepEqual([text.texts, text.certain], [["Dear all"], true]);
  const pdf = chatTexts({ ...EMPTY_CHAT, messages: [media({ base64: "JVBERi0=" }, "document")] }, "nova");
  assert.deepEqual([pdf.texts, pdf.certain], [[], false]);
});

test("nothing adds no tokens below zero", () => {
  assert.deepEqual(chatTexts(EMPTY_CHAT, "nova"), { texts: [], added: 0, certain: true });
});

async function tokensOf(chat: ChatRequest, family: TokenFamily): Promise<number> {
  const count = await familyCounter(family);
  const { texts, added } = chatTexts(chat, family);
  return texts.reduce((sum, text) => sum + count(text), added);
}

function user(text: string): ChatMessage {
  return { role: "user", parts: [{ type: "text", text }] };
}

function assistant(part: ChatMessage["parts"][number]): ChatMessage {
  return { role: "assistant", parts: [part] };
}

function media(source: MediaPart["source"], type: MediaPart["type"] = "image"): ChatMessage {
  return { role: "user", parts: [{ type, source, format: undefined, name: undefined }] };
}

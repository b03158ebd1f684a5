import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatMessage } from "../../../core/chat.ts";
import { bedrockModel } from "../../../catalog/bedrock-models.ts";
import { call, chats, media, result, text } from "../../conversation/any-chat.test.ts";
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

test("any request becomes a legal body, for any model", () => {
  fc.assert(
    fc.property(
      chats,
      fc.constantFrom(...MODELS),
      fc.constantFrom(undefined, 1, 2_000),
      fc.boolean(),
      fc.boolean(),
      (chat, id, outputCap, withoutThoughts, autoCache) => {
        const model = bedrockModel(id);
        const { body } = writeConverse({
          chat,
          model,
          outputCap,
          withoutThoughts,
          autoCache,
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

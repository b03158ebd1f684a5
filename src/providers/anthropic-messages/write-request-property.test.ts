import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { claudeModel } from "../../catalog/claude-models.ts";
import type { ChatRequest } from "../../core/chat.ts";
import { chats } from "../conversation/any-chat.test.ts";
import { faultsOf, type Body } from "./legal-body.test.ts";
import { writeAnthropicMessages } from "./write-request.ts";

const MODELS = [
  "claude-3-haiku-20240307",
  "claude-3-7-sonnet-latest",
  "claude-sonnet-4-20250514",
  "claude-opus-4-1-20250805",
  "claude-sonnet-4-5@20250929",
  "claude-sonnet-4-6",
  "claude-opus-4-7",
  "anthropic/claude-opus-4.8",
  "claude-opus-5",
  "claude-fable-5-2",
  "claude-mythos-9",
  "somebody-elses",
];

function written(chat: ChatRequest, id: string, more: object = {}): Body {
  const { body } = writeAnthropicMessages({
    chat,
    model: id,
    abilities: claudeModel(id),
    purpose: "whole",
    outputCap: undefined,
    withoutThoughts: false,
    autoCache: false,
    ...more,
  });
  return JSON.parse(body);
}

test("any request becomes a legal body, for any model", () => {
  fc.assert(
    fc.property(
      chats,
      fc.constantFrom(...MODELS),
      fc.constantFrom(undefined, 1, 2_000),
      fc.boolean(),
      fc.boolean(),
      (chat, id, outputCap, withoutThoughts, autoCache) => {
        const body = written(chat, id, { outputCap, withoutThoughts, autoCache });
        assert.deepEqual(faultsOf(body, claudeModel(id)), []);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("what is counted is what is sent, without how it is to be answered", () => {
  fc.assert(
    fc.property(chats, fc.constantFrom(...MODELS), (chat, id) => {
      const sent = written(chat, id);
      const counted = written(chat, id, { purpose: "count" });
      for (const name of ["model", "messages", "system", "tools", "tool_choice"])
        assert.deepEqual(counted[name], sent[name]);
      for (const name of ["max_tokens", "stream", "temperature", "top_p", "top_k", "stop_sequences"])
        assert.ok(!(name in counted));
    }),
  );
});

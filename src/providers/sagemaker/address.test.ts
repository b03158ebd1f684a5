import assert from "node:assert/strict";
import test from "node:test";
import { addressOf, canonicalOf, invocationPath, isAddress, openAiPath } from "./address.ts";

test("a model is an endpoint, or an endpoint and a component", () => {
  assert.deepEqual(addressOf("chat"), { endpoint: "chat", component: undefined });
  assert.deepEqual(addressOf("chat/llama-8b"), { endpoint: "chat", component: "llama-8b" });
  for (const model of ["chat", "Chat-1", "a/b", `${"a".repeat(63)}/b`]) assert.ok(isAddress(model), model);
  for (const model of ["", "/", "a/", "/b", "a/b/c", "a b", "-a", "a-", "a.b", "a".repeat(64)])
    assert.ok(!isAddress(model), model);
});

test("a component is the same model on whatever endpoint it is", () => {
  assert.equal(canonicalOf("one/llama"), canonicalOf("two/llama"));
  assert.equal(canonicalOf("one"), "one");
});

test("a component stands in the OpenAI path, and in no path of an invocation", () => {
  const address = addressOf("chat/llama");
  assert.equal(invocationPath(address, false), "/endpoints/chat/invocations");
  assert.equal(invocationPath(address, true), "/endpoints/chat/invocations-response-stream");
  assert.equal(openAiPath(address), "/endpoints/chat/inference-components/llama/openai/v1/chat/completions");
  assert.equal(openAiPath(addressOf("chat")), "/endpoints/chat/openai/v1/chat/completions");
});

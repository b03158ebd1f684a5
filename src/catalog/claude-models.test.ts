import assert from "node:assert/strict";
import test from "node:test";
import { bedrockKnowsBeta } from "./bedrock-betas.ts";
import { claudeModel } from "./claude-models.ts";

test("a Claude is known by whatever name a host has for it", () => {
  const same = claudeModel("claude-sonnet-4-5-20250929");
  for (const id of [
    "claude-sonnet-4-5",
    "claude-sonnet-4-5@20250929",
    "anthropic/claude-sonnet-4.5",
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
  ])
    assert.deepEqual(claudeModel(id), same, id);
  assert.equal(same.maxOutputTokens, 64_000);
  assert.equal(same.jsonSchema, "native");
  assert.deepEqual(claudeModel("claude-opus-4-0"), claudeModel("claude-opus-4-20250514"));
  assert.equal(claudeModel("claude-opus-4-0").maxOutputTokens, 32_000);
});

test("structured outputs begin with 4.5, also where Bedrock has none", () => {
  for (const id of ["claude-3-haiku-20240307", "claude-sonnet-4-20250514", "claude-opus-4-1-20250805"])
    assert.equal(claudeModel(id).jsonSchema, "tool", id);
  for (const id of ["claude-haiku-4-5", "claude-opus-4-7", "claude-sonnet-5", "claude-opus-9"])
    assert.equal(claudeModel(id).jsonSchema, "native", id);
});

test("a Claude that is not listed gets what every newer one takes", () => {
  const newest = claudeModel("claude-mythos-9");
  assert.equal(newest.known, false);
  assert.equal(newest.sampling.temperature, "deprecated");
  assert.equal(newest.prefill, false);
  assert.equal(newest.reasoning.kind, "claude-adaptive");
});

test("of somebody else's model behind the API, no limit of Claude's is believed", () => {
  const other = claudeModel("qwen3-coder");
  assert.equal(other.known, false);
  assert.equal(other.sampling.temperature, "yes");
  assert.equal(other.maxOutputTokens, 4_096);
});

test("features in trial are known to some models of Bedrock, and by name alone", () => {
  assert.ok(bedrockKnowsBeta("context-1m-2025-08-07", "anthropic.claude-sonnet-4-5-20250929-v1:0"));
  assert.ok(!bedrockKnowsBeta("context-1m-2025-08-07", "anthropic.claude-haiku-4-5-20251001-v1:0"));
  assert.ok(bedrockKnowsBeta("interleaved-thinking-2025-05-14", "anthropic.claude-sonnet-4-6"));
  assert.ok(!bedrockKnowsBeta("interleaved-thinking-2025-05-14", "anthropic.claude-opus-4-7"));
  assert.ok(!bedrockKnowsBeta("claude-code-20250219", "anthropic.claude-sonnet-4-5-20250929-v1:0"));
});

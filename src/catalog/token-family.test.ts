import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { TOKEN_FAMILIES, tokenFamilyOf, type TokenFamily } from "./token-family.ts";

const NAMES: readonly (readonly [string, TokenFamily])[] = [
  ["gpt-4o-mini", "openai-o200k"],
  ["gpt-4.1-2025-04-14", "openai-o200k"],
  ["gpt-4-1-nano", "openai-o200k"],
  ["o3-mini", "openai-o200k"],
  ["chatgpt-4o-latest", "openai-o200k"],
  ["gpt-5-nano", "openai-gpt-5"],
  ["openai.gpt-5.6-luna", "openai-gpt-5"],
  ["gpt-4", "openai-cl100k"],
  ["gpt-4-0613", "openai-cl100k"],
  ["gpt-4-1106-preview", "openai-cl100k"],
  ["gpt-4-turbo", "openai-cl100k"],
  ["gpt-35-turbo-16k", "openai-cl100k"],
  ["text-embedding-3-small", "openai-cl100k"],
  ["openai.gpt-oss-120b-1:0", "gpt-oss"],
  ["openai/gpt-oss-20b", "gpt-oss"],
  ["us.anthropic.claude-sonnet-4-20250514-v1:0", "claude"],
  ["anthropic.claude-3-5-haiku-20241022-v1:0", "claude"],
  ["claude-opus-4-1", "claude"],
  ["global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-4.5"],
  ["anthropic/claude-opus-4.6", "claude-4.5"],
  ["claude-opus-4-7", "claude-4.7"],
  ["claude-sonnet-5", "claude-4.7"],
  ["arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "claude"],
  ["arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.amazon.nova-micro-v1:0", "nova"],
  ["us.amazon.nova-2-lite-v1:0", "nova-2"],
  ["meta-llama/Llama-3.1-8B-Instruct", "llama-3"],
  ["us.meta.llama3-3-70b-instruct-v1:0", "llama-3"],
  ["us.meta.llama4-maverick-17b-instruct-v1:0", "llama-4"],
  ["TheBloke/Llama-2-13B-chat-GGUF", "llama-2"],
  ["codellama/CodeLlama-34b", "llama-2"],
  ["mistral.mistral-7b-instruct-v0:2", "mistral"],
  ["mistralai/Mixtral-8x7B-Instruct-v0.1", "mistral"],
  ["mistral.mistral-large-2402-v1:0", "mistral"],
  ["us.mistral.pixtral-large-2502-v1:0", "mistral"],
  ["mistralai/Mistral-Nemo-Instruct-2407", "tekken"],
  ["mistral-small-2503", "tekken"],
  ["mistral.mistral-large-3-675b-instruct", "tekken"],
  ["qwen3-8b", "qwen"],
  ["qwen.qwen3-32b-v1:0", "qwen"],
  ["deepseek.v3-v1:0", "deepseek"],
  ["deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "llama-3"],
  ["deepseek-r1-distill-qwen-7b", "qwen"],
  ["google/gemma-3-27b-it", "gemma"],
  ["nvidia.nemotron-nano-12b-v2", "nemotron"],
  ["nvidia/Llama-3.1-Nemotron-70B-Instruct", "llama-3"],
  ["zai.glm-4.7-flash", "glm"],
  ["minimax.minimax-m2", "minimax"],
  ["my-own-model", "unknown"],
  ["arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/claude", "unknown"],
];

for (const [model, family] of NAMES)
  test(`${model} counts as ${family}`, () => {
    assert.equal(tokenFamilyOf(model), family);
  });

test("any name has a family, and letters' case does not matter", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom(...NAMES.map(([model]) => model))), (model) => {
      assert.ok(tokenFamilyOf(model) in TOKEN_FAMILIES);
    }),
  );
  assert.equal(tokenFamilyOf("QWEN3-8B"), "qwen");
});

test("what is not measured says so", () => {
  assert.equal(TOKEN_FAMILIES.unknown.basis, "unmeasured");
  assert.equal(TOKEN_FAMILIES["openai-o200k"].basis, "vocabulary");
});

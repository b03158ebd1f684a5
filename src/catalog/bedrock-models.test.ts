import assert from "node:assert/strict";
import test from "node:test";
import { bedrockModel } from "./bedrock-models.ts";

const CHAT = [
  "anthropic.claude-3-haiku-20240307-v1:0",
  "anthropic.claude-3-opus-20240229-v1:0",
  "anthropic.claude-3-5-haiku-20241022-v1:0",
  "anthropic.claude-3-5-sonnet-20240620-v1:0",
  "anthropic.claude-3-5-sonnet-20241022-v2:0",
  "anthropic.claude-3-7-sonnet-20250219-v1:0",
  "anthropic.claude-sonnet-4-20250514-v1:0",
  "anthropic.claude-opus-4-20250514-v1:0",
  "anthropic.claude-opus-4-1-20250805-v1:0",
  "anthropic.claude-sonnet-4-5-20250929-v1:0",
  "anthropic.claude-haiku-4-5-20251001-v1:0",
  "anthropic.claude-opus-4-5-20251101-v1:0",
  "anthropic.claude-opus-4-6-v1",
  "anthropic.claude-sonnet-4-6",
  "anthropic.claude-opus-4-7",
  "anthropic.claude-opus-4-8",
  "anthropic.claude-sonnet-5",
  "anthropic.claude-opus-5",
  "anthropic.claude-fable-5",
  "anthropic.claude-fable-5-1",
  "anthropic.claude-sonnet-5-5",
  "amazon.nova-micro-v1:0",
  "amazon.nova-lite-v1:0",
  "amazon.nova-pro-v1:0",
  "amazon.nova-premier-v1:0",
  "amazon.nova-2-lite-v1:0",
  "amazon.titan-text-express-v1",
  "meta.llama3-8b-instruct-v1:0",
  "meta.llama3-1-405b-instruct-v1:0",
  "meta.llama3-2-11b-instruct-v1:0",
  "meta.llama3-3-70b-instruct-v1:0",
  "meta.llama4-scout-17b-instruct-v1:0",
  "meta.llama4-maverick-17b-instruct-v1:0",
  "mistral.mistral-7b-instruct-v0:2",
  "mistral.mixtral-8x7b-instruct-v0:1",
  "mistral.mistral-small-2402-v1:0",
  "mistral.mistral-large-2407-v1:0",
  "mistral.mistral-large-3-675b-instruct",
  "mistral.pixtral-large-2502-v1:0",
  "mistral.ministral-3-8b-instruct",
  "mistral.magistral-small-2509",
  "mistral.voxtral-small-24b-2507",
  "mistral.devstral-2-123b",
  "cohere.command-r-v1:0",
  "cohere.command-r-plus-v1:0",
  "ai21.jamba-1-5-large-v1:0",
  "deepseek.r1-v1:0",
  "deepseek.v3-v1:0",
  "deepseek.v3.2",
  "qwen.qwen3-32b-v1:0",
  "qwen.qwen3-coder-480b-a35b-v1:0",
  "qwen.qwen3-vl-235b-a22b",
  "openai.gpt-oss-120b-1:0",
  "openai.gpt-oss-120b",
  "openai.gpt-oss-safeguard-20b",
  "openai.gpt-5.4",
  "openai.gpt-5.6-sol",
  "moonshot.kimi-k2-thinking",
  "moonshotai.kimi-k2.5",
  "zai.glm-4.7-flash",
  "zai.glm-5",
  "minimax.minimax-m2.1",
  "nvidia.nemotron-nano-12b-v2",
  "nvidia.nemotron-nano-3-30b",
  "google.gemma-3-27b-it",
  "writer.palmyra-x5-v1:0",
  "xai.grok-4.3",
];

const EMBEDDINGS = [
  ["amazon.titan-embed-text-v1", "titan-embed-v1"],
  ["amazon.titan-embed-text-v2:0", "titan-embed-v2"],
  ["cohere.embed-english-v3", "cohere-embed-v3"],
  ["cohere.embed-multilingual-v3", "cohere-embed-v3"],
  ["cohere.embed-v4:0", "cohere-embed-v4"],
  ["amazon.nova-2-multimodal-embeddings-v1:0", "nova-embed"],
] as const;

test("every chat model of the price list is known, and what it can do fits together", () => {
  for (const id of CHAT) {
    const model = bedrockModel(id);
    assert.ok(model.known && model.apis.converse && model.embeddings === undefined, id);
    assert.ok(model.maxOutputTokens > 0 && model.maxOutputTokens <= model.contextWindow, id);
    const canForce = model.toolChoice.any || model.toolChoice.tool;
    assert.ok(!canForce || model.tools, `${id}: a choice without tools`);
    assert.ok(model.jsonSchema !== "tool" || canForce, `${id}: nothing to force a schema with`);
    assert.equal(model.reasoning.kind === "none", model.reasoning.efforts.length === 0, id);
    assert.ok(!model.acceptsReasoningBack || model.reasoning.kind.startsWith("claude-"), id);
  }
});

test("every embedding model is known with its body, its sizes and how many texts it takes", () => {
  for (const [id, body] of EMBEDDINGS) {
    const model = bedrockModel(id);
    assert.ok(model.known && !model.apis.converse, id);
    assert.equal(model.apis.invokeBody, body);
    assert.ok(model.embeddings !== undefined && model.embeddings.maxTexts >= 1);
  }
});

test("an id says the same with its version and without", () => {
  assert.equal(bedrockModel("openai.gpt-oss-120b"), bedrockModel("openai.gpt-oss-120b-1:0"));
  assert.equal(bedrockModel("anthropic.claude-opus-4-6"), bedrockModel("anthropic.claude-opus-4-6-v1"));
});

test("Claude's versions are told apart", () => {
  const traits = (id: string): unknown[] => {
    const { reasoning, prefill, sampling, jsonSchema, burndown } = bedrockModel(`anthropic.claude-${id}`);
    return [reasoning.kind, prefill, sampling.temperature, jsonSchema, burndown];
  };
  assert.deepEqual(traits("3-5-sonnet-20241022-v2:0"), ["none", true, "yes", "tool", 1]);
  assert.deepEqual(traits("3-7-sonnet-20250219-v1:0"), ["claude-budget", true, "yes", "tool", 5]);
  assert.deepEqual(traits("opus-4-20250514-v1:0"), ["claude-budget", true, "yes", "tool", 5]);
  assert.deepEqual(traits("sonnet-4-5-20250929-v1:0"), ["claude-budget", true, "yes", "native", 5]);
  assert.deepEqual(traits("opus-4-6-v1"), ["claude-adaptive", false, "yes", "native", 5]);
  assert.deepEqual(traits("opus-4-7"), ["claude-adaptive", false, "deprecated", "tool", 5]);
  assert.deepEqual(traits("sonnet-5"), ["claude-adaptive", false, "deprecated", "tool", 5]);
});

test("a model that is not listed can do the least, and a new Claude what the newest can", () => {
  const unknown = bedrockModel("nobody.knows-this");
  assert.equal(unknown.known, false);
  assert.equal(unknown.images || unknown.prefill || unknown.toolChoice.any, false);
  const claude = bedrockModel("anthropic.claude-opus-7");
  assert.equal(claude.known, false);
  assert.equal(claude.sampling.temperature, "deprecated");
  assert.equal(claude.apis.invokeBody, "anthropic");
});

test("what is no chat is not served as one", () => {
  for (const id of ["amazon.nova-canvas-v1:0", "amazon.nova-2-sonic-v1:0", "amazon.rerank-v1:0"])
    assert.equal(bedrockModel(id).apis.converse, false, id);
});

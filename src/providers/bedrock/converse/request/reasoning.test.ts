import assert from "node:assert/strict";
import test from "node:test";
import { bedrockModel } from "../../../../catalog/bedrock-models.ts";
import {
  assistant,
  call,
  GPT_OSS,
  NOVA_2,
  NOVA_PRO,
  QWEN,
  result,
  SONNET_45,
  SONNET_46,
  told,
  tool,
  user,
  write,
} from "../support.test.ts";

function fields(reasoningEffort: string, model = SONNET_45, more: Parameters<typeof write>[0] = {}): unknown {
  return write({ reasoningEffort, ...more }, model).body.additionalModelRequestFields;
}

test("each family is told to think in its own words", () => {
  assert.deepEqual(fields("high", SONNET_46), {
    thinking: { type: "adaptive" },
    output_config: { effort: "high" },
  });
  assert.deepEqual(fields("high", SONNET_45), { thinking: { type: "enabled", budget_tokens: 16_384 } });
  assert.deepEqual(fields("low", GPT_OSS), { reasoning_effort: "low" });
  assert.deepEqual(fields("high", QWEN), { reasoning_config: "high" });
  assert.deepEqual(fields("medium", NOVA_2), {
    reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" },
  });
  assert.deepEqual(fields("high", bedrockModel("openai.gpt-5.5")), { reasoning: { effort: "high" } });
  assert.equal(
    write({ reasoningEffort: "high" }, bedrockModel("xai.grok-4.3")).body.outputConfig.effort,
    "high",
  );
});

test("a budget is less than the limit of output and at least 1,024", () => {
  for (const maxOutputTokens of [1_025, 1_500, 4_000, 100_000]) {
    const { budget_tokens } = write({ reasoningEffort: "max", maxOutputTokens }).body
      .additionalModelRequestFields.thinking;
    assert.ok(
      budget_tokens >= 1_024 && budget_tokens < maxOutputTokens,
      `${maxOutputTokens}: ${budget_tokens}`,
    );
  }
  const written = write({ reasoningEffort: "low", maxOutputTokens: 1_024 });
  assert.equal(written.body.additionalModelRequestFields, undefined);
  assert.deepEqual(told(written), ["reasoning_effort has no room in 1024 tokens of output"]);
});

test("our own cap counts for the budget, too", () => {
  const { body } = write({ reasoningEffort: "high", maxOutputTokens: 50_000 }, SONNET_45, {
    outputCap: 2_000,
  });
  assert.equal(body.inferenceConfig.maxTokens, 2_000);
  assert.equal(body.additionalModelRequestFields.thinking.budget_tokens, 1_600);
});

test("temperature and top_p have no say while Claude thinks, which is told unless they say nothing", () => {
  const written = write({ reasoningEffort: "high", temperature: 0.2, topP: 0.9 }, SONNET_46);
  assert.equal(written.body.inferenceConfig, undefined);
  assert.deepEqual(told(written), [
    "temperature is 1 while the model thinks",
    "top_p may not be chosen while the model thinks",
  ]);
  assert.deepEqual(write({ reasoningEffort: "high", temperature: 1, topP: 1 }, SONNET_46).lost, []);
});

test("Claude does not think where a tool is forced", () => {
  const written = write({ reasoningEffort: "high", tools: [tool("look")], toolChoice: "any" });
  assert.equal(written.body.additionalModelRequestFields, undefined);
  assert.deepEqual(told(written), ["reasoning_effort has no place where a tool must be called"]);
});

test("a budget needs the thoughts before the last calls; an adaptive model does not", () => {
  const tools = [tool("look")];
  const unthought = [user("x"), assistant(call("a")), user(result("a"))];
  const thought = [
    user("x"),
    assistant({ type: "reasoning", text: "t", signature: "s" }, call("a")),
    user(result("a")),
  ];
  assert.match(
    told(write({ reasoningEffort: "high", tools, messages: unthought }))[0] ?? "",
    /needs the thoughts/,
  );
  assert.deepEqual(write({ reasoningEffort: "high", tools, messages: thought }).lost, []);
  assert.deepEqual(write({ reasoningEffort: "high", tools, messages: unthought }, SONNET_46).lost, []);
});

test("not to think is said as the model wants it, and told where it cannot be", () => {
  assert.equal(fields("none", SONNET_45), undefined);
  assert.deepEqual(fields("none", bedrockModel("anthropic.claude-opus-5")), {
    thinking: { type: "disabled" },
  });
  assert.deepEqual(fields("none", bedrockModel("openai.gpt-5.4")), { reasoning: { effort: "none" } });
  assert.deepEqual(told(write({ reasoningEffort: "none" }, GPT_OSS)), [
    "reasoning_effort cannot be none: this model always thinks",
  ]);
  assert.deepEqual(write({ reasoningEffort: "none" }, NOVA_PRO).lost, []);
});

test("a word that the model does not know becomes its neighbour, and that is told", () => {
  const written = write({ reasoningEffort: "minimal" }, GPT_OSS);
  assert.deepEqual(written.body.additionalModelRequestFields, { reasoning_effort: "low" });
  assert.deepEqual(told(written), ["reasoning_effort minimal is not known to this model, which gets low"]);
  assert.deepEqual(fields("xhigh", SONNET_46), {
    thinking: { type: "adaptive" },
    output_config: { effort: "high" },
  });
  assert.deepEqual(told(write({ reasoningEffort: "wild" }, GPT_OSS)), [
    "reasoning_effort has no meaning: wild",
  ]);
});

test("a model that does not think is not told to", () => {
  const written = write({ reasoningEffort: "high" }, NOVA_PRO);
  assert.equal(written.body.additionalModelRequestFields, undefined);
  assert.deepEqual(told(written), ["reasoning_effort cannot be chosen for this model"]);
});

test("Nova thinks hard only without a limit of output, for it takes no such limit then", () => {
  const capped = write({ reasoningEffort: "high", maxOutputTokens: 500 }, NOVA_2);
  assert.equal(capped.body.additionalModelRequestFields.reasoningConfig.maxReasoningEffort, "medium");
  assert.equal(capped.body.inferenceConfig.maxTokens, 500);
  assert.deepEqual(told(capped), ["reasoning_effort cannot be high where output is limited; it is medium"]);
  const free = write({ reasoningEffort: "high", temperature: 0.5 }, NOVA_2);
  assert.equal(free.body.inferenceConfig, undefined);
  assert.equal(free.body.additionalModelRequestFields.reasoningConfig.maxReasoningEffort, "high");
});

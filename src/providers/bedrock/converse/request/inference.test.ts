import assert from "node:assert/strict";
import test from "node:test";
import { bedrockModel } from "../../../../catalog/bedrock-models.ts";
import { GPT_OSS, HAIKU_3, NOVA_PRO, OPUS_47, QWEN, SONNET_45, told, write } from "../support.test.ts";

test("the lower of the client's limit and ours is sent, and either alone", () => {
  const maxTokens = (maxOutputTokens: number | undefined, outputCap: number | undefined): unknown =>
    write({ maxOutputTokens }, SONNET_45, { outputCap }).body.inferenceConfig?.maxTokens;
  assert.equal(maxTokens(100, 50), 50);
  assert.equal(maxTokens(50, 100), 50);
  assert.equal(maxTokens(100, undefined), 100);
  assert.equal(maxTokens(undefined, 100), 100);
  assert.equal(maxTokens(undefined, undefined), undefined);
});

test("temperature and top_p are sent as they are within Converse's range", () => {
  const { body, lost } = write({ temperature: 0.7, topP: 0.9 }, HAIKU_3);
  assert.deepEqual(body.inferenceConfig, { temperature: 0.7, topP: 0.9 });
  assert.deepEqual(lost, []);
});

test("a temperature above 1 becomes 1, and that is told", () => {
  const written = write({ temperature: 1.4 }, NOVA_PRO);
  assert.equal(written.body.inferenceConfig.temperature, 1);
  assert.deepEqual(told(written), ["temperature may be 0 to 1 in Converse; 1 is sent for 1.4"]);
});

test("a deprecated temperature is left out, and that is told unless it is the default", () => {
  for (const model of [OPUS_47, bedrockModel("anthropic.claude-opus-5"), bedrockModel("xai.grok-4.3")]) {
    const written = write({ temperature: 0.7, topP: 0.5 }, model);
    assert.equal(written.body.inferenceConfig, undefined);
    assert.deepEqual(told(written), [
      "temperature is deprecated for this model",
      "top_p is deprecated for this model",
    ]);
    assert.deepEqual(write({ temperature: 1, topP: 1 }, model).lost, []);
  }
});

test("temperature and top_p do not go together to Claude 4.5", () => {
  const written = write({ temperature: 0.7, topP: 0.5 }, SONNET_45);
  assert.deepEqual(written.body.inferenceConfig, { temperature: 0.7 });
  assert.deepEqual(told(written), ["top_p may not stand beside temperature for this model"]);
  assert.deepEqual(write({ temperature: 0.7, topP: 1 }, SONNET_45).lost, []);
  assert.deepEqual(write({ topP: 0.5 }, SONNET_45).body.inferenceConfig, { topP: 0.5 });
});

test("blank stop sequences are left out, and that is told", () => {
  const written = write({ stop: ["", "END", "\n"] });
  assert.deepEqual(written.body.inferenceConfig.stopSequences, ["END"]);
  assert.deepEqual(told(written), ["stop may not be blank"]);
});

test("stop sequences above 2,500 are left out, and all of them where the model knows none", () => {
  const many = write({ stop: Array.from({ length: 2_501 }, (_, index) => `s${index}`) });
  assert.equal(many.body.inferenceConfig.stopSequences.length, 2_500);
  assert.deepEqual(told(many), ["stop may be 2500 texts at most"]);
  for (const model of [GPT_OSS, QWEN]) {
    const written = write({ stop: ["END"] }, model);
    assert.equal(written.body.inferenceConfig, undefined);
    assert.deepEqual(told(written), ["stop is not known to this model"]);
  }
});

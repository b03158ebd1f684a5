import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { BEDROCK_PREFIXES, parseBedrockModelId } from "./bedrock-model-id.ts";

const CANONICAL = "anthropic.claude-sonnet-4-5-20250929-v1:0";

test("a bare id is its own canonical form", () => {
  assert.deepEqual(parseBedrockModelId(CANONICAL), {
    prefix: undefined,
    canonical: CANONICAL,
    base: "anthropic.claude-sonnet-4-5-20250929",
    vendor: "anthropic",
    context: undefined,
    arnKind: undefined,
    region: undefined,
    account: undefined,
    needsResolution: false,
  });
});

test("every prefix of the closed list comes off, alone and inside a profile's ARN", () => {
  for (const prefix of BEDROCK_PREFIXES) {
    const id = `${prefix}.${CANONICAL}`;
    const parsed = parseBedrockModelId(id);
    assert.equal(parsed.prefix, prefix);
    assert.equal(parsed.canonical, CANONICAL);
    const arn = parseBedrockModelId(`arn:aws:bedrock:us-east-1:123456789012:inference-profile/${id}`);
    assert.deepEqual(
      [arn.prefix, arn.canonical, arn.arnKind, arn.region, arn.account, arn.needsResolution],
      [prefix, CANONICAL, "inference-profile", "us-east-1", "123456789012", false],
    );
  }
});

test("what looks like a prefix and is a vendor stays", () => {
  assert.deepEqual(pick("ca.model-1"), [undefined, "ca.model-1", "ca"]);
  assert.deepEqual(pick("deepseek.v3.2"), [undefined, "deepseek.v3.2", "deepseek"]);
  assert.deepEqual(pick("us.deepseek.v3.2"), ["us", "deepseek.v3.2", "deepseek"]);
  assert.deepEqual(pick("mars.anthropic.claude"), [undefined, "mars.anthropic.claude", "mars"]);
  assert.deepEqual(pick("claude"), [undefined, "claude", ""]);
});

test("a foundation model's ARN has no account and reveals the model", () => {
  const arn = parseBedrockModelId(`arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/${CANONICAL}`);
  assert.deepEqual(
    [arn.arnKind, arn.region, arn.account, arn.canonical, arn.needsResolution],
    ["foundation-model", "us-gov-west-1", undefined, CANONICAL, false],
  );
});

test("ARNs that do not reveal the model say that it must be looked up", () => {
  const account = "arn:aws:bedrock:eu-central-1:123456789012:";
  const arns = [
    [`${account}application-inference-profile/a1b2c3d4`, "application-inference-profile"],
    [`${account}provisioned-model/xyz`, "provisioned-model"],
    [`${account}custom-model-deployment/xyz`, "custom-model-deployment"],
    [`${account}imported-model/xyz`, "imported-model"],
    [`${account}prompt/ABCDEFGHIJ:1`, "prompt"],
    [`${account}prompt-router/xyz`, "prompt-router"],
    [`${account}default-prompt-router/anthropic.claude:1`, "prompt-router"],
    ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/jumpstart-1", "sagemaker-endpoint"],
    [`${account}something-new/xyz`, undefined],
  ] as const;
  for (const [arn, kind] of arns) {
    const parsed = parseBedrockModelId(arn);
    assert.deepEqual(
      [parsed.arnKind, parsed.needsResolution, parsed.canonical, parsed.vendor],
      [kind, true, arn, ""],
    );
  }
});

test("a suffix for a context length comes off", () => {
  const parsed = parseBedrockModelId("us.anthropic.claude-3-haiku-20240307-v1:0:200k");
  assert.deepEqual([parsed.canonical, parsed.context], ["anthropic.claude-3-haiku-20240307-v1:0", "200k"]);
  assert.equal(
    parseBedrockModelId("amazon.titan-embed-text-v1:2:8k").canonical,
    "amazon.titan-embed-text-v1:2",
  );
});

test("ids of one model have their base in common, with a first version and without", () => {
  for (const id of ["openai.gpt-oss-120b", "openai.gpt-oss-120b-1:0", "us.openai.gpt-oss-120b-1:0"])
    assert.equal(parseBedrockModelId(id).base, "openai.gpt-oss-120b");
  for (const id of ["anthropic.claude-opus-4-6-v1", "global.anthropic.claude-opus-4-6"])
    assert.equal(parseBedrockModelId(id).base, "anthropic.claude-opus-4-6");
});

test("a later version is another model", () => {
  const v1 = parseBedrockModelId("amazon.titan-embed-text-v1");
  const v2 = parseBedrockModelId("amazon.titan-embed-text-v2:0");
  assert.notEqual(v1.base, v2.base);
  assert.notEqual(
    parseBedrockModelId("cohere.embed-english-v3").base,
    parseBedrockModelId("cohere.embed-v4:0").base,
  );
});

test("no text is refused, and what is not an ARN loses nothing but its prefix and context", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { prefix, canonical, context } = parseBedrockModelId(text);
      const rest = context === undefined ? canonical : `${canonical}:${context}`;
      assert.equal(prefix === undefined ? rest : `${prefix}.${rest}`, text);
    }),
  );
});

function pick(id: string): readonly unknown[] {
  const { prefix, canonical, vendor } = parseBedrockModelId(id);
  return [prefix, canonical, vendor];
}

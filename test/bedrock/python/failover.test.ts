import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "../../../src/emulator/index.ts";
import { chunk, Engine, failing, sse, answer } from "../../support/engine.ts";
import { NO_BOTO3, type Outcome } from "./boto3.ts";
import { collected, converseOf, TIME, WEATHER } from "./converse-replies.ts";
import { asking, MODELS, replyOf, startSetup } from "./setup.ts";

/** Routes of several targets, asked by boto3: what one refuses another serves, whatever either speaks. */

const skip = NO_BOTO3;
const SONNET_ARN = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/";

test("a route across Bedrock and an engine", { skip }, async (suite) => {
  await using engine = await Engine.start();
  await using setup = await startSetup({
    labels: false,
    providers: `  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }`,
    targets: `  eng: { provider: eng, model: eng-up, tier: dedicated, price: { input: 1, output: 2 } }
  bare: { provider: aws, model: anthropic.claude-sonnet-4-5-20250929-v1:0, tier: premium, price: { input: 1, output: 2 } }
  opus: { provider: aws, model: us.anthropic.claude-opus-4-5-20251101-v1:0, tier: premium, price: { input: 1, output: 2 } }
  old: { provider: aws, model: us.anthropic.claude-opus-4-7, tier: premium, price: { input: 1, output: 2 } }
`,
    config: `tasks:
  aws.first: { targets: [sonnet, eng] }
  eng.first: { targets: [eng, sonnet] }
  wrong.model: { targets: [bare, nova] }
  two.claudes: { targets: [sonnet, opus] }
  claude.nova: { targets: [sonnet, nova] }
  deprecated: { targets: [old, sonnet] }
  embeds: { targets: [titan, nova] }
`,
  });
  const { emulator } = setup;
  const throttled: Fault = { kind: "error", exception: "ThrottlingException", model: MODELS.sonnet };

  async function served(outcome: Outcome, target: string, attempts: number): Promise<void> {
    replyOf(outcome);
    const record = await setup.record(outcome);
    assert.equal(record.target, target);
    assert.equal(record.status, "answered");
    assert.equal(record.attempts.length, attempts);
    assert.equal(record.estimated, false);
    assert.equal(outcome.metadata?.HTTPHeaders["x-switchyard-attempts"], String(attempts));
  }

  /** A conversation in which the first Claude has thought. */
  async function thought(): Promise<{ readonly history: readonly object[]; readonly params: object }> {
    const params = {
      inferenceConfig: { maxTokens: 3_000 },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
    };
    const messages = [{ role: "user", content: [{ text: "think" }] }];
    const { output } = converseOf(await setup.call("converse", { modelId: "sonnet", messages, ...params }));
    assert.ok(output.message.content[0]?.reasoningContent !== undefined);
    const more = { role: "user", content: [{ text: "and now?" }] };
    return { history: [...messages, output.message, more], params };
  }

  suite.beforeEach(() => emulator.setFaults([]));

  await suite.test(
    "goes on to the engine when Bedrock throttles, and to Bedrock when the engine fails",
    async () => {
      for (const name of ["converse", "converse_stream"]) {
        emulator.setFaults([throttled]);
        engine.script = answer();
        await served(await setup.call(name, { modelId: "aws.first", ...asking("hi") }), "eng", 2);
        emulator.setFaults([]);
        engine.script = failing(500);
        await served(await setup.call(name, { modelId: "eng.first", ...asking("hi") }), "sonnet", 2);
      }
    },
  );

  await suite.test(
    "goes on where the first frame is an exception, or the stream ends before its first",
    async () => {
      engine.script = answer();
      for (const fault of [
        { kind: "exception", exception: "internalServerException", model: MODELS.sonnet },
        { kind: "cut", at: "start", model: MODELS.sonnet },
      ] as const) {
        emulator.setFaults([fault]);
        const outcome = await setup.call("converse_stream", { modelId: "aws.first", ...asking("hi") });
        replyOf(outcome);
        assert.equal(collected(outcome.events).text, "one two three");
        assert.equal((await setup.record(outcome)).target, "eng");
      }
    },
  );

  await suite.test("does not go on once boto3 has seen an event", async () => {
    engine.script = (_request, response) => {
      sse(response);
      response.write(chunk("one "), () => response.destroy());
    };
    const outcome = await setup.call("converse_stream", { modelId: "eng.first", ...asking("hi") });
    assert.equal(outcome.error?.kind, "EventStreamError");
    assert.equal(outcome.events.filter(({ messageStart }) => messageStart !== undefined).length, 1);
  });

  await suite.test("goes on where the refusal is about the model and not about the request", async () => {
    for (const name of ["converse", "converse_stream"]) {
      await served(await setup.call(name, { modelId: "wrong.model", ...asking("hi") }), "nova", 2);
      const warm = { modelId: "deprecated", ...asking("hi"), inferenceConfig: { temperature: 0.5 } };
      await served(await setup.call(name, warm), "sonnet", 2);
    }
  });

  await suite.test("leaves out a model that takes no conversations", async () => {
    const outcome = await setup.call("converse", { modelId: "embeds", ...asking("hi") });
    await served(outcome, "nova", 1);
    const alone = await setup.call("converse", { modelId: "titan", ...asking("hi") });
    assert.equal(alone.error?.kind, "ValidationException");
    assert.match(alone.error.said ?? "", /takes no conversations/);
  });

  await suite.test("keeps a conversation with tools when it moves from Bedrock to an engine", async () => {
    const toolConfig = { tools: [WEATHER, TIME] };
    const messages = [{ role: "user", content: [{ text: "call get_weather and get_time" }] }];
    const first = converseOf(await setup.call("converse", { modelId: "aws.first", messages, toolConfig }));
    const content = first.output.message.content.flatMap(({ toolUse }) =>
      toolUse === undefined
        ? []
        : [{ toolResult: { toolUseId: toolUse.toolUseId, content: [{ text: "x" }] } }],
    );
    assert.equal(content.length, 2);
    emulator.setFaults([throttled]);
    engine.script = answer();
    const params = {
      modelId: "aws.first",
      messages: [...messages, first.output.message, { role: "user", content }],
      toolConfig,
    };
    await served(await setup.call("converse", params), "eng", 2);
  });

  await suite.test("keeps a conversation with signed thoughts when it moves to another model", async () => {
    const { history, params } = await thought();
    emulator.setFaults([throttled]);
    for (const name of ["converse", "converse_stream"])
      await served(
        await setup.call(name, { modelId: "two.claudes", messages: history, ...params }),
        "opus",
        2,
      );
  });

  await suite.test("keeps a conversation with signed thoughts when it moves to an engine", async () => {
    const { history } = await thought();
    emulator.setFaults([throttled]);
    engine.script = answer();
    for (const name of ["converse", "converse_stream"])
      await served(await setup.call(name, { modelId: "aws.first", messages: history }), "eng", 2);
    assert.doesNotMatch(engine.lastBody, /signature|reasoning/);
  });

  await suite.test("meets one target by every name that AWS has for its profile", async () => {
    for (const modelId of [MODELS.sonnet, "sonnet"])
      await served(await setup.call("converse", { modelId, ...asking("hi") }), "sonnet", 1);
    const { error } = await setup.call("converse", { modelId: SONNET_ARN + MODELS.sonnet, ...asking("hi") });
    assert.equal(error?.kind, "ResourceNotFoundException");
  });

  await suite.test("says what it cost, and on which target", async () => {
    const outcome = await setup.call("converse", { modelId: "eng.first", ...asking("hi") });
    replyOf(outcome);
    const headers = outcome.metadata?.HTTPHeaders ?? {};
    const record = await setup.record(outcome);
    assert.equal(Number(headers["x-switchyard-cost-usd"]) * 1e9, Number(record.costNano));
  });
});

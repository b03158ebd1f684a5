import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type ConverseStreamOutput,
} from "@aws-sdk/client-bedrock-runtime";
import { getToken } from "@aws/bedrock-token-generator";
import { PLAIN, USAGE } from "../../support/engine.ts";
import { costOf, modelOf, startLab, type Aws, type AwsOptions, type Lab, type TargetName } from "./setup.ts";

/** The AWS SDK against the gateway: each operation, over both versions of HTTP, with each sort of credentials. */

const ask = (text: string) => [{ role: "user" as const, content: [{ text }] }];

/** Every way in which an SDK may come. */
const WAYS: Readonly<Record<string, (lab: Lab) => AwsOptions | Promise<AwsOptions>>> = {
  "a key over HTTP/2": () => ({}),
  "a key over HTTP/1.1": () => ({ http1: true }),
  "a pair over HTTP/2": (lab) => ({ credentials: lab.pair() }),
  "a pair over HTTP/1.1": (lab) => ({ credentials: lab.pair(), http1: true }),
  "a short-term key over HTTP/2": async (lab) => ({ key: await shortTerm(lab) }),
  "a short-term key over HTTP/1.1": async (lab) => ({ key: await shortTerm(lab), http1: true }),
};

function shortTerm(lab: Lab): Promise<string> {
  return getToken({ credentials: lab.pair(), region: "eu-central-1", expiresInSeconds: 900 });
}

async function collect(stream: AsyncIterable<ConverseStreamOutput> | undefined): Promise<{
  text: string;
  events: ConverseStreamOutput[];
  usage: NonNullable<ConverseStreamOutput.MetadataMember["metadata"]["usage"]> | undefined;
}> {
  const events = await Array.fromAsync(stream ?? []);
  const text = events.map((event) => event.contentBlockDelta?.delta?.text ?? "").join("");
  return { text, events, usage: events.find(({ metadata }) => metadata !== undefined)?.metadata?.usage };
}

async function booked(
  aws: Aws,
  target: TargetName,
  tokens: Parameters<typeof costOf>[1] | undefined,
): Promise<void> {
  assert.ok(tokens !== undefined, "the reply tells its tokens");
  const record = await aws.record();
  assert.equal(record.status, "answered");
  assert.equal(record.dialect, "bedrock");
  assert.equal(record.target, target);
  assert.equal(record.tenant, "acme");
  assert.equal(record.estimated, false);
  assert.equal(record.costNano, costOf(target, tokens));
  assert.ok(record.costNano > 0n);
}

for (const [way, options] of Object.entries(WAYS)) {
  test(`Converse and ConverseStream reach Bedrock, an engine and the simulator with ${way}`, async () => {
    await using lab = await startLab();
    const aws = lab.aws(await options(lab));
    for (const target of ["claude", "nova", "llama", "oss", "engine", "sim"] as const) {
      const reply = await aws.client.send(new ConverseCommand({ modelId: target, messages: ask("Hello") }));
      assert.equal(reply.stopReason, "end_turn", target);
      assert.equal(reply.output?.message?.role, "assistant");
      assert.ok(reply.output.message.content?.some(({ text }) => text !== undefined && text !== ""));
      assert.ok((reply.metrics?.latencyMs ?? -1) >= 0);
      await booked(aws, target, reply.usage);

      const streamed = await aws.client.send(
        new ConverseStreamCommand({ modelId: target, messages: ask("Hello") }),
      );
      const { text, events, usage } = await collect(streamed.stream);
      assert.notEqual(text, "", target);
      assert.deepEqual(events[0], { messageStart: { role: "assistant" } });
      assert.equal(events.at(-2)?.messageStop?.stopReason, "end_turn");
      assert.ok(events.at(-1)?.metadata !== undefined);
      await booked(aws, target, usage);
    }
    const bedrockCalls = lab.emulator.requests();
    assert.equal(bedrockCalls.length, 8);
    assert.ok(bedrockCalls.every(({ signedBy, status }) => signedBy?.kind === "sigv4" && status === 200));
    assert.ok(bedrockCalls.every(({ signedBy }) => signedBy?.region === "us-east-1"));
    assert.deepEqual(lab.gateway.bugs, []);
  });

  test(`InvokeModel, its stream and CountTokens reach Bedrock with ${way}`, async () => {
    await using lab = await startLab();
    const aws = lab.aws(await options(lab));
    const body = JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello" }],
    });
    const reply = await aws.client.send(new InvokeModelCommand({ modelId: "claude", body }));
    const message = JSON.parse(reply.body.transformToString()) as {
      id: string;
      content: { text: string }[];
      usage: { input_tokens: number; output_tokens: number };
    };
    assert.match(message.id, /^msg_bdrk_/);
    assert.notEqual(message.content[0]?.text, "");
    assert.equal(aws.headers()["x-amzn-bedrock-input-token-count"], String(message.usage.input_tokens));
    await booked(aws, "claude", {
      inputTokens: message.usage.input_tokens,
      outputTokens: message.usage.output_tokens,
    });

    const streamed = await aws.client.send(
      new InvokeModelWithResponseStreamCommand({ modelId: "claude", body }),
    );
    const chunks = await Array.fromAsync(streamed.body ?? []);
    const events = chunks.map(
      ({ chunk }) =>
        JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as {
          type: string;
          "amazon-bedrock-invocationMetrics"?: { inputTokenCount: number; outputTokenCount: number };
        },
    );
    assert.equal(events[0]?.type, "message_start");
    assert.equal(events.at(-1)?.type, "message_stop");
    const metrics = events.at(-1)?.["amazon-bedrock-invocationMetrics"];
    await booked(aws, "claude", {
      inputTokens: metrics?.inputTokenCount,
      outputTokens: metrics?.outputTokenCount,
    });

    const counted = await aws.client.send(
      new CountTokensCommand({
        modelId: "claude",
        input: { converse: { messages: ask("Hello, how many tokens is this?") } },
      }),
    );
    assert.ok((counted.inputTokens ?? 0) > 5);
    const record = await aws.record();
    assert.equal(record.operation, "count-tokens");
    assert.equal(record.costNano, 0n);
    assert.deepEqual(lab.gateway.bugs, []);
  });
}

test("an invocation's body may be counted as well as a conversation", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const body = Buffer.from(
    JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello" }],
    }),
  );
  const counted = await client.send(
    new CountTokensCommand({ modelId: "claude", input: { invokeModel: { body } } }),
  );
  const used = await client.send(new ConverseCommand({ modelId: "claude", messages: ask("Hello") }));
  assert.equal(counted.inputTokens, used.usage?.inputTokens);
});

test("what an engine says of its tokens is what the client is told and what is charged", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const reply = await aws.client.send(new ConverseCommand({ modelId: "engine", messages: ask("Hello") }));
  const engineText = (JSON.parse(PLAIN) as { choices: { message: { content: string } }[] }).choices[0]
    ?.message;
  assert.equal(reply.output?.message?.content?.[0]?.text, engineText?.content);
  assert.equal(reply.usage?.inputTokens, USAGE.prompt_tokens);
  assert.equal(reply.usage.outputTokens, USAGE.completion_tokens);
  assert.equal(reply.usage.totalTokens, USAGE.total_tokens);
  assert.equal((await aws.record()).costNano, 12n * 1_000n + 3n * 2_000n);
  assert.equal(aws.headers()["x-switchyard-cost-usd"], "0.000018");
});

test("a target, a task, a model id and ARNs with their slashes are all modelIds", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const names = {
    claude: "claude",
    "support.answer": "claude",
    [modelOf("nova")]: "nova",
    [modelOf("profile")]: "profile",
  };
  for (const [modelId, target] of Object.entries(names)) {
    const reply = await aws.client.send(new ConverseCommand({ modelId, messages: ask("Hello") }));
    assert.equal(aws.headers()["x-switchyard-target"], target, modelId);
    assert.equal((await aws.record()).costNano, costOf(target as TargetName, reply.usage ?? {}));
  }
  const asked = lab.emulator.requests().map(({ path }) => path.split("/")[2]);
  assert.ok(asked.includes(encodeURIComponent(modelOf("profile"))), asked.join(" "));
});

test("an API key of Bedrock's own is a provider's credential, too", async () => {
  await using lab = await startLab();
  const aws = lab.aws({ credentials: lab.pair() });
  await aws.client.send(new ConverseCommand({ modelId: "keyed", messages: ask("Hello") }));
  assert.equal(lab.emulator.requests().at(-1)?.signedBy?.kind, "api-key");
});

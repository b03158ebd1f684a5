import assert from "node:assert/strict";
import test from "node:test";
import { InvokeModelCommand, InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { costOf, startLab, type TargetName } from "./setup.ts";

/** The AWS SDK against the gateway: InvokeModel, whose body is its model's own. */

const SAY = "Say 60 words";

/** Each model's own body, how it names its limit of output, and where the answer's text stands. */
const BODIES: readonly {
  readonly target: TargetName;
  readonly body: object;
  readonly limit: (body: never) => unknown;
  readonly text: RegExp;
}[] = [
  {
    target: "claude",
    body: {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 300,
      messages: [{ role: "user", content: SAY }],
    },
    limit: ({ max_tokens: limit }: { max_tokens?: number }) => limit,
    text: /"text":"\w/,
  },
  {
    target: "nova",
    body: { schemaVersion: "messages-v1", messages: [{ role: "user", content: [{ text: SAY }] }] },
    limit: ({ inferenceConfig }: { inferenceConfig?: { maxTokens?: number } }) => inferenceConfig?.maxTokens,
    text: /"text":"\w/,
  },
  {
    target: "llama",
    body: {
      prompt: `<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n${SAY}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n`,
    },
    limit: ({ max_gen_len: limit }: { max_gen_len?: number }) => limit,
    text: /"generation":"\w/,
  },
  {
    target: "oss",
    body: { messages: [{ role: "user", content: SAY }] },
    limit: ({ max_completion_tokens: limit }: { max_completion_tokens?: number }) => limit,
    text: /"content":"\w/,
  },
];

for (const { target, body, limit, text } of BODIES)
  test(`a body of ${target}'s own passes, plain and streamed, and its tokens are charged`, async () => {
    await using lab = await startLab();
    const aws = lab.aws({ credentials: lab.pair() });
    const request = { modelId: target, body: JSON.stringify(body) };
    const reply = await aws.client.send(new InvokeModelCommand(request));
    assert.match(reply.body.transformToString(), text);
    assert.deepEqual(lab.sent(), body, "what the client wrote is what is sent");
    const whole = await aws.record();
    assert.equal(whole.operation, "invoke");
    assert.equal(
      whole.costNano,
      costOf(target, {
        inputTokens: Number(aws.headers()["x-amzn-bedrock-input-token-count"]),
        outputTokens: Number(aws.headers()["x-amzn-bedrock-output-token-count"]),
      }),
    );
    assert.ok((whole.usage?.outputTokens ?? 0) >= 60);

    const streamed = await aws.client.send(new InvokeModelWithResponseStreamCommand(request));
    const chunks = await Array.fromAsync(streamed.body ?? []);
    const last = JSON.parse(Buffer.from(chunks.at(-1)?.chunk?.bytes ?? []).toString()) as {
      "amazon-bedrock-invocationMetrics": { inputTokenCount: number; outputTokenCount: number };
    };
    const metrics = last["amazon-bedrock-invocationMetrics"];
    const record = await aws.record();
    assert.equal(record.stream, true);
    assert.equal(record.estimated, false);
    assert.equal(
      record.costNano,
      costOf(target, { inputTokens: metrics.inputTokenCount, outputTokens: metrics.outputTokenCount }),
    );

    // A target's own limit goes into the body where the client names none.
    await using capped = await startLab({ more: { [target]: ", maxOutputTokens: 9" } });
    const { max_tokens: _, ...free } = body as { max_tokens?: number };
    const client = capped.aws().client;
    const named = "max_tokens" in body ? 300 : undefined;
    await client.send(new InvokeModelCommand({ modelId: target, body: JSON.stringify(free) }));
    assert.equal(limit(capped.sent() as never), 9);
    assert.equal((await capped.last()).usage?.outputTokens, 9);
    if (named === undefined) return;
    await client.send(new InvokeModelCommand(request));
    assert.equal(limit(capped.sent() as never), named);
  });

test("an embedding is charged by its input alone", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const [modelId, body] of [
    ["titan", { inputText: "some words to embed" }],
    ["cohere3", { texts: ["some words", "to embed"], input_type: "search_document" }],
    [
      "nova-embed",
      {
        taskType: "SINGLE_EMBEDDING",
        singleEmbeddingParams: {
          embeddingPurpose: "GENERIC_INDEX",
          text: { value: "words", truncationMode: "END" },
        },
      },
    ],
  ] as const) {
    await aws.client.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
    const inputTokens = Number(aws.headers()["x-amzn-bedrock-input-token-count"]);
    assert.ok(inputTokens > 0);
    assert.equal((await aws.record()).costNano, costOf(modelId, { inputTokens }));
  }
});

test("words of the context in the metadata's header go no further, and the rest goes with the exchange's labels", async () => {
  await using lab = await startLab();
  const aws = lab.aws({ credentials: lab.pair() });
  const { body = {} } = BODIES[0] ?? {};
  await aws.client.send(
    new InvokeModelCommand({
      modelId: "claude",
      body: JSON.stringify(body),
      requestMetadata: JSON.stringify({ switchyard_user: "u1", "cost-center": "42" }),
    }),
  );
  const record = await aws.record();
  assert.equal(record.context?.user, "u1");
  assert.deepEqual(record.tags, { "cost-center": "42" });
  assert.ok(lab.emulator.requests().at(-1)?.headers.includes("x-amzn-bedrock-request-metadata"));
  assert.deepEqual(lab.sent(), body);
});

test("a model's own refusal of a body is the client's, as the model worded it", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  for (const body of ['{"messages":[]}', "{no json", '{"max_tokens":"many"}'])
    await assert.rejects(client.send(new InvokeModelCommand({ modelId: "claude", body })), {
      name: "ValidationException",
    });
  assert.ok(lab.gateway.records.every(({ costNano }) => costNano === 0n));
});

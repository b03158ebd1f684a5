import assert from "node:assert/strict";
import test from "node:test";
import { bytes, bytesOf, NO_BOTO3, type Outcome } from "./boto3.ts";
import { assertCharged, MODELS, replyOf, startSetup, type ConverseUsage, type Setup } from "./setup.ts";

/** boto3's invoke_model, invoke_model_with_response_stream and count_tokens on Bedrock targets. */

const skip = NO_BOTO3;
const CLAUDE = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 300,
  system: "Be brief.",
  messages: [{ role: "user", content: "Grüße, 你好 😀" }],
};
const NOVA = {
  schemaVersion: "messages-v1",
  messages: [{ role: "user", content: [{ text: "hi there" }] }],
  inferenceConfig: { maxTokens: 300 },
};

interface ClaudeUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_creation: { readonly ephemeral_1h_input_tokens: number };
}

interface ClaudeReply {
  readonly id: string;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly usage: ClaudeUsage;
}

/** The model's own JSON in a reply of invoke_model. */
function bodyOf(outcome: Outcome): unknown {
  const { body } = replyOf(outcome) as { body: unknown };
  return JSON.parse(bytesOf(body).toString());
}

/** The model's own events in a reply of invoke_model_with_response_stream. */
function chunksOf(outcome: Outcome): Record<string, unknown>[] {
  replyOf(outcome);
  return outcome.events.map(
    ({ chunk }) => JSON.parse(bytesOf(chunk?.["bytes"]).toString()) as Record<string, unknown>,
  );
}

/** Claude's usage in Converse's words. */
function inConversesWords(usage: ClaudeUsage): ConverseUsage {
  const { input_tokens: inputTokens, output_tokens: outputTokens } = usage;
  const read = usage.cache_read_input_tokens;
  const written = usage.cache_creation_input_tokens;
  return {
    inputTokens,
    outputTokens,
    cacheReadInputTokens: read,
    cacheWriteInputTokens: written,
    cacheDetails: [{ ttl: "1h", inputTokens: usage.cache_creation.ephemeral_1h_input_tokens }],
    totalTokens: inputTokens + outputTokens + read + written,
  };
}

function invoke(setup: Setup, modelId: string, body: object, more: object = {}): Promise<Outcome> {
  return setup.call("invoke_model", { modelId, body: JSON.stringify(body), ...more });
}

function stream(setup: Setup, modelId: string, body: object, more: object = {}): Promise<Outcome> {
  return setup.call("invoke_model_with_response_stream", { modelId, body: JSON.stringify(body), ...more });
}

test("boto3's invoke_model on Bedrock targets", { skip }, async (suite) => {
  await using setup = await startSetup();
  const { emulator } = setup;

  await suite.test("Claude answers in its own form, and is charged by its own usage", async () => {
    for (const modelId of ["sonnet", MODELS.sonnet, "haiku"]) {
      const outcome = await invoke(setup, modelId, CLAUDE);
      const reply = bodyOf(outcome) as ClaudeReply;
      assert.match(reply.id, /^msg_bdrk_/);
      assert.equal(reply.content[0]?.type, "text");
      const record = await setup.record(outcome);
      assertCharged(record, inConversesWords(reply.usage));
      assert.equal(record.operation, "invoke");
      assert.equal(emulator.requests().at(-1)?.body, JSON.stringify(CLAUDE));
      const headers = outcome.metadata?.HTTPHeaders ?? {};
      assert.equal(headers["x-amzn-bedrock-input-token-count"], String(reply.usage.input_tokens));
      assert.equal(headers["x-amzn-bedrock-output-token-count"], String(reply.usage.output_tokens));
    }
  });

  await suite.test("Claude streams its own events, and the last tells what is charged", async () => {
    const outcome = await stream(setup, "sonnet", CLAUDE);
    const chunks = chunksOf(outcome);
    assert.deepEqual(
      chunks.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]),
      [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
      ],
    );
    const plain = bodyOf(await invoke(setup, "sonnet", CLAUDE)) as ClaudeReply;
    const text = chunks.map(({ delta }) => (delta as { text?: string } | undefined)?.text ?? "").join("");
    assert.equal(text, plain.content[0]?.text);
    assertCharged(await setup.record(outcome), inConversesWords(plain.usage));
    assert.equal(emulator.requests().at(-2)?.body, JSON.stringify(CLAUDE));
  });

  await suite.test(
    "Claude's cache writes for an hour and for five minutes have each their price",
    async () => {
      const text = (label: string): string => `${label} ${"caching needs a long beginning ".repeat(400)}`;
      const cached = (label: string): object => ({
        ...CLAUDE,
        system: [
          { type: "text", text: text(`${label} hour`), cache_control: { type: "ephemeral", ttl: "1h" } },
          { type: "text", text: text(`${label} minutes`), cache_control: { type: "ephemeral" } },
        ],
      });
      const written = await invoke(setup, "sonnet", cached("plain"));
      const { usage } = bodyOf(written) as ClaudeReply;
      assert.ok(usage.cache_creation.ephemeral_1h_input_tokens > 1_024);
      assert.ok(usage.cache_creation_input_tokens > usage.cache_creation.ephemeral_1h_input_tokens + 1_024);
      assertCharged(await setup.record(written), inConversesWords(usage));
      const read = await invoke(setup, "sonnet", cached("plain"));
      assert.ok((bodyOf(read) as ClaudeReply).usage.cache_read_input_tokens > 2_048);
      assertCharged(await setup.record(read), inConversesWords((bodyOf(read) as ClaudeReply).usage));
      const streamed = await stream(setup, "sonnet", cached("streamed"));
      const [start] = chunksOf(streamed) as [{ message: { usage: ClaudeUsage } }];
      const metrics = chunksOf(streamed).at(-1)?.["amazon-bedrock-invocationMetrics"] as {
        outputTokenCount: number;
      };
      const whole = { ...start.message.usage, output_tokens: metrics.outputTokenCount };
      assertCharged(await setup.record(streamed), inConversesWords(whole));
    },
  );

  await suite.test("Nova answers and streams in its own form", async () => {
    for (const modelId of ["nova", "profile"]) {
      const outcome = await invoke(setup, modelId, NOVA);
      const reply = bodyOf(outcome) as { usage: ConverseUsage; output: unknown };
      assertCharged(await setup.record(outcome), reply.usage);
      const streamed = await stream(setup, modelId, NOVA);
      const chunks = chunksOf(streamed);
      assert.ok("messageStart" in (chunks[0] ?? {}));
      assertCharged(await setup.record(streamed), reply.usage);
      assert.ok("amazon-bedrock-invocationMetrics" in (chunks.at(-1) ?? {}));
    }
  });

  await suite.test("Titan embeds, and is charged by the header that alone tells its tokens", async () => {
    const outcome = await invoke(setup, "titan", { inputText: "embed this text", dimensions: 256 });
    const reply = bodyOf(outcome) as { embedding: number[]; inputTextTokenCount: number };
    assert.equal(reply.embedding.length, 256);
    const tokens = reply.inputTextTokenCount;
    assert.ok(tokens > 0);
    assertCharged(await setup.record(outcome), { inputTokens: tokens, outputTokens: 0, totalTokens: tokens });
  });

  await suite.test(
    "bytes of a body go on as they are, with members and numbers that nobody knows",
    async () => {
      const body =
        '{ "anthropic_version":"bedrock-2023-05-31",\n "max_tokens": 3.0e2, "messages":[{"role":"user","content":"\\u00e9 \\ud83d\\ude00"}] }';
      const outcome = await setup.call("invoke_model", { modelId: "sonnet", body: bytes(body) });
      replyOf(outcome);
      assert.equal(emulator.requests().at(-1)?.body, body);
    },
  );

  await suite.test(
    "what InvokeModel says in headers goes on: accept, trace, tier, latency, guardrail",
    async () => {
      const more = {
        accept: "application/json",
        contentType: "application/json",
        trace: "ENABLED",
        serviceTier: "flex",
        performanceConfigLatency: "standard",
      };
      const outcome = await invoke(setup, "nova", NOVA, more);
      const reply = replyOf(outcome) as Record<string, unknown>;
      assert.equal(reply["serviceTier"], "flex");
      assert.equal(reply["performanceConfigLatency"], "standard");
      assert.equal(reply["contentType"], "application/json");
      const names = emulator.requests().at(-1)?.headers ?? [];
      for (const name of ["accept", "x-amzn-bedrock-trace", "x-amzn-bedrock-service-tier"])
        assert.ok(names.includes(name), name);
      const streamed = await stream(setup, "nova", NOVA, more);
      chunksOf(streamed);
      assert.equal((streamed.reply as Record<string, unknown>)["contentType"], "application/json");
      assert.equal((streamed.reply as Record<string, unknown>)["serviceTier"], "flex");
    },
  );

  await suite.test("requestMetadata tells the context in its header", async () => {
    for (const call of [invoke, stream]) {
      const outcome = await call(setup, "nova", NOVA, {
        requestMetadata: JSON.stringify({
          switchyard_user: "ada",
          switchyard_feature: "search",
          team: "core",
        }),
      });
      replyOf(outcome);
      const record = await setup.record(outcome);
      assert.equal(record.context?.user, "ada");
      assert.equal(record.context.feature, "search");
      assert.deepEqual(record.tags, { team: "core" });
      assert.equal(record.status, "answered");
    }
    const broken = await invoke(setup, "nova", NOVA, { requestMetadata: "[1" });
    assert.equal(broken.error?.code, "ValidationException");
  });

  await suite.test("tokens are counted for free, for the base model of a profile", async () => {
    const converse = { messages: [{ role: "user", content: [{ text: "How many tokens is this?" }] }] };
    const sent = JSON.stringify({ ...CLAUDE, system: undefined });
    for (const input of [{ converse }, { invokeModel: { body: bytes(sent) } }]) {
      for (const modelId of ["sonnet", MODELS.sonnet]) {
        const outcome = await setup.call("count_tokens", { modelId, input });
        const { inputTokens } = replyOf(outcome) as { inputTokens: number };
        assert.ok(inputTokens > 3);
        assert.equal(emulator.requests().at(-1)?.model, "anthropic.claude-sonnet-4-5-20250929-v1:0");
        const record = await setup.record(outcome);
        assert.equal(record.operation, "count-tokens");
        assert.equal(record.status, "answered");
        assert.equal(record.costNano, 0n);
        assert.equal(record.estimated, false);
      }
    }
  });

  await suite.test("what is counted is what an invocation is charged for", async () => {
    const converse = {
      system: [{ text: "Be brief." }],
      messages: [{ role: "user", content: [{ text: "How many tokens is this?" }] }],
    };
    const { inputTokens } = replyOf(
      await setup.call("count_tokens", { modelId: "sonnet", input: { converse } }),
    ) as { inputTokens: number };
    const outcome = await setup.call("converse", { modelId: "sonnet", ...converse });
    replyOf(outcome);
    assert.equal((await setup.record(outcome)).usage?.inputTokens, inputTokens);
  });

  await suite.test("a model that does not count says so, as the service does", async () => {
    const input = { converse: { messages: [{ role: "user", content: [{ text: "hi" }] }] } };
    const outcome = await setup.call("count_tokens", { modelId: "nova", input });
    assert.equal(outcome.error?.kind, "ValidationException");
    assert.match(outcome.error.said ?? "", /doesn't support counting tokens/);
    assert.equal((await setup.record(outcome)).costNano, 0n);
  });

  await suite.test(
    "a body that its model refuses is a ValidationException with the model's own words",
    async () => {
      for (const call of [invoke, stream]) {
        const outcome = await call(setup, "sonnet", { max_tokens: 5, messages: CLAUDE.messages });
        assert.equal(outcome.error?.kind, "ValidationException");
        assert.match(outcome.error.said ?? "", /anthropic_version/);
        assert.equal(outcome.error.metadata?.HTTPStatusCode, 400);
        const record = await setup.record(outcome);
        assert.equal(record.status, "failed");
        assert.equal(record.costNano, 0n);
      }
      const embedding = await stream(setup, "titan", { inputText: "hi" });
      assert.equal(embedding.error?.kind, "ValidationException");
    },
  );

  await suite.test("a body that is no JSON is refused before it goes anywhere", async () => {
    const before = emulator.requests().length;
    for (const body of ["", "[]", "not json", '{"a":1,"a":2}']) {
      const outcome = await setup.call("invoke_model", { modelId: "sonnet", body });
      assert.equal(outcome.error?.kind, "ValidationException", JSON.stringify(outcome));
      assert.equal((await setup.record(outcome)).status, "refused");
    }
    assert.equal(emulator.requests().length, before);
  });
});

test(
  "boto3's invoke_model of a body that only its model knows is refused by a target of another kind, which says why",
  { skip },
  async () => {
    await using setup = await startSetup({
      providers: "  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 10000 }",
      targets: "  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 2 } }",
    });
    for (const outcome of [await invoke(setup, "sim", NOVA), await stream(setup, "sim", NOVA)]) {
      assert.equal(outcome.error?.kind, "ValidationException");
      assert.equal(outcome.error.metadata?.HTTPStatusCode, 400);
      const record = await setup.record(outcome);
      assert.equal(record.status, "refused");
      assert.equal(record.code, "unsupported_parameter");
      assert.equal(record.tenant, "acme");
      assert.match(outcome.error.said ?? "", /sim/);
    }
  },
);

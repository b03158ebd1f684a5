import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "../../../src/emulator/index.ts";
import { Engine, failing } from "../../support/engine.ts";
import { NO_BOTO3, type Outcome, type Params } from "./boto3.ts";
import { asking, clientFor, exchangeOf, replyOf, startSetup, type Setup } from "./setup.ts";

/** What boto3 raises when something goes wrong before a reply begins: Bedrock's exceptions, whoever failed. */

const skip = NO_BOTO3;
const CLAUDE = JSON.stringify({
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 50,
  messages: [{ role: "user", content: "hi" }],
});
const CALLS: readonly (readonly [name: string, params: Params])[] = [
  ["converse", asking("hi")],
  ["converse_stream", asking("hi")],
  ["invoke_model", { body: CLAUDE }],
  ["invoke_model_with_response_stream", { body: CLAUDE }],
];

interface Expected {
  readonly exception: string;
  readonly status: number;
  readonly code: string;
  readonly said?: RegExp;
  readonly recorded?: "failed" | "refused";
  /** Nobody says whether the prompt was read: it is charged by estimate. */
  readonly mayHaveRead?: boolean;
}

async function assertRefused(
  setup: Setup,
  outcome: Outcome,
  expected: Expected,
  what: string,
): Promise<void> {
  const { error } = outcome;
  assert.ok(error, `${what}: no error but ${JSON.stringify(outcome)}`);
  assert.equal(error.code, expected.exception, `${what}: ${JSON.stringify(error)}`);
  // All of these are of the service's own model, and so classes of boto3's client.
  assert.equal(error.kind, expected.exception, what);
  assert.equal(error.metadata?.HTTPStatusCode, expected.status, what);
  assert.match(error.said ?? "", expected.said ?? /./, what);
  assert.doesNotMatch(error.said ?? "", /AKIA|secret-access-key|undefined|\[object/, what);
  assert.deepEqual(outcome.events, [], what);
  const record = await setup.record(outcome);
  assert.equal(record.code, expected.code, what);
  assert.equal(record.status, expected.recorded ?? "failed", what);
  if (expected.mayHaveRead !== true) {
    assert.equal(record.costNano, 0n, what);
    assert.equal(record.usage, undefined, what);
  } else {
    assert.ok(record.costNano > 0n && record.estimated, what);
    assert.equal(record.usage?.outputTokens, 0);
  }
  assert.equal(record.tenant, "acme", what);
}

test("what Bedrock raises, boto3 raises", { skip }, async (suite) => {
  await using setup = await startSetup();
  const { emulator } = setup;
  suite.beforeEach(() => emulator.setFaults([]));
  const upstreamFailed = { exception: "InternalServerException", status: 500, code: "upstream_error" };
  const cases: readonly (readonly [what: string, fault: Fault, expected: Expected])[] = [
    [
      "a throttle",
      {
        kind: "error",
        exception: "ThrottlingException",
        message: "Too many tokens, please wait before trying again.",
      },
      {
        exception: "ThrottlingException",
        status: 429,
        code: "rate_limited",
        said: /Too many tokens, please wait/,
      },
    ],
    [
      "a quota",
      { kind: "error", exception: "ServiceQuotaExceededException", message: "Your quota is used up" },
      { exception: "ThrottlingException", status: 429, code: "rate_limited" },
    ],
    [
      "a fault of the request",
      { kind: "error", exception: "ValidationException", message: "The image at messages.0 is odd." },
      {
        exception: "ValidationException",
        status: 400,
        code: "invalid_request",
        said: /^The image at messages\.0 is odd\.$/,
      },
    ],
    [
      "a prompt that is too long",
      { kind: "error", exception: "ValidationException", message: "Input is too long for requested model." },
      { exception: "ValidationException", status: 400, code: "context_overflow", said: /Input is too long/ },
    ],
    [
      "a model that is not there",
      {
        kind: "error",
        exception: "ResourceNotFoundException",
        message: "This model version has reached the end of its life.",
      },
      {
        exception: "ResourceNotFoundException",
        status: 404,
        code: "model_not_found",
        said: /end of its life/,
      },
    ],
    [
      "a timeout of the model",
      { kind: "error", exception: "ModelTimeoutException" },
      { exception: "ModelTimeoutException", status: 408, code: "upstream_timeout" },
    ],
    [
      "a model that is not ready",
      { kind: "error", exception: "ModelNotReadyException" },
      { exception: "ServiceUnavailableException", status: 503, code: "no_target_available" },
    ],
    [
      "an error of the model",
      { kind: "error", exception: "ModelErrorException", members: { originalStatusCode: 500 } },
      upstreamFailed,
    ],
    ["an error of the service", { kind: "error", exception: "InternalServerException" }, upstreamFailed],
    ["a service that is away", { kind: "error", exception: "ServiceUnavailableException" }, upstreamFailed],
    [
      "our own lack of rights",
      {
        kind: "error",
        exception: "AccessDeniedException",
        message: "User: arn:aws:iam::123456789012:user/gateway is not authorized",
      },
      upstreamFailed,
    ],
    ["our own bad signature", { kind: "error", exception: "InvalidSignatureException" }, upstreamFailed],
    ["our own expired token", { kind: "error", exception: "ExpiredTokenException" }, upstreamFailed],
    ["a page of a proxy's", { kind: "error", status: 502 }, upstreamFailed],
    [
      "a bare throttle",
      { kind: "error", status: 429 },
      { exception: "ThrottlingException", status: 429, code: "rate_limited" },
    ],
    ["a connection that is reset", { kind: "reset" }, { ...upstreamFailed, mayHaveRead: true }],
  ];

  for (const [what, fault, expected] of cases) {
    await suite.test(`${what} is ${expected.exception} in every operation`, async () => {
      emulator.setFaults([fault]);
      for (const [name, params] of CALLS) {
        const outcome = await setup.call(name, { modelId: "sonnet", ...params });
        await assertRefused(setup, outcome, expected, `${what}, ${name}`);
        assert.doesNotMatch(outcome.error?.said ?? "", /arn:aws:iam/);
        const record = await setup.record(outcome);
        assert.equal(record.attempts.length, 1);
      }
    });
  }

  await suite.test("a throttle tells when to come again", async () => {
    emulator.setFaults([{ kind: "error", exception: "ThrottlingException", retryAfterSeconds: 7 }]);
    const { error } = await setup.call("converse", { modelId: "sonnet", ...asking("hi") });
    assert.equal(error?.metadata?.HTTPHeaders["retry-after"], "7");
  });

  await suite.test("what the service said keeps its one full stop", async () => {
    emulator.setFaults([{ kind: "error", exception: "ThrottlingException", message: "Too many requests." }]);
    const { error } = await setup.call("converse", { modelId: "sonnet", ...asking("hi") });
    assert.doesNotMatch(error?.said ?? "", /\.\./);
  });

  await suite.test("boto3's own retry of a throttle is another exchange", async () => {
    emulator.setFaults([{ kind: "error", exception: "ThrottlingException", first: 1 }]);
    const before = setup.gateway.records.length;
    const outcome = await setup.boto3.call({ ...setup.client, attempts: 3 }, "converse", {
      modelId: "sonnet",
      ...asking("hi"),
    });
    replyOf(outcome);
    assert.equal(outcome.metadata?.RetryAttempts, 1);
    await setup.record(outcome);
    assert.deepEqual(
      setup.gateway.records.slice(before).map(({ status }) => status),
      ["failed", "answered"],
    );
  });

  await suite.test("boto3 does not repeat what cannot be mended by repeating", async () => {
    const before = setup.gateway.records.length;
    const outcome = await setup.boto3.call({ ...setup.client, attempts: 3 }, "converse", {
      modelId: "nobody-knows-this",
      ...asking("hi"),
    });
    assert.equal(outcome.error?.kind, "ResourceNotFoundException");
    await setup.record(outcome);
    assert.equal(setup.gateway.records.length, before + 1);
  });
});

test("what the gateway refuses, boto3 raises", { skip }, async (suite) => {
  await using engine = await Engine.start(
    failing(429, '{"error":{"message":"slow down"}}', { "retry-after": "9" }),
  );
  await using setup = await startSetup({
    providers: `  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 100000 }
  gone: { kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }`,
    targets: `  eng: { provider: eng, model: eng-up, tier: dedicated, price: { input: 1, output: 2 } }
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 2 } }
  gone: { provider: gone, model: gone-up, tier: small, price: { input: 1, output: 2 } }
  hasty: { provider: aws, model: amazon.nova-pro-v1:0, tier: premium, price: { input: 1, output: 2 }, timeouts: { firstByte: 200ms } }
`,
    config: `tasks:
  fall.back: { targets: [eng, gone, nova] }
  all.bad: { targets: [gone, eng] }
policy:
  - { rule: no-premium-for-batch, when: { latency: batch }, deny: { tier: premium }, because: "it can wait" }
tenants:
  acme: { tasks: ["*"] }
  poor: { tasks: ["fall.*"] }
`,
  });
  const { gateway, boto3, emulator } = setup;
  const refused = { recorded: "refused" } as const;
  suite.beforeEach(() => emulator.setFaults([]));

  await suite.test("a model that nobody knows is a ResourceNotFoundException, encoded or not", async () => {
    for (const modelId of [
      "nope",
      "us.anthropic.claude-9:0",
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/x",
      "☃",
    ])
      for (const [name, params] of CALLS)
        await assertRefused(
          setup,
          await setup.call(name, { modelId, ...params }),
          { exception: "ResourceNotFoundException", status: 404, code: "model_not_found", ...refused },
          `${modelId} ${name}`,
        );
  });

  await suite.test(
    "a rule that excludes every target is an AccessDeniedException with its reason",
    async () => {
      const requestMetadata = { switchyard_latency: "batch" };
      for (const name of ["converse", "converse_stream"])
        await assertRefused(
          setup,
          await setup.call(name, { modelId: "sonnet", ...asking("hi"), requestMetadata }),
          {
            exception: "AccessDeniedException",
            status: 403,
            code: "policy_denied",
            said: /no-premium-for-batch.*it can wait/,
            ...refused,
          },
          name,
        );
    },
  );

  await suite.test("a target outside the key's list, and another tenant, are refused", async () => {
    const own = clientFor(gateway, { tenant: "poor" });
    const outside = await boto3.call(own, "converse", { modelId: "sonnet", ...asking("hi") });
    assert.ok(["AccessDeniedException", "ResourceNotFoundException"].includes(outside.error?.kind ?? ""));
    assert.equal((await setup.record(outside)).tenant, "poor");
    const acting = { ...setup.client, headers: { "x-switchyard-tenant": "poor" } };
    const foreign = await boto3.call(acting, "converse", { modelId: "sonnet", ...asking("hi") });
    assert.equal(foreign.error?.kind, "AccessDeniedException");
    const pinned = clientFor(gateway, { rights: { pinned: { user: "ada" } } });
    const other = await boto3.call(pinned, "converse", {
      modelId: "sonnet",
      ...asking("hi"),
      requestMetadata: { switchyard_user: "bob" },
    });
    assert.equal(other.error?.kind, "AccessDeniedException");
    assert.equal((await setup.record(other)).code, "forbidden");
  });

  await suite.test(
    "an exchange's own budget that leaves no output is a ServiceQuotaExceededException",
    async () => {
      const requestMetadata = { switchyard_budget: "0.000001" };
      await assertRefused(
        setup,
        await setup.call("converse", { modelId: "sonnet", ...asking("hi"), requestMetadata }),
        { exception: "ServiceQuotaExceededException", status: 400, code: "budget_exceeded", ...refused },
        "budget",
      );
    },
  );

  await suite.test("an exchange's budget caps the output where it leaves some", async () => {
    const requestMetadata = { switchyard_budget: "0.01" };
    const outcome = await setup.call("converse", {
      modelId: "sonnet",
      ...asking("tell me 4000 words"),
      requestMetadata,
    });
    const reply = replyOf(outcome) as { stopReason: string };
    assert.equal(reply.stopReason, "max_tokens");
    const record = await setup.record(outcome);
    assert.ok(record.costNano > 0n && record.costNano <= 10_000_000n, String(record.costNano));
  });

  await suite.test("a target that does not answer in time is a ModelTimeoutException", async () => {
    emulator.setFaults([{ kind: "hang" }]);
    for (const name of ["converse", "converse_stream"]) {
      const outcome = await setup.call(name, { modelId: "hasty", ...asking("hi") });
      assert.equal(outcome.error?.kind, "ModelTimeoutException");
      assert.equal(outcome.error.metadata?.HTTPStatusCode, 408);
      const record = await setup.record(outcome);
      assert.equal(record.code, "upstream_timeout");
      assert.equal(record.estimated, true);
      assert.equal(record.usage?.outputTokens, 0);
    }
  });

  await suite.test("an engine's throttle, an unreachable engine, and a way round both", async () => {
    const throttled = await setup.call("converse", { modelId: "eng", ...asking("hi") });
    await assertRefused(
      setup,
      throttled,
      { exception: "ThrottlingException", status: 429, code: "rate_limited" },
      "eng",
    );
    assert.equal(throttled.error?.metadata?.HTTPHeaders["retry-after"], "9");
    await assertRefused(
      setup,
      await setup.call("converse", { modelId: "gone", ...asking("hi") }),
      { exception: "InternalServerException", status: 500, code: "upstream_error" },
      "gone",
    );
    const all = await setup.call("converse_stream", { modelId: "all.bad", ...asking("hi") });
    assert.equal(all.error?.kind, "ThrottlingException");
    for (const name of ["converse", "converse_stream"]) {
      const outcome = await setup.call(name, { modelId: "fall.back", ...asking("hi") });
      replyOf(outcome);
      assert.equal(outcome.metadata?.HTTPHeaders["x-switchyard-target"], "nova");
      const record = await setup.record(outcome);
      assert.equal(record.attempts.length, 3);
      assert.equal(record.status, "answered");
      assert.equal(record.context?.task, "fall.back");
    }
  });

  await suite.test(
    "an engine's own refusal of the request is a ValidationException with its words",
    async () => {
      for (const status of [400, 413, 422]) {
        engine.script = failing(status, '{"error":{"message":"temperature: too hot","code":"hot"}}');
        for (const name of ["converse", "converse_stream"]) {
          const { error } = await setup.call(name, { modelId: "eng", ...asking("hi") });
          assert.equal(error?.code, "ValidationException", `${status}: ${JSON.stringify(error)}`);
          assert.match(error.said ?? "", /temperature: too hot/);
        }
      }
    },
  );

  await suite.test("an engine's refusal of our key and its fault are InternalServerExceptions", async () => {
    for (const status of [401, 402, 403, 500, 503]) {
      engine.script = failing(status, '{"error":{"message":"our bill is unpaid"}}');
      const outcome = await setup.call("converse", { modelId: "eng", ...asking("hi") });
      await assertRefused(
        setup,
        outcome,
        { exception: "InternalServerException", status: 500, code: "upstream_error" },
        String(status),
      );
      if (status < 500) assert.doesNotMatch(outcome.error?.said ?? "", /unpaid/);
    }
  });

  await suite.test("a path that is no operation is a ResourceNotFoundException", async () => {
    const answer = await fetch(`${gateway.url}/model/sonnet/conversé`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}` },
      body: "{}",
    });
    assert.equal(answer.headers.get("x-amzn-errortype"), "ResourceNotFoundException");
    const { error } = await setup.call("apply_guardrail", {
      guardrailIdentifier: "gr1",
      guardrailVersion: "1",
      source: "INPUT",
      content: [{ text: { text: "hi" } }],
    });
    assert.equal(error?.metadata?.HTTPStatusCode, 404);
  });

  await suite.test("every error names its exchange, which is the request id that boto3 shows", async () => {
    const outcome = await setup.call("converse", { modelId: "nope", ...asking("hi") });
    assert.equal(outcome.error?.metadata?.RequestId, exchangeOf(outcome));
    assert.ok(outcome.error.said?.includes(exchangeOf(outcome)));
  });
});

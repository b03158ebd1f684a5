import assert from "node:assert/strict";
import test from "node:test";
import {
  AccessDeniedException,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  InternalServerException,
  InvokeModelCommand,
  ModelTimeoutException,
  ResourceNotFoundException,
  ServiceUnavailableException,
  ThrottlingException,
  ValidationException,
  type BedrockRuntimeClient,
} from "@aws-sdk/client-bedrock-runtime";
import type { Fault } from "../../../src/emulator/index.ts";
import { failing } from "../../support/engine.ts";
import { until } from "../../support/gateway.ts";
import { ask } from "./converse.ts";
import { startLab, type AwsOptions, type Lab } from "./setup.ts";

/** The AWS SDK against the gateway: what fails before anything came, and as which exception the SDK hears of it. */

type Asked = (client: BedrockRuntimeClient, modelId: string) => Promise<unknown>;

const BODY = JSON.stringify({
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hello" }],
});
const ASKED: Readonly<Record<string, Asked>> = {
  Converse: (client, modelId) => client.send(new ConverseCommand({ modelId, messages: ask("Hello") })),
  ConverseStream: (client, modelId) =>
    client.send(new ConverseStreamCommand({ modelId, messages: ask("Hello") })),
  InvokeModel: (client, modelId) => client.send(new InvokeModelCommand({ modelId, body: BODY })),
};

async function failureOf(asked: Promise<unknown>): Promise<BedrockRuntimeServiceException> {
  const error = await asked.then(
    () => assert.fail("it was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof BedrockRuntimeServiceException, String(error));
  return error;
}

function headersOf(error: BedrockRuntimeServiceException): Record<string, string> {
  return error.$response?.headers ?? {};
}

type ErrorFault = Omit<Extract<Fault, { kind: "error" }>, "kind">;
type ExceptionClass = new (...args: never[]) => BedrockRuntimeServiceException;

/** What goes wrong upstream, what the SDK hears with its status, and the code in the record. */
const UPSTREAM: readonly (readonly [ErrorFault, ExceptionClass, number, string])[] = [
  [{ exception: "ThrottlingException" }, ThrottlingException, 429, "rate_limited"],
  [{ exception: "ServiceQuotaExceededException" }, ThrottlingException, 429, "rate_limited"],
  [{ exception: "ModelNotReadyException" }, ServiceUnavailableException, 503, "no_target_available"],
  [{ exception: "ValidationException", message: "No." }, ValidationException, 400, "invalid_request"],
  [{ exception: "AccessDeniedException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "UnrecognizedClientException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "ExpiredTokenException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "ResourceNotFoundException" }, ResourceNotFoundException, 404, "model_not_found"],
  [{ exception: "ModelTimeoutException" }, ModelTimeoutException, 408, "upstream_timeout"],
  [{ exception: "ModelErrorException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "ModelStreamErrorException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "InternalServerException" }, InternalServerException, 500, "upstream_error"],
  [{ exception: "ServiceUnavailableException" }, InternalServerException, 500, "upstream_error"],
  [{ status: 502 }, InternalServerException, 500, "upstream_error"],
  [{ status: 504 }, ModelTimeoutException, 408, "upstream_timeout"],
];

for (const [operation, asked] of Object.entries(ASKED)) {
  test(`each failure of Bedrock's is the right exception of ${operation}`, async () => {
    await using lab = await startLab();
    const { client } = lab.aws();
    for (const [fault, kind, status, code] of UPSTREAM) {
      const what = fault.exception ?? String(fault.status);
      lab.faults({ kind: "error", ...fault });
      const error = await failureOf(asked(client, "claude"));
      assert.ok(error instanceof kind, `${what}: ${error.name} ${error.message}`);
      assert.equal(error.$metadata.httpStatusCode, status, what);
      const record = await lab.gateway.record(headersOf(error)["x-switchyard-exchange"] ?? "");
      assert.equal(record.status, "failed", what);
      assert.equal(record.code, code, what);
      // Whether a model that ran out of time is paid for, nobody says: that is estimated.
      if (code === "upstream_timeout") assert.ok(record.estimated || record.costNano === 0n, what);
      else assert.equal(record.costNano, 0n, what);
      assert.equal(record.attempts.length, 1, what);
    }
    assert.equal(lab.emulator.requests().length, UPSTREAM.length, "nothing is repeated");
    assert.deepEqual(lab.gateway.bugs, []);
  });
}

test("an upstream's retry-after reaches the SDK, and the SDK repeats until it is served", async () => {
  await using lab = await startLab();
  const fault = { kind: "error", exception: "ThrottlingException", retryAfterSeconds: 1 } as const;
  lab.faults(fault);
  const error = await failureOf(ASKED["Converse"]?.(lab.aws().client, "claude") ?? assert.fail());
  assert.equal(headersOf(error)["retry-after"], "1");
  assert.match(error.message, /Too many requests/);
  lab.faults({ ...fault, first: 1 });
  const reply = await lab
    .aws({ maxAttempts: 3 })
    .client.send(new ConverseCommand({ modelId: "claude", messages: ask("Hello") }));
  assert.equal(reply.$metadata.attempts, 2);
});

test("a day's throttle and a minute's are told apart by the service's own words", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const messages = [
    "Too many tokens, please wait before trying again.",
    "Too many tokens per day, please wait before trying again.",
  ];
  for (const message of messages) {
    lab.faults({ kind: "error", exception: "ThrottlingException", message });
    const error = await failureOf(
      client.send(new ConverseCommand({ modelId: "claude", messages: ask("x") })),
    );
    assert.ok(error instanceof ThrottlingException);
    assert.ok(error.message.includes(message), error.message);
  }
});

test("credentials that Bedrock refuses are not told to the client, neither in words nor by a 403", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const error = await failureOf(
    client.send(new ConverseCommand({ modelId: "stranger", messages: ask("x") })),
  );
  assert.ok(error instanceof InternalServerException, error.name);
  assert.doesNotMatch(JSON.stringify(error) + error.message, /no-such-key/);
  assert.equal((await lab.last()).code, "upstream_error");
});

test("a prompt that is too long is a ValidationException, and the record says context_overflow", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  lab.faults({
    kind: "error",
    exception: "ValidationException",
    message: "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum",
  });
  const error = await failureOf(client.send(new ConverseCommand({ modelId: "claude", messages: ask("x") })));
  assert.ok(error instanceof ValidationException);
  assert.match(error.message, /prompt is too long/);
  assert.equal((await lab.last()).code, "context_overflow");
});

test("what this gateway refuses itself has its exception, too, and nothing is asked upstream", async () => {
  await using lab = await startLab({
    yaml: "policy: [{ rule: no-llama, when: { user: u1 }, deny: { target: llama }, because: testing }]",
  });
  const { client } = lab.aws();
  const refusals = [
    [{ modelId: "nope", messages: ask("x") }, ResourceNotFoundException, 404],
    [
      { modelId: "llama", messages: ask("x"), requestMetadata: { switchyard_user: "u1" } },
      AccessDeniedException,
      403,
    ],
    [{ modelId: "titan", messages: ask("x") }, ValidationException, 400],
  ] as const;
  for (const [request, kind, status] of refusals) {
    const error = await failureOf(
      client.send(new ConverseCommand({ ...request, messages: [...request.messages] })),
    );
    assert.ok(error instanceof kind, `${request.modelId}: ${error.name}: ${error.message}`);
    assert.equal(error.$metadata.httpStatusCode, status);
    assert.match(error.message, /exchange/);
  }
  assert.equal(lab.emulator.requests().length, 0);
});

test("a budget that a request may exceed is a ServiceQuotaExceededException", async () => {
  await using lab = await startLab({ more: { claude: ", maxOutputTokens: 100000" } });
  const { client } = lab.aws();
  const error = await failureOf(
    client.send(
      new ConverseCommand({
        modelId: "claude",
        messages: ask("x".repeat(10_000)),
        requestMetadata: { switchyard_budget: "0.000001" },
      }),
    ),
  );
  assert.equal(error.name, "ServiceQuotaExceededException");
  assert.equal(error.$metadata.httpStatusCode, 400);
  assert.equal(lab.emulator.requests().length, 0);
});

test("InvokeModel of a body that only its model knows reaches Bedrock targets only, and other targets say so", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const body = JSON.stringify({ inputText: "x" });
  for (const modelId of ["engine", "sim"]) {
    const error = await failureOf(client.send(new InvokeModelCommand({ modelId, body })));
    assert.ok(error instanceof ValidationException, error.name);
    assert.match(error.message, /Bedrock/);
  }
  assert.equal(lab.engine.seen.length, 0);
});

test("CountTokens of other targets is the gateway's own count and says so; a body of one model is refused", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const converse = { messages: ask("How many tokens are in this?") };
  for (const modelId of ["engine", "sim"]) {
    const counted = await aws.client.send(new CountTokensCommand({ modelId, input: { converse } }));
    assert.ok((counted.inputTokens ?? 0) > 5);
    assert.equal(aws.headers()["x-switchyard-estimated"], "input_tokens");
    const refused = await failureOf(
      aws.client.send(
        new CountTokensCommand({ modelId, input: { invokeModel: { body: Buffer.from(BODY) } } }),
      ),
    );
    assert.ok(refused instanceof ValidationException, refused.name);
    assert.match(refused.message, /input\.invokeModel/);
  }
  assert.equal(lab.engine.seen.length, 0);
});

test("an engine's failures are exceptions of Bedrock's", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const failures = [
    [500, InternalServerException, 500],
    [401, InternalServerException, 500],
    [429, ThrottlingException, 429],
    [422, ValidationException, 400],
  ] as const;
  for (const [status, kind, heard] of failures) {
    lab.engine.script = failing(status, '{"error":{"message":"too hot"}}', { "retry-after": "7" });
    for (const operation of ["Converse", "ConverseStream"]) {
      const error = await failureOf(ASKED[operation]?.(client, "engine") ?? assert.fail());
      assert.ok(error instanceof kind, `${status}: ${error.name} ${error.$metadata.httpStatusCode}`);
      if (status === 422) assert.match(error.message, /too hot/);
      else assert.equal(error.$metadata.httpStatusCode, heard);
      if (status === 429) assert.equal(headersOf(error)["retry-after"], "7");
    }
  }
});

test("a model that an engine does not have is a ResourceNotFoundException", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  lab.engine.script = failing(404, '{"error":{"message":"no such model","code":"model_not_found"}}');
  const error = await failureOf(client.send(new ConverseCommand({ modelId: "engine", messages: ask("x") })));
  assert.ok(error instanceof ResourceNotFoundException, `${error.name}: ${error.message}`);
  assert.equal(error.$metadata.httpStatusCode, 404);
});

test("a failing target is followed by the next one, whatever sort it is", async () => {
  await using lab = await startLab({
    yaml: "tasks: { fall: { targets: [claude, nova, engine] }, other: { targets: [claude, engine] } }",
  });
  const aws = lab.aws();
  lab.faults({ kind: "error", exception: "ThrottlingException", model: "*claude*" });
  await aws.client.send(new ConverseCommand({ modelId: "fall", messages: ask("x") }));
  assert.equal(aws.headers()["x-switchyard-target"], "nova");
  assert.equal(aws.headers()["x-switchyard-attempts"], "2");
  lab.faults({ kind: "error", exception: "AccessDeniedException" });
  for (const modelId of ["fall", "other"]) {
    await aws.client.send(new ConverseCommand({ modelId, messages: ask("x") }));
    assert.equal(aws.headers()["x-switchyard-target"], "engine");
  }
  // A fault of the request is one everywhere.
  lab.faults({ kind: "error", exception: "ValidationException", message: "temperature: too hot" });
  const before = lab.engine.seen.length;
  const error = await failureOf(
    aws.client.send(new ConverseCommand({ modelId: "other", messages: ask("x") })),
  );
  assert.ok(error instanceof ValidationException);
  assert.equal(lab.engine.seen.length, before);
});

test("an upstream that hangs is a ModelTimeoutException after the target's own deadline", async () => {
  await using lab = await startLab({ more: { claude: ", timeouts: { firstByte: 100ms }" } });
  lab.faults({ kind: "hang" });
  const error = await failureOf(
    lab.aws().client.send(new ConverseCommand({ modelId: "claude", messages: ask("x") })),
  );
  assert.ok(error instanceof ModelTimeoutException, error.name);
  assert.equal((await lab.last()).code, "upstream_timeout");
});

const STRANGERS: Readonly<Record<string, (lab: Lab) => AwsOptions>> = {
  "a key that nobody issued": () => ({ key: "sy-wrong" }),
  "a revoked key": (lab) => ({ key: lab.gateway.issue({ revokedAtMs: 1 }).key }),
  "an expired key": (lab) => ({ key: lab.gateway.issue({ expiresAtMs: 1 }).key }),
  "a pair that nobody issued": () => ({
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI" },
  }),
  "a pair with the wrong secret": (lab) => ({
    credentials: { ...lab.pair(), secretAccessKey: "x".repeat(40) },
  }),
  "the pair of a revoked key": (lab) => ({ credentials: lab.pair({ revokedAtMs: 1 }) }),
  "the pair of an expired key": (lab) => ({ credentials: lab.pair({ expiresAtMs: 1 }) }),
};

for (const [who, options] of Object.entries(STRANGERS)) {
  test(`${who} is an UnrecognizedClientException over both versions of HTTP, and reaches nothing`, async () => {
    await using lab = await startLab();
    for (const http1 of [false, true])
      for (const asked of Object.values(ASKED)) {
        const { client } = lab.aws({ ...options(lab), http1 });
        const error = await failureOf(asked(client, "claude"));
        assert.equal(error.name, "UnrecognizedClientException", error.message);
        assert.equal(error.$metadata.httpStatusCode, 403);
        assert.doesNotMatch(error.message, /sy-wrong|wJalr|xxxx/);
      }
    assert.equal(lab.emulator.requests().length, 0);
    await until(() => lab.gateway.records.length === 6, "the records");
    assert.ok(lab.gateway.records.every(({ status, costNano }) => status === "refused" && costNano === 0n));
  });
}

import assert from "node:assert/strict";
import test from "node:test";
import { awsPair } from "../../../src/policy/aws-pair.ts";
import { until } from "../../support/gateway.ts";
import { NO_BOTO3, type Metadata, type Outcome } from "./boto3.ts";
import { asking, clientFor, exchangeOf, replyOf, startSetup, type Setup } from "./setup.ts";

/** boto3 with an access-key pair over plain HTTP, and with pairs that do not hold. */

const skip = NO_BOTO3;
const PARAMS = { modelId: "nova", ...asking("hi") };

/** That a call was refused as boto3's users know it from AWS, and recorded as nobody's. */
async function assertStranger(setup: Setup, outcome: Outcome, code: string): Promise<void> {
  const { error } = outcome;
  // No exception of the service's own model, as at AWS.
  assert.equal(error?.kind, "ClientError", JSON.stringify(outcome));
  assert.equal(error.code, "UnrecognizedClientException");
  assert.equal(error.metadata?.HTTPStatusCode, 403);
  assert.equal(error.metadata.RetryAttempts, 0);
  assert.ok(error.said?.includes(exchangeOf(outcome)), error.said);
  const record = await setup.record(outcome);
  assert.equal(record.status, "refused");
  assert.equal(record.code, code);
  assert.equal(record.tenant, undefined);
  assert.equal(record.keyId, undefined);
  assert.equal(record.context, undefined);
  assert.equal(record.target, undefined);
  assert.equal(record.usage, undefined);
  assert.equal(record.costNano, 0n);
  assert.deepEqual(record.attempts, []);
}

test("an access-key pair", { skip }, async (suite) => {
  await using setup = await startSetup();
  const { gateway, boto3, client, emulator } = setup;

  await suite.test("is what boto3 signs with over plain HTTP", async () => {
    const outcome = await setup.call("converse", PARAMS);
    replyOf(outcome);
    const headers = outcome.sent.headers ?? {};
    assert.match(
      headers["authorization"] ?? "",
      /^AWS4-HMAC-SHA256 Credential=SYAK\w{26}\/\d{8}\/us-east-1\/bedrock\/aws4_request, /,
    );
    // The JavaScript SDKs send the body's hash, boto3 does not: it must be computed.
    assert.equal(headers["x-amz-content-sha256"], undefined);
    const record = await setup.record(outcome);
    assert.equal(record.status, "answered");
    assert.equal(record.tenant, "acme");
    assert.equal(record.keyId, clientKeyId(client));
    assert.equal(record.dialect, "bedrock");
  });

  await suite.test("holds for any Region", async () => {
    for (const region of ["eu-central-1", "us-gov-west-1", "ap-southeast-5"])
      replyOf(await boto3.call({ ...client, region }, "converse", PARAMS));
  });

  await suite.test("signs ids with a colon and ARNs with slashes, whose path is encoded twice", async () => {
    for (const modelId of [
      "us.amazon.nova-lite-v1:0",
      "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/novalitedemo",
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6",
    ])
      replyOf(await setup.call("converse", { ...PARAMS, modelId }));
  });

  await suite.test("signs headers that the application adds, and the context in them counts", async () => {
    const headers = {
      "x-switchyard-user": "ada",
      "x-switchyard-feature": "  spaced   out  ",
    };
    const outcome = await boto3.call({ ...client, headers }, "converse", PARAMS);
    replyOf(outcome);
    assert.match(outcome.sent.headers?.["authorization"] ?? "", /x-switchyard-feature;x-switchyard-user/);
    const { context } = await setup.record(outcome);
    assert.equal(context?.user, "ada");
    assert.equal(context.feature, "spaced   out");
  });

  await suite.test(
    "with a session token that is left over is taken, and the token goes no further",
    async () => {
      const left = { ...client, sessionToken: "left-over-from-real-aws" };
      const outcome = await boto3.call(left, "converse", PARAMS);
      replyOf(outcome);
      assert.equal(outcome.sent.headers?.["x-amz-security-token"], "left-over-from-real-aws");
      assert.equal(emulator.requests().at(-1)?.headers.includes("x-amz-security-token"), false);
    },
  );

  await suite.test("signs for many threads of one client at once", async () => {
    const before = gateway.records.length;
    for (const call of ["converse", "converse_stream"]) {
      const outcome = await setup.call(call, PARAMS, { threads: 12 });
      const ids = (replyOf(outcome) as Metadata[]).map(
        ({ HTTPHeaders }) => HTTPHeaders["x-switchyard-exchange"],
      );
      assert.equal(new Set(ids).size, 12);
    }
    await until(() => gateway.records.length === before + 24);
    assert.ok(
      gateway.records.slice(before).every(({ status, tenant }) => status === "answered" && tenant === "acme"),
    );
  });

  await suite.test("with a wrong secret is nobody's", async () => {
    const wrong = { ...client, secretAccessKey: "x".repeat(40) };
    await assertStranger(setup, await boto3.call(wrong, "converse", PARAMS), "unauthenticated");
    await assertStranger(setup, await boto3.call(wrong, "converse_stream", PARAMS), "unauthenticated");
    const invoke = { modelId: "titan", body: '{"inputText":"hi"}' };
    await assertStranger(setup, await boto3.call(wrong, "invoke_model", invoke), "unauthenticated");
  });

  await suite.test("with a wrong secret gets a sentence with one full stop", async () => {
    const wrong = { ...client, secretAccessKey: "x".repeat(40) };
    const { error } = await boto3.call(wrong, "converse", PARAMS);
    assert.doesNotMatch(error?.said ?? "", /\.\./);
  });

  await suite.test("that is not Switchyard's is nobody's, and the message says what to do", async () => {
    const foreign = { ...client, accessKeyId: "AKIAIOSFODNN7EXAMPLE" };
    const outcome = await boto3.call(foreign, "converse", PARAMS);
    await assertStranger(setup, outcome, "unauthenticated");
    assert.match(outcome.error?.said ?? "", /keys create --aws/);
  });

  await suite.test("of a key that has none is nobody's", async () => {
    const { record } = gateway.issue();
    const other = clientFor(gateway);
    gateway.ring.put([{ ...record, rights: { ...record.rights, aws: false } }]);
    const outcome = await boto3.call(
      { ...other, accessKeyId: pairIdOf(record.id), secretAccessKey: other.secretAccessKey },
      "converse",
      PARAMS,
    );
    await assertStranger(setup, outcome, "unauthenticated");
  });

  await suite.test("of a revoked key is refused, and so it stays", async () => {
    const own = clientFor(gateway);
    replyOf(await boto3.call(own, "converse", PARAMS));
    const { record } = gateway.ring.signer(own.accessKeyId, Date.now());
    gateway.ring.put([{ ...record, revokedAtMs: Date.now() }]);
    for (let time = 0; time < 2; time++)
      await assertStranger(setup, await boto3.call(own, "converse", PARAMS), "key_revoked");
  });

  await suite.test("of an expired key is refused", async () => {
    const own = clientFor(gateway);
    const { record } = gateway.ring.signer(own.accessKeyId, Date.now());
    gateway.ring.put([{ ...record, expiresAtMs: Date.now() - 1 }]);
    await assertStranger(setup, await boto3.call(own, "converse", PARAMS), "key_expired");
  });

  await suite.test("signs for no longer than five minutes before and after", async () => {
    emulator.clearRequests();
    for (const clock of [-3_600, 3_600, -86_400, -330, 330]) {
      const outcome = await setup.call("converse", PARAMS, { clock });
      assert.equal(outcome.error?.metadata?.HTTPStatusCode, 403, `${clock}: ${JSON.stringify(outcome)}`);
      assert.equal(outcome.error.code, "UnrecognizedClientException");
      const record = await setup.record(outcome);
      assert.equal(record.status, "refused");
      assert.equal(record.tenant, undefined);
      assert.equal(record.keyId, undefined);
      assert.equal(record.costNano, 0n);
    }
    assert.equal(emulator.requests().length, 0, "something went upstream");
    for (const clock of [-240, 240]) replyOf(await setup.call("converse", PARAMS, { clock }));
  });

  await suite.test("an hour ago is told apart from a key that has expired", async () => {
    const outcome = await setup.call("converse", PARAMS, { clock: -3_600 });
    await assertStranger(setup, outcome, "unauthenticated");
  });

  await suite.test("signed for a stream that was refused leaves the connection usable", async () => {
    const outcome = await setup.call("converse_stream", PARAMS, { clock: -3_600 });
    assert.equal(outcome.error?.code, "UnrecognizedClientException");
    replyOf(await setup.call("converse_stream", PARAMS));
  });

  await suite.test(
    "is a stranger's as long as its signature is not verified, however long its body",
    async () => {
      const long = { modelId: "nova", ...asking("x".repeat(3_000_000)) };
      const wrong = { ...client, secretAccessKey: "x".repeat(40) };
      await assertStranger(setup, await boto3.call(wrong, "converse", long), "unauthenticated");
      const foreign = { ...client, accessKeyId: "AKIAIOSFODNN7EXAMPLE" };
      await assertStranger(setup, await boto3.call(foreign, "converse", long), "unauthenticated");
    },
  );

  await suite.test(
    "cannot be used for a longer body than the gateway takes, which is a ValidationException",
    async () => {
      const outcome = await setup.call("converse", { modelId: "nova", ...asking("x".repeat(27_000_000)) });
      assert.equal(outcome.error?.code, "ValidationException", JSON.stringify(outcome).slice(0, 500));
      assert.equal(outcome.error.metadata?.HTTPStatusCode, 400);
      assert.equal((await setup.record(outcome)).code, "payload_too_large");
    },
  );
});

function clientKeyId(client: object): string {
  return (client as { keyId: string }).keyId;
}

function pairIdOf(keyId: string): string {
  return awsPair(keyId, Buffer.alloc(32)).accessKeyId;
}

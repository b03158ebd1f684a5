import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { runCli, startProcess, type TestProcess } from "../../support/process.ts";
import { Boto3, NO_BOTO3, type ClientOptions, type Outcome } from "./boto3.ts";
import { asking, exchangeOf, replyOf } from "./setup.ts";

/** boto3 against a server of its own, with what `keys create --aws` printed. */

const skip = NO_BOTO3;
const PARAMS = { modelId: "sim", ...asking("hi") };
const CONFIG = `providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 10000 }
targets:
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 2 } }
tenants:
  acme: { tasks: ["*"] }
`;

interface Created {
  readonly id: string;
  readonly key: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

function createKey(server: TestProcess, ...more: string[]): Created {
  const args = ["keys", "create", "--tenant", "acme", "--aws", "--json", "--data", server.data, ...more];
  const { code, out, err } = runCli(args);
  assert.equal(code, 0, err);
  return JSON.parse(out) as Created;
}

/** A short-term key for a longer time than was signed. */
function withOtherExpiry(bearer: string): string {
  const mark = "bedrock-api-key-";
  const address = Buffer.from(bearer.slice(mark.length), "base64").toString();
  assert.match(address, /X-Amz-Expires=3600/);
  return mark + Buffer.from(address.replace("Expires=3600", "Expires=7200")).toString("base64");
}

/** What `explain` says once the record is booked. */
async function explained(server: TestProcess, outcome: Outcome): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 100; tries++) {
    const { code, out } = runCli(["explain", exchangeOf(outcome), "--data", server.data, "--json"]);
    if (code === 0)
      return (JSON.parse(out) as { exchange?: Record<string, unknown> }).exchange ?? JSON.parse(out);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the exchange was not booked");
}

test("a server with a certificate of its own", { skip }, async (suite) => {
  await using server = await startProcess({ config: `server: { tls: self-signed }\n${CONFIG}` });
  const created = createKey(server);
  const authority = /^certificate authority (.+)$/m.exec(server.stdout())?.[1] ?? "";
  assert.equal(authority, path.join(server.data, "tls/authority.pem"));

  await suite.test(
    "takes the key of AWS_BEARER_TOKEN_BEDROCK over HTTPS, its authority in AWS_CA_BUNDLE",
    async () => {
      await using boto3 = new Boto3({ AWS_BEARER_TOKEN_BEDROCK: created.key, AWS_CA_BUNDLE: authority });
      const client: ClientOptions = { endpoint: server.url };
      const outcome = await boto3.call(client, "converse", PARAMS);
      const reply = replyOf(outcome) as { stopReason: string };
      assert.equal(reply.stopReason, "end_turn");
      assert.equal(outcome.sent.headers?.["authorization"], `Bearer ${created.key}`);
      assert.equal((await explained(server, outcome))["tenant"], "acme");
      const streamed = await boto3.call(client, "converse_stream", PARAMS);
      replyOf(streamed);
      assert.ok(streamed.events.some((event) => "metadata" in event));
    },
  );

  await using boto3 = new Boto3();
  const client: ClientOptions = { endpoint: server.url, verify: authority };

  await suite.test("is reached by address and by localhost", async () => {
    for (const host of ["127.0.0.1", "localhost"]) {
      const endpoint = `https://${host}:${server.port}`;
      replyOf(await boto3.call({ ...client, endpoint, bearer: created.key }, "converse", PARAMS));
    }
  });

  await suite.test("is not believed by a boto3 that does not know the authority", async () => {
    const { error } = await boto3.call({ endpoint: server.url, bearer: created.key }, "converse", PARAMS);
    assert.equal(error?.kind, "SSLError");
    assert.match(error.message, /certificate verify failed/);
  });

  await suite.test("takes a signature over HTTPS, too", async () => {
    const { accessKeyId, secretAccessKey } = created;
    replyOf(await boto3.call({ ...client, accessKeyId, secretAccessKey }, "converse", PARAMS));
    replyOf(await boto3.call({ ...client, accessKeyId, secretAccessKey }, "converse_stream", PARAMS));
  });

  await suite.test(
    "takes a short-term key that AWS's own generator signs with the pair, while it lasts",
    async () => {
      const { accessKeyId, secretAccessKey } = created;
      await using minting = new Boto3({
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      });
      const mint = async (expiry: number, clock = 0): Promise<string> =>
        String(replyOf(await minting.call({}, "provide_token", { region: "eu-west-1", expiry }, { clock })));
      const bearer = await mint(3_600);
      assert.match(bearer, /^bedrock-api-key-/);
      const outcome = await boto3.call({ ...client, bearer }, "converse", PARAMS);
      replyOf(outcome);
      assert.equal(outcome.sent.headers?.["authorization"], `Bearer ${bearer}`);
      assert.equal((await explained(server, outcome))["tenant"], "acme");
      replyOf(await boto3.call({ ...client, bearer: await mint(7_200, -3_600) }, "converse", PARAMS));
      const late = await boto3.call({ ...client, bearer: await mint(600, -3_600) }, "converse", PARAMS);
      assert.equal(late.error?.code, "UnrecognizedClientException");
      const record = await explained(server, late);
      assert.equal(record["code"], "key_expired");
      assert.equal(record["tenant"] ?? null, null);
      const changed = await boto3.call({ ...client, bearer: withOtherExpiry(bearer) }, "converse", PARAMS);
      assert.equal(changed.error?.code, "UnrecognizedClientException");
    },
  );

  await suite.test("answers a wrong bearer as AWS answers one it does not know", async () => {
    const { error } = await boto3.call({ ...client, bearer: `sy-${"x".repeat(40)}` }, "converse", PARAMS);
    assert.equal(error?.code, "UnrecognizedClientException");
    assert.equal(error.metadata?.HTTPStatusCode, 403);
  });

  assert.equal(await server.stop(), 0, server.stderr());
});

test("a server over plain HTTP", { skip }, async (suite) => {
  await using server = await startProcess({ config: CONFIG });
  const created = createKey(server);
  const { accessKeyId, secretAccessKey } = created;
  await using boto3 = new Boto3({
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_BEDROCK_RUNTIME: server.url,
  });
  const client: ClientOptions = { endpoint: server.url };

  await suite.test(
    "serves an application as it is, told by its environment, for the key's tenant",
    async () => {
      const outcome = await boto3.call({}, "converse", PARAMS);
      const { usage } = replyOf(outcome) as { usage: { inputTokens: number; outputTokens: number } };
      const exchange = await explained(server, outcome);
      assert.equal(exchange["tenant"], "acme");
      assert.equal(exchange["status"], "answered");
      assert.equal(exchange["dialect"], "bedrock");
      assert.equal(
        String(exchange["costNano"]),
        String(usage.inputTokens * 1_000 + usage.outputTokens * 2_000),
      );
    },
  );

  await suite.test("never sees a bearer: boto3 itself refuses to send one", async () => {
    const { error } = await boto3.call({ ...client, bearer: created.key }, "converse", PARAMS);
    assert.equal(error?.metadata, undefined);
    assert.match(error?.message ?? "", /Bearer authorization requires an HTTPS endpoint/);
  });

  await suite.test("refuses a pair as soon as its key is revoked, and its record is nobody's", async () => {
    const other = createKey(server);
    const own = { ...client, accessKeyId: other.accessKeyId, secretAccessKey: other.secretAccessKey };
    replyOf(await boto3.call(own, "converse", PARAMS));
    assert.equal(runCli(["keys", "revoke", other.id, "--data", server.data]).code, 0);
    const refused = await boto3.call(own, "converse", PARAMS);
    assert.equal(refused.error?.code, "UnrecognizedClientException");
    assert.equal(refused.error.metadata?.HTTPStatusCode, 403);
    assert.match(refused.error.said ?? "", /was revoked at/);
    const exchange = await explained(server, refused);
    assert.equal(exchange["status"], "refused");
    assert.equal(exchange["code"], "key_revoked");
    assert.equal(exchange["tenant"] ?? null, null);
    assert.equal(exchange["key"] ?? null, null);
    replyOf(await boto3.call(client, "converse", PARAMS));
  });

  await suite.test("refuses a pair whose key has expired", async () => {
    const short = createKey(server, "--expires", "1s");
    const own = { ...client, accessKeyId: short.accessKeyId, secretAccessKey: short.secretAccessKey };
    let outcome = await boto3.call(own, "converse", PARAMS);
    for (let tries = 0; outcome.error === undefined && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      outcome = await boto3.call(own, "converse", PARAMS);
    }
    assert.equal(outcome.error?.code, "UnrecognizedClientException");
    assert.match(outcome.error?.said ?? "", /expired at/);
    assert.equal((await explained(server, outcome))["code"], "key_expired");
  });

  assert.equal(await server.stop(), 0, server.stderr());
});

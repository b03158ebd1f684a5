import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { awsPair } from "../../../src/policy/aws-pair.ts";
import { NodeSha256 } from "../../../src/providers/aws/node-hash.ts";
import { issuePair, SAY, type PAIR } from "../traps/support.ts";
import { askedOf, assertServes, recordOf, startWorld, TARGETS, type World } from "./support.ts";

interface Wish {
  readonly service?: string;
  readonly region?: string;
  readonly at?: Date;
  readonly credentials?: typeof PAIR;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Sent {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: string;
}

interface Got {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

const BODY = JSON.stringify(SAY("hi"));
const PATH = "/model/aws/converse";

async function signed(world: World, pair: typeof PAIR, wish: Wish = {}): Promise<Sent> {
  const {
    service = "bedrock",
    region = "us-east-1",
    at = new Date(),
    credentials = pair,
    headers = {},
  } = wish;
  const host = `127.0.0.1:${world.gateway.port}`;
  const request = new HttpRequest({
    method: "POST",
    path: PATH,
    hostname: "127.0.0.1",
    headers: { host, "content-type": "application/json", ...headers },
    body: BODY,
  });
  const signer = new SignatureV4({ service, region, credentials, sha256: NodeSha256 });
  const done = await signer.sign(request, { signingDate: at });
  return { method: "POST", path: PATH, headers: Object.entries(done.headers).flat(), body: BODY };
}

function send(world: World, { method, path, headers, body }: Sent): Promise<Got> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        host: "127.0.0.1",
        port: world.gateway.port,
        method,
        path,
        headers: [...headers, "content-length", String(Buffer.byteLength(body))],
      },
      (reply) => {
        let text = "";
        reply.on("data", (piece: Buffer) => (text += piece.toString()));
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }));
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const withHeader = (sent: Sent, name: string, value: string): Sent => ({
  ...sent,
  headers: sent.headers.map((one, at) =>
    at % 2 === 1 && sent.headers[at - 1]?.toLowerCase() === name ? value : one,
  ),
});
const without = (sent: Sent, name: string): Sent => ({
  ...sent,
  headers: sent.headers.filter((_, at) => sent.headers[at - (at % 2)]?.toLowerCase() !== name),
});
const valueOf = (sent: Sent, name: string): string =>
  sent.headers[sent.headers.findIndex((one) => one.toLowerCase() === name) + 1] ?? "";

async function assertRefused(world: World, sent: Sent, what: string): Promise<Got> {
  const before = askedOf(world);
  const got = await send(world, sent);
  assert.equal(got.status, 403, `${what}: ${got.text}`);
  assert.equal(got.headers["x-amzn-errortype"], "UnrecognizedClientException", what);
  const { message } = JSON.parse(got.text) as { message: string };
  assert.ok(message.includes(String(got.headers["x-switchyard-exchange"])), what);
  assert.equal(askedOf(world), before, what);
  const record = await recordOf(world.gateway, what);
  assert.equal(record.status, "refused", what);
  assert.ok(["unauthenticated", "key_expired"].includes(record.code ?? ""), `${what}: ${record.code}`);
  assert.equal(record.attempts.length, 0, what);
  return got;
}

test("a good signature is taken, of any Region, with a query, with more headers", async () => {
  await using world = await startWorld();
  const pair = issuePair(world.gateway);
  for (const wish of [
    {},
    { region: "eu-central-1" },
    { headers: { "x-amzn-bedrock-trace": "ENABLED", "x-custom": "a  b" } },
    { at: new Date(Date.now() - 4 * 60_000) },
    { at: new Date(Date.now() + 4 * 60_000) },
  ]) {
    const got = await send(world, await signed(world, pair, wish));
    assert.equal(got.status, 200, `${JSON.stringify(wish)}: ${got.text}`);
    const record = await recordOf(world.gateway);
    assert.equal(record.status, "answered");
    assert.equal(record.tenant, "acme");
  }
});

test("a signature of an hour ago, of tomorrow, for another service or with another secret is refused", async () => {
  await using world = await startWorld();
  const pair = issuePair(world.gateway);
  const wishes: Readonly<Record<string, Wish>> = {
    "an hour old": { at: new Date(Date.now() - 3_600_000) },
    "six minutes old": { at: new Date(Date.now() - 6 * 60_000) },
    "an hour early": { at: new Date(Date.now() + 3_600_000) },
    "a year early": { at: new Date(Date.now() + 365 * 86_400_000) },
    "for S3": { service: "s3" },
    "for STS": { service: "sts" },
    "for bedrock-runtime": { service: "bedrock-runtime" },
    "with another secret": {
      credentials: { ...pair, secretAccessKey: `${pair.secretAccessKey}_` },
    },
    "with an empty secret": { credentials: { ...pair, secretAccessKey: "x" } },
    "of a pair that nobody issued": { credentials: { ...pair, accessKeyId: "AKIAIOSFODNN7EXAMPLE" } },
  };
  for (const [what, wish] of Object.entries(wishes))
    await assertRefused(world, await signed(world, pair, wish), what);
  await assertServes(world);
});

test("whatever of a signed request is changed, it is refused", async () => {
  await using world = await startWorld();
  const pair = issuePair(world.gateway);
  const good = await signed(world, pair, { headers: { "x-custom": "a" } });
  const authorization = valueOf(good, "authorization");
  const changes: Readonly<Record<string, Sent>> = {
    "a changed body": { ...good, body: BODY.replace("hi", "ho") },
    "a longer body": { ...good, body: `${BODY} ` },
    "no body": { ...good, body: "" },
    "another operation": { ...good, path: "/model/aws/converse-stream" },
    "another model": { ...good, path: "/model/eng/converse" },
    "another spelling of the path": { ...good, path: "/model/%61ws/converse" },
    "a query": { ...good, path: `${PATH}?x=1` },
    "a changed signed header": withHeader(good, "x-custom", "b"),
    "a changed host": withHeader(good, "host", "evil.example"),
    "a changed date": withHeader(good, "x-amz-date", "20200101T000000Z"),
    "a date that is none": withHeader(good, "x-amz-date", "yesterday"),
    "a changed content hash": withHeader(good, "x-amz-content-sha256", "0".repeat(64)),
    "a hash that says unsigned": withHeader(good, "x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
    "no date": without(good, "x-amz-date"),
    "no signed header": without(good, "x-custom"),
    "a signature with one digit changed": withHeader(
      good,
      "authorization",
      authorization.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")),
    ),
    "an empty signature": withHeader(
      good,
      "authorization",
      authorization.replace(/Signature=.*/, "Signature="),
    ),
    "a signature of zeros": withHeader(
      good,
      "authorization",
      authorization.replace(/Signature=.*/, `Signature=${"0".repeat(64)}`),
    ),
    "no signed headers": withHeader(
      good,
      "authorization",
      authorization.replace(/SignedHeaders=[^,]*/, "SignedHeaders="),
    ),
    "a host that is not signed": withHeader(good, "authorization", authorization.replace("host;", "")),
    "another day": withHeader(good, "authorization", authorization.replace(/\/\d{8}\//, "/20200101/")),
    "another Region": withHeader(good, "authorization", authorization.replace("/us-east-1/", "/us-east-2/")),
    "another service": withHeader(good, "authorization", authorization.replace("/bedrock/", "/s3/")),
    "another algorithm": withHeader(good, "authorization", authorization.replace("SHA256", "SHA512")),
    "half an authorization": withHeader(good, "authorization", "AWS4-HMAC-SHA256 Credential="),
    "an endless authorization": withHeader(good, "authorization", `AWS4-HMAC-SHA256 ${"a,".repeat(3_000)}`),
    "the pair's id as a key": withHeader(good, "authorization", `Bearer ${pair.accessKeyId}`),
    "the pair's secret as a key": withHeader(good, "authorization", `Bearer ${pair.secretAccessKey}`),
  };
  for (const [what, sent] of Object.entries(changes)) await assertRefused(world, sent, what);
  assert.equal((await send(world, good)).status, 200, "and what was not changed is served");
  await recordOf(world.gateway);
  await assertServes(world);
});

test("two authorization headers, and a key beside a signature, are refused in either order", async () => {
  await using world = await startWorld();
  const pair = issuePair(world.gateway);
  const { key } = world.gateway;
  const good = await signed(world, pair);
  const bare = without(good, "authorization");
  const authorization = valueOf(good, "authorization");
  const more: Readonly<Record<string, readonly string[]>> = {
    "the same twice": ["authorization", authorization, "authorization", authorization],
    "a key and a signature": ["authorization", `Bearer ${key}`, "authorization", authorization],
    "a signature and a key": ["authorization", authorization, "authorization", `Bearer ${key}`],
    "two spellings of the name": ["Authorization", authorization, "AUTHORIZATION", authorization],
    "x-api-key beside it": ["authorization", authorization, "x-api-key", key],
    "api-key beside it": ["authorization", authorization, "api-key", key],
    "an empty x-api-key beside it": ["authorization", authorization, "x-api-key", ""],
  };
  for (const [what, headers] of Object.entries(more))
    await assertRefused(world, { ...bare, headers: [...bare.headers, ...headers] }, what);
  await assertServes(world);
});

test("a request without any credential, or with another kind, is refused by the same exception", async () => {
  await using world = await startWorld();
  for (const authorization of [
    "",
    "Bearer",
    "Bearer ",
    "Basic dXNlcjpwYXNz",
    "Bearer sy-wrong",
    "Bearer bedrock-api-key-",
    "Bearer bedrock-api-key-AAAA",
    "Bearer ABSKAAAA",
  ]) {
    for (const target of TARGETS) {
      const headers = [
        "host",
        "localhost",
        "content-type",
        "application/json",
        ...(authorization === "" ? [] : ["authorization", authorization]),
      ];
      await assertRefused(
        world,
        { method: "POST", path: `/model/${target}/converse`, headers, body: BODY },
        authorization,
      );
    }
  }
});

test("a pair's rights end with its key: revoked and expired ones are refused", async () => {
  await using world = await startWorld();
  const { record } = world.gateway.issue({ rights: { aws: true } });
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(0));
  const pair = { accessKeyId, secretAccessKey: world.gateway.ring.signer(accessKeyId, Date.now()).secret };
  assert.equal((await send(world, await signed(world, pair))).status, 200);
  await recordOf(world.gateway);
  world.gateway.ring.put([{ ...record, revokedAtMs: Date.now() }]);
  const got = await send(world, await signed(world, pair));
  assert.equal(got.status, 403);
  assert.equal((await recordOf(world.gateway)).code, "key_revoked");
  world.gateway.ring.put([{ ...record, expiresAtMs: Date.now() - 1 }]);
  assert.equal((await send(world, await signed(world, pair))).status, 403);
  assert.equal((await recordOf(world.gateway)).code, "key_expired");
});

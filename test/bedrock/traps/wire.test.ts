import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { getTokenProvider } from "@aws/bedrock-token-generator";
import { ConverseCommand, ConverseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import { startBedrockEmulator } from "../../../src/emulator/index.ts";
import { NodeSha256 } from "../../../src/providers/aws/node-hash.ts";
import { startGateway } from "../../support/gateway.ts";
import {
  API_KEY,
  callModel,
  CHAT,
  HAIKU,
  issuePair,
  onlyRecord,
  OPUS_PROFILE,
  PAIR,
  SAY,
  sdk,
  sendJson,
  signingSdk,
  startEmulated,
  startScripted,
} from "./support.ts";

const HELLO = SAY("Say hello.");
const converse = (modelId: string): ConverseCommand =>
  new ConverseCommand({ modelId, messages: [{ role: "user", content: [{ text: "Say hello." }] }] });
const stream = (modelId: string): ConverseStreamCommand =>
  new ConverseStreamCommand({ modelId, messages: [{ role: "user", content: [{ text: "Say hello." }] }] });

/** As boto3 signs and sends: HTTP/1.1, the signature over `host`. */
async function signedFetch(
  url: string,
  model: string,
  credentials: typeof PAIR,
): Promise<{ status: number; text: string }> {
  const { hostname, port, host } = new URL(url);
  const path = `/model/${encodeURIComponent(model)}/converse`;
  const body = JSON.stringify(HELLO);
  const headers = { host, "content-type": "application/json" };
  const request = new HttpRequest({ method: "POST", path, hostname, headers, body });
  const signer = new SignatureV4({
    service: "bedrock",
    region: "us-east-1",
    credentials,
    sha256: NodeSha256,
  });
  const signed = await signer.sign(request);
  assert.match(signed.headers["authorization"] ?? "", /SignedHeaders=[^,]*\bhost\b/);
  return new Promise((resolve, reject) => {
    const sent = http.request({ hostname, port, path, method: "POST", headers: signed.headers }, (reply) => {
      let text = "";
      reply.on("data", (piece: Buffer) => (text += piece.toString()));
      reply.on("end", () => resolve({ status: reply.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("trap 1: an SDK over HTTP/2 and a client over HTTP/1.1 are both served at one port, signed over :authority and over host", async () => {
  await using pair = await startEmulated();
  const issued = issuePair(pair.gateway);
  for (const [url, credentials, model] of [
    [pair.emulator.url, PAIR, HAIKU],
    [pair.gateway.url, issued, "fine"],
  ] as const) {
    const client = signingSdk(url, credentials);
    const reply = await client.send(stream(model));
    const types: string[] = [];
    for await (const event of reply.stream ?? []) types.push(Object.keys(event)[0] ?? "");
    assert.equal(types[0], "messageStart");
    assert.equal(types.at(-1), "metadata");
    client.destroy();
    const plain = await signedFetch(url, model, credentials);
    assert.equal(plain.status, 200, plain.text);
  }
  const [overHttp2] = pair.emulator.requests();
  assert.equal(overHttp2?.httpVersion, "2.0");
  assert.equal(overHttp2?.signedBy?.kind, "sigv4");
  assert.equal(pair.emulator.requests()[1]?.httpVersion, "1.1");
  assert.deepEqual(pair.gateway.bugs, []);
});

const IDS = [
  HAIKU,
  OPUS_PROFILE,
  "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-haiku-4-5-20251001-v1:0",
];

test("trap 2: the path is encoded once more in what is signed, at the emulator and at the gateway", async () => {
  await using pair = await startEmulated({ models: { one: HAIKU, two: OPUS_PROFILE, three: IDS[2] ?? "" } });
  const issued = issuePair(pair.gateway);
  for (const id of IDS) {
    for (const [url, credentials] of [
      [pair.emulator.url, PAIR],
      [pair.gateway.url, issued],
    ] as const) {
      const client = signingSdk(url, credentials);
      const reply = await client.send(converse(id));
      assert.equal(reply.stopReason, "end_turn", `${id} at ${url}`);
      client.destroy();
      assert.equal((await signedFetch(url, id, credentials)).status, 200, `${id} at ${url}`);
    }
  }
});

test("trap 2: what the gateway signs itself is encoded once more, too", async () => {
  const before = { ...process.env };
  process.env["AWS_ACCESS_KEY_ID"] = PAIR.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = PAIR.secretAccessKey;
  try {
    await using emulator = await startBedrockEmulator({ credentials: PAIR });
    await using gateway = await startGateway(
      `providers: { aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}" } }
targets:
${IDS.map((id, index) => `  t${index}: { provider: aws, model: "${id}", tier: premium, price: { input: 1, output: 5 } }`).join("\n")}
`,
    );
    for (const [index] of IDS.entries()) {
      for (const operation of ["converse", "converse-stream"]) {
        const reply = await callModel(gateway, operation, HELLO, { model: `t${index}` });
        assert.equal(reply.status, 200, await reply.text());
      }
      assert.equal((await gateway.chat({ ...CHAT, model: `t${index}` })).status, 200);
    }
    assert.ok(emulator.requests().every(({ signedBy }) => signedBy?.kind === "sigv4"));
    assert.deepEqual(gateway.bugs, []);
  } finally {
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
});

const UNKNOWN = '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}';

test("trap 3: the emulator answers an ARN with bare slashes with 200 and UnknownOperationException", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR, bearerToken: API_KEY });
  const reply = await fetch(`${emulator.url}/model/${OPUS_PROFILE}/converse`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify(HELLO),
  });
  assert.equal(reply.status, 200);
  assert.equal(await reply.text(), UNKNOWN);
});

test("trap 3: a 200 with UnknownOperationException is an error to every client, and never an empty reply", async () => {
  await using pair = await startScripted((_request, response) => sendJson(response, UNKNOWN));
  const { gateway } = pair;
  for (const streams of [false, true]) {
    const chat = await gateway.chat({ ...CHAT, stream: streams });
    assert.equal(chat.status, 502);
    assert.equal(((await chat.json()) as { error: { code: string } }).error.code, "upstream_error");
    assert.equal((await onlyRecord(gateway)).status, "failed");
    const reply = await callModel(gateway, streams ? "converse-stream" : "converse", HELLO);
    assert.equal(reply.status, 500);
    assert.equal(reply.headers.get("x-amzn-errortype"), "InternalServerException");
    assert.equal((await onlyRecord(gateway)).status, "failed");
  }
});

test("trap 3: the gateway escapes an ARN's slashes, however its clients wrote them", async () => {
  await using pair = await startEmulated({ models: { opus: OPUS_PROFILE } });
  const { gateway, emulator } = pair;
  for (const model of [OPUS_PROFILE, encodeURIComponent(OPUS_PROFILE)]) {
    const reply = await fetch(`${gateway.url}/model/${model}/converse`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}` },
      body: JSON.stringify(HELLO),
    });
    assert.equal(reply.status, 200, await reply.text());
    assert.equal((await onlyRecord(gateway)).status, "answered");
  }
  assert.equal((await gateway.chat({ ...CHAT, model: OPUS_PROFILE })).status, 200);
  const paths = emulator
    .requests()
    .flatMap(({ operation, path }) => (operation === "Converse" ? [path] : []));
  assert.deepEqual(new Set(paths), new Set([`/model/${encodeURIComponent(OPUS_PROFILE)}/converse`]));
  assert.equal(paths.length, 3);
});

test("trap 22: a short-term key of AWS's own generator opens emulator and gateway; a spoilt or expired one does not", async () => {
  let now = Date.now();
  const clock = { now: () => now, monotonic: () => performance.now() };
  await using pair = await startEmulated({ clock });
  const issued = issuePair(pair.gateway);
  const mint = (credentials: typeof PAIR, region = "us-east-1"): Promise<string> =>
    getTokenProvider({ credentials, region, expiresInSeconds: 3_600 })();
  for (const [url, credentials, model] of [
    [pair.emulator.url, PAIR, HAIKU],
    [pair.gateway.url, issued, "fine"],
  ] as const) {
    const tell = async (token: string): Promise<string> => {
      const client = sdk(url, token);
      try {
        return (await client.send(converse(model))).stopReason ?? "";
      } catch (error) {
        const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
        return `${name} ${$metadata?.httpStatusCode}`;
      } finally {
        client.destroy();
      }
    };
    const key = await mint(credentials);
    assert.match(key, /^bedrock-api-key-/);
    assert.equal(await tell(key), "end_turn", url);
    const other = await mint({ ...credentials, secretAccessKey: `${credentials.secretAccessKey}x` });
    assert.match(await tell(other), / 403$/, url);
    const text = Buffer.from(key.slice("bedrock-api-key-".length), "base64").toString();
    const longer = text.replace("X-Amz-Expires=3600", "X-Amz-Expires=43200");
    assert.notEqual(longer, text);
    assert.match(await tell(`bedrock-api-key-${Buffer.from(longer).toString("base64")}`), / 403$/, url);
    now += 2 * 3_600_000;
    assert.match(await tell(key), / 403$/, url);
    now -= 2 * 3_600_000;
  }
});

test("trap 22: a short-term key of another Region is refused by an emulator of one Region", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR, region: "us-east-1" });
  for (const [region, wanted] of [
    ["us-east-1", 200],
    ["eu-central-1", 403],
  ] as const) {
    const token = await getTokenProvider({ credentials: PAIR, region, expiresInSeconds: 3_600 })();
    const reply = await fetch(`${emulator.url}/model/${encodeURIComponent(HAIKU)}/converse`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify(HELLO),
    });
    assert.equal(reply.status, wanted, await reply.text());
  }
});

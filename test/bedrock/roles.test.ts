import assert from "node:assert/strict";
import test from "node:test";
import { startBedrockEmulator } from "../../src/emulator/index.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const PAIR = { accessKeyId: "AKIDEXAMPLE0000", secretAccessKey: "a-secret-of-the-emulator" };
process.env["AWS_ACCESS_KEY_ID"] = PAIR.accessKeyId;
process.env["AWS_SECRET_ACCESS_KEY"] = PAIR.secretAccessKey;
process.env["AWS_EC2_METADATA_DISABLED"] = "true";

const ROLE = "arn:aws:iam::123456789012:role/switchyard-inference";

function yaml(url: string, more = ""): string {
  return `providers: { aws: { kind: bedrock, region: us-east-1, baseUrl: "${url}"${more} } }
targets:
  micro: { provider: aws, model: "us.amazon.nova-micro-v1:0", tier: premium, price: { input: 0.035, output: 0.14 } }
tenants:
  acme: { tasks: ["*"] }
  globex: { tasks: ["*"] }
`;
}

async function ask(
  gateway: TestGateway,
  key: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return gateway.chat({ model: "micro", messages: [{ role: "user", content: "Hello" }] }, { key, headers });
}

test("without a key of Bedrock's requests are signed with the credentials of the standard chain", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR });
  await using gateway = await startGateway(yaml(emulator.url));
  const reply = await ask(gateway, gateway.key);
  assert.equal(reply.status, 200, await reply.clone().text());
  const [seen] = emulator.requests();
  assert.equal(seen?.signedBy?.accessKeyId, PAIR.accessKeyId);
});

test("a role is taken once for each tenant, with the key's tenant as session tag and not a header's", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR });
  const more = `, assumeRole: { role: "${ROLE}", tenantTag: customer, tags: { team: platform } }`;
  await using gateway = await startGateway(yaml(emulator.url, more));
  const { key: other } = gateway.issue({ tenant: "globex" });
  for (const key of [gateway.key, other, gateway.key, other]) {
    const reply = await ask(gateway, key);
    assert.equal(reply.status, 200, await reply.clone().text());
  }
  const refused = await ask(gateway, gateway.key, { "x-switchyard-tenant": "globex" });
  assert.equal(refused.status, 403);
  const requests = emulator.requests();
  const roles = requests.filter(({ operation }) => operation === "AssumeRole");
  assert.equal(roles.length, 2);
  const asked = requests.filter(({ operation }) => operation === "Converse");
  assert.deepEqual(
    asked.map(({ sessionTags }) => sessionTags),
    ["acme", "globex", "acme", "globex"].map((customer) => ({ team: "platform", customer })),
  );
  assert.equal(new Set(asked.map(({ signedBy }) => signedBy?.accessKeyId)).size, 2);
});

test("requests side by side of one tenant take its role once", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR });
  await using gateway = await startGateway(yaml(emulator.url, `, assumeRole: { role: "${ROLE}" }`));
  const replies = await Promise.all(Array.from({ length: 12 }, () => ask(gateway, gateway.key)));
  assert.ok(replies.every(({ status }) => status === 200));
  assert.equal(emulator.requests().filter(({ operation }) => operation === "AssumeRole").length, 1);
});

test("a role that cannot be taken fails the attempt; the wider credentials behind it are not used", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR });
  emulator.setFaults([{ kind: "error", operation: "AssumeRole", exception: "AccessDenied", status: 403 }]);
  await using gateway = await startGateway(yaml(emulator.url, `, assumeRole: { role: "${ROLE}" }`));
  const reply = await ask(gateway, gateway.key);
  assert.equal(reply.status, 502);
  const { error } = (await reply.json()) as { error: { code: string; message: string } };
  assert.equal(error.code, "upstream_error");
  assert.ok(!error.message.includes(ROLE));
  assert.ok(emulator.requests().every(({ operation }) => operation === "AssumeRole"));
  const record = await gateway.record(reply.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "failed");
  assert.equal(record.costNano, 0n);
});

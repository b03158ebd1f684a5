import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { startBedrockEmulator } from "../../../src/emulator/index.ts";
import { startGateway } from "../../support/gateway.ts";
import { Engine } from "../../support/engine.ts";
import { PAIR, sendJson } from "../traps/support.ts";
import { recordOf } from "./support.ts";
import { answerModel, ASKS, credentialsXml, sendCredentials, sendXml, startSts } from "./sts.ts";

/** A minute passes. */
function later(context: TestContext): void {
  const now = Date.now.bind(Date);
  context.mock.method(Date, "now", () => now() + 60_000);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("credentials that live for seconds are renewed, and none is used after its end", async () => {
  await using world = await startSts();
  const ends = new Map<string, number>();
  world.sts = (response) => {
    const token = `token-${world.asked.length}`;
    // As STS words it: without milliseconds.
    const expiration = `${new Date(Date.now() + 2_000).toISOString().slice(0, 19)}Z`;
    ends.set(token, Date.parse(expiration));
    sendXml(response, 200, credentialsXml(token, expiration));
  };
  const late: (string | undefined)[] = [];
  world.model = (response, where, token) => {
    if ((ends.get(token ?? "") ?? 0) <= Date.now()) late.push(token);
    answerModel(response, where);
  };
  for (let round = 0; round < 6; round++) {
    const replies = await Promise.all(
      Object.values(ASKS).map(async (ask) => {
        const reply = await ask(world.gateway);
        await reply.text();
        return reply.status;
      }),
    );
    assert.deepEqual(new Set(replies), new Set([200]));
    await pause(600);
  }
  assert.deepEqual(late, []);
  assert.ok(world.asked.length > 1);
});

test("STS that gives only credentials whose time is over is asked for each burst, not for each request of it", async () => {
  await using world = await startSts();
  world.sts = (response) => sendCredentials(response, `token-${world.asked.length}`, -1_000);
  for (let burst = 1; burst <= 3; burst++) {
    const replies = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const reply = await (ASKS["chat"] as (typeof ASKS)[string])(world.gateway);
        return reply.text();
      }),
    );
    assert.equal(replies.length, 10);
    assert.ok(world.asked.length <= burst * 3, `asked ${world.asked.length} times`);
  }
  assert.deepEqual(world.gateway.bugs, []);
});

for (const exception of ["ExpiredTokenException", "UnrecognizedClientException"])
  test(`a session that Bedrock refuses with ${exception} in the middle of its life is renewed`, async (context) => {
    await using world = await startSts();
    const chat = ASKS["chat"] as (typeof ASKS)[string];
    assert.equal((await chat(world.gateway)).status, 200);
    await recordOf(world.gateway);
    assert.deepEqual(world.tokens, ["token-1"]);
    later(context);
    world.model = (response, where, token) =>
      token === "token-1"
        ? sendJson(response, '{"message":"The security token included in the request is expired"}', 403, {
            "x-amzn-errortype": exception,
          })
        : answerModel(response, where);
    const statuses: number[] = [];
    // One exchange may be lost to finding it out, and STS may be left in peace for a while.
    for (let tries = 0; tries < 30 && statuses.at(-1) !== 200; tries++) {
      const reply = await chat(world.gateway);
      statuses.push(reply.status);
      await reply.text();
      const record = await recordOf(world.gateway);
      if (reply.status !== 200) {
        assert.equal(record.costNano, 0n);
        await pause(100);
      }
    }
    assert.equal(statuses.at(-1), 200, `never served again: ${statuses.length} times ${statuses.at(-1)}`);
    assert.equal(world.tokens.at(-1), "token-2");
  });

test("many requests that find their session refused at once renew it once", async (context) => {
  await using world = await startSts();
  const chat = ASKS["chat"] as (typeof ASKS)[string];
  assert.equal((await chat(world.gateway)).status, 200);
  later(context);
  world.model = (response, where, token) =>
    token === "token-1"
      ? sendJson(response, '{"message":"expired"}', 403, { "x-amzn-errortype": "ExpiredTokenException" })
      : answerModel(response, where);
  await Promise.all(Array.from({ length: 20 }, async () => (await chat(world.gateway)).text()));
  await pause(1_100);
  const after = await Promise.all(Array.from({ length: 20 }, async () => (await chat(world.gateway)).status));
  assert.deepEqual(new Set(after), new Set([200]));
  assert.equal(world.asked.length, 2);
});

test("credentials of a shared file that were changed there are read again when the old ones are refused", async (context) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-aws-"));
  const file = path.join(folder, "credentials");
  const write = (token: string): Promise<void> =>
    writeFile(
      file,
      `[of-the-test]\naws_access_key_id = AKIA${token.toUpperCase()}\naws_secret_access_key = s\naws_session_token = ${token}\n`,
    );
  await write("old");
  const { AWS_SHARED_CREDENTIALS_FILE: before } = process.env;
  process.env["AWS_SHARED_CREDENTIALS_FILE"] = file;
  let good = "old";
  await using engine = await Engine.start((request, response) =>
    request.headers["x-amz-security-token"] === good
      ? answerModel(response, request.path)
      : sendJson(response, '{"message":"expired"}', 403, { "x-amzn-errortype": "ExpiredTokenException" }),
  );
  await using gateway = await startGateway(`providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "http://127.0.0.1:${engine.port}", profile: of-the-test }
targets:
  fine: { provider: aws, model: "us.amazon.nova-micro-v1:0", tier: premium, price: { input: 1, output: 2 } }
`);
  try {
    const chat = ASKS["chat"] as (typeof ASKS)[string];
    const first = await chat(gateway);
    assert.equal(first.status, 200, await first.text());
    later(context);
    good = "new";
    await write("new");
    let status = 0;
    for (let tries = 0; tries < 30 && status !== 200; tries++) {
      const reply = await chat(gateway);
      ({ status } = reply);
      await reply.text();
      await pause(100);
    }
    assert.equal(status, 200);
  } finally {
    if (before === undefined) delete process.env["AWS_SHARED_CREDENTIALS_FILE"];
    else process.env["AWS_SHARED_CREDENTIALS_FILE"] = before;
    await rm(folder, { recursive: true, force: true });
  }
});

/** Every sign that a tenant's name may have, and names that differ in nothing that a session's name may show. */
const ODD = [
  "a:b/c@d",
  "a-b-c@d",
  "a/b:c@d",
  "a.b_c-d",
  "A:b/c@d",
  "0",
  "x::y",
  "x//y",
  "x:/y",
  "x--y",
  "constructor",
  "proto__",
  "switchyard",
  `l${"o".repeat(126)}a`,
  `l${"o".repeat(126)}b`,
  `l${"o".repeat(120)}/@`,
  `l${"o".repeat(120)}:@`,
];

test("fifty tenants at once, with names of every sign, have sessions of their own and tags that STS takes", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR });
  const tenants = [
    ...ODD,
    ...Array.from({ length: 50 - ODD.length }, (_, at) => `t${at}@corp:dept/${at % 3}`),
  ];
  assert.equal(new Set(tenants).size, 50);
  await using gateway = await startGateway(`providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", assumeRole: { role: "arn:aws:iam::123456789012:role/r" } }
targets:
  micro: { provider: aws, model: "us.amazon.nova-micro-v1:0", tier: premium, price: { input: 1, output: 2 } }
tenants:
${tenants.map((tenant) => `  ${JSON.stringify(tenant)}: { tasks: ["*"] }`).join("\n")}
`);
  await Promise.all(
    tenants.flatMap((tenant) => {
      const { key } = gateway.issue({ tenant });
      return [1, 2].map(async () => {
        const reply = await gateway.chat(
          { model: "micro", messages: [{ role: "user", content: tenant }] },
          { key },
        );
        assert.equal(reply.status, 200, `${tenant}: ${await reply.text()}`);
      });
    }),
  );
  const roles = emulator.requests().filter(({ operation }) => operation === "AssumeRole");
  assert.equal(roles.length, 50, "each tenant's role is taken once");
  const calls = emulator.requests().filter(({ operation }) => operation === "Converse");
  assert.equal(calls.length, 100);
  const sessions = new Map<string, Set<string>>();
  for (const { body, sessionTags, signedBy } of calls) {
    const { messages } = JSON.parse(body) as { messages: [{ content: [{ text: string }] }] };
    const tenant = messages[0].content[0].text;
    assert.equal(sessionTags["tenant"], tenant, "the tag is the tenant, sign by sign");
    sessions.set(tenant, (sessions.get(tenant) ?? new Set()).add(signedBy?.sessionName ?? ""));
  }
  const names = [...sessions.values()].flatMap((own) => [...own]);
  assert.equal(names.length, 50, "one session for each tenant");
  assert.equal(new Set(names).size, 50, "and none shared");
  assert.ok(names.every((name) => /^[\w+=,.@-]{2,64}$/.test(name)));
});

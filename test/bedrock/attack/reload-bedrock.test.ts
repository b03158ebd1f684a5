import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { startBedrockEmulator, type RunningEmulator } from "../../../src/emulator/index.ts";
import { Engine } from "../../support/engine.ts";
import { freshData, startProcess, until, type TestProcess } from "../../support/process.ts";
import { delta, ending, event, openStream, PAIR, readEvents, SAY, stop } from "../traps/support.ts";

const MODEL = "us.amazon.nova-lite-v1:0";
const ENV = {
  AWS_ACCESS_KEY_ID: PAIR.accessKeyId,
  AWS_SECRET_ACCESS_KEY: PAIR.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_SESSION_TOKEN: "",
  AWS_PROFILE: "",
};
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

function config(url: string, provider = "", more = ""): string {
  return `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${url}"${provider} }
targets:
  fine: { provider: aws, model: "${MODEL}", tier: small, price: { input: 1, output: 1 } }
tenants:
  acme: { tasks: ["*"] }
${more}`;
}

async function hash(server: TestProcess): Promise<string> {
  return ((await (await server.api("/api/config")).json()) as { hash: string }).hash;
}

async function reload(server: TestProcess, text: string): Promise<void> {
  const before = await hash(server);
  await writeFile(server.configFile ?? "", text);
  for (let tries = 0; tries < 1_000; tries++) {
    if ((await hash(server)) !== before) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the configuration was not swapped:\n${server.stderr()}`);
}

function post(server: TestProcess, key: string, where: string, body: object): Promise<Response> {
  return fetch(`${server.url}${where}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const converse = (server: TestProcess, key: string): Promise<Response> =>
  post(server, key, "/model/fine/converse", SAY("hi"));

/** An upstream whose streams stop after their beginning until they may go on. */
async function startHeld(): Promise<{ engine: Engine; proceed: () => void }> {
  let proceed = (): void => {};
  const held = new Promise<void>((resolve) => (proceed = resolve));
  const engine = await Engine.start(async (_request, response) => {
    openStream(response);
    response.write(Buffer.concat([event("messageStart", { role: "assistant" }), delta(0, { text: "old " })]));
    await held;
    response.end(Buffer.concat([delta(0, { text: "words" }), stop(0), ...ending("end_turn")]));
  });
  return { engine, proceed };
}

test("a changed baseUrl takes effect for new exchanges; streams of both dialects that run end well", async () => {
  const { engine, proceed } = await startHeld();
  await using old = engine;
  await using fresh = await startBedrockEmulator({ bearerToken: "key-one" });
  await using server = await startProcess({
    config: config(`http://127.0.0.1:${old.port}`, ", apiKey: env:BEDROCK_KEY"),
    env: { ...ENV, BEDROCK_KEY: "key-one" },
  });
  const key = await server.key();
  const streams = await Promise.all([
    post(server, key, "/model/fine/converse-stream", SAY("hi")),
    post(server, key, "/v1/chat/completions", {
      model: "fine",
      stream: true,
      messages: [{ role: "user", content: "hi" }],
    }),
  ]);
  assert.deepEqual(
    streams.map(({ status }) => status),
    [200, 200],
  );
  await reload(server, config(fresh.url, ", apiKey: env:BEDROCK_KEY"));
  assert.equal((await converse(server, key)).status, 200);
  assert.equal(fresh.requests().length, 1);
  assert.equal(old.seen.length, 2);
  proceed();
  const [bedrock, openai] = streams;
  assert.equal(readEvents(Buffer.from((await bedrock?.arrayBuffer()) ?? [])).at(-1)?.type, "metadata");
  const text = (await openai?.text()) ?? "";
  assert.ok(text.includes("words") && text.endsWith("data: [DONE]\n\n"));
});

test("a key of Bedrock's whose file was changed is the new one after SIGHUP; streams that run end well", async () => {
  const { engine, proceed } = await startHeld();
  await using _ = engine;
  const data = await freshData();
  const file = path.join(data, "bedrock-key");
  await writeFile(file, "key-one\n");
  await using server = await startProcess({
    data,
    config: config(`http://127.0.0.1:${engine.port}`, `, apiKey: "file:${file}"`),
    env: ENV,
  });
  const key = await server.key();
  const running = await post(server, key, "/model/fine/converse-stream", SAY("hi"));
  assert.equal(engine.seen[0]?.headers.authorization, "Bearer key-one");
  await writeFile(file, "key-two\n");
  server.child.kill("SIGHUP");
  const bearer = async (): Promise<string | undefined> => {
    const leave = new AbortController();
    await fetch(`${server.url}/model/fine/converse-stream`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(SAY("hi")),
      signal: leave.signal,
    });
    leave.abort();
    return engine.seen.at(-1)?.headers.authorization;
  };
  let last: string | undefined;
  for (let tries = 0; tries < 300 && last !== "Bearer key-two"; tries++) {
    last = await bearer();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(last, "Bearer key-two");
  proceed();
  assert.equal(readEvents(Buffer.from(await running.arrayBuffer())).at(-1)?.type, "metadata");
  assert.ok(!(server.stdout() + server.stderr()).includes("key-two"));
});

const sessions = (emulator: RunningEmulator) =>
  emulator
    .requests()
    .flatMap(({ operation, sessionTags, signedBy }) =>
      operation === "Converse" || operation === "ConverseStream"
        ? [{ tags: sessionTags, session: signedBy?.sessionName }]
        : [],
    );

test("a role that comes, changes its tags and goes takes effect for new exchanges; streams that run end well", async () => {
  await using emulator = await startBedrockEmulator({
    credentials: PAIR,
    script: { latency: { tokensPerSecond: 20 }, answers: [{ contains: "slow", text: "word ".repeat(12) }] },
  });
  await using server = await startProcess({ config: config(emulator.url), env: ENV });
  const key = await server.key();
  assert.equal((await converse(server, key)).status, 200);
  const running: Promise<Buffer>[] = [];
  const role = "arn:aws:iam::123456789012:role/r";
  for (const provider of [
    `, assumeRole: { role: "${role}" }`,
    `, assumeRole: { role: "${role}", tenantTag: customer }`,
    "",
  ]) {
    const stream = await post(server, key, "/model/fine/converse-stream", SAY("slow"));
    running.push(stream.arrayBuffer().then((bytes) => Buffer.from(bytes)));
    await reload(server, config(emulator.url, provider));
    const reply = await converse(server, key);
    assert.equal(reply.status, 200, await reply.text());
  }
  for (const bytes of await Promise.all(running)) assert.equal(readEvents(bytes).at(-1)?.type, "metadata");
  assert.deepEqual(
    sessions(emulator).map(({ tags }) => tags),
    [{}, {}, { tenant: "acme" }, { tenant: "acme" }, { customer: "acme" }, { customer: "acme" }, {}],
  );
});

test("a network that is allowed, and then no more, takes effect for new exchanges", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: "key-one" });
  await using files = await Engine.start((_request, response) => {
    response.writeHead(200, { "content-type": "image/png" });
    response.end(PIXEL);
  });
  const options = ", apiKey: env:BEDROCK_KEY";
  const allowed = config(emulator.url, options, "egress: { allow: [127.0.0.0/8] }\n");
  await using server = await startProcess({
    config: config(emulator.url, options),
    env: { ...ENV, BEDROCK_KEY: "key-one" },
  });
  const key = await server.key();
  const look = async (): Promise<number> => {
    const url = `http://127.0.0.1:${files.port}/pixel.png`;
    const content = [
      { type: "text", text: "What is it?" },
      { type: "image_url", image_url: { url } },
    ];
    const reply = await post(server, key, "/v1/chat/completions", {
      model: "fine",
      messages: [{ role: "user", content }],
    });
    await reply.text();
    return reply.status;
  };
  assert.equal(await look(), 400);
  assert.equal(files.seen.length, 0);
  await reload(server, allowed);
  assert.equal(await look(), 200);
  assert.equal(files.seen.length, 1);
  await reload(server, config(emulator.url, options));
  assert.equal(await look(), 400);
  assert.equal(files.seen.length, 1);
  await until(() => emulator.requests().length === 1, "the one request");
});

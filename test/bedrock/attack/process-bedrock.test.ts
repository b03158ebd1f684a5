import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BedrockRuntimeClient, ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import type { ExchangeInfo } from "../../../src/control/contract.ts";
import { startBedrockEmulator, type RunningEmulator } from "../../../src/emulator/index.ts";
import { startPostgres, type TestPostgres } from "../../support/postgres.ts";
import { freshData, runCli, startProcess, until, type TestProcess } from "../../support/process.ts";
import { Engine } from "../../support/engine.ts";
import { delta, event, openStream, SAY } from "../traps/support.ts";

/** Nano-dollars a token, of input and output. */
const PRICE = 1_000n;

const CONFIG = (url: string, storage = ""): string => `${storage}providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${url}", apiKey: env:BEDROCK_KEY }
targets:
  fine: { provider: aws, model: "us.amazon.nova-lite-v1:0", tier: small, price: { input: 1, output: 1 } }
  titan: { provider: aws, model: "amazon.titan-embed-text-v2:0", tier: small, price: { input: 1, output: 1 } }
tenants:
  acme: { tasks: ["*"] }
`;
const ENV = { BEDROCK_KEY: "key-one" };

async function exchanges(server: TestProcess): Promise<ExchangeInfo[]> {
  const answer = await server.api("/api/exchanges?limit=100");
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { rows: ExchangeInfo[] }).rows;
}

test("a process that is killed in the middle of Bedrock's exchanges has each once, killed, at its ceiling", async () => {
  await using engine = await Engine.start((request, response) => {
    if (!request.path.endsWith("-stream")) return;
    openStream(response);
    response.write(Buffer.concat([event("messageStart", { role: "assistant" }), delta(0, { text: "one " })]));
  });
  const url = `http://127.0.0.1:${engine.port}`;
  const options = { data: await freshData(), config: CONFIG(url), env: ENV };
  const ceilings: Record<string, bigint> = {};
  {
    await using server = await startProcess(options);
    const key = await server.key();
    const ask = (journey: string, path: string, body: object, outputTokens: number): Promise<Response> => {
      const text = JSON.stringify(body);
      ceilings[journey] = BigInt(Buffer.byteLength(text) + outputTokens) * PRICE;
      const asked = fetch(server.url + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          "x-switchyard-journey": journey,
        },
        body: text,
      });
      asked.catch(() => {});
      return asked;
    };
    const limits = { inferenceConfig: { maxTokens: 50 } };
    const chat = { model: "fine", messages: [{ role: "user", content: "hi" }] };
    for (const stream of [
      await ask("a-stream", "/model/fine/converse-stream", { ...SAY("hi"), ...limits }, 50),
      await ask("a-chat", "/v1/chat/completions", { ...chat, stream: true, max_tokens: 70 }, 70),
    ]) {
      const reader = stream.body?.getReader();
      assert.equal((await reader?.read())?.done, false, "in mid-stream");
      reader?.closed.catch(() => {});
    }
    void ask("a-converse", "/model/fine/converse", { ...SAY("hi"), ...limits }, 50);
    void ask("some-embeddings", "/v1/embeddings", { model: "titan", input: ["one", "two", "three"] }, 0);
    await until(() => engine.seen.length === 6, "all requests upstream");
    await server.stop("SIGKILL");
  }
  await using again = await startProcess(options);
  let rows: ExchangeInfo[] = [];
  for (let tries = 0; tries < 500 && rows.length < 4; tries++) {
    rows = await exchanges(again);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(
    Object.fromEntries(
      rows.map(({ journey, status, costNano, estimated }) => [
        journey,
        [status, BigInt(costNano), estimated],
      ]),
    ),
    Object.fromEntries(Object.entries(ceilings).map(([journey, nano]) => [journey, ["killed", nano, true]])),
  );
  assert.equal(rows.length, 4, "each once");
  assert.equal(engine.seen.length, 6, "nothing is asked again");
});

describe("two nodes on one PostgreSQL", () => {
  let postgres: TestPostgres | undefined;
  before(async () => void (postgres = await startPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("an access-key pair that the CLI made on one node signs for the other, until it is revoked", async (context) => {
    if (postgres === undefined) return context.skip("no PostgreSQL 15 here, and none could be installed");
    await using emulator: RunningEmulator = await startBedrockEmulator({ bearerToken: "key-one" });
    const options = {
      config: CONFIG(emulator.url, "storage: { database: env:TEST_DATABASE }\n"),
      initialised: false,
      env: { ...ENV, TEST_DATABASE: await postgres.createDatabase() },
    };
    const [one, two] = await Promise.all([startProcess(options), startProcess(options)]);
    try {
      const made = runCli(
        ["keys", "create", "--tenant", "acme", "--aws", "--json", "--data", one.data],
        options.env,
      );
      assert.equal(made.code, 0, made.err);
      const { accessKeyId, secretAccessKey, id } = JSON.parse(made.out) as Record<string, string>;
      assert.ok(accessKeyId !== undefined && secretAccessKey !== undefined);
      const ask = async (node: TestProcess): Promise<number> => {
        const sdk = new BedrockRuntimeClient({
          region: "eu-west-1",
          endpoint: node.url,
          maxAttempts: 1,
          credentials: { accessKeyId, secretAccessKey },
        });
        try {
          const messages = [{ role: "user" as const, content: [{ text: "hi" }] }];
          await sdk.send(new ConverseCommand({ modelId: "fine", messages }));
          return 200;
        } catch (error) {
          const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
          return $metadata?.httpStatusCode ?? 0;
        } finally {
          sdk.destroy();
        }
      };
      const untilStatus = async (node: TestProcess, status: number): Promise<void> => {
        let last = 0;
        for (let tries = 0; tries < 500 && last !== status; tries++) {
          last = await ask(node);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        assert.equal(last, status);
      };
      await untilStatus(two, 200);
      await untilStatus(one, 200);
      assert.equal((await one.api(`/api/keys/${id}`, { method: "DELETE" })).status, 200);
      assert.equal(await ask(one), 403);
      await untilStatus(two, 403);
    } finally {
      await Promise.all([one[Symbol.asyncDispose](), two[Symbol.asyncDispose]()]);
    }
  });
});

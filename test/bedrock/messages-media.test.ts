import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { startBedrockEmulator, type RunningEmulator } from "../../src/emulator/index.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const PDF = Buffer.from("%PDF-1.4\n%%EOF\n");

interface World extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly emulator: RunningEmulator;
  readonly client: Anthropic;
  readonly files: string;
}

/** Claude on the emulator, and a server of files on this machine, which only `allow` makes reachable. */
async function startWorld(egress = '{ allow: ["127.0.0.0/8"] }'): Promise<World> {
  const emulator = await startBedrockEmulator({ bearerToken: "upstream-key" });
  const files = http.createServer((request, response) => {
    if (request.url === "/never") return;
    response.writeHead(request.url === "/gone" ? 404 : 200, { "content-type": "application/octet-stream" });
    response.end(request.url?.startsWith("/a.pdf") === true ? PDF : PNG);
  });
  await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
  const gateway = await startGateway(
    `egress: ${egress}
providers: { aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", apiKey: env:KEY } }
targets:
  claude: { provider: aws, model: us.anthropic.claude-sonnet-4-5-20250929-v1:0, tier: premium, price: { input: 3, output: 15 } }
`,
    { env: { KEY: "upstream-key" } },
  );
  return {
    gateway,
    emulator,
    client: new Anthropic({ baseURL: `${gateway.url}/anthropic`, apiKey: gateway.key, maxRetries: 0 }),
    files: `http://127.0.0.1:${(files.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      files.closeAllConnections();
      files.close();
      await gateway[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
}

function asking(...content: Anthropic.ContentBlockParam[]): Anthropic.MessageCreateParamsNonStreaming {
  return { model: "claude", max_tokens: 50, messages: [{ role: "user", content }] };
}

const image = (url: string): Anthropic.ImageBlockParam => ({ type: "image", source: { type: "url", url } });
const text: Anthropic.TextBlockParam = { type: "text", text: "What is this?" };

test("what an Anthropic client names by address reaches Claude on Bedrock as bytes", async () => {
  await using world = await startWorld();
  const { client, files, emulator } = world;
  const document: Anthropic.DocumentBlockParam = {
    type: "document",
    title: "a",
    source: { type: "url", url: `${files}/a.pdf` },
  };
  const reply = await client.messages.create(asking(image(`${files}/a.png`), document, text));
  assert.equal(reply.role, "assistant");
  const sent = JSON.parse(emulator.requests().at(-1)?.body.toString() ?? "") as Anthropic.MessageCreateParams;
  assert.deepEqual(sent.messages[0]?.content, [
    { type: "image", source: { type: "base64", media_type: "image/png", data: PNG.toString("base64") } },
    {
      type: "document",
      title: "a",
      source: { type: "base64", media_type: "application/pdf", data: PDF.toString("base64") },
    },
    text,
  ]);
  assert.equal(world.gateway.records.at(-1)?.status, "answered");
});

test("a stream with a picture by address is one, and a picture in a tool's result is fetched, too", async () => {
  await using world = await startWorld();
  const { client, files, emulator } = world;
  const stream = client.messages.stream({
    model: "claude",
    max_tokens: 50,
    tools: [{ name: "look", input_schema: { type: "object" } }],
    messages: [
      { role: "user", content: "Look" },
      { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "look", input: {} }] },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "toolu_1", content: [image(`${files}/a.png`)] }],
      },
    ],
  });
  assert.equal((await stream.finalMessage()).role, "assistant");
  assert.match(
    emulator.requests().at(-1)?.body.toString() ?? "",
    new RegExp(PNG.toString("base64").slice(0, 40)),
  );
});

test("an address that may not be fetched, is not there or is no use is refused and nothing is sent", async () => {
  await using guarded = await startWorld("{}");
  await using refusing = await startWorld("{ media: refuse }");
  await using open = await startWorld();
  const cases = [
    [guarded, `${guarded.files}/a.png`, /cannot be fetched/],
    [open, `${open.files}/gone`, /answered 404/],
    [open, "ftp://example.com/a.png", /scheme/],
  ] as const;
  for (const [world, url, why] of cases) {
    await assert.rejects(world.client.messages.create(asking(image(url), text)), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError, String(error));
      assert.match(error.message, why);
      return true;
    });
    assert.equal(world.emulator.requests().length, 0);
    assert.equal(
      world.gateway.records.length,
      world.gateway.records.filter(({ status }) => status === "refused").length,
    );
  }
  // Not fetched at all: Bedrock says itself that it takes none.
  await assert.rejects(
    refusing.client.messages.create(asking(image(`${refusing.files}/a.png`), text)),
    Anthropic.BadRequestError,
  );
});

test("a client that leaves while its picture is fetched is abandoned, and nothing is sent", async () => {
  await using world = await startWorld();
  const abort = new AbortController();
  const asked = world.client.messages.create(asking(image(`${world.files}/never`), text), {
    signal: abort.signal,
  });
  setTimeout(() => abort.abort(), 100);
  await assert.rejects(asked, Anthropic.APIUserAbortError);
  const [record] = await new Promise<typeof world.gateway.records>((resolve) => {
    const look = setInterval(() => {
      if (world.gateway.records.length === 0) return;
      clearInterval(look);
      resolve(world.gateway.records);
    }, 10);
  });
  assert.equal(record?.status, "abandoned");
  assert.equal(record.costNano, 0n);
  assert.equal(world.emulator.requests().length, 0);
});

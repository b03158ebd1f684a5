import assert from "node:assert/strict";
import test from "node:test";
import { startBedrockEmulator } from "../../src/emulator/index.ts";
import { Engine } from "../support/engine.ts";
import { startGateway, until } from "../support/gateway.ts";

const KEY = "bedrock-key-of-the-test";
const ENV = { env: { BEDROCK_KEY: KEY } };
const PRICE = "tier: premium, price: { input: 1, output: 2 }";

function yaml(emulator: string, engine: string, more = ""): string {
  return `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator}", apiKey: env:BEDROCK_KEY }
  eng: { kind: openai-compatible, baseUrl: "${engine}" }
targets:
  micro: { provider: aws, model: "us.amazon.nova-micro-v1:0", ${PRICE}${more} }
  llama: { provider: aws, model: "us.meta.llama3-3-70b-instruct-v1:0", ${PRICE} }
  engine: { provider: eng, model: m, ${PRICE} }
tasks:
  engine-first: { targets: [engine, micro] }
  micro-first: { targets: [micro, engine] }
`;
}

const HELLO = [{ role: "user", content: "Hello, tell me something." }];

test("what only the neutral form finds wrong is no matter where the first target takes the bytes", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url), ENV);
  const odd = [{ role: "user", content: [{ type: "of-the-engine", value: 1 }] }];
  const reply = await gateway.chat({ model: "engine-first", messages: odd });
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(reply.headers.get("x-switchyard-target"), "engine");
});

test("what a target cannot express is served by the next one, with nothing sent to the first", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url), ENV);
  const reply = await gateway.chat({ model: "micro-first", messages: HELLO, logit_bias: { 50_256: -100 } });
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(reply.headers.get("x-switchyard-target"), "engine");
  assert.equal(emulator.requests().length, 0);
  const record = await gateway.record(reply.headers.get("x-switchyard-exchange") ?? "");
  assert.match(record.attempts[0]?.cause ?? "", /^it cannot express logit_bias$/);
});

test("what no target can express is refused, and recorded so, at no cost", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url), ENV);
  const reply = await gateway.chat({ model: "micro", messages: HELLO, n: 2 });
  assert.equal(reply.status, 400);
  const { error } = (await reply.json()) as { error: { code: string; message: string } };
  assert.equal(error.code, "unsupported_parameter");
  const record = await gateway.record(reply.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "refused");
  assert.equal(record.costNano, 0n);
});

test("by policy what is not needed is left out, and named in the reply's head", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url, ", unsupported: drop"), ENV);
  for (const stream of [false, true]) {
    const reply = await gateway.chat({
      model: "micro",
      messages: HELLO,
      seed: 7,
      logit_bias: { 1: 2 },
      stream,
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    const dropped = reply.headers.get("x-switchyard-dropped-params")?.split(",") ?? [];
    assert.deepEqual(dropped.toSorted(), ["logit_bias", "seed"]);
    await reply.arrayBuffer();
  }
  assert.ok(emulator.requests().every(({ body }) => !body.includes("seed")));
});

test("a client that leaves lets a stream of Bedrock run to its end, whose usage is the upstream's own", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  emulator.setFaults([{ kind: "pace", firstTokenMs: 5, tokensPerSecond: 200 }]);
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url, ", onAbort: drain"), ENV);
  const leave = new AbortController();
  const reply = await gateway.chat(
    { model: "micro", messages: HELLO, stream: true },
    { signal: leave.signal },
  );
  const reader = reply.body?.getReader();
  await reader?.read();
  leave.abort();
  const record = await until(() => gateway.records[0], "the record");
  assert.equal(record.status, "abandoned");
  assert.equal(record.estimated, false);
  assert.ok((record.usage?.outputTokens ?? 0) > 0);
});

test("a model that takes tools but not in a stream is asked for a whole reply, which streams on", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  await using gateway = await startGateway(yaml(emulator.url, engine.url), ENV);
  const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const reply = await gateway.chat({
    model: "llama",
    stream: true,
    messages: [{ role: "user", content: "call weather" }],
    tools: [{ type: "function", function: { name: "weather", description: "The weather.", parameters } }],
  });
  const text = await reply.text();
  assert.equal(reply.status, 200, text);
  assert.match(text, /"name":"weather"/);
  assert.match(text, /"finish_reason":"tool_calls"/);
  assert.ok(text.endsWith("data: [DONE]\n\n"));
  assert.equal(emulator.requests().at(-1)?.operation, "Converse");
});

test("a cap in another model's words limits nothing: an exchange's budget holds in InvokeModel", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  const claude = `  claude: { provider: aws, model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ${PRICE} }\n`;
  const text = yaml(emulator.url, engine.url).replace("tasks:\n", `${claude}tasks:\n`);
  await using gateway = await startGateway(text, ENV);
  const body = {
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 4_000,
    max_gen_len: 1,
    messages: [{ role: "user", content: "Hello" }],
  };
  const reply = await fetch(`${gateway.url}/model/claude/invoke`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "content-type": "application/json",
      "x-switchyard-budget": "0.001",
    },
    body: JSON.stringify(body),
  });
  await reply.arrayBuffer();
  const sent = JSON.parse(emulator.requests().at(-1)?.body ?? "{}") as { max_tokens: number };
  assert.ok(sent.max_tokens < 500, String(sent.max_tokens));
});

test("an AWS client's thinking conversation goes on where another model of the route stands in, and when it is back", async () => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  await using engine = await Engine.start();
  const models = {
    one: "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    two: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  };
  const targets = Object.entries(models).map(
    ([id, model]) => `  ${id}: { provider: aws, model: "${model}", ${PRICE} }\n`,
  );
  const text = yaml(emulator.url, engine.url).replace(
    "tasks:\n",
    `${targets.join("")}tasks:\n  both: { targets: [one, two] }\n`,
  );
  await using gateway = await startGateway(text, ENV);
  const schema = { json: { type: "object", properties: { x: { type: "integer" } } } };
  const request = {
    inferenceConfig: { maxTokens: 3_000 },
    toolConfig: { tools: [{ toolSpec: { name: "alpha", description: "A tool.", inputSchema: schema } }] },
    additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
  };
  const converse = async (messages: readonly object[]): Promise<Response> =>
    fetch(`${gateway.url}/model/both/converse`, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      body: JSON.stringify({ ...request, messages }),
    });
  const asked = { role: "user", content: [{ text: "call alpha" }] };
  const away = [{ kind: "error", model: "*haiku*", exception: "ServiceUnavailableException" }] as const;
  // Who thinks first, and who has to go on.
  for (const [first, then] of [
    [[], away],
    [away, []],
  ] as const) {
    emulator.setFaults(first);
    const turn = await converse([asked]);
    assert.equal(turn.status, 200, await turn.clone().text());
    const { output } = (await turn.json()) as {
      output: { message: { content: { toolUse?: { toolUseId: string } }[] } };
    };
    const id = output.message.content.find(({ toolUse }) => toolUse !== undefined)?.toolUse?.toolUseId;
    const result = { toolResult: { toolUseId: id, content: [{ text: "3" }] } };
    emulator.setFaults(then);
    const next = await converse([asked, output.message, { role: "user", content: [result] }]);
    assert.equal(next.status, 200, await next.clone().text());
    assert.equal(next.headers.get("x-switchyard-dropped-params"), "reasoning");
  }
});

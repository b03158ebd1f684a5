import assert from "node:assert/strict";
import test from "node:test";
import { Engine, failing } from "../support/engine.ts";
import { startGateway } from "../support/gateway.ts";
import { answer, error } from "./engine.ts";

// Clients of OpenAI on targets of Anthropic, through the whole gateway.

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked at in all directions
type Any = any;

const CHAT = { model: "claude", messages: [{ role: "user", content: "Say something." }], max_tokens: 50 };

function configuration(engine: Engine, other = engine): string {
  return `providers:
  one: { kind: anthropic, baseUrl: "${engine.url.replace("/v1", "")}", apiKey: "env:KEY" }
  two: { kind: anthropic, baseUrl: "${other.url.replace("/v1", "")}", apiKey: "env:KEY" }
targets:
  claude: { provider: one, model: claude-sonnet-4-5, tier: premium, price: { input: 1, output: 2 } }
  second: { provider: two, model: claude-sonnet-4-5, tier: premium, price: { input: 1, output: 2 } }
`;
}

test("a plain reply and a stream come in the client's dialect, and are charged", async () => {
  await using engine = await Engine.start(answer());
  await using gateway = await startGateway(configuration(engine), {
    env: { KEY: "sk-ant-of-ours" },
  });
  const plain = await gateway.chat(CHAT);
  const body: Any = await plain.json();
  assert.equal(plain.status, 200, JSON.stringify(body));
  assert.equal(body.choices[0].message.content, "one two three");
  assert.deepEqual([body.usage.prompt_tokens, body.usage.completion_tokens], [12, 5]);
  // 12 tokens at 1 dollar a million and 5 at 2.
  assert.equal(Number(plain.headers.get("x-switchyard-cost-usd")), 0.000022);
  const text = await (await gateway.chat({ ...CHAT, stream: true })).text();
  assert.match(text, /"content":"two "/);
  assert.match(text, /data: \[DONE\]\n\n$/);
});

test("an overloaded service is stood in for", async () => {
  await using engine = await Engine.start(failing(529, error("overloaded_error", "Overloaded")));
  await using other = await Engine.start(answer());
  const yaml = configuration(engine, other);
  await using gateway = await startGateway(`${yaml}tasks:\n  talk: { targets: [claude, second] }\n`, {
    env: { KEY: "sk-ant-of-ours" },
  });
  const reply = await gateway.chat({ ...CHAT, model: "talk" });
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(reply.headers.get("x-switchyard-target"), "second");
});

import assert from "node:assert/strict";
import test from "node:test";
import { callModel, SAY } from "../traps/support.ts";
import { askedOf, assertServes, recordOf, startWorld, TARGETS, told } from "./support.ts";

const OPERATIONS = ["converse", "converse-stream"] as const;
const WHOLE = JSON.stringify(SAY("hi"));

const NO_JSON: Readonly<Record<string, string | Buffer>> = {
  nothing: "",
  "a word": "hello",
  "half an object": WHOLE.slice(0, -1),
  "an object and more": `${WHOLE}x`,
  "two objects": WHOLE + WHOLE,
  "a list": "[1]",
  null: "null",
  "a number": "17",
  "single quotes": "{'messages':[]}",
  "a trailing comma": '{"messages":[],}',
  NaN: '{"messages":[],"x":NaN}',
  "a byte order mark": `\uFEFF${WHOLE}`,
  "bytes that are no UTF-8": Buffer.concat([
    Buffer.from('{"messages":"'),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('"}'),
  ]),
  "a raw line break in a text": '{"messages":[{"role":"user","content":[{"text":"a\nb"}]}]}',
  "a lone backslash": '{"messages":[{"role":"user","content":[{"text":"\\x"}]}]}',
};

test("a body that is no JSON object is refused in Bedrock's own shape, and nothing is asked", async () => {
  await using world = await startWorld();
  for (const [what, body] of Object.entries(NO_JSON)) {
    for (const model of TARGETS) {
      for (const operation of [...OPERATIONS, "count-tokens", "invoke"]) {
        const name = `${what}, ${operation} on ${model}`;
        const reply = await told(await callModel(world.gateway, operation, body, { model }), "bedrock", true);
        assert.equal(reply.status, 400, name);
        assert.equal(reply.code, "ValidationException", name);
        assert.equal((await recordOf(world.gateway, name)).status, "refused", name);
      }
    }
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("a key that stands twice is refused, spelt with escapes too", async () => {
  await using world = await startWorld();
  for (const body of [
    `${WHOLE.slice(0, -1)},"messages":[]}`,
    `${WHOLE.slice(0, -1)},"m\\u0065ssages":[]}`,
    `${WHOLE.slice(0, -1)},"requestMetadata":{},"requestMetadata":{}}`,
  ]) {
    for (const model of TARGETS) {
      for (const operation of OPERATIONS) {
        const reply = await told(await callModel(world.gateway, operation, body, { model }), "bedrock", true);
        assert.equal(reply.status, 400, body);
        assert.match(reply.message, /twice|duplicate|more than once/i);
        assert.equal((await recordOf(world.gateway)).code, "invalid_request");
      }
    }
  }
  assert.equal(askedOf(world), 0);
});

const deep = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const deepList = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const message = (content: string): string => `{"role":"user","content":[${content}]}`;

const NESTED: Readonly<Record<string, (value: string) => string>> = {
  "beside everything": (value) =>
    `{"messages":[${message('{"text":"x"}')}],"additionalModelRequestFields":${value}}`,
  "in a call's input": (value) =>
    `{"messages":[${message('{"text":"x"}')},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"alpha","input":{"v":${value}}}}]},${message('{"toolResult":{"toolUseId":"a","content":[{"text":"x"}]}}')}],"toolConfig":{"tools":[{"toolSpec":{"name":"alpha","description":"x","inputSchema":{"json":{"type":"object"}}}}]}}`,
  "in a result": (value) =>
    `{"messages":[${message('{"text":"x"}')},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"alpha","input":{}}}]},${message(`{"toolResult":{"toolUseId":"a","content":[{"json":{"v":${value}}}]}}`)}],"toolConfig":{"tools":[{"toolSpec":{"name":"alpha","description":"x","inputSchema":{"json":{"type":"object"}}}}]}}`,
  "in a schema": (value) =>
    `{"messages":[${message('{"text":"x"}')}],"toolConfig":{"tools":[{"toolSpec":{"name":"alpha","description":"x","inputSchema":{"json":{"type":"object","default":${value}}}}}]}}`,
  "as a block": (value) => `{"messages":[${message(value)}]}`,
  "as the messages": (value) => `{"messages":[${value}]}`,
  "in the metadata": (value) => `{"messages":[${message('{"text":"x"}')}],"requestMetadata":{"a":${value}}}`,
};

for (const [where, body] of Object.entries(NESTED)) {
  test(`a nesting of 100 to 100,000 ${where} breaks nothing inside`, async () => {
    await using world = await startWorld();
    for (const depth of [100, 3_000, 100_000]) {
      for (const value of [deep(depth), deepList(depth)]) {
        for (const model of TARGETS) {
          for (const operation of OPERATIONS) {
            const name = `${depth} ${where}, ${operation} on ${model}`;
            const reply = await callModel(world.gateway, operation, body(value), { model });
            const text = await reply.text();
            assert.ok([200, 400, 500].includes(reply.status), `${name}: ${reply.status}`);
            assert.ok(
              reply.status !== 500 || !text.includes("unexpected fault"),
              `${name}: ${text.slice(0, 300)}`,
            );
            await recordOf(world.gateway, name);
          }
        }
      }
    }
    await assertServes(world);
  });
}

test("a body of 25 MiB is refused by its length, plain and chunked, with Bedrock's exception for it", async () => {
  await using world = await startWorld(undefined, "server: { bodyLimit: 8MB }\n");
  const body = Buffer.from(JSON.stringify(SAY("x".repeat(25 * 1024 * 1024))));
  for (const operation of [...OPERATIONS, "invoke", "count-tokens"]) {
    const reply = await told(
      await callModel(world.gateway, operation, body, { model: "aws" }),
      "bedrock",
      true,
    );
    assert.equal(reply.status, 400);
    assert.equal(reply.code, "ValidationException");
    assert.match(reply.message, /bodyLimit|longer/);
    assert.equal((await recordOf(world.gateway)).code, "payload_too_large");
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("a body of 25 MiB that may be that long is passed on, and what the model says of it comes back", async () => {
  await using world = await startWorld(undefined, "server: { bodyLimit: 32MB }\n");
  const body = Buffer.from(JSON.stringify(SAY("word ".repeat(5 * 1024 * 1024))));
  for (const operation of OPERATIONS) {
    const reply = await told(await callModel(world.gateway, operation, body, { model: "aws" }), "bedrock");
    assert.equal(reply.status, 400, "longer than any context window");
    assert.equal((await recordOf(world.gateway)).code, "context_overflow");
  }
  await assertServes(world);
});

/** A body that only its own model knows. */
const INVOKE = { inputText: "x", textGenerationConfig: { maxTokenCount: 10 } };

test("InvokeModel of a body that only a model of Bedrock knows is refused by other targets, and says why", async () => {
  await using world = await startWorld();
  for (const [operation, body] of [
    ["invoke", INVOKE],
    ["invoke-with-response-stream", INVOKE],
  ] as const) {
    const reply = await told(
      await callModel(world.gateway, operation, body, { model: "eng" }),
      "bedrock",
      true,
    );
    assert.equal(reply.status, 400, operation);
    assert.equal(reply.code, "ValidationException");
    assert.match(reply.message, /eng/);
    assert.match(reply.message, /Bedrock|InvokeModel|CountTokens|token/i);
    const record = await recordOf(world.gateway, operation);
    assert.equal(record.code, "unsupported_parameter");
    assert.equal(record.attempts.length, 0);
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("on a route of both kinds a body goes to the target that knows it", async () => {
  await using world = await startWorld(undefined, "tasks:\n  both: { targets: [eng, aws] }\n");
  const reply = await callModel(world.gateway, "invoke", INVOKE, { model: "both" });
  // The model there is a Claude, and says itself that the body is none of its own.
  assert.equal(reply.status, 400);
  assert.match(await reply.text(), /anthropic_version/);
  assert.equal(reply.headers.get("x-switchyard-target"), "aws");
  const record = await recordOf(world.gateway);
  assert.equal(record.attempts.length, 1);
});

import assert from "node:assert/strict";
import test from "node:test";
import { callModel, lastBody, type Any } from "../traps/support.ts";
import { askedOf, assertServes, recordOf, startWorld, TARGETS, told } from "./support.ts";

const BLANK = ["", " ", "  \n", "\t", "\u00a0", "\u3000", "\u200b"];
const block = (text: string): object => ({ text });
const user = (...content: object[]): object => ({ role: "user", content });
const assistant = (...content: object[]): object => ({ role: "assistant", content });
const toolUse = (toolUseId: string, more: object = {}): object => ({
  toolUse: { toolUseId, name: "alpha", input: {}, ...more },
});
const toolResult = (toolUseId: string, content: readonly object[] = [{ text: "x" }]): object => ({
  toolResult: { toolUseId, content },
});
const toolConfig = {
  tools: [{ toolSpec: { name: "alpha", description: "x", inputSchema: { json: { type: "object" } } } }],
};

/** Converse requests that the service refuses, by what it says of them. */
const REFUSED: Readonly<Record<string, readonly [body: object, says: RegExp]>> = {
  ...Object.fromEntries(
    ["", " ", "  \n", "\t"].flatMap((text) => [
      [`a message of ${JSON.stringify(text)}`, [{ messages: [user(block(text))] }, /blank/]],
      [
        `an answer of ${JSON.stringify(text)}`,
        [{ messages: [user(block("x")), assistant(block(text)), user(block("x"))] }, /blank/],
      ],
      [
        `a system of ${JSON.stringify(text)}`,
        [{ system: [block(text)], messages: [user(block("x"))] }, /blank/],
      ],
    ]),
  ),
  "a message without content": [{ messages: [user()] }, /content field .* is empty/],
  "no messages": [{ messages: [] }, /./],
  "no messages at all": [{}, /./],
  "a result without its call": [
    { messages: [user(toolResult("a"))], toolConfig },
    /exceeds the number of toolUse/,
  ],
  "a result of another call": [
    { messages: [user(block("x")), assistant(toolUse("a")), user(toolResult("b"))], toolConfig },
    /Expected toolResult blocks at messages\.2\.content for the following Ids: a/,
  ],
  "a call without its result": [
    { messages: [user(block("x")), assistant(toolUse("a")), user(block("x"))], toolConfig },
    /Expected toolResult blocks/,
  ],
  "calls and no toolConfig": [
    { messages: [user(block("x")), assistant(toolUse("a")), user(toolResult("a"))] },
    /toolConfig field must be defined/,
  ],
  "a tool's name of 67 characters": [
    {
      messages: [user(block("x"))],
      toolConfig: { tools: [{ toolSpec: { name: "a".repeat(67), inputSchema: { json: {} } } }] },
    },
    /length less than or equal to 64|failed to satisfy/,
  ],
  "a block of two kinds": [
    { messages: [user({ text: "x", toolResult: { toolUseId: "a", content: [] } })], toolConfig },
    /can only set one/,
  ],
  "a block of no kind": [{ messages: [user({})] }, /must set one/],
  "a role that nobody knows": [{ messages: [{ role: "wizard", content: [block("x")] }] }, /role/],
  "a call without input": [
    {
      messages: [user(block("x")), assistant(toolUse("a", { input: undefined })), user(toolResult("a"))],
      toolConfig,
    },
    /input/,
  ],
  "a temperature of 3": [
    { messages: [user(block("x"))], inferenceConfig: { temperature: 3 } },
    /temperature/,
  ],
  "no tools in toolConfig": [{ messages: [user(block("x"))], toolConfig: { tools: [] } }, /tools/],
};

test("what Converse refuses is refused on every target, in its words, with one record", async () => {
  await using world = await startWorld();
  for (const [what, [body, says]] of Object.entries(REFUSED)) {
    for (const target of TARGETS) {
      for (const operation of ["converse", "converse-stream"]) {
        const name = `${what}, ${operation} on ${target}`;
        const reply = await told(
          await callModel(world.gateway, operation, body, { model: target }),
          "bedrock",
        );
        assert.equal(reply.status, 400, `${name}: ${reply.message}`);
        assert.equal(reply.code, "ValidationException", name);
        assert.match(reply.message, says, name);
        const record = await recordOf(world.gateway, name);
        assert.equal(record.status, target === "aws" ? "failed" : "refused", name);
        assert.equal(record.code, "invalid_request", name);
        assert.equal(record.costNano, 0n, name);
      }
    }
  }
  assert.equal(world.engine.seen.length, 0, "nothing of it reached the engine");
  await assertServes(world);
});

test("blank content of an OpenAI client is served on Bedrock, and goes to an engine as it came", async () => {
  await using world = await startWorld();
  for (const text of BLANK) {
    for (const messages of [
      [{ role: "user", content: text }],
      [{ role: "user", content: [{ type: "text", text }] }],
      [
        { role: "system", content: text },
        { role: "user", content: "x" },
        { role: "assistant", content: text },
        { role: "user", content: text },
      ],
    ]) {
      for (const model of TARGETS) {
        const reply = await told(await world.gateway.chat({ model, messages }), "openai");
        assert.equal(reply.status, 200, `${JSON.stringify(text)} on ${model}: ${reply.message}`);
        assert.equal((await recordOf(world.gateway)).status, "answered");
      }
      assert.deepEqual(lastBody(world.engine).messages, messages);
    }
  }
});

const call = (id: string, name: string): object => ({
  id,
  type: "function",
  function: { name, arguments: "{}" },
});

test("a tool's result without its call is refused on Bedrock by name, before anything is sent", async () => {
  await using world = await startWorld();
  for (const messages of [
    [{ role: "tool", tool_call_id: "lost", content: "x" }],
    [
      { role: "user", content: "x" },
      { role: "assistant", content: null, tool_calls: [call("a", "alpha")] },
      { role: "tool", tool_call_id: "lost", content: "x" },
    ],
    [
      { role: "user", content: "x" },
      { role: "assistant", content: null, tool_calls: [call("a", "alpha")] },
      { role: "tool", tool_call_id: "a", content: "x" },
      { role: "tool", tool_call_id: "a", content: "twice" },
    ],
  ]) {
    const before = askedOf(world);
    for (const stream of [false, true]) {
      const reply = await told(await world.gateway.chat({ model: "aws", stream, messages }), "openai", true);
      assert.equal(reply.status, 400);
      assert.match(reply.message, /tool result (lost|a) /);
      assert.equal((await recordOf(world.gateway)).status, "refused");
    }
    assert.equal(askedOf(world), before);
  }
  await assertServes(world);
});

const PREFIX = "mcp__server__".padEnd(64, "a");
const NAMES = ["abc", "abd", "xyz"].map((end) => PREFIX + end);
const TRICKY = [
  "a.b",
  "a/b",
  "a-b",
  "a_b",
  "a b",
  "é",
  "\u{1F600}",
  "a".repeat(64),
  "a".repeat(65),
  "toString",
  "__proto__",
  "constructor",
];

for (const names of [NAMES, TRICKY]) {
  test(`${names.length} tool names such as ${names[0]?.slice(-12)} come back as they were, each for itself`, async () => {
    await using world = await startWorld();
    const tools = names.map((name) => ({
      type: "function",
      function: { name, description: "x", parameters: { type: "object", properties: {} } },
    }));
    for (const name of names) {
      const reply = await told(
        await world.gateway.chat({
          model: "aws",
          tools,
          tool_choice: { type: "function", function: { name } },
          messages: [
            { role: "user", content: "go" },
            { role: "assistant", content: null, tool_calls: names.map((one, at) => call(`c${at}`, one)) },
            ...names.map((_one, at) => ({ role: "tool", tool_call_id: `c${at}`, content: "x" })),
            { role: "user", content: "go on" },
          ],
        }),
        "openai",
      );
      assert.equal(reply.status, 200, reply.message);
      const { toolConfig: sent } = lastBody(world.emulator);
      assert.equal(
        new Set(sent.tools.map(({ toolSpec }: Any) => toolSpec.name as string)).size,
        names.length,
      );
      assert.equal(reply.body.choices[0].message.tool_calls[0].function.name, name);
      await recordOf(world.gateway);
    }
  });
}

const DOCUMENT = Buffer.from("plain words").toString("base64");

test("document names of a Converse client go to Bedrock as they are, and Bedrock's refusal comes back", async () => {
  await using world = await startWorld();
  const document = (name: string): object => ({
    document: { name, format: "txt", source: { bytes: DOCUMENT } },
  });
  for (const content of [
    [block("x"), document("報告　2026.v1")],
    [block("x"), document("a\tb")],
    [block("x"), document("a.b")],
    [block("x"), document("a  b")],
    [block("x"), document("a"), document("a")],
    [block("x"), document("")],
    [block("x"), document("a".repeat(201))],
    [document("a")],
  ]) {
    const reply = await told(
      await callModel(world.gateway, "converse", { messages: [user(...content)] }, { model: "aws" }),
      "bedrock",
    );
    assert.equal(reply.status, 400, JSON.stringify(content).slice(0, 120));
    assert.equal(reply.code, "ValidationException");
    assert.equal((await recordOf(world.gateway)).status, "failed");
  }
});

test("any file name of an OpenAI client becomes a legal one", async () => {
  await using world = await startWorld();
  const names = [
    "報告　2026.v1.txt",
    "a\tb.txt",
    "a.b.c.txt",
    "a  b.txt",
    "a.txt",
    "a.txt",
    ".txt",
    "",
    "../../etc/passwd.txt",
    "\u0000.txt",
    "\u202Etxt.exe.txt",
    "x".repeat(400) + ".txt",
    "__proto__.txt",
  ];
  for (let from = 0; from < names.length; from += 4) {
    const content = names.slice(from, from + 4).map((filename) => ({
      type: "file",
      file: { filename, file_data: `data:text/plain;base64,${DOCUMENT}` },
    }));
    const reply = await told(
      await world.gateway.chat({ model: "aws", messages: [{ role: "user", content }] }),
      "openai",
    );
    assert.equal(reply.status, 200, `${names.slice(from, from + 4).join(" | ")}: ${reply.message}`);
    assert.equal((await recordOf(world.gateway)).status, "answered");
  }
});

import assert from "node:assert/strict";
import test from "node:test";
import { startBedrockEmulator } from "../../../src/emulator/index.ts";
import {
  API_KEY,
  chunksOf,
  HAIKU,
  lastBody,
  NOVA,
  onlyRecord,
  PAIR,
  startEmulated,
  type Any,
} from "./support.ts";

const call = (id: string, name: string, args = "{}"): object => ({
  id,
  type: "function",
  function: { name, arguments: args },
});
const result = (id: string, content: unknown): object => ({ role: "tool", tool_call_id: id, content });
const tool = (name: string): object => ({
  type: "function",
  function: { name, description: `Does ${name}.`, parameters: { type: "object", properties: {} } },
});
const user = (content: unknown): object => ({ role: "user", content });
const NAMES = ["alpha", "beta", "gamma"];
const TOOLS = NAMES.map(tool);
const CALLS = { role: "assistant", content: null, tool_calls: NAMES.map((name) => call(`id_${name}`, name)) };

/** A message's blocks by what they are. */
const kinds = (message: Any): string[] => message.content.map((block: object) => Object.keys(block)[0]);

test("trap 4: three tool messages and a user message become one user message, results first", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  const messages = [
    user("go"),
    CALLS,
    ...NAMES.map((name) => result(`id_${name}`, `ran ${name}`)),
    user("And now?"),
  ];
  const reply = await gateway.chat({ model: "fine", messages, tools: TOOLS });
  assert.equal(reply.status, 200, await reply.text());
  const body = lastBody(emulator);
  assert.deepEqual(
    body.messages.map(({ role }: Any) => role as string),
    ["user", "assistant", "user"],
  );
  assert.deepEqual(kinds(body.messages[2]), ["toolResult", "toolResult", "toolResult", "text"]);
  assert.equal((await onlyRecord(gateway)).status, "answered");
});

test("trap 4: the emulator wants every result in the message after the calls", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR, bearerToken: API_KEY });
  const toolUse = (toolUseId: string): object => ({ toolUse: { toolUseId, name: "alpha", input: {} } });
  const toolResult = (toolUseId: string): object => ({ toolResult: { toolUseId, content: [{ text: "x" }] } });
  const body = {
    messages: [
      { role: "user", content: [{ text: "go" }] },
      { role: "assistant", content: [toolUse("a"), toolUse("b")] },
      { role: "user", content: [toolResult("a")] },
      { role: "user", content: [toolResult("b")] },
    ],
    toolConfig: {
      tools: [{ toolSpec: { name: "alpha", description: "x", inputSchema: { json: { type: "object" } } } }],
    },
  };
  const reply = await fetch(`${emulator.url}/model/${encodeURIComponent(HAIKU)}/converse`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify(body),
  });
  assert.equal(reply.status, 400);
  assert.match(await reply.text(), /Expected toolResult blocks at messages\.2\.content/);
});

const BLANKS: Readonly<Record<string, readonly object[]>> = {
  "an empty user message": [user("")],
  "a user message of spaces": [user("  \n")],
  "a part that is empty": [
    user([
      { type: "text", text: "" },
      { type: "text", text: "hi" },
    ]),
  ],
  "a part of spaces alone": [user([{ type: "text", text: " \t\n" }])],
  "an empty list of parts": [user([])],
  "an empty system message": [{ role: "system", content: "" }, user("hi")],
  "a system message of spaces": [{ role: "system", content: "  \n" }, user("hi")],
  "an empty answer of the assistant": [user("hi"), { role: "assistant", content: "" }, user("hi")],
  "an answer of spaces": [user("hi"), { role: "assistant", content: "  \n" }, user("hi")],
  "null beside tool calls": [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, "x"))],
  "an empty text beside tool calls": [
    user("go"),
    { ...CALLS, content: "" },
    ...NAMES.map((name) => result(`id_${name}`, "x")),
  ],
  "empty results of tools": [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, ""))],
  "results of spaces": [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, " \n"))],
  "results that are empty lists": [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, []))],
  "arguments that are empty": [
    user("go"),
    { role: "assistant", content: null, tool_calls: [call("a", "alpha", "")] },
    result("a", "x"),
  ],
  "arguments of spaces": [
    user("go"),
    { role: "assistant", content: null, tool_calls: [call("a", "alpha", " ")] },
    result("a", "x"),
  ],
  "spaces after a beginning of the answer": [user("hi"), { role: "assistant", content: "Well, \n" }],
};

test("trap 5: blank content in any place is served", async () => {
  await using pair = await startEmulated({ models: { fine: HAIKU, nova: NOVA } });
  const { gateway } = pair;
  for (const model of ["fine", "nova"]) {
    for (const [what, messages] of Object.entries(BLANKS)) {
      const reply = await gateway.chat({ model, messages, tools: TOOLS });
      assert.equal(reply.status, 200, `${what} on ${model}: ${await reply.text()}`);
      assert.equal((await onlyRecord(gateway)).status, "answered", what);
    }
  }
});

test("trap 6: a history with calls and no tools in the request is served, and none is never a toolChoice", async () => {
  await using pair = await startEmulated({ models: { fine: HAIKU }, target: ", unsupported: drop" });
  const { gateway, emulator } = pair;
  const messages = [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, "x"))];
  for (const more of [{}, { tools: [] }, { tool_choice: "none" }, { tools: TOOLS, tool_choice: "none" }]) {
    const reply = await gateway.chat({ model: "fine", messages, ...more });
    assert.equal(reply.status, 200, await reply.text());
    const { toolConfig } = lastBody(emulator);
    assert.equal(toolConfig?.toolChoice, undefined, "none is nothing that Converse knows");
    assert.equal(reply.headers.get("x-switchyard-dropped-params"), null);
  }
});

test("trap 6: a target that may drop nothing serves a history with calls, and none with it, by telling of them", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  const messages = [user("go"), CALLS, ...NAMES.map((name) => result(`id_${name}`, "x"))];
  assert.equal((await gateway.chat({ model: "fine", messages })).status, 200);
  const reply = await gateway.chat({ model: "fine", messages, tools: TOOLS, tool_choice: "none" });
  assert.equal(reply.status, 200, await reply.clone().text());
  assert.equal(lastBody(emulator).toolConfig, undefined);
  assert.match(JSON.stringify(lastBody(emulator).messages), /I called the tool alpha/);
});

test("trap 6: tool_choice none without a history of calls leaves the tools out, and no tool is called", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  const reply = await gateway.chat({
    model: "fine",
    messages: [user("call alpha")],
    tools: TOOLS,
    tool_choice: "none",
  });
  const { choices } = (await reply.json()) as Any;
  assert.equal(reply.status, 200);
  assert.equal(choices[0].message.tool_calls, undefined);
  assert.equal(lastBody(emulator).toolConfig?.toolChoice, undefined);
});

const PREFIX = "mcp__a.server/with.dots__".padEnd(64, "x");
const LONG = [`${PREFIX}abc`, `${PREFIX}abd`];

test("trap 7: two names of 67 characters that differ at their ends stay two, and come back as they were", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  const seen = new Set<string>();
  for (const stream of [false, true]) {
    const ask = {
      model: "fine",
      stream,
      tools: LONG.map(tool),
      messages: [user("go")],
      tool_choice: { type: "function", function: { name: LONG[1] } },
    };
    const reply = await gateway.chat(ask);
    assert.equal(reply.status, 200);
    const calls = stream
      ? (await chunksOf(reply)).chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
      : ((await reply.json()) as Any).choices[0].message.tool_calls;
    assert.equal(calls[0].function.name, LONG[1]);
    const { toolConfig } = lastBody(emulator);
    const names: string[] = toolConfig.tools.map(({ toolSpec }: Any) => toolSpec.name as string);
    assert.equal(new Set(names).size, 2);
    for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    seen.add(names.join(" "));

    const history = [
      user("go"),
      { role: "assistant", content: null, tool_calls: LONG.map((name, at) => call(`c${at}`, name)) },
      ...LONG.map((_name, at) => result(`c${at}`, "x")),
    ];
    const next = await gateway.chat({ model: "fine", stream, tools: LONG.map(tool), messages: history });
    assert.equal(next.status, 200, await next.text());
    const told = lastBody(emulator).messages[1].content.map(({ toolUse }: Any) => toolUse.name as string);
    assert.deepEqual(told, names, "the same names in every turn");
  }
  assert.equal(seen.size, 1, "the same names in every request");
});

const PDF = `data:application/pdf;base64,${Buffer.from("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n").toString("base64")}`;
const file = (filename: string): object => ({ type: "file", file: { filename, file_data: PDF } });

test("trap 8: document names with a wide space, dots, tabs and doubles become legal and unique, and get a text beside them", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  const names = [
    "報告　2026.v1.pdf",
    "report.pdf",
    "report.pdf",
    "a\tb  c.pdf",
    ".pdf",
    "x".repeat(300) + ".pdf",
  ];
  const documents = names.map(file);
  for (const messages of [
    [user(documents.slice(0, 4))],
    [user(documents.slice(2))],
    [user([documents[0]])],
    [user([documents[1]]), { role: "assistant", content: "Thanks." }, user([documents[2]])],
  ]) {
    const reply = await gateway.chat({ model: "fine", messages });
    assert.equal(reply.status, 200, await reply.text());
    const sent: Any[] = lastBody(emulator).messages;
    const found: string[] = sent.flatMap(({ content }) =>
      content.flatMap(({ document }: Any) => document?.name ?? []),
    );
    assert.equal(new Set(found).size, found.length, found.join(", "));
    for (const name of found) {
      assert.match(name, /^[a-zA-Z0-9\s()[\]-]{1,200}$/);
      assert.doesNotMatch(name, /\s\s/);
    }
    for (const message of sent.filter((one) => kinds(one).includes("document")))
      assert.ok(kinds(message).includes("text"), "a document has a text beside it");
  }
  assert.deepEqual(gateway.bugs, []);
});

test("trap 8: the emulator refuses the names as they were, and a document alone", async () => {
  await using emulator = await startBedrockEmulator({ credentials: PAIR, bearerToken: API_KEY });
  const document = (name: string): object => ({
    document: { name, format: "pdf", source: { bytes: PDF.split(",")[1] } },
  });
  for (const content of [
    [{ text: "x" }, document("報告　2026.v1.pdf")],
    [{ text: "x" }, document("a\tb")],
    [{ text: "x" }, document("a"), document("a")],
    [document("a")],
  ]) {
    const reply = await fetch(`${emulator.url}/model/${encodeURIComponent(HAIKU)}/converse`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify({ messages: [{ role: "user", content }] }),
    });
    assert.equal(reply.status, 400, JSON.stringify(content).slice(0, 200));
  }
});

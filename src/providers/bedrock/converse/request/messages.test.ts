import assert from "node:assert/strict";
import test from "node:test";
import type { ChatMessage } from "../../../../core/chat.ts";
import {
  assistant,
  call,
  GPT_OSS,
  LLAMA,
  MISTRAL_7B,
  NOVA_PRO,
  OPUS_47,
  OPUS_48,
  PALMYRA,
  result,
  SONNET_45,
  SONNET_46,
  systemMessage,
  tool,
  told,
  user,
  write,
} from "../support.test.ts";

const TOOLS = [tool("look")];

test("three results and a message of the user become one user message, results first", () => {
  const { body } = write({
    tools: TOOLS,
    messages: [
      user("look thrice"),
      assistant(call("a"), call("b"), call("c")),
      user(result("a")),
      user(result("b")),
      user(result("c")),
      user("and now?"),
    ],
  });
  assert.equal(body.messages.length, 3);
  assert.deepEqual(
    body.messages[2].content.map((block: object) => Object.keys(block)[0]),
    ["toolResult", "toolResult", "toolResult", "text"],
  );
  assert.deepEqual(
    body.messages[2].content
      .slice(0, 3)
      .map((block: { toolResult: { toolUseId: string } }) => block.toolResult.toolUseId),
    ["a", "b", "c"],
  );
});

test("results come first also where the user wrote before them", () => {
  const { body } = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call("a")), user("wait", result("a"))],
  });
  assert.deepEqual(Object.keys(body.messages[2].content[0]), ["toolResult"]);
  assert.deepEqual(body.messages[2].content[1], { text: "wait" });
});

test("consecutive messages of one role become one", () => {
  const { body } = write({ messages: [user("a"), user("b"), assistant("c"), assistant("d"), user("e")] });
  assert.deepEqual(body.messages, [
    { role: "user", content: [{ text: "a" }, { text: "b" }] },
    { role: "assistant", content: [{ text: "c" }, { text: "d" }] },
    { role: "user", content: [{ text: "e" }] },
  ]);
});

test("blank text falls away, and a message that has nothing else does too", () => {
  const written = write({
    system: [
      { type: "text", text: " \n" },
      { type: "text", text: "be brief" },
    ],
    messages: [user("a", "", "  \n"), assistant(""), user("b")],
  });
  assert.deepEqual(written.body.system, [{ text: "be brief" }]);
  assert.deepEqual(written.body.messages, [{ role: "user", content: [{ text: "a" }, { text: "b" }] }]);
  assert.deepEqual(written.lost, []);
});

test("a blank message of the user between two of the assistant leaves a placeholder", () => {
  const { body } = write({ messages: [user("a"), assistant("b"), user(" "), assistant("c"), user("d")] });
  assert.deepEqual(body.messages[2], { role: "user", content: [{ text: "." }] });
});

test("a conversation of nothing, or that begins with the assistant, begins with a placeholder of the user's", () => {
  assert.deepEqual(write({ messages: [] }).body.messages, [{ role: "user", content: [{ text: "." }] }]);
  assert.deepEqual(write({ messages: [assistant("hello"), user("hi")] }).body.messages, [
    { role: "user", content: [{ text: "." }] },
    { role: "assistant", content: [{ text: "hello" }] },
    { role: "user", content: [{ text: "hi" }] },
  ]);
});

test("calls without text, results without content and arguments of nothing are legal", () => {
  const { body } = write({
    tools: TOOLS,
    messages: [user("x"), assistant("", call("a", "look", "")), user(result("a", ""))],
  });
  assert.deepEqual(body.messages[1].content, [{ toolUse: { toolUseId: "a", name: "look", input: {} } }]);
  assert.deepEqual(body.messages[2].content, [
    { toolResult: { toolUseId: "a", content: [{ text: "(empty)" }] } },
  ]);
});

test("arguments keep every digit", () => {
  const input = '{"n": 12345678901234567890.10, "m": 1e400, "k": "\\u00e9"}';
  const { text } = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call("a", "look", input)), user(result("a"))],
  });
  assert.ok(text.includes(`"input":${input}`));
});

test("arguments that are no JSON object cannot be said", () => {
  for (const input of ["{", "[1]", '"x"', "null", '{"a":1}}']) {
    const written = write({
      tools: TOOLS,
      messages: [user("x"), assistant(call("a", "look", input)), user(result("a"))],
    });
    assert.deepEqual(told(written), ["!arguments of look are no JSON object"], input);
  }
});

test("two turns that each call call_0 get ids of their own, and results follow their calls", () => {
  const { body } = write({
    tools: TOOLS,
    messages: [
      user("x"),
      assistant(call("call_0")),
      user(result("call_0", "first")),
      assistant(call("call_0")),
      user(result("call_0", "second")),
    ],
  });
  const ids = body.messages.flatMap(({ content }: { content: Record<string, { toolUseId: string }>[] }) =>
    content.map((block) => (block["toolUse"] ?? block["toolResult"])?.toolUseId),
  );
  assert.deepEqual(ids.slice(1), ["call_0", "call_0", "call_0_2", "call_0_2"]);
  assert.equal(body.messages[4].content[0].toolResult.content[0].text, "second");
});

test("two calls of one id in one turn are told apart by their places", () => {
  const { body, lost } = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call("c"), call("c")), user(result("c", "1"), result("c", "2"))],
  });
  assert.deepEqual(
    body.messages[2].content.map(
      (block: { toolResult: { toolUseId: string } }) => block.toolResult.toolUseId,
    ),
    ["c", "c_2"],
  );
  assert.deepEqual(lost, []);
});

test("ids that Converse does not take become legal ones, the same for a call and its result", () => {
  const id = "call/é…".repeat(20);
  const { body } = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call(id)), user(result(id))],
  });
  const { toolUseId } = body.messages[1].content[0].toolUse;
  assert.match(toolUseId, /^[a-zA-Z0-9_.:-]{1,64}$/);
  assert.equal(body.messages[2].content[0].toolResult.toolUseId, toolUseId);
});

test("Kimi's ids stay as they are", () => {
  const { body } = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call("functions.look:0")), user(result("functions.look:0"))],
  });
  assert.equal(body.messages[1].content[0].toolUse.toolUseId, "functions.look:0");
});

test("a call without a result gets one that says so, and that is told", () => {
  const written = write({
    tools: TOOLS,
    messages: [user("x"), assistant(call("a"), call("b")), user(result("b"), "go on")],
  });
  assert.deepEqual(
    written.body.messages[2].content.map(
      (block: { toolResult?: { toolUseId: string } }) => block.toolResult?.toolUseId,
    ),
    ["b", "a", undefined],
  );
  assert.deepEqual(told(written), ["tool call a has no result; one that says so stands in for it"]);
});

test("a conversation that ends with calls ends with results that say there are none", () => {
  const { body } = write({ tools: TOOLS, messages: [user("x"), assistant(call("a"))] });
  assert.equal(body.messages.at(-1).role, "user");
  assert.ok(body.messages.at(-1).content[0].toolResult);
});

test("a result that belongs to no call of the turn before cannot be said", () => {
  const written = write({
    tools: TOOLS,
    messages: [user("x"), assistant("no call"), user(result("a"), "y")],
  });
  assert.deepEqual(told(written), ["!tool result a belongs to no call of the assistant's turn before it"]);
  assert.deepEqual(written.body.messages.at(-1).content, [{ text: "y" }]);
});

test("a result says that its tool failed by its status, and in words where a model knows no status", () => {
  const messages = [
    user("x"),
    assistant(call("a")),
    user({
      type: "tool-result" as const,
      id: "a",
      content: [{ type: "text" as const, text: "boom" }],
      isError: true,
    }),
  ];
  const { toolResult } = write({ tools: TOOLS, messages }).body.messages[2].content[0];
  assert.equal(toolResult.status, "error");
  const other = write({ tools: TOOLS, messages }, PALMYRA).body.messages[2].content[0].toolResult;
  assert.equal(other.status, undefined);
  assert.deepEqual(other.content, [{ text: "The tool failed:" }, { text: "boom" }]);
});

test("JSON of a result stands as it is where it is an object, and as text otherwise", () => {
  const content = [
    { type: "json" as const, json: '{"n": 12345678901234567890}' },
    { type: "json" as const, json: "[1, 2]" },
  ];
  const { text, body } = write({
    tools: TOOLS,
    messages: [
      user("x"),
      assistant(call("a")),
      user({ type: "tool-result", id: "a", content, isError: false }),
    ],
  });
  assert.ok(text.includes('{"json":{"n": 12345678901234567890}}'));
  assert.deepEqual(body.messages[2].content[0].toolResult.content[1], { text: "[1, 2]" });
});

test("for a model that wants results alone, what follows them comes in a message of its own", () => {
  const messages = [user("x"), assistant(call("a")), user(result("a"), "and now?")];
  const { body } = write({ tools: TOOLS, messages }, LLAMA);
  assert.deepEqual(
    body.messages.map(({ role, content }: { role: string; content: object[] }) => [
      role,
      Object.keys(content[0] ?? {})[0],
      content.length,
    ]),
    [
      ["user", "text", 1],
      ["assistant", "toolUse", 1],
      ["user", "toolResult", 1],
      ["assistant", "text", 1],
      ["user", "text", 1],
    ],
  );
  assert.equal(write({ tools: TOOLS, messages }, SONNET_45).body.messages.length, 3);
});

test("system messages before all others join the system prompt, in order", () => {
  const { body } = write({
    system: [{ type: "text", text: "a" }],
    messages: [systemMessage("b"), systemMessage("c"), user("hi")],
  });
  assert.deepEqual(body.system, [{ text: "a" }, { text: "b" }, { text: "c" }]);
});

test("a system message in the middle keeps its role where the model knows it, and is marked text elsewhere", () => {
  const messages = [user("a"), systemMessage("be kind"), assistant("b"), user("c")];
  assert.deepEqual(write({ messages }, OPUS_48).body.messages[1], {
    role: "system",
    content: [{ text: "be kind" }],
  });
  assert.deepEqual(write({ messages }, SONNET_45).body.messages[0], {
    role: "user",
    content: [{ text: "a" }, { text: "<system>\nbe kind\n</system>" }],
  });
});

test("a system message keeps its role only behind the user and before the assistant or the end", () => {
  const roles = (messages: ChatMessage[]): string[] =>
    write({ messages }, OPUS_48).body.messages.map(({ role }: { role: string }) => role);
  assert.deepEqual(roles([user("a"), systemMessage("s")]), ["user", "system"]);
  assert.deepEqual(roles([user("a"), systemMessage("s"), user("b")]), ["user"]);
  assert.deepEqual(roles([user("a"), assistant("b"), systemMessage("s"), user("c")]), [
    "user",
    "assistant",
    "user",
  ]);
  assert.deepEqual(roles([user("a"), systemMessage("s"), user(" ")]), ["user", "system"]);
  const { content } = write({ messages: [user("a"), systemMessage("s"), user("b")] }, OPUS_48).body
    .messages[0];
  assert.deepEqual(content, [{ text: "a" }, { text: "<system>\ns\n</system>" }, { text: "b" }]);
});

test("a system message never parts calls from their results", () => {
  const { body } = write(
    { tools: TOOLS, messages: [user("a"), assistant(call("c")), systemMessage("hurry"), user(result("c"))] },
    OPUS_48,
  );
  assert.deepEqual(
    body.messages.map(({ role }: { role: string }) => role),
    ["user", "assistant", "user"],
  );
  assert.deepEqual(body.messages[2].content[1], { text: "<system>\nhurry\n</system>" });
});

test("a model that knows no system hears it from the user, first", () => {
  const { body } = write({ system: [{ type: "text", text: "be brief" }] }, MISTRAL_7B);
  assert.equal(body.system, undefined);
  assert.deepEqual(body.messages[0].content, [{ text: "be brief" }, { text: "hi" }]);
});

test("the beginning of the answer stays, without the space at its end, where the model goes on from it", () => {
  const written = write({ messages: [user("a"), assistant("The answer is \n")] }, SONNET_45);
  assert.deepEqual(written.body.messages.at(-1), {
    role: "assistant",
    content: [{ text: "The answer is" }],
  });
  assert.deepEqual(written.lost, []);
});

test("a model that does not go on from the assistant's words is asked to continue, and that is told", () => {
  for (const model of [SONNET_46, OPUS_47, GPT_OSS]) {
    const written = write({ messages: [user("a"), assistant("The answer is")] }, model);
    assert.equal(written.body.messages.at(-1).role, "user");
    assert.match(told(written)[0] ?? "", /^messages end with the assistant's words/);
  }
});

test("what only another dialect knows cannot be said", () => {
  const written = write({
    system: [{ type: "opaque", name: "guard" }],
    messages: [
      user("a", { type: "opaque", name: "search_result" }),
      assistant({ type: "opaque", name: "mcp_call" }),
      user("b"),
    ],
    tools: [{ type: "opaque", name: "web_search_20250305" }],
  });
  assert.deepEqual(told(written), [
    "!guard has no place among Converse's system blocks",
    "!search_result has no place in Converse",
    "!mcp_call has no place in Converse",
    "!web_search_20250305 is no tool that Converse knows",
  ]);
});

test("thoughts go back to Claude with their signature, byte by byte, and to nobody else", () => {
  const thoughts = [
    { type: "reasoning" as const, text: "  let me see\n", signature: "c2ln+/=" },
    { type: "reasoning" as const, text: "", signature: "alone" },
    { type: "redacted-reasoning" as const, data: "cmVkYWN0ZWQ=" },
    { type: "reasoning" as const, text: "unsigned", signature: undefined },
  ];
  const messages = [user("a"), assistant(...thoughts, "b"), user("c")];
  assert.deepEqual(write({ messages }).body.messages[1].content, [
    { reasoningContent: { reasoningText: { text: "  let me see\n", signature: "c2ln+/=" } } },
    { reasoningContent: { reasoningText: { text: "", signature: "alone" } } },
    { reasoningContent: { redactedContent: Buffer.from("cmVkYWN0ZWQ=").toString("base64") } },
    { text: "b" },
  ]);
  for (const written of [
    write({ messages }, SONNET_45, { withoutThoughts: true }),
    write({ messages }, NOVA_PRO),
  ]) {
    assert.deepEqual(written.body.messages[1].content, [{ text: "b" }]);
    assert.deepEqual(written.lost, []);
  }
});

test("an assistant that only thought, for another model, leaves no message", () => {
  const messages = [user("a"), assistant({ type: "reasoning", text: "hm", signature: "s" }), user("b")];
  assert.deepEqual(write({ messages }, NOVA_PRO).body.messages, [
    { role: "user", content: [{ text: "a" }, { text: "b" }] },
  ]);
});

test("a model without tools cannot be told of calls", () => {
  const written = write({ messages: [user("x"), assistant(call("a")), user(result("a"))] }, MISTRAL_7B);
  assert.deepEqual(told(written), [
    "!tools are not known to this model, and the conversation has calls of some",
  ]);
  assert.deepEqual(written.body.messages, [{ role: "user", content: [{ text: "x" }] }]);
});

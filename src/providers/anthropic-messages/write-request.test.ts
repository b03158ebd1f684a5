import assert from "node:assert/strict";
import test from "node:test";
import { claudeModel } from "../../catalog/claude-models.ts";
import type { ChatRequest } from "../../core/chat.ts";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import {
  assistant,
  cachePoint,
  call,
  result,
  systemMessage,
  tool,
  user,
} from "../bedrock/converse/support.test.ts";
import type { Body } from "./legal-body.test.ts";
import { type MessagesWish, writeAnthropicMessages } from "./write-request.ts";

interface Written {
  readonly body: Body;
  readonly lost: readonly string[];
  readonly names: ReadonlyMap<string, string>;
  readonly schemaTool: string | undefined;
}

function write(
  chat: Partial<ChatRequest>,
  id = "claude-sonnet-4-5-20250929",
  more: Partial<MessagesWish> = {},
): Written {
  const { body, how, inexpressible } = writeAnthropicMessages({
    model: id,
    abilities: claudeModel(id),
    purpose: "whole",
    outputCap: undefined,
    withoutThoughts: false,
    autoCache: false,
    ...more,
    chat: { ...EMPTY_CHAT, messages: [user("hi")], ...chat },
  });
  return {
    body: JSON.parse(body),
    lost: inexpressible.map(({ name, why, droppable }) => `${droppable ? "" : "!"}${name} ${why}`),
    ...how,
  };
}

const PNG = Buffer.from("\x89PNG\r\n\x1a\n", "latin1").toString("base64");
const PDF = Buffer.from("%PDF-1.7").toString("base64");
const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

test("a plain request is its model, its messages and the limit that Messages wants", () => {
  assert.deepEqual(write({}).body, {
    model: "claude-sonnet-4-5-20250929",
    max_tokens: 64_000,
    messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
  });
  assert.equal(write({ maxOutputTokens: 100 }).body.max_tokens, 100);
  assert.equal(write({ maxOutputTokens: 100 }, undefined, { outputCap: 50 }).body.max_tokens, 50);
  assert.equal(write({}, undefined, { outputCap: 50 }).body.max_tokens, 50);
  assert.equal(write({}, "somebody-elses").body.max_tokens, 4_096);
  assert.equal(write({}, undefined, { purpose: "stream" }).body.stream, true);
});

test("results of parallel calls come first and together, under ids of their own", () => {
  const { body, lost } = write({
    messages: [
      user("look"),
      assistant("I look.", call("call:0", "look.at", '{"n":1.0}'), call("call:0", "look.at")),
      user(result("call:0", "one")),
      user("and?", result("call:0", "two")),
    ],
    tools: [tool("look.at")],
  });
  const [, { content: calls }, { content: answers }] = body.messages;
  assert.deepEqual(
    calls.map(({ type }: Body) => type),
    ["text", "tool_use", "tool_use"],
  );
  assert.match(calls[1].id, /^call_0_[0-9a-f]{12}$/);
  assert.notEqual(calls[1].id, calls[2].id);
  assert.equal(calls[1].name, body.tools[0].name);
  assert.match(calls[1].name, /^look_at_[0-9a-f]{12}$/);
  assert.deepEqual(
    answers.map(({ type, tool_use_id: id }: Body) => [type, id]),
    [
      ["tool_result", calls[1].id],
      ["tool_result", calls[2].id],
      ["text", undefined],
    ],
  );
  assert.deepEqual(lost, []);
});

test("arguments and results that fail keep every digit and say so", () => {
  const big = '{"n":12345678901234567890,"x":1.0}';
  const { body } = writeAnthropicMessages({
    model: "m",
    abilities: claudeModel("claude-sonnet-4-5"),
    purpose: "whole",
    outputCap: undefined,
    withoutThoughts: false,
    autoCache: false,
    chat: {
      ...EMPTY_CHAT,
      messages: [
        user("go"),
        assistant(call("a", "look", big)),
        user({ type: "tool-result", id: "a", content: [], isError: true }),
      ],
      tools: [tool("look")],
    },
  });
  assert.ok(body.includes(`"input":${big}`));
  assert.ok(body.includes('"is_error":true'));
});

test("a choice of none leaves the tools in place, so that the cache serves", () => {
  const { body } = write({
    messages: [user("a"), assistant(call("a")), user(result("a"), "go on")],
    tools: [tool("look")],
    toolChoice: "none",
  });
  assert.deepEqual(body.tool_choice, { type: "none" });
  assert.equal(body.tools.length, 1);
  assert.equal(body.messages[1].content[0].type, "tool_use");
});

test("calls one at a time are asked for beside the choice", () => {
  const tools = [tool("look"), tool("find")];
  const one = (toolChoice: ChatRequest["toolChoice"]): Body =>
    write({ tools, toolChoice, parallelToolCalls: false }).body.tool_choice;
  assert.deepEqual(one(undefined), { type: "auto", disable_parallel_tool_use: true });
  assert.deepEqual(one("any"), { type: "any", disable_parallel_tool_use: true });
  assert.deepEqual(one({ tool: "find" }), {
    type: "tool",
    name: "find",
    disable_parallel_tool_use: true,
  });
});

test("cache points are marks on the block before, never on a thought, an hour before five minutes", () => {
  const { body, lost } = write({
    system: [{ type: "text", text: "be kind" }, cachePoint("1h")],
    tools: [tool("look"), cachePoint()],
    messages: [
      user("a", cachePoint()),
      assistant({ type: "reasoning", text: "hm", signature: "c2ln" }, cachePoint(), "b"),
      user("c", cachePoint()),
    ],
  });
  assert.deepEqual(body.tools[0].cache_control, { type: "ephemeral" });
  assert.deepEqual(body.system[0].cache_control, { type: "ephemeral" });
  assert.deepEqual(body.messages[0].content[0].cache_control, { type: "ephemeral" });
  assert.equal(body.messages[1].content[0].cache_control, undefined);
  assert.deepEqual(body.messages[2].content[0].cache_control, { type: "ephemeral" });
  assert.deepEqual(lost, ["cache_control of an hour may not come after one of five minutes"]);
});

test("where nothing is marked, auto marks the ends of tools, system and conversation", () => {
  const chat = { system: [{ type: "text" as const, text: "be kind" }], tools: [tool("look")] };
  const { body } = write(chat, undefined, { autoCache: true });
  const mark = { type: "ephemeral" };
  assert.deepEqual(
    [body.tools[0], body.system[0], body.messages[0].content[0]].map(({ cache_control: one }) => one),
    [mark, mark, mark],
  );
  const marked = write({ ...chat, messages: [user("a", cachePoint("1h"))] }, undefined, {
    autoCache: true,
  }).body;
  assert.equal(marked.tools[0].cache_control, undefined);
  assert.deepEqual(marked.messages[0].content[0].cache_control, { type: "ephemeral", ttl: "1h" });
});

test("thoughts go back with their signatures alone, and not to another model", () => {
  const messages = [
    user("a"),
    assistant(
      { type: "reasoning", text: "signed", signature: "c2ln" },
      { type: "reasoning", text: "unsigned", signature: undefined },
      { type: "redacted-reasoning", data: "ZGF0YQ==" },
      "said",
    ),
    user("b"),
  ];
  assert.deepEqual(write({ messages }).body.messages[1].content, [
    { type: "thinking", thinking: "signed", signature: "c2ln" },
    { type: "redacted_thinking", data: "ZGF0YQ==" },
    { type: "text", text: "said" },
  ]);
  assert.deepEqual(write({ messages }, undefined, { withoutThoughts: true }).body.messages[1].content, [
    { type: "text", text: "said" },
  ]);
});

test("how hard to think is said as the model takes it", () => {
  const budget = write({ reasoningEffort: "low", temperature: 0.5 });
  assert.deepEqual(budget.body.thinking, { type: "enabled", budget_tokens: 2_048 });
  assert.deepEqual(budget.lost, ["temperature is 1 while the model thinks"]);
  const adaptive = write({ reasoningEffort: "xhigh", thinkingTokens: 9_000 }, "claude-opus-4-7").body;
  assert.deepEqual(adaptive.thinking, { type: "adaptive" });
  assert.deepEqual(adaptive.output_config, { effort: "xhigh" });
  assert.deepEqual(write({ reasoningEffort: "none" }, "claude-opus-5").body.thinking, { type: "disabled" });
});

test("a schema holds the answer natively, beside the effort; older models answer by a tool", () => {
  const output = {
    type: "json-schema" as const,
    name: "place",
    description: undefined,
    schema: SCHEMA,
    strict: true,
  };
  const native = write({ output, reasoningEffort: "high" }, "claude-opus-4-8");
  assert.deepEqual(native.body.output_config, {
    effort: "high",
    format: { type: "json_schema", schema: { ...SCHEMA, additionalProperties: false } },
  });
  const byTool = write({ output }, "claude-3-7-sonnet-20250219");
  assert.equal(byTool.schemaTool, "json_answer");
  assert.deepEqual(byTool.body.tool_choice, { type: "tool", name: "json_answer" });
  assert.deepEqual(byTool.body.tools[0].input_schema, SCHEMA);
});

test("strict tools have closed schemas where the model knows strict", () => {
  const tools = [tool("look", { schema: SCHEMA, strict: true })];
  assert.deepEqual(write({ tools }).body.tools[0], {
    name: "look",
    input_schema: { ...SCHEMA, additionalProperties: false },
    strict: true,
  });
  assert.deepEqual(write({ tools }, "claude-sonnet-4-20250514").lost, [
    "strict of look is not known to this model",
  ]);
});

test("pictures and documents go as bytes, addresses or text", () => {
  const media = (type: "image" | "document", source: object, more: object = {}): Body => ({
    type,
    source,
    format: undefined,
    name: undefined,
    ...more,
  });
  const { body, lost } = write({
    messages: [
      user(
        media("image", { base64: PNG }, { format: "jpeg" }),
        media("image", { url: "https://example.org/a.png" }),
        media("document", { base64: PDF }, { name: "a.pdf" }),
        media("document", { url: "https://example.org/a.pdf" }),
        media("document", { base64: Buffer.from("a,b\n1,2").toString("base64") }, { format: "csv" }),
        media("document", { text: "words" }),
      ),
    ],
  });
  assert.deepEqual(lost, []);
  assert.deepEqual(
    body.messages[0].content.map(({ source }: Body) => source),
    [
      { type: "base64", media_type: "image/png", data: PNG },
      { type: "url", url: "https://example.org/a.png" },
      { type: "base64", media_type: "application/pdf", data: PDF },
      { type: "url", url: "https://example.org/a.pdf" },
      { type: "text", media_type: "text/plain", data: "a,b\n1,2" },
      { type: "text", media_type: "text/plain", data: "words" },
      undefined,
    ],
  );
  assert.equal(body.messages[0].content[2].title, "a.pdf");
});

test("what Messages cannot say is refused or told", () => {
  const sound: Body = { type: "audio", source: { base64: "AAAA" }, format: "wav", name: undefined };
  const { lost } = write({
    messages: [user("hear", sound)],
    temperature: 1.5,
    stop: [" ", "END"],
    serviceTier: "flex",
    cacheKey: "k",
    others: [{ name: "seed", value: 1 }],
  });
  assert.deepEqual(lost.toSorted(), [
    "!an audio is not understood by this model",
    "prompt_cache_key has no place in Messages: a cache belongs to the account",
    "seed has no place in Messages",
    "service_tier has no meaning in Messages: flex",
    "stop may not be blank",
    "temperature may be 0 to 1 in Messages; 1 is sent for 1.5",
  ]);
});

test("a system message in the middle keeps its role where the model knows such", () => {
  const messages = [user("a"), systemMessage("be brief"), assistant("b"), user("c")];
  assert.equal(write({ messages }, "claude-opus-4-8").body.messages[1].role, "system");
  assert.deepEqual(write({ messages }).body.messages[0].content, [
    { type: "text", text: "a" },
    { type: "text", text: "<system>\nbe brief\n</system>" },
  ]);
});

test("tiers have Anthropic's names", () => {
  assert.equal(write({ serviceTier: "default" }).body.service_tier, "standard_only");
  assert.equal(write({ serviceTier: "auto" }).body.service_tier, undefined);
});

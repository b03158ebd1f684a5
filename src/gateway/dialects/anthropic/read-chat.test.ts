import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";
import type { ChatRequest } from "../../../core/chat.ts";
import { AppError, type ErrorCode } from "../../../core/errors.ts";
import { readAnthropicChat, readAnthropicCount } from "./read-chat.ts";

const HELLO = [{ role: "user", content: "Hello" }];
const TOOL = { name: "f", input_schema: { type: "object" } };

function bodyOf(rest: object): Buffer {
  return Buffer.from(JSON.stringify({ model: "m", max_tokens: 10, messages: HELLO, ...rest }));
}

function read(rest: object): ChatRequest {
  return readAnthropicChat(bodyOf(rest));
}

function refuses(rest: object, message: string, code: ErrorCode = "invalid_request"): void {
  assert.throws(
    () => read(rest),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.deepEqual([error.code, error.message], [code, message]);
      return true;
    },
  );
}

test("a plain request asks for nothing but an answer; nulls and defaults written out are nothing", () => {
  const plain: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [{ role: "user", parts: [{ type: "text", text: "Hello" }] }],
    maxOutputTokens: 10,
  };
  assert.deepEqual(read({}), plain);
  assert.deepEqual(
    read({
      system: "",
      stream: true,
      metadata: { user_id: "u" },
      tools: [],
      stop_sequences: [],
      service_tier: "auto",
      speed: "standard",
      mcp_servers: [],
      context_management: { edits: [] },
      container: null,
      thinking: null,
      output_config: { effort: null, format: null },
    }),
    plain,
  );
});

test("instructions are a text or blocks, with their cache points", () => {
  assert.deepEqual(read({ system: "Be brief." }).system, [{ type: "text", text: "Be brief." }]);
  assert.deepEqual(
    read({
      system: [
        { type: "text", text: "One.", citations: null },
        { type: "text", text: "Two.", cache_control: { type: "ephemeral", ttl: "1h" } },
        { type: "hologram" },
      ],
    }).system,
    [
      { type: "text", text: "One." },
      { type: "text", text: "Two." },
      { type: "cache-point", ttl: "1h" },
      { type: "opaque", name: "system.2.hologram" },
    ],
  );
  refuses(
    { system: [{ type: "text", text: "" }] },
    "system: text content blocks must be non-empty (system.0)",
  );
  refuses({ system: 1 }, "system: Input should be a valid string or list");
});

test("limits and sampling have their places and their ranges", () => {
  const chat = read({
    max_tokens: 4_096,
    temperature: 0.5,
    top_p: 1,
    top_k: 0,
    stop_sequences: ["END", "\n"],
    service_tier: "standard_only",
  });
  assert.equal(chat.maxOutputTokens, 4_096);
  assert.deepEqual([chat.temperature, chat.topP, chat.topK], [0.5, 1, 0]);
  assert.deepEqual(chat.stop, ["END", "\n"]);
  assert.equal(chat.serviceTier, "standard_only");
  refuses({ max_tokens: undefined }, "max_tokens: Field required");
  refuses({ max_tokens: null }, "max_tokens: Field required");
  refuses({ max_tokens: -1 }, "max_tokens: Input should be greater than or equal to 0");
  refuses({ max_tokens: 1.5 }, "max_tokens: Input should be a valid integer");
  refuses({ max_tokens: "1" }, "max_tokens: Input should be a valid integer");
  refuses({ temperature: 1.1 }, "temperature: range: 0..1");
  refuses({ temperature: "hot" }, "temperature: Input should be a valid number");
  refuses({ top_p: -0.1 }, "top_p: range: 0..1");
  refuses({ top_k: -1 }, "top_k: Input should be greater than or equal to 0");
  refuses({ stop_sequences: "END" }, "stop_sequences: Input should be a valid list");
  refuses(
    { stop_sequences: ["a", ""] },
    "stop_sequences.1: Input should be a valid string with at least 1 character",
  );
});

test("a request for no tokens at all is refused with what it is good for", () => {
  refuses(
    { max_tokens: 0 },
    "max_tokens: 0, which fills a prompt cache and generates nothing, can only be sent to a target that speaks Anthropic Messages",
    "unsupported_parameter",
  );
});

test("what is to be counted needs no limit", () => {
  const chat = readAnthropicCount(bodyOf({ max_tokens: undefined, system: "Be brief." }));
  assert.equal(chat.maxOutputTokens, undefined);
  assert.equal(chat.system.length, 1);
});

const EFFORTS: readonly (readonly [fields: object, effort: string | undefined, tokens?: number])[] = [
  [{ thinking: { type: "disabled" } }, "none"],
  [{ thinking: { type: "disabled" }, output_config: { effort: "low" } }, "none"],
  [{ thinking: { type: "adaptive" } }, "high"],
  [{ thinking: { type: "adaptive" }, output_config: { effort: "xhigh" } }, "xhigh"],
  [{ output_config: { effort: "low" } }, "low"],
  [{ thinking: { type: "enabled", budget_tokens: 1_024 } }, "low", 1_024],
  [{ thinking: { type: "enabled", budget_tokens: 2_048 } }, "medium", 2_048],
  [{ thinking: { type: "enabled", budget_tokens: 10_000 } }, "high", 10_000],
  [{ thinking: { type: "enabled", budget_tokens: 2_000 }, output_config: { effort: "high" } }, "high", 2_000],
];

test("how hard to think is a word, and a count where the client counts", () => {
  for (const [fields, effort, tokens] of EFFORTS) {
    const chat = read(fields);
    assert.deepEqual([chat.reasoningEffort, chat.thinkingTokens], [effort, tokens], JSON.stringify(fields));
    assert.deepEqual(chat.others, []);
  }
  refuses(
    { thinking: { type: "enabled", budget_tokens: 1_023 } },
    "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
  );
  refuses({ thinking: { type: "enabled" } }, "thinking.enabled.budget_tokens: Field required");
  refuses({ thinking: {} }, "thinking.type: Field required");
});

test("how thoughts are shown, and ways of thinking that are not known, are told", () => {
  assert.deepEqual(read({ thinking: { type: "adaptive", display: "omitted" } }).others, [
    { name: "thinking.display", value: "omitted" },
  ]);
  const thinking = { type: "between_tools" };
  const chat = read({ thinking });
  assert.deepEqual(chat.others, [{ name: "thinking", value: thinking }]);
  assert.equal(chat.reasoningEffort, undefined);
});

test("the wanted form is a schema under its new name or its old one", () => {
  const schema = { type: "object", properties: {} };
  const output = { type: "json-schema", name: "output", description: undefined, schema, strict: true };
  const format = { type: "json_schema", schema };
  assert.deepEqual(read({ output_config: { format } }).output, output);
  assert.deepEqual(read({ output_format: format }).output, output);
  refuses(
    { output_config: { format: { type: "json" } } },
    "output_config.format: Input tag 'json' found using 'type' does not match any of the expected tags: 'json_schema'",
  );
  refuses({ output_format: { type: "json_schema" } }, "output_format.schema: Field required");
});

test("tools are the client's own, with their cache points; what the API would run itself is opaque", () => {
  const chat = read({
    tools: [
      { ...TOOL, description: "F", strict: true, cache_control: { type: "ephemeral" } },
      { type: "custom", name: "g", input_schema: {}, defer_loading: false, allowed_callers: ["direct"] },
      { type: "web_search_20250305", name: "web_search", max_uses: 5 },
      { type: "bash_20250124", name: "bash", cache_control: { type: "ephemeral", ttl: "5m" } },
    ],
  });
  assert.deepEqual(chat.tools, [
    { type: "tool", name: "f", description: "F", schema: { type: "object" }, strict: true },
    { type: "cache-point", ttl: undefined },
    { type: "tool", name: "g", description: undefined, schema: {}, strict: undefined },
    { type: "opaque", name: "tools.2.web_search_20250305" },
    { type: "opaque", name: "tools.3.bash_20250124" },
    { type: "cache-point", ttl: "5m" },
  ]);
  assert.deepEqual(chat.others, []);
});

test("what a tool asks for beside that is told with its place", () => {
  const examples = [{ a: 1 }];
  assert.deepEqual(
    read({ tools: [{ ...TOOL, input_examples: examples, eager_input_streaming: true, defer_loading: null }] })
      .others,
    [
      { name: "tools.0.input_examples", value: examples },
      { name: "tools.0.eager_input_streaming", value: true },
    ],
  );
});

test("tools without a name or a schema, or with one name, are refused", () => {
  refuses({ tools: [{ name: "f" }] }, "tools.0.custom.input_schema: Field required");
  refuses({ tools: [{ input_schema: {} }] }, "tools.0.custom.name: Field required");
  refuses(
    { tools: [{ name: "a b", input_schema: {} }] },
    "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
  );
  refuses({ tools: [TOOL, TOOL] }, "tools: Tool names must be unique");
  refuses({ tools: [1] }, "tools.0: Input should be a valid dictionary");
});

test("the choice of tools, and whether several calls may come at once", () => {
  const choice = (tool_choice: object): unknown => {
    const { toolChoice, parallelToolCalls } = read({ tools: [TOOL], tool_choice });
    return [toolChoice, parallelToolCalls];
  };
  assert.deepEqual(choice({ type: "auto" }), ["auto", undefined]);
  assert.deepEqual(choice({ type: "any", disable_parallel_tool_use: true }), ["any", false]);
  assert.deepEqual(choice({ type: "tool", name: "f", disable_parallel_tool_use: false }), [
    { tool: "f" },
    true,
  ]);
  assert.deepEqual(choice({ type: "none" }), ["none", undefined]);
  assert.equal(read({ tool_choice: { type: "none" } }).toolChoice, "none");
  refuses(
    { tools: [TOOL], tool_choice: { type: "tool", name: "g" } },
    "tool_choice: Tool 'g' not found in provided tools",
  );
  refuses(
    { tool_choice: { type: "any" } },
    "tool_choice: tool_choice may only be specified while providing tools",
  );
  refuses(
    { tools: [TOOL], tool_choice: { type: "required" } },
    "tool_choice: Input tag 'required' found using 'type' does not match any of the expected tags: 'any', 'auto', 'none', 'tool'",
  );
});

test("what only this API has is told with its value", () => {
  const asked = {
    mcp_servers: [{ type: "url", url: "https://mcp.example", name: "x" }],
    container: "c",
    context_management: { edits: [{ type: "clear_tool_uses_20250919" }] },
    inference_geo: "us",
    speed: "fast",
    something_new: 1,
  };
  const { others } = read(asked);
  assert.deepEqual(Object.fromEntries(others.map(({ name, value }) => [name, value])), asked);
  assert.deepEqual(read({ output_config: { task_budget: { type: "tokens", total: 1 } } }).others, [
    { name: "output_config.task_budget", value: { type: "tokens", total: 1 } },
  ]);
});

test("a cache mark of another kind or time is refused", () => {
  const marked = (cache_control: unknown): object => ({
    system: [{ type: "text", text: "A", cache_control }],
  });
  refuses(
    marked({ type: "forever" }),
    "system.0.text.cache_control: Input tag 'forever' found using 'type' does not match any of the expected tags: 'ephemeral'",
  );
  refuses(
    marked({ type: "ephemeral", ttl: "2h" }),
    "system.0.text.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
  );
  refuses({ cache_control: 1 }, "cache_control: Input should be a valid dictionary");
});

test("a body that is no JSON object is refused", () => {
  for (const text of ["", "[]", "{", "null"])
    assert.throws(() => readAnthropicChat(Buffer.from(text)), { code: "invalid_request" });
});

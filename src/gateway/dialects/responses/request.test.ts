import assert from "node:assert/strict";
import test from "node:test";
import { AppError } from "../../../core/errors.ts";
import { applySplices, editObject } from "../../../core/splice.ts";
import { parse } from "../../../../test/support/responses-dialect.ts";

const HELLO = { model: "m", input: "hi" };

function refusal(body: object | string): AppError {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error;
  }
  return assert.fail("it was not refused");
}

test("the envelope says model, stream, limit and whether the response is kept, which it is unless told otherwise", () => {
  const { request } = parse({ ...HELLO, stream: true, max_output_tokens: 50 });
  const { model, stream, maxOutputTokens, store, choices, includeUsage, dialect } = request;
  assert.deepEqual(
    { model, stream, maxOutputTokens, store, choices, includeUsage, dialect },
    {
      model: "m",
      stream: true,
      maxOutputTokens: 50,
      store: true,
      choices: 1,
      includeUsage: true,
      dialect: "responses",
    },
  );
  assert.equal(parse({ ...HELLO, store: false }).request.store, false);
  assert.equal(parse({ ...HELLO, max_output_tokens: 2 ** 40 }).request.maxOutputTokens, 2 ** 31 - 1);
});

test("words of the context are taken out of the metadata, and the rest are tags", () => {
  const { request, words, tags } = parse({
    ...HELLO,
    metadata: { switchyard_task: "support.answer", team: "blue" },
  });
  assert.deepEqual(words, { task: "support.answer" });
  assert.deepEqual(tags, { team: "blue" });
  const left = applySplices(request.bytes, editObject(request.members, request.inside, request.wordEdits));
  assert.deepEqual(JSON.parse(left.toString()), { ...HELLO, metadata: { team: "blue" } });
});

test("an input is a text or a list", () => {
  for (const input of [5, { role: "user" }, true, null])
    assert.match(refusal({ model: "m", input }).message, /^input: expected a text or a list/);
  parse({ model: "m", previous_response_id: "resp_1" });
});

test("what is kept or goes on at a provider is refused, with what to do instead", () => {
  for (const [key, value] of [
    ["background", true],
    ["conversation", "conv_1"],
    ["conversation", { id: "conv_1" }],
    ["prompt", { id: "pmpt_1" }],
  ] as const) {
    const { code, message } = refusal({ ...HELLO, [key]: value });
    assert.equal(code, "unsupported_parameter");
    assert.ok(message.startsWith(`${key}: `), message);
  }
  parse({ ...HELLO, background: false, conversation: null, prompt: null });
});

test("tools that run at the provider are refused by name: they cost by the call", () => {
  for (const tool of [
    { type: "web_search" },
    { type: "web_search_preview_2025_03_11" },
    { type: "file_search", vector_store_ids: [] },
    { type: "code_interpreter", container: { type: "auto" } },
    { type: "image_generation" },
    { type: "computer_use_preview" },
    { type: "mcp", server_label: "x" },
    { type: "programmatic_tool_calling" },
    { type: "tool_search" },
    { type: "shell", environment: { type: "container_auto" } },
    { type: "a_tool_to_come" },
    { type: "namespace", name: "n", tools: [{ type: "web_search" }] },
  ]) {
    const { code, message } = refusal({ ...HELLO, tools: [{ type: "function", name: "f" }, tool] });
    assert.equal(code, "unpriced", tool.type);
    assert.match(message, /^tools\[1\].*not priced yet/);
  }
});

test("tools of the client's own pass", () => {
  parse({
    ...HELLO,
    tools: [
      { type: "function", name: "web_search", parameters: null, strict: true },
      { type: "custom", name: "grep" },
      { type: "local_shell" },
      { type: "apply_patch" },
      { type: "shell" },
      { type: "shell", environment: { type: "local" } },
      { type: "tool_search", execution: "client" },
      { type: "namespace", name: "crm", tools: [{ type: "function", name: "f" }] },
    ],
  });
});

test("a tool cannot come in by way of the input, however its key is spelled", () => {
  const item = { type: "additional_tools", role: "developer", tools: [{ type: "web_search" }] };
  assert.equal(refusal({ model: "m", input: [item] }).code, "unpriced");
  const spelled = JSON.stringify({ model: "m", input: [item] }).replace('"tools"', '"\\u0074ools"');
  const { code, message } = refusal(spelled);
  assert.equal(code, "unpriced");
  assert.match(message, /^input\[0\]\.tools\[0\]/);
  // Who speaks of tools brings none, and a list of an MCP server's is history.
  parse({ model: "m", input: 'say "tools": [{"type":"web_search"}]' });
  parse({ model: "m", input: [{ type: "mcp_list_tools", tools: [{ name: "web_search" }] }] });
});

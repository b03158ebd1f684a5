import assert from "node:assert/strict";
import test from "node:test";
import {
  assistant,
  call,
  LLAMA,
  MISTRAL_7B,
  NOVA_PRO,
  result,
  SONNET_45,
  told,
  tool,
  user,
  write,
} from "../support.test.ts";
import { bedrockModel } from "../../../../catalog/bedrock-models.ts";

const HISTORY = [user("x"), assistant(call("a", "look")), user(result("a"))];

test("a tool has its name, its description unless blank, and a schema of an object", () => {
  const { body } = write({
    tools: [
      tool("a", { description: "does", schema: { type: "object", properties: { x: { type: "string" } } } }),
      tool("b", { description: " " }),
      tool("c", { schema: { properties: {} } }),
    ],
  });
  assert.deepEqual(body.toolConfig, {
    tools: [
      {
        toolSpec: {
          name: "a",
          description: "does",
          inputSchema: { json: { type: "object", properties: { x: { type: "string" } } } },
        },
      },
      { toolSpec: { name: "b", inputSchema: { json: { type: "object", properties: {} } } } },
      { toolSpec: { name: "c", inputSchema: { json: { type: "object", properties: {} } } } },
    ],
  });
});

test("a history with calls keeps a toolConfig when the request has no tools any more", () => {
  const { body, lost } = write({ messages: HISTORY });
  assert.deepEqual(
    body.toolConfig.tools.map(({ toolSpec }: { toolSpec: { name: string } }) => toolSpec.name),
    ["look"],
  );
  assert.equal(body.toolConfig.toolChoice, undefined);
  assert.deepEqual(lost, []);
});

test("none never becomes a toolChoice: without calls in the history there are no tools", () => {
  const written = write({ tools: [tool("look")], toolChoice: "none" });
  assert.equal(written.body.toolConfig, undefined);
  assert.deepEqual(written.lost, []);
});

test("none with calls in the history makes text of them, so that nothing can be called and nothing is lost", () => {
  const written = write({ tools: [tool("look")], toolChoice: "none", messages: HISTORY });
  assert.equal(written.body.toolConfig, undefined);
  const json = JSON.stringify(written.body);
  assert.doesNotMatch(json, /toolUse|toolResult/);
  assert.match(json, /I called the tool look with /);
  assert.match(json, /The tool look answered:/);
  assert.deepEqual(written.lost, []);
});

test("the choice of tools is said where the model knows it, and told where it does not", () => {
  const tools = [tool("look"), tool("see")];
  assert.deepEqual(write({ tools, toolChoice: "auto" }).body.toolConfig.toolChoice, { auto: {} });
  assert.deepEqual(write({ tools, toolChoice: "any" }).body.toolConfig.toolChoice, { any: {} });
  assert.deepEqual(write({ tools, toolChoice: { tool: "see" } }, NOVA_PRO).body.toolConfig.toolChoice, {
    tool: { name: "see" },
  });
  for (const toolChoice of ["any", { tool: "see" }] as const) {
    const written = write({ tools, toolChoice }, LLAMA);
    assert.equal(written.body.toolConfig.toolChoice, undefined);
    assert.match(told(written)[0] ?? "", /^tool_choice .*cannot be said to this model$/);
  }
  assert.equal(write({ tools, toolChoice: "auto" }, LLAMA).body.toolConfig.toolChoice, undefined);
});

test("one tool alone can be forced where only `any` is known", () => {
  const model = bedrockModel("mistral.mistral-large-2402-v1:0");
  const written = write({ tools: [tool("look")], toolChoice: { tool: "look" } }, model);
  assert.deepEqual(written.body.toolConfig.toolChoice, { any: {} });
  assert.deepEqual(written.lost, []);
});

test("a choice of a tool that is not there cannot be said", () => {
  const written = write({ tools: [tool("look")], toolChoice: { tool: "sing" } });
  assert.deepEqual(told(written), ["!tool_choice names a tool that the request does not have"]);
});

test("tools cannot be left out for a model that knows none", () => {
  const written = write({ tools: [tool("look")] }, MISTRAL_7B);
  assert.equal(written.body.toolConfig, undefined);
  assert.deepEqual(told(written), ["!tools are not known to this model"]);
});

test("parallel calls are forbidden in Claude's own words, and told elsewhere", () => {
  const tools = [tool("a.b")];
  const choices = ["auto", "any", { tool: "a.b" }] as const;
  const said = choices.map((toolChoice) => {
    const { body } = write({ tools, toolChoice, parallelToolCalls: false });
    assert.equal(body.toolConfig.toolChoice, undefined);
    return body.additionalModelRequestFields.tool_choice;
  });
  const { name } = write({ tools }).body.toolConfig.tools[0].toolSpec;
  assert.deepEqual(said, [
    { type: "auto", disable_parallel_tool_use: true },
    { type: "any", disable_parallel_tool_use: true },
    { type: "tool", name, disable_parallel_tool_use: true },
  ]);
  const other = write({ tools, parallelToolCalls: false }, NOVA_PRO);
  assert.deepEqual(told(other), ["parallel_tool_calls cannot be forbidden to this model"]);
  assert.deepEqual(write({ parallelToolCalls: false }, NOVA_PRO).lost, []);
  assert.deepEqual(write({ tools, parallelToolCalls: true }, NOVA_PRO).lost, []);
});

test("strict tools have closed schemas where the model knows strict", () => {
  const schema = { type: "object", properties: { x: { type: "object", properties: {} } } };
  const { toolSpec } = write({ tools: [tool("a", { schema, strict: true })] }).body.toolConfig.tools[0];
  assert.equal(toolSpec.strict, true);
  assert.equal(toolSpec.inputSchema.json.additionalProperties, false);
  assert.equal(toolSpec.inputSchema.json.properties.x.additionalProperties, false);
  const other = write({ tools: [tool("a", { schema, strict: true })] }, NOVA_PRO);
  assert.equal(other.body.toolConfig.tools[0].toolSpec.strict, undefined);
  assert.deepEqual(told(other), ["strict of a is not known to this model"]);
  const map = { type: "object", additionalProperties: { type: "string" } };
  const third = write({ tools: [tool("a", { schema: map, strict: true })] }, SONNET_45);
  assert.deepEqual(third.body.toolConfig.tools[0].toolSpec.inputSchema.json, map);
  assert.deepEqual(told(third), ["strict of a cannot be kept for its schema"]);
});

test("two tools of one name cannot be said", () => {
  const written = write({ tools: [tool("look"), tool("see"), tool("look")] });
  assert.equal(written.body.toolConfig.tools.length, 2);
  assert.deepEqual(told(written), ["!tools have two of the name look"]);
});

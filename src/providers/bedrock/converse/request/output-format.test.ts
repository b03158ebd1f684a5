import assert from "node:assert/strict";
import test from "node:test";
import type { OutputFormat } from "../../../../core/chat.ts";
import {
  assistant,
  call,
  LLAMA,
  MISTRAL_7B,
  NOVA_PRO,
  OPUS_47,
  QWEN,
  result,
  told,
  tool,
  user,
  write,
} from "../support.test.ts";
import { closedSchema } from "../../../conversation/closed-schema.ts";

const CITY: OutputFormat = {
  type: "json-schema",
  name: "City info",
  description: "A city.",
  schema: {
    type: "object",
    properties: { city: { type: "string" }, at: { $ref: "#/$defs/Place" } },
    required: ["city"],
    $defs: { Place: { type: "object", properties: { lat: { type: "number", minimum: -90 } } } },
  },
  strict: true,
};

test("a schema is said natively as a text, closed everywhere, where the model has that", () => {
  const { body, how, lost } = write({ output: CITY }, QWEN);
  const { textFormat } = body.outputConfig;
  assert.equal(textFormat.type, "json_schema");
  const { schema, name, description } = textFormat.structure.jsonSchema;
  assert.match(name, /^City_info_[0-9a-f]{12}$/);
  assert.equal(description, "A city.");
  assert.deepEqual(JSON.parse(schema), {
    type: "object",
    properties: { city: { type: "string" }, at: { $ref: "#/$defs/Place" } },
    required: ["city"],
    $defs: {
      Place: {
        type: "object",
        properties: { lat: { type: "number", description: "(minimum: -90)" } },
        additionalProperties: false,
      },
    },
    additionalProperties: false,
  });
  assert.equal(how.schemaTool, undefined);
  assert.deepEqual(lost, []);
});

test("elsewhere it is said by a tool that must be called", () => {
  const { body, how, lost } = write({ output: CITY }, OPUS_47);
  assert.equal(body.outputConfig, undefined);
  const [{ toolSpec }] = body.toolConfig.tools;
  assert.equal(toolSpec.name, how.schemaTool);
  assert.deepEqual(toolSpec.inputSchema.json, CITY.schema);
  assert.deepEqual(body.toolConfig.toolChoice, { tool: { name: how.schemaTool } });
  assert.deepEqual(lost, []);
});

test("together with other tools some tool must be called, and the answer's has a name of its own", () => {
  const { body, how } = write({ output: CITY, tools: [tool("json_answer"), tool("look")] }, NOVA_PRO);
  assert.deepEqual(body.toolConfig.toolChoice, { any: {} });
  assert.equal(how.schemaTool, "json_answer_");
  assert.equal(body.toolConfig.tools.length, 3);
});

test("where none of the others may be called, the answer's is forced", () => {
  const messages = [user("x"), assistant(call("a")), user(result("a"))];
  const written = write({ output: CITY, tools: [tool("look")], toolChoice: "none", messages }, NOVA_PRO);
  assert.deepEqual(written.body.toolConfig.toolChoice, { tool: { name: written.how.schemaTool } });
  assert.deepEqual(written.lost, []);
});

test("where one of the client's tools is forced, there is no answer to give a form", () => {
  const { body, how } = write(
    { output: CITY, tools: [tool("look")], toolChoice: { tool: "look" } },
    NOVA_PRO,
  );
  assert.deepEqual(body.toolConfig.toolChoice, { tool: { name: "look" } });
  assert.equal(how.schemaTool, undefined);
});

test("a schema outside the subset goes by the tool also where there is a native way", () => {
  const open: OutputFormat = {
    ...CITY,
    schema: { type: "object", additionalProperties: { type: "string" } },
  };
  assert.ok(write({ output: open }).how.schemaTool !== undefined);
});

test("where nothing can be forced it is asked for in words, and that is told", () => {
  for (const model of [LLAMA, MISTRAL_7B]) {
    const written = write({ output: CITY }, model);
    assert.match(told(written)[0] ?? "", /^response_format can only be asked for in words/);
    assert.ok(written.text.includes("JSON schema"));
    assert.equal(written.body.toolConfig, undefined);
  }
});

test("some JSON object is asked for in the system prompt", () => {
  const { body, lost } = write({ output: { type: "json" }, system: [{ type: "text", text: "a" }] });
  assert.equal(body.system.length, 2);
  assert.match(body.system[1].text, /JSON object/);
  assert.deepEqual(lost, []);
});

test("schemas that lead back to themselves, have conditions or point elsewhere are outside the subset", () => {
  const node = { type: "object", properties: { next: { $ref: "#/$defs/Node" } } };
  for (const schema of [
    { type: "object", properties: { root: { $ref: "#/$defs/Node" } }, $defs: { Node: node } },
    { type: "object", properties: { self: { $ref: "#" } } },
    { type: "object", properties: { a: { $ref: "https://example.org/a.json" } } },
    { type: "object", not: {} },
    { type: "array", items: [{ type: "string" }] },
    { type: "object", properties: { a: true } },
  ])
    assert.equal(closedSchema(schema), undefined, JSON.stringify(schema));
});

test("one of several becomes any of several, and a limit joins the description", () => {
  assert.deepEqual(
    closedSchema({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      oneOf: [
        { type: "string", description: "a name", maxLength: 5 },
        { type: "array", items: {}, minItems: 1 },
      ],
    }),
    {
      anyOf: [
        { type: "string", description: "a name (maxLength: 5)" },
        { type: "array", items: {}, minItems: 1 },
      ],
    },
  );
});

test("a property of any name keeps it", () => {
  const schema = JSON.parse(
    '{"type":"object","properties":{"__proto__":{"type":"string"},"minimum":{"type":"string"}}}',
  );
  assert.equal(
    JSON.stringify(closedSchema(schema)),
    '{"type":"object","properties":{"__proto__":{"type":"string"},"minimum":{"type":"string"}},"additionalProperties":false}',
  );
});

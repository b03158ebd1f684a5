import assert from "node:assert/strict";
import test from "node:test";
import { assistant, call, HI, LOOK, result, text, user, write, type Talk } from "./bodies.ts";
import { judge, type Case, type Json } from "./cases.ts";
import { startWorld, type Target } from "./world.ts";

type Expected = Omit<Case, "body">;

/** The tools that a target was told of: their names and schemas. */
function toolsOf(body: Json, target: Target): { name: string; schema: Json }[] {
  if (target === "eng")
    return body.tools.map(({ function: { name, parameters } }: Json) => ({ name, schema: parameters }));
  if (target === "ant") return body.tools.map(({ name, input_schema: schema }: Json) => ({ name, schema }));
  return body.toolConfig.tools.map(({ toolSpec: { name, inputSchema } }: Json) => ({
    name,
    schema: inputSchema.json,
  }));
}

const named = (...names: readonly string[]): Talk => ({
  turns: [HI],
  tools: names.map((name) => ({ name })),
});
const schema = (value: unknown): Talk => ({ turns: [HI], tools: [{ name: "t", schema: value }] });
const ids = (...of: readonly unknown[]): Talk => ({
  turns: [HI, assistant(...of.map((id) => call(id))), user(...of.map((id) => result(id)))],
  tools: [LOOK],
});
const ILLEGAL: Expected = { all: "served", anthropic: /tools\.0\.custom\.name/, bedrock: /toolSpec\.name/ };
/** Objects alone describe arguments; what else has a type of its own is the upstream's to refuse. */
const RECURSIVE = {
  type: "object",
  properties: { child: { $ref: "#" }, list: { type: "array", items: { $ref: "#/$defs/node" } } },
  $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
};
const ODD = {
  type: "object",
  "x-odd": [1, { a: null }],
  properties: { constructor: { type: "string" }, toString: true, "": false },
};

const CASES: Readonly<Record<string, readonly [Talk, Expected]>> = {
  "a name of odd characters": [named('a b/ü\u2028"\\'), ILLEGAL],
  "a name of control characters": [named("a\u0000\n"), ILLEGAL],
  "a name of 500 characters": [named("x".repeat(500)), ILLEGAL],
  "an empty name": [
    named(""),
    {
      openai: /tools\[0\]\.function\.name/,
      responses: /tools\[0\]\.name/,
      anthropic: /tools\.0\.custom\.name/,
      bedrock: /toolConfig\.tools\.1\.member\.toolSpec\.name/,
    },
  ],
  "names of an object's own parts": [
    named("__proto__", "constructor", "toString"),
    {
      all: "served",
      got: (body, target) =>
        assert.deepEqual(
          toolsOf(body, target).map(({ name }) => name),
          ["__proto__", "constructor", "toString"],
        ),
    },
  ],
  "two tools of one name": [
    named("look", "look"),
    {
      openai: /two of the name look/,
      responses: /tools\[1\]\.name/,
      anthropic: /Tool names must be unique/,
      bedrock: /The tool name look is used more than once/,
    },
  ],
  "a schema that refers to itself": [
    schema(RECURSIVE),
    {
      all: "served",
      got: (body, target) => assert.deepEqual(toolsOf(body, target)[0]?.schema, RECURSIVE),
    },
  ],
  "unknown keywords in a schema": [
    schema(ODD),
    { all: "served", got: (body, target) => assert.deepEqual(toolsOf(body, target)[0]?.schema, ODD) },
  ],
  "a schema that is true": [
    schema(true),
    {
      openai: /tools\[0\]\.function\.parameters/,
      responses: /tools\[0\]\.parameters/,
      anthropic: /tools\.0\.custom\.input_schema/,
      bedrock: /toolConfig\.tools\.0\.toolSpec\.inputSchema\.json/,
    },
  ],
  "a schema that is a list": [
    schema([]),
    {
      openai: /tools\[0\]\.function\.parameters/,
      responses: /tools\[0\]\.parameters/,
      anthropic: /tools\.0\.custom\.input_schema/,
      bedrock: /toolConfig\.tools\.0\.toolSpec\.inputSchema\.json/,
    },
  ],
  "a schema of a text": [
    schema({ type: "string" }),
    {
      all: "served",
      but: {
        "openai>aws": "theirs",
        "responses>aws": "theirs",
        "openai>ant": "theirs",
        "responses>ant": "theirs",
        "bedrock>ant": "theirs",
      },
    },
  ],
  "a schema without a type": [schema({}), { all: "served" }],
  "a call of odd name": [
    { turns: [HI, assistant(call("a", "a b/ü")), user(result("a"))], tools: [LOOK] },
    {
      all: "served",
      anthropic: "served",
      bedrock: /messages\.2\.member\.content\.1\.member\.toolUse\.name/,
    },
  ],
  "an empty id": [
    ids(""),
    {
      openai: /messages\[1\]\.tool_calls\[0\]\.id/,
      responses: /input\[1\]\.call_id/,
      anthropic: /messages\.1\.content\.0\.tool_use\.id/,
      bedrock: /messages\.2\.member\.content\.1\.member\.toolUse\.toolUseId/,
    },
  ],
  "an id that is a number": [
    ids(5),
    {
      openai: /messages\[1\]\.tool_calls\[0\]\.id/,
      responses: /input\[1\]\.call_id/,
      anthropic: /messages\.1\.content\.0\.tool_use\.id/,
      bedrock: /messages\.1\.content\.0\.toolUse\.toolUseId/,
    },
  ],
  "an id of odd characters": [ids('a b/ü"\n'), { all: "served", bedrock: /toolUse\.toolUseId/ }],
  "an id of 500 characters": [ids("x".repeat(500)), { all: "served", bedrock: /toolUse\.toolUseId/ }],
  "an id named like an object's own part": [ids("__proto__"), { all: "served" }],
  "one id for two calls": [ids("a", "a"), { all: "served", anthropic: /`tool_use` ids must be unique/ }],
  "one id in two turns": [
    {
      turns: [
        HI,
        assistant(call("a")),
        user(result("a")),
        assistant(call("a")),
        user(result("a"), text("x")),
      ],
      tools: [LOOK],
    },
    { all: "served" },
  ],
};

for (const [what, [talk, expected]] of Object.entries(CASES)) {
  test(`tools: ${what}`, async () => {
    await using world = await startWorld();
    await judge(world, what, { ...expected, body: (dialect) => write(dialect, talk) });
  });
}

const LOOK_ALONE: Talk = { turns: [HI], tools: [LOOK] };
const CHOICES: Readonly<Record<string, Case>> = {
  "a tool that is not there": {
    body: (dialect) => ({ ...write(dialect, LOOK_ALONE), ...choice(dialect, "nope") }),
    openai: /tool_choice: expected the name of one of the tools/,
    responses: /tool_choice: expected the name of one of the tools/,
    anthropic: /Tool 'nope' not found/,
    bedrock: /The tool name nope at toolConfig\.toolChoice\.tool\.name is not defined/,
  },
  "some tool, and there are none": {
    body: (dialect) =>
      dialect === "bedrock"
        ? undefined
        : {
            ...write(dialect, { turns: [HI] }),
            tool_choice: dialect === "anthropic" ? { type: "any" } : "required",
          },
    all: /tool_choice: expected tools beside it/,
    anthropic: /tool_choice may only be specified while providing tools/,
  },
  "a number": {
    body: (dialect) => ({
      ...write(dialect, LOOK_ALONE),
      ...(dialect === "bedrock"
        ? { toolConfig: { tools: [{ toolSpec: { name: "t", inputSchema: { json: {} } } }], toolChoice: 5 } }
        : { tool_choice: 5 }),
    }),
    all: /tool_choice|toolChoice/,
  },
};

function choice(dialect: string, name: string): object {
  if (dialect === "openai") return { tool_choice: { type: "function", function: { name } } };
  if (dialect === "responses") return { tool_choice: { type: "function", name } };
  if (dialect === "anthropic") return { tool_choice: { type: "tool", name } };
  const tools = [{ toolSpec: { name: "look", inputSchema: { json: { type: "object" } } } }];
  return { toolConfig: { tools, toolChoice: { tool: { name } } } };
}

for (const [what, one] of Object.entries(CHOICES)) {
  test(`the choice of a tool: ${what}`, async () => {
    await using world = await startWorld();
    await judge(world, what, one);
  });
}

import assert from "node:assert/strict";
import test from "node:test";
import { judge, type Case } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld } from "./world.ts";

const deep = (depth: number): string => `{"v":${"[".repeat(depth)}${"]".repeat(depth)}}`;

/** A conversation with one call of these arguments, which are a text in OpenAI's dialects and a value in the others. */
function calling(dialect: Dialect, args: string): string {
  const text = JSON.stringify(args);
  if (dialect === "openai")
    return `{"model":"$model","messages":[{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"t","arguments":${text}}}]},{"role":"tool","tool_call_id":"a","content":"x"}],"tools":[{"type":"function","function":{"name":"t"}}]}`;
  if (dialect === "responses")
    return `{"model":"$model","input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"a","name":"t","arguments":${text}},{"type":"function_call_output","call_id":"a","output":"x"}],"tools":[{"type":"function","name":"t"}]}`;
  if (dialect === "anthropic")
    return `{"model":"$model","max_tokens":10,"messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"t","input":${args}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":"x"}]}],"tools":[{"name":"t","input_schema":{"type":"object"}}]}`;
  return `{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"t","input":${args}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"x"}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":{"type":"object"}}}}]}}`;
}

const PLACE = /(tool_calls\[0\]\.function|input\[1\])\.arguments: expected the text of a JSON object/;
const INSIDE = /input|body is not the JSON/;

const CASES: Readonly<Record<string, readonly [string, Omit<Case, "body">]>> = {
  "that break off": ['{"a":', { all: PLACE, anthropic: /at byte \d+/, bedrock: /at byte \d+/ }],
  "that are a list": ["[1]", { all: PLACE, anthropic: INSIDE, bedrock: INSIDE }],
  "that are null": ["null", { all: PLACE, anthropic: INSIDE, bedrock: INSIDE }],
  "10,000 deep": [deep(10_000), { all: PLACE, anthropic: /deeper than 256/, bedrock: /deeper than 256/ }],
  "100,000 deep": [deep(100_000), { all: PLACE, anthropic: /deeper than 256/, bedrock: /deeper than 256/ }],
  "of half a character": [
    '{"a":"\\ud800"}',
    { all: PLACE, anthropic: /lone surrogate/, bedrock: /lone surrogate/ },
  ],
  "with a key twice": [
    '{"a":1,"a":2}',
    { all: "served", anthropic: /duplicate key/, bedrock: /duplicate key/ },
  ],
  "of numbers beyond a double": ['{"n":12345678901234567890123,"f":1e999,"z":-0.0}', { all: "served" }],
  "of an object's own parts": ['{"__proto__":{"x":1},"constructor":1,"toString":null}', { all: "served" }],
  "of unicode line ends and a null character": ['{"a":"\u2028\u2029\\u0000"}', { all: "served" }],
};

for (const [what, [args, expected]] of Object.entries(CASES)) {
  test(`arguments of a call ${what}`, async () => {
    await using world = await startWorld();
    await judge(world, what, { ...expected, body: (dialect) => calling(dialect, args) });
    assert.equal(({} as Record<string, unknown>)["x"], undefined);
  });
}

test("arguments that are served are sent digit by digit", async () => {
  await using world = await startWorld();
  const args = '{"n":12345678901234567890123,"f":1.10,"__proto__":{"x":1}}';
  await judge(world, "digits", { body: (dialect) => calling(dialect, args), all: "served" });
  const sent = [
    ...world.engine.seen.map(({ raw }) => raw.toString()),
    ...world.messages.seen.map(({ raw }) => raw.toString()),
    ...world.emulator.requests().map(({ body }) => body ?? ""),
  ];
  assert.equal(sent.length, 12);
  for (const body of sent) assert.ok(body.includes(args) || body.includes(JSON.stringify(args)), body);
});

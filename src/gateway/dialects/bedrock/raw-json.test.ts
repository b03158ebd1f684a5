import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { rawToolValues } from "./raw-json.ts";

test("the texts of inputs and JSON results come as they are written, by their places", () => {
  const input = '{ "id": 12345678901234567890, "2": 1.10, "1": [1e3] }';
  const json = "-0.0";
  const body = `{"system":[{"text":"\\"messages\\":["}], "messages" : [
    {"role":"user","content":[{"text":"}{][\\\\"}]},
    {"content":[{"text":"x"},{"toolUse":{"name":"f","input": ${input} ,"toolUseId":"a"}}],"role":"assistant"},
    {"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"text":"x"},{"json":${json}}]}}]}
  ],"toolConfig":{"tools":[{"toolSpec":{"inputSchema":{"json":{}}}}]}}`;
  assert.deepEqual(
    [...rawToolValues(body)],
    [
      ["messages.1.content.1.toolUse.input", input],
      ["messages.2.content.0.toolResult.content.1.json", json],
    ],
  );
});

test("names may be written with escapes, and values may be of other types than expected", () => {
  assert.deepEqual(
    [...rawToolValues('{"m\\u0065ssages":[{"content":[{"toolUse":{"\\u0069nput":{}}}]}]}')],
    [["messages.0.content.0.toolUse.input", "{}"]],
  );
  for (const text of ["{}", '{"messages":1}', '{"messages":[]}', '{"messages":[{"content":"x"},1,null]}'])
    assert.equal(rawToolValues(text).size, 0);
});

test("whatever stands around, each text is that of its value", () => {
  const space = fc.constantFrom("", " ", "\n\t");
  const anything = fc.json({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.array(anything), anything)), space, (blocks, gap) => {
      const content = blocks.flatMap(([before, input]) => [
        ...before.map((value) => `{"text":${value}}`),
        `{${gap}"toolUse"${gap}:{"toolUseId":"a",${gap}"input":${gap}${input}${gap}}}`,
      ]);
      const body = `{"other":${JSON.stringify(blocks)},"messages":${gap}[${gap}{"role":"user","content":[${content.join(`${gap},${gap}`)}]}]}`;
      assert.deepEqual(
        [...rawToolValues(body).values()],
        blocks.map(([, input]) => input),
      );
    }),
  );
});

import assert from "node:assert/strict";
import test from "node:test";
import { judge, type Case } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld } from "./world.ts";

const HELLO: Readonly<Record<Dialect, string>> = {
  openai: `"model":"$model","messages":[{"role":"user","content":"hi"}]`,
  responses: `"model":"$model","input":"hi"`,
  anthropic: `"model":"$model","max_tokens":10,"messages":[{"role":"user","content":"hi"}]`,
  bedrock: `"messages":[{"role":"user","content":[{"text":"hi"}]}]`,
};
const more =
  (text: string) =>
  (dialect: Dialect): string =>
    `{${HELLO[dialect]},${text}}`;
/** One message of the user with this content. */
const saying =
  (content: string | ((dialect: Dialect) => string)) =>
  (dialect: Dialect): string => {
    const said = typeof content === "string" ? content : content(dialect);
    const key = dialect === "responses" ? "input" : "messages";
    return `{${dialect === "bedrock" ? "" : `"model":"$model",`}${dialect === "anthropic" ? `"max_tokens":10,` : ""}"${key}":[{"role":"user","content":${said}}]}`;
  };
const part = (dialect: Dialect, value: string): string =>
  dialect === "bedrock"
    ? `{"text":${value}}`
    : `{"type":"${dialect === "responses" ? "input_text" : "text"}","text":${value}}`;
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** What is wrong with the text itself: no target gets it, and no dialect is asked. */
const NO_JSON: Readonly<Record<string, readonly [(dialect: Dialect) => string, RegExp]>> = {
  nothing: [() => "", /the body is empty/],
  "a list": [() => "[]", /expected a JSON object at byte 0/],
  "a byte order mark": [(dialect) => `\ufeff{${HELLO[dialect]}}`, /expected a JSON object at byte 0/],
  "half of it": [(dialect) => `{${HELLO[dialect]}`, /at byte \d+/],
  NaN: [more(`"x":NaN`), /expected a JSON value at byte \d+/],
  "a key twice": [(dialect) => `{${HELLO[dialect]},"x":1,"x":1}`, /duplicate key "x" at byte \d+/],
  "a key twice inside": [
    saying(`[{"type":"text","text":"a","text":"b"}]`),
    /duplicate key "text" at byte \d+/,
  ],
  "a key twice, once escaped": [more(`"x":1,"\\u0078":1`), /duplicate key/],
  "10,000 levels of messages": [saying(nested(10_000)), /deeper than 256 levels/],
  "10,000 levels of something unknown": [more(`"x":${nested(10_000)}`), /deeper than 256 levels/],
  "half a character": [saying(`"\\ud800"`), /lone surrogate/],
  "a raw null character": [saying(`"\u0000"`), /control character/],
};

for (const [what, [body, all]] of Object.entries(NO_JSON)) {
  test(`a body of ${what} is refused before any dialect is asked`, async () => {
    await using world = await startWorld();
    await judge(world, what, { body, all, everywhere: true });
  });
}

const CONTENT = /(messages\[0\]|input\[0\]|messages\.0|messages\.1\.member)\.content/;

const CASES: Readonly<Record<string, Case>> = {
  "content that is null": { body: saying("null"), all: CONTENT },
  "content that is a number": { body: saying("5"), all: CONTENT },
  "content that is an object": { body: saying("{}"), all: CONTENT },
  "content of lists in lists": { body: saying((dialect) => `[[${part(dialect, '"x"')}]]`), all: CONTENT },
  "content 200 levels deep": { body: saying(nested(200)), all: CONTENT },
  "a part that is null": { body: saying("[null]"), all: CONTENT },
  "a text that is null": { body: saying((dialect) => `[${part(dialect, "null")}]`), all: CONTENT },
  "a text that is a number": { body: saying((dialect) => `[${part(dialect, "5")}]`), all: CONTENT },
  "a part of an odd type": { body: saying(`[{"type":"__proto__"}]`), all: CONTENT },
  "a part with keys of a prototype": { body: saying(`[{"__proto__":{"text":"x"}}]`), all: CONTENT },
  "a part of a long type": {
    body: saying(`[{"type":"${"t".repeat(100_000)}"}]`),
    all: CONTENT,
  },
  "a part with something unknown": {
    body: saying((dialect) => `[${part(dialect, `"x","x_odd":1`)}]`),
    all: /content\.0\.x_odd/,
    bedrock: /messages\.0\.content\.0 can only set one/,
  },
  "something unknown at the top": { body: more(`"x_odd":{"a":1}`), all: /x_odd has no place/ },
  "something unknown with an odd name": { body: more(`"\\u0000\\u2028 é,\\"":1`), all: /has no place/ },
  "keys of a prototype at the top": {
    body: more(`"__proto__":{"stream":true,"temperature":5}`),
    all: /__proto__ has no place/,
  },
  "two models": {
    body: (dialect) => (dialect === "bedrock" ? undefined : more(`"model":"other"`)(dialect)),
    all: /duplicate key "model"/,
    everywhere: true,
  },
  "a stream that is a text": {
    body: (dialect) => (dialect === "bedrock" ? undefined : more(`"stream":"true"`)(dialect)),
    all: /stream: expected true or false/,
    everywhere: true,
  },
  "both limits": {
    body: (dialect) =>
      dialect === "openai" ? more(`"max_tokens":5,"max_completion_tokens":7`)(dialect) : undefined,
    all: "served",
  },
  "a temperature beyond a double": {
    body: (dialect) =>
      dialect === "bedrock"
        ? more(`"inferenceConfig":{"temperature":1e999}`)(dialect)
        : more(`"temperature":1e999`)(dialect),
    all: /temperature: (expected a number|range: 0\.\.1)/,
  },
  "tools that are a number": {
    body: (dialect) => more(`"${dialect === "bedrock" ? "toolConfig" : "tools"}":5`)(dialect),
    all: /tools: |toolConfig: /,
  },
  "a tool that is null": {
    body: (dialect) =>
      more(dialect === "bedrock" ? `"toolConfig":{"tools":[null]}` : `"tools":[null]`)(dialect),
    all: /tools(\[0\]|\.0): /,
  },
  "a schema of an answer that is true": {
    body: (dialect) => answering(dialect, true),
    all: /schema: (expected an object|expected the text of a JSON schema|Input should be)/,
  },
  "a schema of an answer 10,000 levels deep, where it is a text": {
    body: (dialect) =>
      dialect === "bedrock"
        ? more(
            `"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":"{\\"a\\":${nested(10_000)}}"}}}}`,
          )(dialect)
        : undefined,
    all: /jsonSchema\.schema: expected the text of a JSON schema/,
  },
  "a schema of an answer that refers to itself": {
    body: (dialect) => answering(dialect, { type: "object", properties: { n: { $ref: "#" } } }),
    all: "served",
  },
  "a hundred entries of metadata": {
    body: (dialect) => more(`"${metadata(dialect)}":{${entries(100)}}`)(dialect),
    all: "served",
  },
  "metadata with keys of a prototype": {
    body: (dialect) => more(`"${metadata(dialect)}":{"__proto__":"x","constructor":"y"}`)(dialect),
    all: "served",
  },
};

function answering(dialect: Dialect, schema: unknown): string {
  const json = JSON.stringify(schema);
  const wish = {
    openai: `"response_format":{"type":"json_schema","json_schema":{"name":"x","schema":${json}}}`,
    responses: `"text":{"format":{"type":"json_schema","name":"x","schema":${json}}}`,
    anthropic: `"output_config":{"format":{"type":"json_schema","schema":${json}}}`,
    bedrock: `"outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"schema":${JSON.stringify(json)}}}}}`,
  };
  return more(wish[dialect])(dialect);
}

const metadata = (dialect: Dialect): string => (dialect === "bedrock" ? "requestMetadata" : "metadata");
const entries = (count: number): string =>
  Array.from({ length: count }, (_, index) => `"k${index}":"v"`).join(",");

for (const [what, one] of Object.entries(CASES)) {
  test(`a body with ${what}: served in a legal form, or refused with the place`, async () => {
    await using world = await startWorld();
    await judge(world, what, one);
    assert.equal(({} as Record<string, unknown>)["text"], undefined);
  });
}

const RESPONSES: Readonly<Record<string, RegExp>> = {
  '"input":[null]': /input\[0\]: expected an object/,
  '"input":[{"type":"hologram"}]': /input\[0\]\.hologram has no place/,
  '"input":[{"type":"__proto__"}]': /input\[0\]\.__proto__ has no place/,
  '"input":[{"type":"item_reference","id":"x"}]': /input: there is no item "x"/,
  '"input":"hi","include":[5]': /include has no place/,
  '"input":"hi","instructions":{}': /instructions: expected a text/,
};

test("odd items of the Responses dialect are refused with their place", async () => {
  await using world = await startWorld();
  for (const [members, all] of Object.entries(RESPONSES))
    await judge(world, members, {
      body: (dialect) => (dialect === "responses" ? `{"model":"$model",${members}}` : undefined),
      all,
    });
});

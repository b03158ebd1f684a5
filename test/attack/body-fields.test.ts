import assert from "node:assert/strict";
import test from "node:test";
import { assertAlive, assertError, HELLO, postBody as post, startPair } from "./support.ts";

const MESSAGES = `"messages":[{"role":"user","content":"hi"}]`;
const FINE = `"model":"fine",${MESSAGES}`;

/** The field, values that it cannot have, and what the refusal says. */
const WRONG: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["model", ["5", "true", '""', "[]", '["fine"]', '{"id":"fine"}'], /model: expected a text/],
  ["stream", ['"true"', "1", "0", "[]", "{}", '""'], /stream: expected true or false/],
  ["messages", ['"hi"', "{}", "5", "true", "null"], /messages: expected a list of messages/],
  ["max_tokens", ["0", "-1", "1.5", '"10"', "1e999", "true", "[]"], /max_tokens: expected a whole number/],
  [
    "max_completion_tokens",
    ["0", "-1", "0.5", '"1"', "{}"],
    /max_completion_tokens: expected a whole number/,
  ],
  ["n", ["0", "-1", "129", "1.5", '"2"', "1e999", "12345678901234567890"], /n: expected a whole number/],
  ["store", ['"yes"', "1", "[]"], /store: expected true or false/],
  ["stream_options", ["[]", '"x"', "5", "true", '[{"include_usage":true}]'], /stream_options/],
];

for (const [field, values, says] of WRONG) {
  test(`refuses a ${field} of another type and names the field`, async () => {
    // Short, so that an attempt that was begun all the same does not outlive the test.
    await using pair = await startPair({ timeouts: "firstByte: 300ms" });
    const others = Object.entries({ model: '"fine"', messages: "[]", stream: "true" })
      .filter(([name]) => name !== field)
      .map(([name, value]) => `"${name}":${value}`);
    for (const value of values) {
      const response = await post(pair, `{${[...others, `"${field}":${value}`].join(",")}}`);
      await assertError(response, 400, "invalid_request", says);
    }
    assert.equal(pair.engine.seen.length, 0);
    await assertAlive(pair);
  });
}

test("null counts as absent where clients send it so", async () => {
  await using pair = await startPair();
  const nulls = `"stream":null,"max_tokens":null,"n":null,"store":null,"metadata":null,"stream_options":null`;
  const response = await post(pair, `{${FINE},${nulls}}`);
  assert.equal(response.status, 200);
  assert.equal(pair.engine.lastBody, `{"model":"fine-up",${MESSAGES},${nulls}}`);
  await assertError(await post(pair, `{"model":null,${MESSAGES}}`), 400, "invalid_request", /names no model/);
});

test("a metadata of another type is the engine's to judge and passes to the byte", async () => {
  await using pair = await startPair();
  for (const value of ['"x"', "5", '["switchyard_user"]', "true", "{}", '{ "a" : [1, {"b": null}] }']) {
    assert.equal((await post(pair, `{${FINE},"metadata":${value}}`)).status, 200, value);
    assert.equal(pair.engine.lastBody, `{"model":"fine-up",${MESSAGES},"metadata":${value}}`);
  }
  await assertAlive(pair);
});

test("a word in the metadata that is no text, no word or not allowed is named", async () => {
  await using pair = await startPair();
  const faults: readonly (readonly [string, RegExp])[] = [
    ['{"switchyard_user":null}', /metadata\.switchyard_user: expected a text/],
    ['{"switchyard_user":true}', /metadata\.switchyard_user: expected a text/],
    ['{"switchyard_user":["a"]}', /metadata\.switchyard_user: expected a text/],
    ['{"switchyard_user":{"toString":"a"}}', /metadata\.switchyard_user: expected a text/],
    ['{"switchyard_user":""}', /user: is empty/],
    ['{"switchyard_user":"a\\u0000b"}', /user: holds a control character/],
    ['{"switchyard_user":"a\\r\\nx-api-key: b"}', /user: holds a control character/],
    [`{"switchyard_user":"${"u".repeat(257)}"}`, /user: is longer than 256 characters/],
    ['{"switchyard_budget":"1e3"}', /budget: write a USD decimal/],
    ['{"switchyard_budget":-1}', /budget: write a USD decimal/],
    ['{"switchyard_latency":"now"}', /latency: write one of/],
    ['{"switchyard_sensitivity":"secret"}', /sensitivity: write one of/],
    ['{"switchyard_prompt":"a"}', /prompt: write name@version/],
    ['{"switchyard_tenant":"globex"}', /"tenant" is no word of the context/],
    ['{"switchyard___proto__":"x"}', /"__proto__" is no word of the context/],
    ['{"switchyard_constructor":"x"}', /"constructor" is no word of the context/],
    ['{"switchyard_":"x"}', /is no word of the context/],
  ];
  for (const [metadata, says] of faults) {
    await assertError(await post(pair, `{${FINE},"metadata":${metadata}}`), 400, "context_invalid", says);
  }
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("keys of an object's prototype are data wherever they stand, and change nothing", async () => {
  await using pair = await startPair();
  const evil = `{"polluted":true,"toString":1,"isAdmin":true}`;
  const body =
    `{${FINE},"__proto__":${evil},"constructor":{"prototype":${evil}},"prototype":${evil},` +
    `"metadata":{"__proto__":"x","constructor":"y","toString":"z","hasOwnProperty":"w","a.__proto__.polluted":"v"},` +
    `"stream_options":{"__proto__":${evil},"constructor":${evil}},"tools":[{"__proto__":${evil}}]}`;
  const response = await post(pair, body);
  assert.equal(response.status, 200);
  assert.equal(pair.engine.lastBody, body.replace(`"fine"`, `"fine-up"`));
  const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.deepEqual(Object.entries(record.tags), [
    ["__proto__", "x"],
    ["constructor", "y"],
    ["toString", "z"],
    ["hasOwnProperty", "w"],
    ["a.__proto__.polluted", "v"],
  ]);
  const streamed = await post(pair, body.replace(`{${FINE}`, `{${FINE},"stream":true`));
  await streamed.text();
  assert.match(pair.engine.lastBody, /"stream_options":\{"include_usage":true,"__proto__":/);
  await assertAlive(pair);
});

test("a model, task or alias named like an object's own parts is simply not there", async () => {
  await using pair = await startPair();
  for (const model of ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]) {
    await assertError(
      await pair.gateway.chat({ ...HELLO, model }),
      404,
      "model_not_found",
      /there is no model/,
    );
    const task = { headers: { "x-switchyard-task": model } };
    await assertError(await pair.gateway.chat(HELLO, task), 404, "model_not_found", /there is no task/);
  }
  await assertAlive(pair);
});

test("numbers that JavaScript cannot hold pass to the byte, both ways", async () => {
  await using pair = await startPair();
  const numbers = `"seed":12345678901234567890,"temperature":1e999,"top_p":0.10000000000000000001,"x":-0.0,"y":1E+2`;
  const reply = `{"choices":[],"big":${"9".repeat(400)},"tiny":1e-999,"usage":{"prompt_tokens":1,"completion_tokens":1}}`;
  pair.engine.script = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(reply);
  };
  const response = await post(pair, `{${FINE},${numbers}}`);
  assert.equal(await response.text(), reply);
  assert.equal(pair.engine.lastBody, `{"model":"fine-up",${MESSAGES},${numbers}}`);
});

test("a word that is written as a number is taken as it is written", async () => {
  await using pair = await startPair();
  const response = await post(pair, `{${FINE},"metadata":{"switchyard_user":12345678901234567890}}`);
  const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.context?.user, "12345678901234567890");
});

test("a hundred thousand metadata entries: the words are found, sixteen tags kept, the rest passes", async () => {
  await using pair = await startPair();
  const entries = Array.from({ length: 100_000 }, (_, index) => `"t${index}":"${index}"`).join(",");
  const response = await post(pair, `{${FINE},"metadata":{${entries},"switchyard_user":"ann"}}`);
  assert.equal(response.status, 200);
  assert.equal(pair.engine.lastBody, `{"model":"fine-up",${MESSAGES},"metadata":{${entries}}}`);
  const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.context?.user, "ann");
  assert.equal(Object.keys(record.tags).length, 16);
  await assertAlive(pair);
});

test("a model of a million characters is refused with a short answer and a short record", async () => {
  await using pair = await startPair();
  const response = await post(pair, `{"model":"${"m".repeat(1_000_000)}",${MESSAGES}}`);
  const id = response.headers.get("x-switchyard-exchange") ?? "";
  assert.ok(response.status === 400 || response.status === 404);
  const body = await response.text();
  assert.ok(body.length < 8_192, `the answer has ${body.length} characters`);
  const record = await pair.gateway.record(id);
  assert.ok((record.message ?? "").length < 8_192);
  await assertAlive(pair);
});

test("a metadata key of a million characters makes neither the answer nor the record long", async () => {
  await using pair = await startPair();
  const long = "k".repeat(1_000_000);
  const refused = await post(pair, `{${FINE},"metadata":{"switchyard_${long}":"x"}}`);
  await assertError(refused, 400, "context_invalid", /is no word of the context/);
  const passed = await post(pair, `{${FINE},"metadata":{"${long}":"x"}}`);
  assert.equal(passed.status, 200);
  const record = await pair.gateway.record(passed.headers.get("x-switchyard-exchange") ?? "");
  assert.ok(JSON.stringify(record.tags).length < 65_536, "the record holds the long key");
  await assertAlive(pair);
});

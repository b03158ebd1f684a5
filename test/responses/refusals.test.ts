import assert from "node:assert/strict";
import test from "node:test";
import { chunk, plain, sse } from "../support/engine.ts";
import {
  bodyOf,
  event,
  failureOf,
  nativeEvents,
  nativeResponse,
  post,
  saying,
  startSetup,
  TARGETS,
  type Setup,
} from "./setup.ts";

/** What is refused, wherever the request would go; and what clients hear of upstreams that misbehave. */

function assertNothingSent({ chat, native, bedrock }: Setup): void {
  assert.equal(chat.seen.length + native.seen.length + bedrock.requests().length, 0, "something was sent");
}

/** What no target may be asked for, each with the code and what the message names. */
const REFUSED: readonly (readonly [object, string, RegExp])[] = [
  [{ background: true }, "unsupported_parameter", /background/],
  [{ conversation: "conv_1" }, "unsupported_parameter", /conversation/],
  [{ conversation: { id: "conv_1" } }, "unsupported_parameter", /conversation/],
  [{ prompt: { id: "pmpt_1" } }, "unsupported_parameter", /prompt/],
  ...[
    { type: "web_search" },
    { type: "web_search_preview" },
    { type: "web_search_2025_08_26" },
    { type: "file_search", vector_store_ids: ["vs_1"] },
    { type: "code_interpreter", container: { type: "auto" } },
    { type: "image_generation" },
    { type: "mcp", server_label: "x", server_url: "https://example.com" },
    { type: "computer_use_preview", environment: "linux", display_width: 1, display_height: 1 },
    { type: "of-tomorrow" },
  ].map((tool): readonly [object, string, RegExp] => [
    { tools: [{ type: "function", name: "f", parameters: {} }, tool] },
    "unpriced",
    new RegExp(tool.type),
  ]),
];

for (const model of TARGETS) {
  test(`${model}: what is kept, runs or is charged elsewhere is refused with one record and nothing sent`, async () => {
    await using setup = await startSetup();
    for (const [index, [more, code, name]] of REFUSED.entries()) {
      for (const stream of [false, true]) {
        const refused = await post(setup, JSON.stringify({ model, input: "hi", stream, ...more }));
        assert.deepEqual(
          [refused.status, refused.code],
          [code === "unpriced" ? 403 : 400, code],
          refused.text,
        );
        assert.match(refused.message, name);
        const record = await setup.record(2 * index + (stream ? 2 : 1));
        assert.equal(record.status, "refused");
        assert.equal(record.code, code);
        assert.equal(record.costNano, 0n);
        assert.equal(record.attempts.length, 0);
      }
    }
    assertNothingSent(setup);
  });
}

test("a hosted tool that is hidden is found: escaped, in another spelling of its key, in the input", async () => {
  await using setup = await startSetup();
  const search = '[{"type":"web_search"}]';
  for (const body of [
    `{"model":"native","input":"hi","tools":[{"type":"web\\u005fsearch"}]}`,
    `{"model":"native","input":"hi","t\\u006fols":${search}}`,
    `{"model":"native","input":[{"type":"additional_tools","role":"developer","tools":${search}}]}`,
    `{"model":"native","input":[{"type":"additional_tools","role":"developer","t\\u006fols":${search}}]}`,
    `{"model":"native","input":"hi","tools":[{"type":"namespace","name":"n","tools":${search}}]}`,
  ]) {
    const refused = await post(setup, body);
    assert.equal(refused.code, "unpriced", `${body}: ${refused.text}`);
  }
  assertNothingSent(setup);
});

/** Bodies that are wrong, wherever they would go. */
const WRONG: readonly (readonly [string, string])[] = [
  ["the body is empty", ""],
  ["no JSON", "{"],
  ["a list", "[]"],
  ["no UTF-8 in a key", '{"model":"sim","input":"hi","\\ud800":1,"\\ud800":1}'],
  ["a key that is there twice", '{"model":"native","input":"hi","input":"ho"}'],
  ["a key that is there twice, once escaped", '{"model":"native","input":"hi","inp\\u0075t":"ho"}'],
  ["input a number", '{"model":"native","input":5}'],
  ["input an object", '{"model":"native","input":{}}'],
  ["stream no truth value", '{"model":"native","input":"hi","stream":"yes"}'],
  ["store no truth value", '{"model":"native","input":"hi","store":1}'],
  ["tools no list", '{"model":"native","input":"hi","tools":{}}'],
  ["tools of null", '{"model":"native","input":"hi","tools":[null]}'],
  ["max_output_tokens 0", '{"model":"native","input":"hi","max_output_tokens":0}'],
  ["max_output_tokens a text", '{"model":"native","input":"hi","max_output_tokens":"5"}'],
  ["background no truth value", '{"model":"native","input":"hi","background":"true"}'],
  ["no model", '{"input":"hi"}'],
  ["model a number", '{"model":7,"input":"hi"}'],
];

test("a body that is wrong is refused with 400 in OpenAI's form, one record each, and nothing sent", async () => {
  await using setup = await startSetup();
  for (const [index, [what, body]] of WRONG.entries()) {
    const refused = await post(setup, body);
    assert.ok([400, 404].includes(refused.status), `${what}: ${refused.text}`);
    assert.notEqual(refused.code, "", what);
    const record = await setup.record(index + 1);
    assert.equal(record.status, "refused", what);
  }
  assertNothingSent(setup);
});

/** Items that no target of another dialect can be told. */
const ODD_ITEMS: readonly (readonly [string, unknown])[] = [
  ["a number", 5],
  ["null", null],
  ["a text", "hi"],
  ["a message of a stranger", { type: "message", role: "stranger", content: "hi" }],
  ["a message without content", { role: "user" }],
  ["a part without a type", { role: "user", content: [{ text: "hi" }] }],
  ["a call without its id", { type: "function_call", name: "f", arguments: "{}" }],
  [
    "a call whose arguments are no object",
    { type: "function_call", call_id: "c", name: "f", arguments: "[1]" },
  ],
  ["an output without its call's id", { type: "function_call_output", output: "x" }],
  ["an output of nothing", { type: "function_call_output", call_id: "c" }],
  ["an image without an address", { role: "user", content: [{ type: "input_image" }] }],
  ["a thought that is a number", { type: "reasoning", summary: 5 }],
  ["an item of another time", { type: "of-tomorrow" }],
];

test("an item that cannot be told is refused with its place", async () => {
  await using setup = await startSetup();
  for (const model of ["sim", "chat", "claude"])
    for (const [what, item] of ODD_ITEMS) {
      const refused = await post(
        setup,
        JSON.stringify({ model, input: [{ role: "user", content: "hi" }, item] }),
      );
      assert.equal(refused.status, 400, `${model} ${what}: ${refused.text}`);
      assert.match(refused.message, /input\[1\]/, what);
    }
  assertNothingSent(setup);
});

test("a request without input is refused where it must have one, and nothing breaks", async () => {
  await using setup = await startSetup();
  for (const model of TARGETS)
    for (const input of [undefined, null, []]) {
      const { status } = await post(setup, JSON.stringify({ model, input }));
      if (model !== "native") assert.equal(status, 400, `${model} ${JSON.stringify(input)}`);
    }
});

test("outputs without calls, and calls of one id, end in an answer or a refusal, never in a fault of ours", async () => {
  await using setup = await startSetup();
  const call = { type: "function_call", call_id: "c1", name: "f", arguments: "{}" };
  const output = { type: "function_call_output", call_id: "c1", output: "x" };
  const hi = { role: "user", content: "hi" };
  const tools = [{ type: "function", name: "f", parameters: { type: "object", properties: {} } }];
  for (const model of TARGETS)
    for (const input of [
      [output],
      [hi, output],
      [hi, call],
      [hi, call, call, output, output],
      [hi, call, output, hi, call, output],
      [hi, call, { ...call, arguments: '{"a":1}' }, output],
    ]) {
      const { status, text } = await post(setup, JSON.stringify({ model, input, tools }));
      assert.ok(status === 200 || status === 400, `${model} ${JSON.stringify(input)}: ${status} ${text}`);
    }
});

test("an input of 100,000 items is served, kept, and gone on from", async () => {
  await using setup = await startSetup();
  const input = Array.from({ length: 100_000 }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: `${index}`,
  }));
  for (const model of ["sim", "chat", "native"] as const) {
    const reply = await post(
      setup,
      JSON.stringify({ model, input: [...input, { role: "user", content: "end" }] }),
    );
    assert.equal(reply.status, 200, reply.text.slice(0, 300));
    const { id } = JSON.parse(reply.text) as { id: string };
    const next = await post(setup, JSON.stringify({ model, input: "more", previous_response_id: id }));
    assert.equal(next.status, 200, next.text.slice(0, 300));
  }
  assert.equal((bodyOf(setup.native.seen[1])["input"] as unknown[]).length, 100_003);
});

test("a body of 25 MiB is served, and one byte more is refused with 413", async () => {
  await using setup = await startSetup();
  const limit = 25 * 1024 * 1024;
  const frame = '{"model":"native","input":""}';
  const body = (length: number): string => frame.replace('""', `"${"x".repeat(length - frame.length)}"`);
  const served = await post(setup, body(limit));
  assert.equal(served.status, 200, served.text.slice(0, 300));
  const refused = await post(setup, body(limit + 1));
  assert.deepEqual([refused.status, refused.code], [413, "payload_too_large"]);
  // What is kept of it makes the next request longer than a client may send, and is served all the same.
  const { id } = JSON.parse(served.text) as { id: string };
  const next = await post(setup, `{"model":"native","input":"more","previous_response_id":"${id}"}`);
  assert.equal(next.status, 200, next.text.slice(0, 300));
});

test("an unknown thing to include is refused where it cannot be told, and is the upstream's where bytes pass", async () => {
  await using setup = await startSetup();
  for (const [model, status] of [
    ["sim", 400],
    ["chat", 400],
    ["claude", 400],
    ["native", 200],
  ] as const) {
    const reply = await post(setup, JSON.stringify({ model, input: "hi", include: ["of.tomorrow"] }));
    assert.equal(reply.status, status, `${model}: ${reply.text}`);
  }
  const wrong = await post(setup, '{"model":"sim","input":"hi","include":"all"}');
  assert.equal(wrong.status, 400);
});

/** Reads a stream to its end, however that is. */
async function readAll(setup: Setup, model: string): Promise<string[]> {
  const types: string[] = [];
  const stream = await setup.client.responses.create({ model, input: "hi", stream: true });
  for await (const each of stream) types.push(each.type);
  return types;
}

test("a stream that the upstream cuts makes the SDK throw, at whatever event it was cut", async () => {
  await using setup = await startSetup();
  const whole = nativeResponse(saying("Hello"));
  const events = nativeEvents(whole, saying("Hello"));
  for (let count = 0; count < events.length; count++) {
    setup.native.script = (_request, response) => {
      sse(response);
      // Half an event is none.
      const half = events[count]?.slice(0, -2) ?? "";
      const text = events.slice(0, count).join("") + half;
      if (count % 2 === 0) response.end(text);
      else response.write(text, () => response.destroy());
    };
    const error = await failureOf(readAll(setup, "native"));
    assert.ok(error.code === "upstream_error", `${count}: ${error.code} ${error.message}`);
    await failureOf(setup.client.responses.stream({ model: "native", input: "hi" }).finalResponse());
  }
  assert.ok(setup.gateway.records.every(({ status }) => status === "failed"));
  assert.equal(setup.kept.all.size, 0);
});

test("a translated stream that is cut, or has no proper end, makes the SDK throw", async () => {
  await using setup = await startSetup();
  setup.chat.script = (_request, response) => {
    sse(response);
    if (setup.chat.seen.length % 2 === 0) response.end(chunk("one "));
    else response.write(chunk("one "), () => response.destroy());
  };
  for (let time = 0; time < 4; time++) {
    const error = await failureOf(readAll(setup, "chat"));
    assert.equal(error.code, "upstream_error");
  }
  assert.equal(setup.kept.all.size, 0);
});

test("an error event of the upstream comes through, and its words with it", async () => {
  await using setup = await startSetup();
  setup.native.script = (_request, response) => {
    sse(response);
    const started = { ...nativeResponse([]), status: "in_progress" };
    const [item] = saying("Hel");
    response.end(
      event("response.created", 0, { response: started }) +
        event("response.output_item.added", 1, { output_index: 0, item }) +
        event("error", 2, { code: "server_error", message: "out of luck", param: null }),
    );
  };
  const types: string[] = [];
  const reading = async (): Promise<void> => {
    const stream = await setup.client.responses.create({ model: "native", input: "hi", stream: true });
    for await (const each of stream) {
      types.push(each.type);
      if (each.type === "error") assert.equal(each.message, "out of luck");
    }
  };
  await reading().catch((error: unknown) => types.push(`thrown ${String(error)}`));
  assert.ok(/error|thrown.*out of luck/.test(types.at(-1) ?? ""), types.join());
  assert.ok(!types.includes("response.completed"));
  await failureOf(setup.client.responses.stream({ model: "native", input: "hi" }).finalResponse());
  assert.equal((await setup.record(2)).status, "failed");
});

test("a plain reply that is no response is an error for the client, and is not kept", async () => {
  await using setup = await startSetup();
  for (const body of ["", "{", "[]", "null", "<html>"]) {
    setup.native.script = (_request, response) => plain(response, 200, body);
    const error = await failureOf(setup.client.responses.create({ model: "native", input: "hi" }));
    assert.equal(error.status, 502, body);
  }
  assert.equal(setup.kept.all.size, 0);
});

import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { answering, modelError, openStream, part, pieces, streaming } from "./endpoint.ts";
import { HELLO, readStream, recordOf, refusalOf, startSetup, type Setup } from "./setup.ts";

const LLAMA = ", chatTemplate: llama3";
const CHATML = ", chatTemplate: chatml";

interface Asked {
  readonly inputs: string;
  readonly stream?: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
}

function lastAsked({ endpoint }: Setup): Asked {
  return JSON.parse(endpoint.lastBody) as Asked;
}

const tgiWhole = (
  text: string,
  details: object = { finish_reason: "eos_token", generated_tokens: 3, prefill: [] },
): string => JSON.stringify([{ generated_text: text, details }]);
const tgiToken = (text: string, more: object = {}): string =>
  `data:${JSON.stringify({ index: 1, token: { id: 1, text, logprob: -0.1, special: false }, generated_text: null, details: null, ...more })}\n\n`;
const tgiLast = (text: string, whole: string, details: object): string =>
  tgiToken(text, {
    token: { id: 2, text, logprob: -0.1, special: text.startsWith("<") },
    generated_text: whole,
    details,
  });
const djlToken = (text: string, more: object = {}): string =>
  `${JSON.stringify({ token: { id: 1, text, log_prob: -0.1 }, ...more })}\n`;

test("TGI is asked with a prompt and parameters that it takes", async () => {
  await using setup = await startSetup(answering(tgiWhole("hello"), []), { payload: "tgi", provider: LLAMA });
  const completion = await setup.client.chat.completions.create({
    model: "chat",
    messages: [{ role: "system", content: "Be short." }, ...HELLO],
    temperature: 0.5,
    top_p: 1,
    stop: ["END"],
    seed: 7,
    max_tokens: 40,
  });
  assert.equal(completion.choices[0]?.message.content, "hello");
  assert.equal(completion.choices[0]?.finish_reason, "stop");
  const { inputs, parameters, stream } = lastAsked(setup);
  assert.match(inputs, /Be short\.[^]*hi[^]*assistant/);
  assert.equal(stream, undefined);
  assert.deepEqual(parameters, {
    max_new_tokens: 40,
    temperature: 0.5,
    do_sample: true,
    stop: ["END", "<|eot_id|>"],
    seed: 7,
    return_full_text: false,
    details: true,
  });
});

test("a temperature of 0 is no sampling, and a limit stands also where nobody names one", async () => {
  await using setup = await startSetup(answering(tgiWhole("x"), []), { payload: "tgi" });
  await setup.client.chat.completions.create({ model: "chat", messages: HELLO, temperature: 0, top_p: 0.9 });
  const { parameters } = lastAsked(setup);
  assert.deepEqual(
    [parameters["do_sample"], parameters["temperature"], parameters["top_p"], parameters["max_new_tokens"]],
    [false, undefined, undefined, 512],
  );
});

test("the target's own limit holds where the client names none", async () => {
  await using setup = await startSetup(answering(tgiWhole("x"), []), {
    payload: "djl",
    target: ", maxOutputTokens: 99",
  });
  await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  assert.equal(lastAsked(setup).parameters["max_new_tokens"], 99);
});

test("LMI is asked in its own words, and its reply may be an object", async () => {
  const whole = JSON.stringify({
    generated_text: "hello",
    details: { finish_reason: "length", generated_tokens: 30, inputs: "…" },
  });
  await using setup = await startSetup(answering(whole, []), { payload: "djl", provider: CHATML });
  const completion = await setup.client.chat.completions.create({
    model: "chat",
    messages: HELLO,
    presence_penalty: 0.5,
    stop: "END",
  });
  assert.equal(completion.choices[0]?.finish_reason, "length");
  const { parameters } = lastAsked(setup);
  assert.deepEqual(
    [parameters["stop_sequences"], parameters["presence_penalty"]],
    [["END", "<|im_end|>"], 0.5],
  );
  const record = await recordOf(setup);
  // The output is counted, the prompt is not.
  assert.deepEqual([record.usage?.outputTokens, record.estimated], [30, true]);
  assert.ok((record.usage?.inputTokens ?? 0) > 0);
  assert.equal(completion.usage, undefined, "no guess is told as a count");
});

test("where the prompt's tokens are told, the usage is no estimate, and the client sees it", async () => {
  const details = { finish_reason: "eos_token", generated_tokens: 3, prefill: [{ id: 1 }, { id: 2 }] };
  await using setup = await startSetup(answering(tgiWhole("x", details), []), { payload: "tgi" });
  const completion = await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  assert.deepEqual([completion.usage?.prompt_tokens, completion.usage?.completion_tokens], [2, 3]);
  const record = await recordOf(setup);
  assert.deepEqual([record.usage?.inputTokens, record.usage?.outputTokens, record.estimated], [2, 3, false]);
});

test("without details the gateway estimates the whole usage", async () => {
  await using setup = await startSetup(answering('{"generated_text":"hello there"}', []), { payload: "djl" });
  await setup.client.chat.completions.create({ model: "chat", messages: HELLO });
  const record = await recordOf(setup);
  assert.equal(record.estimated, true);
  assert.ok((record.usage?.outputTokens ?? 0) > 0);
});

const TGI_EVENTS =
  ":comment\n\n" +
  tgiToken("Hallo") +
  tgiToken(" Köln") +
  tgiToken(" 三") +
  tgiLast("</s>", "Hallo Köln 三", { finish_reason: "eos_token", generated_tokens: 4, input_length: 9 });
const DJL_LINES =
  djlToken("Hallo") +
  djlToken(" Köln") +
  djlToken(" 三", {
    generated_text: "Hallo Köln 三",
    details: { finish_reason: "eos_token", generated_tokens: 3, inputs: "…" },
  });

for (const bytes of [1, 3, 50, 100_000]) {
  test(`tokens of TGI in parts of ${bytes} bytes become a stream; special ones are no text`, async () => {
    await using setup = await startSetup(answering("", pieces(TGI_EVENTS, bytes)), { payload: "tgi" });
    const read = await readStream(setup.client, { stream_options: { include_usage: true } });
    assert.deepEqual([read.text, read.finish], ["Hallo Köln 三", "stop"]);
    assert.deepEqual([read.usage?.prompt_tokens, read.usage?.completion_tokens], [9, 4]);
    assert.equal(lastAsked(setup).stream, true);
    const record = await recordOf(setup);
    assert.deepEqual([record.usage?.inputTokens, record.estimated], [9, false]);
  });

  test(`lines of LMI in parts of ${bytes} bytes become a stream`, async () => {
    await using setup = await startSetup(answering("", pieces(DJL_LINES, bytes)), { payload: "djl" });
    const read = await readStream(setup.client);
    assert.deepEqual([read.text, read.finish], ["Hallo Köln 三", "stop"]);
    assert.equal((await recordOf(setup)).usage?.outputTokens, 3);
  });
}

test("a stop text is cut from the answer, however it comes in pieces", async () => {
  const events =
    tgiToken("one") +
    tgiToken(" E") +
    tgiToken("N") +
    tgiLast("D", "one END", { finish_reason: "stop_sequence", generated_tokens: 4, input_length: 9 });
  await using setup = await startSetup(
    answering(tgiWhole("one END", { finish_reason: "stop_sequence", generated_tokens: 4 }), [events]),
    {
      payload: "tgi",
    },
  );
  assert.deepEqual((await readStream(setup.client, { stop: ["END"] })).text, "one ");
  const completion = await setup.client.chat.completions.create({
    model: "chat",
    messages: HELLO,
    stop: "END",
  });
  assert.deepEqual(
    [completion.choices[0]?.message.content, completion.choices[0]?.finish_reason],
    ["one ", "stop"],
  );
});

test("what only looks like a stop text is told in the end", async () => {
  const events =
    tgiToken("one E") +
    tgiLast("N", "one EN", { finish_reason: "length", generated_tokens: 2, input_length: 9 });
  await using setup = await startSetup(streaming([events]), { payload: "tgi" });
  const read = await readStream(setup.client, { stop: ["END"] });
  assert.deepEqual([read.text, read.finish], ["one EN", "length"]);
});

test("a container that answers a stream in one piece is told as a stream", async () => {
  await using setup = await startSetup(streaming([tgiWhole("all at once")]), { payload: "djl" });
  assert.equal((await readStream(setup.client)).text, "all at once");
});

const FAILED = { finish_reason: "error", generated_tokens: null, inputs: null };
const BROKEN: readonly (readonly [string, "tgi" | "djl", string, string])[] = [
  [
    "LMI's last line with finish_reason error",
    "djl",
    djlToken("one ") + djlToken("", { generated_text: "", details: FAILED }),
    JSON.stringify({ generated_text: "", details: FAILED }),
  ],
  [
    "TGI's error event",
    "tgi",
    tgiToken("one ") + 'data:{"error":"Request failed during generation: oom","error_type":"generation"}\n\n',
    '{"error":"Request failed during generation: oom","error_type":"generation"}',
  ],
  [
    "a reply without its text",
    "tgi",
    tgiToken("one ") + "data:[1]\n\n",
    '{"details":{"finish_reason":"length"}}',
  ],
  ["a reply that is no JSON", "djl", `${djlToken("one ")}<html>\n`, "<html>"],
];

for (const [name, payload, lines, whole] of BROKEN) {
  test(`${name} is a failure and no end`, async () => {
    await using setup = await startSetup(answering(whole, [lines]), { payload });
    await assert.rejects(readStream(setup.client));
    assert.equal((await recordOf(setup)).status, "failed");
    const refusal = await refusalOf(setup);
    assert.deepEqual([refusal.status, refusal.code], [502, "upstream_error"]);
    assert.equal((await recordOf(setup)).status, "failed");
  });
}

test("a failure before the first word makes another target serve", async () => {
  await using setup = await startSetup(streaming([djlToken("", { generated_text: "", details: FAILED })]), {
    payload: "djl",
  });
  const reply = await setup.gateway.chat({ model: "answer", messages: HELLO, stream: true });
  assert.match(await reply.text(), /\[DONE\]/);
  assert.equal(reply.headers.get("x-switchyard-target"), "other");
});

test("a container's refusal of a translated request is told in its words", async () => {
  await using setup = await startSetup(
    modelError(
      422,
      '{"error":"Input validation error: `temperature` must be strictly positive","error_type":"validation"}',
    ),
    { payload: "tgi" },
  );
  const refusal = await refusalOf(setup);
  assert.match(refusal.message, /strictly positive/);
  assert.equal(refusal.code, "invalid_request");
});

const INEXPRESSIBLE: readonly (readonly [string, Partial<OpenAI.ChatCompletionCreateParams>, string])[] = [
  ["tools", { tools: [{ type: "function", function: { name: "f", parameters: {} } }] }, "tools"],
  ["a schema", { response_format: { type: "json_object" } }, "response_format"],
  ["several answers", { n: 2 }, "n"],
];

for (const [name, body, says] of INEXPRESSIBLE) {
  test(`${name} cannot be expressed: nothing is sent, and another target serves`, async () => {
    await using setup = await startSetup(answering(tgiWhole("x"), []), { payload: "tgi" });
    const refusal = await refusalOf(setup, body);
    assert.deepEqual([refusal.status, refusal.code], [400, "unsupported_parameter"]);
    assert.match(refusal.message, new RegExp(`\\b${says}\\b`));
    assert.equal(setup.endpoint.seen.length, 0);
  });
}

test("what is not needed is left out where the target may, and told", async () => {
  await using setup = await startSetup(answering(tgiWhole("x"), []), {
    payload: "tgi",
    target: ", unsupported: drop",
  });
  const reply = await setup.gateway.chat({
    model: "chat",
    messages: HELLO,
    presence_penalty: 1,
    frequency_penalty: 1,
  });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("x-switchyard-dropped-params"), "presence_penalty");
  assert.equal(lastAsked(setup).parameters["frequency_penalty"], 1);
});

test("a prompt longer than SageMaker takes is not sent", async () => {
  await using setup = await startSetup(answering(tgiWhole("x"), []), { payload: "djl" });
  const refusal = await refusalOf(setup, { messages: [{ role: "user", content: "x".repeat(6_300_000) }] });
  assert.deepEqual([refusal.status, refusal.code], [413, "payload_too_large"]);
  assert.equal(setup.endpoint.seen.length, 0);
});

test("a component is named for these payloads, too", async () => {
  await using setup = await startSetup(
    (request, response) => {
      assert.equal(request.headers["x-amzn-sagemaker-inference-component"], "llama");
      openStream(response);
      response.end(part(DJL_LINES));
    },
    { payload: "djl", model: "ep/llama" },
  );
  assert.equal((await readStream(setup.client)).finish, "stop");
});

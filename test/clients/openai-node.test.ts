import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import * as z from "zod";
import { USAGE } from "../support/engine.ts";
import { SLASHED, startSetup } from "./setup.ts";

/** The official SDK for Node against the gateway: all that works. Failures are in openai-node-failures.test.ts. */

const hello = [{ role: "user", content: "hi" }] satisfies OpenAI.ChatCompletionMessageParam[];

test("a chat has its text, finish reason and usage", async () => {
  await using setup = await startSetup();
  const completion = await setup.client.chat.completions.create({ model: "sim", messages: hello });
  assert.match(completion.choices[0]?.message.content ?? "", /You said "hi"/);
  assert.equal(completion.choices[0]?.finish_reason, "stop");
  const { prompt_tokens, completion_tokens, total_tokens } = completion.usage ?? assert.fail("no usage");
  assert.ok(prompt_tokens > 0 && completion_tokens > 0);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
});

test("a task, a target and an alias with a slash are all model names", async () => {
  await using setup = await startSetup();
  for (const model of ["support.answer", "sim", SLASHED]) {
    const { response } = await setup.client.chat.completions
      .create({ model, messages: hello })
      .withResponse();
    assert.equal(response.headers.get("x-switchyard-target"), "sim", model);
  }
});

test("withResponse shows the exchange, its target, its attempts and its cost", async () => {
  await using setup = await startSetup();
  const { data, response } = await setup.client.chat.completions
    .create({ model: "plain", messages: hello })
    .withResponse();
  assert.equal(data.choices[0]?.message.content, "hello");
  assert.equal(response.headers.get("x-switchyard-target"), "plain");
  assert.equal(response.headers.get("x-switchyard-attempts"), "1");
  assert.equal(response.headers.get("x-switchyard-cost-usd"), "0.000018");
  const record = await setup.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.status, "answered");
});

test("a stream gives every piece in order and then ends", async () => {
  await using setup = await startSetup();
  for (const [model, expected] of [
    ["plain", /^one two three$/],
    ["sim", /^You said "hi"\. .*\.$/],
  ] as const) {
    const stream = await setup.client.chat.completions.create({ model, messages: hello, stream: true });
    const pieces: string[] = [];
    let finish: string | null | undefined;
    for await (const event of stream) {
      pieces.push(event.choices[0]?.delta.content ?? "");
      finish = event.choices[0]?.finish_reason ?? finish;
    }
    assert.match(pieces.join(""), expected);
    assert.equal(finish, "stop");
  }
});

test("a stream ends with its usage where the client asks for it, and else has none", async () => {
  await using setup = await startSetup();
  for (const model of ["plain", "sim"]) {
    for (const asked of [true, false]) {
      const stream = await setup.client.chat.completions.create({
        model,
        messages: hello,
        stream: true,
        ...(asked && { stream_options: { include_usage: true } }),
      });
      const events = await Array.fromAsync(stream);
      const withUsage = events.filter(({ usage }) => (usage ?? undefined) !== undefined);
      assert.equal(withUsage.length, asked ? 1 : 0, `${model}, asked: ${asked}`);
      if (!asked) continue;
      assert.equal(events.at(-1), withUsage[0]);
      assert.deepEqual(withUsage[0]?.choices, []);
      if (model === "plain") assert.deepEqual(withUsage[0]?.usage, USAGE);
    }
  }
});

test("n: 2 gives two choices, plain and streaming", async () => {
  await using setup = await startSetup();
  const plain = await setup.client.chat.completions.create({ model: "sim", messages: hello, n: 2 });
  assert.deepEqual(
    plain.choices.map(({ index }) => index),
    [0, 1],
  );
  const stream = setup.client.chat.completions.stream({ model: "sim", messages: hello, n: 2 });
  const { choices } = await stream.finalChatCompletion();
  assert.deepEqual(
    choices.map(({ index, message, finish_reason }) => [index, message.content !== "", finish_reason]),
    [
      [0, true, "stop"],
      [1, true, "stop"],
    ],
  );
});

test("json_object gives JSON, and parse gives an object of the schema", async () => {
  await using setup = await startSetup();
  const free = await setup.client.chat.completions.create({
    model: "sim",
    messages: hello,
    response_format: { type: "json_object" },
  });
  assert.equal(typeof JSON.parse(free.choices[0]?.message.content ?? ""), "object");
  const schema = z.object({ city: z.string(), unit: z.enum(["celsius", "fahrenheit"]), days: z.int() });
  const parsed = await setup.client.chat.completions.parse({
    model: "sim",
    messages: hello,
    response_format: zodResponseFormat(schema, "weather"),
  });
  assert.equal(parsed.choices[0]?.message.parsed?.unit, "celsius");
});

test("embeddings are the same as base64, which the SDK asks for by itself, and as floats", async () => {
  await using setup = await startSetup();
  const input = ["first text", "second text"];
  const packed = await setup.client.embeddings.create({ model: "sim", input });
  const floats = await setup.client.embeddings.create({ model: "sim", input, encoding_format: "float" });
  assert.equal(packed.data.length, 2);
  assert.equal(packed.data[0]?.embedding.length, 1_536);
  assert.deepEqual(packed.data, floats.data);
  assert.notDeepEqual(packed.data[0]?.embedding, packed.data[1]?.embedding);
  assert.ok(packed.usage.prompt_tokens > 0);
  const raw = await setup.client.embeddings
    .create({ model: "sim", input, encoding_format: "base64" })
    .asResponse();
  const body = (await raw.json()) as { data: { embedding: unknown }[] };
  assert.equal(typeof body.data[0]?.embedding, "string");
});

test("the list of models has tasks, targets and aliases, and each can be retrieved, also with a slash", async () => {
  await using setup = await startSetup();
  const models = await Array.fromAsync(setup.client.models.list());
  const ids = models.map(({ id }) => id);
  for (const id of ["support.answer", "sim", "plain", SLASHED]) {
    assert.ok(ids.includes(id), id);
    const model = await setup.client.models.retrieve(id);
    assert.deepEqual(
      model,
      models.find((listed) => listed.id === id),
    );
  }
});

test("default headers carry the words of the context", async () => {
  await using setup = await startSetup();
  const client = setup.client.withOptions({
    defaultHeaders: { "x-switchyard-feature": "inbox", "x-switchyard-user": "u1" },
  });
  const { response } = await client.chat.completions.create({ model: "sim", messages: hello }).withResponse();
  const record = await setup.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
  assert.equal(record.context?.feature, "inbox");
  assert.equal(record.context?.user, "u1");
});

import assert from "node:assert/strict";
import test from "node:test";
import OpenAI from "openai";
import { countTokens } from "../../../src/emulator/answer/tokens.ts";
import { costOf, startLab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock's embedding models. */

/** Models with their dimensions, those that may be asked for, and how many texts each takes at a time. */
const MODELS: readonly {
  readonly target: TargetName;
  readonly dimensions: number;
  readonly other: number | undefined;
  readonly perCall: number;
  /** Tokens that the model adds to each text, as the emulator counts. */
  readonly added: number;
}[] = [
  { target: "titan", dimensions: 1_024, other: 256, perCall: 1, added: 0 },
  { target: "cohere3", dimensions: 1_024, other: undefined, perCall: 96, added: 0 },
  { target: "cohere4", dimensions: 1_536, other: 512, perCall: 96, added: 0 },
  { target: "nova-embed", dimensions: 3_072, other: 384, perCall: 1, added: 2 },
];

for (const { target, dimensions, other, perCall, added } of MODELS) {
  test(`${target} embeds many texts in their order, and the sum of their tokens is charged once`, async () => {
    await using lab = await startLab();
    const input = Array.from(
      { length: 120 },
      (_, index) => `text number ${index} of ${"many ".repeat(index % 5)}`,
    );
    const { data, response } = await lab.openai.embeddings.create({ model: target, input }).withResponse();
    assert.equal(data.data.length, input.length);
    assert.deepEqual(
      data.data.map(({ index }) => index),
      input.map((_, index) => index),
    );
    assert.ok(data.data.every(({ embedding }) => embedding.length === dimensions));
    const tokens = input.reduce((sum, text) => sum + countTokens(text) + added, 0);
    assert.equal(data.usage.prompt_tokens, tokens);
    assert.equal(data.usage.total_tokens, tokens);
    assert.equal(lab.emulator.requests().length, Math.ceil(input.length / perCall));
    const record = await lab.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
    assert.equal(record.status, "answered");
    assert.equal(record.operation, "embeddings");
    assert.equal(record.attempts.length, 1, "many calls are one attempt");
    assert.equal(record.estimated, false);
    assert.equal(record.costNano, costOf(target, { inputTokens: tokens }));
    // Each is its own text's: alone it is the same.
    for (const at of [0, 97, 119]) {
      const alone = await lab.openai.embeddings.create({ model: target, input: input[at] ?? "" });
      assert.deepEqual(alone.data[0]?.embedding, data.data[at]?.embedding);
    }
  });

  test(`${target} gives the same as base64, which the SDK asks for by itself, and as numbers`, async () => {
    await using lab = await startLab();
    const input = ["first text", "second text"];
    const packed = await lab.openai.embeddings.create({ model: target, input });
    const floats = await lab.openai.embeddings.create({ model: target, input, encoding_format: "float" });
    for (const [index, { embedding }] of packed.data.entries())
      assert.deepEqual(embedding, floats.data[index]?.embedding.map(Math.fround));
    assert.notDeepEqual(packed.data[0]?.embedding, packed.data[1]?.embedding);
    const raw = await lab.openai.embeddings
      .create({ model: target, input, encoding_format: "base64" })
      .asResponse();
    const body = (await raw.json()) as { data: { embedding: unknown }[] };
    assert.equal(typeof body.data[0]?.embedding, "string");
  });

  test(`${target} ${other === undefined ? "refuses dimensions, which it does not choose" : "has the dimensions that are asked for"}`, async () => {
    await using lab = await startLab();
    const asked = lab.openai.embeddings.create({ model: target, input: "text", dimensions: other ?? 256 });
    if (other === undefined)
      await assert.rejects(asked, { code: "unsupported_parameter", message: /dimensions/ });
    else assert.equal((await asked).data[0]?.embedding.length, other);
  });
}

test("dimensions that a model does not have are the model's own refusal", async () => {
  await using lab = await startLab();
  await assert.rejects(
    lab.openai.embeddings.create({ model: "titan", input: ["one", "two"], dimensions: 333 }),
    (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(error.message, /333/);
      return true;
    },
  );
});

test("what a text is for is said to the models that want to know, and refused by one that does not", async () => {
  await using lab = await startLab();
  const ask = (model: string) =>
    lab.openai.embeddings.create({
      model,
      input: "text",
      ...({ input_type: "search_query" } as object),
    });
  await ask("cohere4");
  assert.equal(lab.sent()["input_type"], "search_query");
  await ask("nova-embed");
  assert.match(JSON.stringify(lab.sent()), /GENERIC_RETRIEVAL/);
  await assert.rejects(ask("titan"), { code: "unsupported_parameter", message: /input_type/ });
});

test("one call of many that fails is the failure of all, and what the others cost is charged", async () => {
  await using lab = await startLab({ yaml: "tasks: { embed: { targets: [titan, nova-embed] } }" });
  const input = Array.from({ length: 30 }, (_, index) => `text ${index}`);
  lab.faults({ kind: "error", exception: "ThrottlingException", skip: 20 });
  await assert.rejects(lab.openai.embeddings.create({ model: "titan", input }), OpenAI.RateLimitError);
  const record = await lab.last();
  assert.equal(record.status, "failed");
  assert.equal(record.code, "rate_limited");
  const { inputTokens = 0 } = record.usage ?? {};
  assert.ok(inputTokens > 0 && record.costNano === costOf("titan", { inputTokens }));
  lab.faults({ kind: "error", exception: "ThrottlingException", model: "*titan*" });
  const { data } = await lab.openai.embeddings.create({ model: "embed", input });
  assert.equal(data[0]?.embedding.length, 3_072);
});

test("tokens instead of texts, and a chat with an embedding model, are refused in words", async () => {
  await using lab = await startLab();
  await assert.rejects(lab.openai.embeddings.create({ model: "titan", input: [[1, 2, 3]] }), {
    status: 400,
    message: /texts/,
  });
  await assert.rejects(
    lab.openai.chat.completions.create({ model: "titan", messages: [{ role: "user", content: "Hello" }] }),
    { status: 400 },
  );
  await assert.rejects(lab.openai.embeddings.create({ model: "claude", input: "text" }), {
    status: 400,
    message: /embeddings/,
  });
  assert.equal(lab.emulator.requests().length, 0);
});

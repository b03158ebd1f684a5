import assert from "node:assert/strict";
import test from "node:test";
import { ask, chat, costOfUsage } from "./chat.ts";
import { startLab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: conversations in words. */

/** Asked by Converse, but for `oss`, which has OpenAI's own path. */
const TARGETS = ["claude", "opus", "profile", "nova", "llama", "qwen", "oss"] as const satisfies TargetName[];

interface Sent {
  readonly system?: readonly object[];
  readonly messages: readonly { role: string; content: readonly Record<string, unknown>[] }[];
  readonly inferenceConfig?: object;
  readonly [name: string]: unknown;
}

for (const streaming of [false, true])
  test(`a ${streaming ? "streamed" : "plain"} chat has its text, finish reason, usage and cost with every model`, async () => {
    await using lab = await startLab();
    for (const target of TARGETS) {
      const { message, finish, usage, record, headers } = await chat(
        lab,
        { model: target, messages: ask("Hello") },
        streaming,
      );
      assert.notEqual(message.content ?? "", "", target);
      assert.equal(finish, "stop", target);
      assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
      assert.ok(usage.prompt_tokens > 0 && usage.completion_tokens > 0);
      assert.equal(headers.get("x-switchyard-target"), target);
      assert.equal(record.status, "answered");
      assert.equal(record.dialect, "openai");
      assert.equal(record.stream, streaming);
      assert.equal(record.estimated, false);
      assert.equal(record.costNano, costOfUsage(target, usage), target);
      const operation = lab.emulator.requests().at(-1)?.operation;
      const expected = target === "oss" ? "ChatCompletions" : streaming ? "ConverseStream" : "Converse";
      assert.equal(operation, expected, target);
    }
    assert.deepEqual(lab.gateway.bugs, []);
  });

test("a stream has no usage where none was asked for, and its record has it all the same", async () => {
  await using lab = await startLab();
  for (const [count, model] of (["claude", "oss"] as const).entries()) {
    const stream = await lab.openai.chat.completions.create({ model, messages: ask("Hello"), stream: true });
    const events = await Array.fromAsync(stream);
    assert.ok(
      events.every(({ usage }) => (usage ?? undefined) === undefined),
      model,
    );
    assert.equal(events[0]?.choices[0]?.delta.role, "assistant");
    assert.equal(events.at(-1)?.choices[0]?.finish_reason, "stop");
    const record = await lab.last(count + 1);
    assert.equal(record.estimated, false);
    assert.ok(record.costNano > 0n);
  }
});

test("instructions before the conversation are the system, in their order", async () => {
  await using lab = await startLab();
  await lab.openai.chat.completions.create({
    model: "claude",
    messages: [
      { role: "system", content: "One." },
      { role: "developer", content: [{ type: "text", text: "Two." }] },
      ...ask("Hello"),
    ],
  });
  const { system, messages } = lab.sent() as unknown as Sent;
  assert.deepEqual(system, [{ text: "One." }, { text: "Two." }]);
  assert.deepEqual(messages, [{ role: "user", content: [{ text: "Hello" }] }]);
});

test("instructions in mid-conversation, blank texts and turns of one role in a row are made legal", async () => {
  await using lab = await startLab();
  for (const model of TARGETS) {
    const { choices } = await lab.openai.chat.completions.create({
      model,
      messages: [
        { role: "user", content: "Hello" },
        { role: "user", content: "  \n" },
        { role: "user", content: "Still there?" },
        { role: "assistant", content: "" },
        { role: "system", content: "Be brief." },
        { role: "assistant", content: "Yes." },
        {
          role: "user",
          content: [
            { type: "text", text: "" },
            { type: "text", text: "Good." },
          ],
        },
      ],
    });
    assert.equal(choices[0]?.finish_reason, "stop", model);
  }
});

test("limits, sampling and stops are Converse's own, and a stop ends the text", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true]) {
    const { message, finish } = await chat(
      lab,
      {
        model: "claude",
        messages: ask("Say something with HALT in it"),
        max_completion_tokens: 900,
        temperature: 0.25,
        stop: ["HALT", "NEVER"],
      },
      streaming,
    );
    assert.equal(finish, "stop");
    assert.doesNotMatch(message.content ?? "HALT", /HALT/);
    assert.deepEqual((lab.sent() as unknown as Sent).inferenceConfig, {
      maxTokens: 900,
      temperature: 0.25,
      stopSequences: ["HALT", "NEVER"],
    });
    const short = await chat(
      lab,
      { model: "claude", messages: ask("Say 200 words"), max_tokens: 5 },
      streaming,
    );
    assert.equal(short.finish, "length");
    assert.equal(short.usage.completion_tokens, 5);
  }
});

test("a target's own maxOutputTokens is sent where the client names none", async () => {
  await using lab = await startLab({
    more: { claude: ", maxOutputTokens: 7", oss: ", maxOutputTokens: 7" },
  });
  for (const model of ["claude", "oss"] as const) {
    const { finish, usage } = await chat(lab, { model, messages: ask("Say 200 words") }, false);
    assert.equal(finish, "length", model);
    assert.equal(usage.completion_tokens, 7);
    const named = await chat(lab, { model, messages: ask("Say 200 words"), max_tokens: 9 }, false);
    assert.equal(named.usage.completion_tokens, 9);
  }
});

test("metadata stands in the invocation log beside the exchange's labels, and words of the context do not", async () => {
  await using lab = await startLab();
  const { record } = await chat(
    lab,
    {
      model: "claude",
      messages: ask("Hello"),
      metadata: { switchyard_feature: "inbox", "cost-center": "42 & more", naïve: "é" },
    },
    false,
  );
  assert.equal(record.context?.feature, "inbox");
  const sent = lab.sent()["requestMetadata"] as Record<string, string>;
  assert.equal(sent["switchyard_exchange"], record.id);
  assert.equal(sent["switchyard_tenant"], "acme");
  assert.equal(sent["cost-center"], "42 _ more");
  assert.equal(Object.keys(sent).length, 4, JSON.stringify(sent));
});

test("a cache_control on a part is a cache point after it, and what is cached is part of the input", async () => {
  await using lab = await startLab();
  const long = "The rules of the house are long and must be read in full. ".repeat(200);
  const request = (streaming: boolean) =>
    chat(
      lab,
      {
        model: "claude",
        messages: [
          {
            role: "system",
            content: [
              { type: "text", text: long, cache_control: { type: "ephemeral" } } as {
                type: "text";
                text: string;
              },
            ],
          },
          ...ask("Hello"),
        ],
      },
      streaming,
    );
  const first = await request(false);
  assert.deepEqual((lab.sent() as unknown as Sent).system?.[1], { cachePoint: { type: "default" } });
  for (const answered of [first, await request(false), await request(true)]) {
    const { usage, record } = answered;
    const details = usage.prompt_tokens_details as { cached_tokens: number; cache_write_tokens?: number };
    const kept = answered === first ? (details.cache_write_tokens ?? 0) : details.cached_tokens;
    assert.ok(kept > 1_500, JSON.stringify(usage));
    assert.ok(usage.prompt_tokens > kept, "the input counts what is cached");
    assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens);
    assert.equal(record.costNano, costOfUsage("claude", usage));
  }
});

test("the service tier that was asked for is Bedrock's, and the one that served is told", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true]) {
    const { data } = streaming
      ? { data: undefined }
      : await lab.openai.chat.completions
          .create({ model: "claude", messages: ask("Hello"), service_tier: "flex" })
          .withResponse();
    if (data !== undefined) assert.equal(data.service_tier, "flex");
    assert.deepEqual(lab.sent()["serviceTier"], { type: "flex" });
  }
});

test("gpt-oss is asked at OpenAI's own path with the client's own bytes, its thoughts where it puts them", async () => {
  await using lab = await startLab();
  const { message } = await chat(lab, { model: "oss", messages: ask("Hello"), seed: 7 }, false);
  const request = lab.emulator.requests().at(-1);
  assert.equal(request?.path, "/openai/v1/chat/completions");
  assert.equal(lab.sent()["seed"], 7);
  assert.equal(lab.sent()["model"], "openai.gpt-oss-120b-1:0");
  assert.ok(message.content);
});

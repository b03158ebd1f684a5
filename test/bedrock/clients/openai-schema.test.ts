import assert from "node:assert/strict";
import test from "node:test";
import { zodResponseFormat } from "openai/helpers/zod";
import * as z from "zod";
import { ask, callsOf, chat, cityFunction, costOfUsage, resultsOf } from "./chat.ts";
import { CITY, startLab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: answers of a form. */

/** What has schemas of its own, what is made to call a tool, and what passes at OpenAI's own path. */
const NATIVE = ["claude", "qwen"] as const satisfies TargetName[];
const BY_TOOL = ["opus", "nova", "older"] as const satisfies TargetName[];

const format = {
  type: "json_schema",
  json_schema: { name: "place", description: "A place.", strict: true, schema: CITY },
} as const;

for (const streaming of [false, true])
  test(`an answer by a schema is its text, ${streaming ? "streamed" : "plain"}, whether the model has schemas or not`, async () => {
    await using lab = await startLab();
    for (const model of [...NATIVE, ...BY_TOOL]) {
      const { message, finish, usage, record } = await chat(
        lab,
        { model, messages: ask("Where?"), response_format: format },
        streaming,
      );
      assert.equal(finish, "stop", model);
      assert.deepEqual(callsOf(message), [], model);
      const place = JSON.parse(message.content ?? "") as { city: unknown; unit: unknown };
      assert.equal(typeof place.city, "string", model);
      assert.ok(place.unit === "celsius" || place.unit === "fahrenheit");
      assert.equal(record.costNano, costOfUsage(model, usage), model);
      const sent = lab.sent();
      const isNative = (NATIVE as readonly string[]).includes(model);
      assert.equal(sent["outputConfig"] !== undefined, isNative, model);
      assert.equal(sent["toolConfig"] !== undefined, !isNative, model);
    }
  });

test("the SDK's parse gives an object of a zod schema, with every way to a schema", async () => {
  await using lab = await startLab();
  const schema = z.object({
    city: z.string(),
    unit: z.enum(["celsius", "fahrenheit"]),
    days: z.array(z.object({ high: z.number(), note: z.string().nullable() })),
  });
  for (const model of ["claude", "opus", "nova"]) {
    const parsed = await lab.openai.chat.completions.parse({
      model,
      messages: ask("Where?"),
      response_format: zodResponseFormat(schema, "weather"),
    });
    const weather = parsed.choices[0]?.message.parsed;
    assert.ok(weather?.unit === "celsius" || weather?.unit === "fahrenheit", model);
    const stream = lab.openai.chat.completions.stream({
      model,
      messages: ask("Where?"),
      response_format: zodResponseFormat(schema, "weather"),
    });
    const { choices } = await stream.finalChatCompletion();
    assert.equal(typeof choices[0]?.message.parsed?.city, "string", model);
  }
});

test("beside a schema tools are still called, and after their results the answer has its form", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true])
    for (const model of ["claude", "opus", "nova"]) {
      const request = {
        model,
        messages: ask("Use get_weather"),
        tools: [cityFunction("get_weather")],
        response_format: format,
      };
      const first = await chat(lab, request, streaming);
      assert.equal(first.finish, "tool_calls", model);
      assert.deepEqual(
        callsOf(first.message).map(({ function: { name } }) => name),
        ["get_weather"],
      );
      const next = await chat(
        lab,
        { ...request, messages: [...ask("Look"), first.message, ...resultsOf(first.message)] },
        streaming,
      );
      if (next.finish === "tool_calls") continue;
      assert.equal(next.finish, "stop", model);
      assert.equal(typeof (JSON.parse(next.message.content ?? "") as { city: unknown }).city, "string");
    }
});

test("json_object is an instruction to the model", async () => {
  await using lab = await startLab();
  for (const model of ["claude", "nova", "llama"]) {
    await chat(lab, { model, messages: ask("Where?"), response_format: { type: "json_object" } }, false);
    assert.match(JSON.stringify(lab.sent()["system"]), /JSON object/, model);
  }
});

test("a schema that nothing holds a model to is refused, and with unsupported: drop asked for in words", async () => {
  await using lab = await startLab({ more: { llama: ", unsupported: drop" } });
  const request = { messages: ask("Where?"), response_format: format };
  const { headers } = await chat(lab, { model: "llama", ...request }, false);
  assert.equal(headers.get("x-switchyard-dropped-params"), "response_format");
  assert.match(JSON.stringify(lab.sent()["system"]), /celsius/);
  await using strict = await startLab();
  await assert.rejects(chat(strict, { model: "llama", ...request }, false), {
    code: "unsupported_parameter",
    message: /response_format/,
  });
});

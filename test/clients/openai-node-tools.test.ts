import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { startSetup } from "./setup.ts";

/** Tools through the official SDK for Node; the simulated model calls those that the last message names. */

const tools = ["get_weather", "get_time"].map(
  (name) =>
    ({
      type: "function",
      function: {
        name,
        parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      },
    }) satisfies OpenAI.ChatCompletionFunctionTool,
);

function asking(content: string): OpenAI.ChatCompletionMessageParam[] {
  return [{ role: "user", content }];
}

/** The called functions' names, their arguments checked. */
function called(message: OpenAI.ChatCompletionMessage | undefined): string[] {
  return (message?.tool_calls ?? []).map((call) => {
    if (call.type !== "function") return assert.fail(`a call of type ${call.type}`);
    assert.match(call.id, /^call_/);
    assert.deepEqual(JSON.parse(call.function.arguments), { city: "simulated" });
    return call.function.name;
  });
}

test("a tool is called, with no text beside it", async () => {
  await using setup = await startSetup();
  const completion = await setup.client.chat.completions.create({
    model: "sim",
    messages: asking("call get_time"),
    tools,
  });
  assert.equal(completion.choices[0]?.finish_reason, "tool_calls");
  assert.equal(completion.choices[0]?.message.content, null);
  assert.deepEqual(called(completion.choices[0]?.message), ["get_time"]);
});

test("tools are called in parallel unless the client forbids it", async () => {
  await using setup = await startSetup();
  const request = { model: "sim", messages: asking("call get_weather and get_time"), tools };
  const both = await setup.client.chat.completions.create(request);
  assert.deepEqual(called(both.choices[0]?.message), ["get_weather", "get_time"]);
  const ids = new Set(both.choices[0]?.message.tool_calls?.map(({ id }) => id));
  assert.equal(ids.size, 2);
  const one = await setup.client.chat.completions.create({ ...request, parallel_tool_calls: false });
  assert.deepEqual(called(one.choices[0]?.message), ["get_weather"]);
});

test("streamed tool calls are put together from their pieces", async () => {
  await using setup = await startSetup();
  const stream = setup.client.chat.completions.stream({
    model: "sim",
    messages: asking("call get_weather and get_time"),
    tools,
  });
  let pieces = 0;
  stream.on("tool_calls.function.arguments.delta", () => pieces++);
  const completion = await stream.finalChatCompletion();
  assert.equal(completion.choices[0]?.finish_reason, "tool_calls");
  assert.deepEqual(called(completion.choices[0]?.message), ["get_weather", "get_time"]);
  assert.ok(pieces > 2, `${pieces} pieces`);
});

test("a tool's result is answered with text", async () => {
  await using setup = await startSetup();
  const messages = asking("call get_weather");
  const first = await setup.client.chat.completions.create({ model: "sim", messages, tools });
  const message = first.choices[0]?.message ?? assert.fail("no message");
  const call = message.tool_calls?.[0] ?? assert.fail("no call");
  const second = await setup.client.chat.completions.create({
    model: "sim",
    messages: [...messages, message, { role: "tool", tool_call_id: call.id, content: "sunny" }],
    tools,
  });
  assert.equal(second.choices[0]?.finish_reason, "stop");
  assert.match(second.choices[0]?.message.content ?? "", /You said "sunny"/);
});

test("tools, calls and results reach an engine as the SDK wrote them", async () => {
  await using setup = await startSetup();
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    ...asking("what is the weather?"),
    {
      role: "assistant",
      content: null,
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"a":1}' } },
      ],
    },
    { role: "tool", tool_call_id: "call_1", content: "sunny" },
  ];
  await setup.client.chat.completions.create({ model: "plain", messages, tools, tool_choice: "auto" });
  assert.equal(
    setup.engine.lastBody,
    JSON.stringify({ model: "plain", messages, tools, tool_choice: "auto" }),
  );
});

test("runTools calls our function and returns the last text, plain and streaming", async () => {
  await using setup = await startSetup();
  const cities: string[] = [];
  const weather = {
    type: "function",
    function: {
      name: "get_weather",
      description: "the weather of a city",
      parameters: { type: "object", properties: { city: { type: "string" } } },
      parse: (text: string) => JSON.parse(text) as { city: string },
      function: ({ city }: { city: string }) => {
        cities.push(city);
        return "sunny";
      },
    },
  } as const;
  const request = { model: "sim", messages: asking("call get_weather"), tools: [weather] };
  const { completions } = setup.client.chat;
  for (const runner of [completions.runTools(request), completions.runTools({ ...request, stream: true })]) {
    assert.match((await runner.finalContent()) ?? "", /You said "sunny"/);
  }
  assert.deepEqual(cities, ["simulated", "simulated"]);
});

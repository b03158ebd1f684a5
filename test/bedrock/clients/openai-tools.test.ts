import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { ask, callsOf, chat, cityFunction, costOfUsage, resultsOf } from "./chat.ts";
import { startLab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: tools. */

const TOOLS = [cityFunction("get_weather"), cityFunction("get_time")];
const CALLERS = ["claude", "opus", "nova", "qwen", "oss"] as const satisfies TargetName[];

interface Sent {
  readonly messages: readonly { role: string; content: readonly Record<string, unknown>[] }[];
  readonly toolConfig?: {
    readonly tools: readonly { toolSpec: { name: string } }[];
    readonly toolChoice?: object;
  };
}

for (const streaming of [false, true])
  test(`parallel calls and their results go round, ${streaming ? "streamed" : "plain"}`, async () => {
    await using lab = await startLab();
    for (const model of CALLERS) {
      const request = { model, messages: ask("Use get_weather and get_time"), tools: TOOLS };
      const first = await chat(lab, request, streaming);
      assert.equal(first.finish, "tool_calls", model);
      const calls = callsOf(first.message);
      assert.deepEqual(
        calls.map(({ function: { name } }) => name),
        ["get_weather", "get_time"],
        model,
      );
      for (const { function: called } of calls) {
        const { city, unit } = JSON.parse(called.arguments) as { city: unknown; unit: unknown };
        assert.equal(typeof city, "string");
        assert.ok(unit === "celsius" || unit === "fahrenheit");
      }
      assert.equal(first.record.costNano, costOfUsage(model, first.usage), model);
      const next = await chat(
        lab,
        {
          ...request,
          messages: [
            ...request.messages,
            first.message,
            ...resultsOf(first.message),
            { role: "user", content: "Thanks." },
          ],
        },
        streaming,
      );
      assert.equal(next.finish, "stop", model);
      assert.equal(next.record.costNano, costOfUsage(model, next.usage));
      if (model === "oss") continue;
      const { messages } = lab.sent() as unknown as Sent;
      assert.deepEqual(
        messages.map(({ role }) => role),
        ["user", "assistant", "user"],
        "results and the next question are one turn",
      );
      assert.deepEqual(
        messages[2]?.content.map((block) => Object.keys(block)[0]),
        ["toolResult", "toolResult", "text"],
      );
    }
    assert.deepEqual(lab.gateway.bugs, []);
  });

test("names of 67 characters, with other signs and alike in their first 64 are restored in every turn", async () => {
  await using lab = await startLab();
  const names = [
    `mcp__server__${"x".repeat(51)}_a`.padEnd(67, "1"),
    `mcp__server__${"x".repeat(51)}_a`.padEnd(67, "2"),
    "server.tool/with signs",
    "größe",
  ];
  for (const streaming of [false, true])
    for (const name of names) {
      const request = {
        model: "claude",
        messages: ask("Hello"),
        tools: names.map(cityFunction),
        tool_choice: { type: "function", function: { name } },
      } satisfies OpenAI.ChatCompletionCreateParamsNonStreaming;
      const first = await chat(lab, request, streaming);
      const [call, another] = callsOf(first.message);
      assert.equal(call?.function.name, name);
      assert.equal(another, undefined);
      const wire =
        (lab.sent() as unknown as Sent).toolConfig?.tools.map(({ toolSpec }) => toolSpec.name) ?? [];
      assert.equal(new Set(wire).size, names.length);
      for (const one of wire) assert.match(one, /^[a-zA-Z0-9_-]{1,64}$/);
      const next = await chat(
        lab,
        {
          ...request,
          tool_choice: "auto",
          messages: [...request.messages, first.message, ...resultsOf(first.message)],
        },
        streaming,
      );
      assert.equal(next.finish, "stop");
    }
});

test("the choice of a tool is kept to", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true])
    for (const model of ["claude", "opus", "nova"]) {
      const called = async (
        choice: OpenAI.ChatCompletionToolChoiceOption,
        text = "Hello",
      ): Promise<string[]> => {
        const { message } = await chat(
          lab,
          { model, messages: ask(text), tools: TOOLS, tool_choice: choice },
          streaming,
        );
        return callsOf(message).map(({ function: { name } }) => name);
      };
      assert.deepEqual(await called("required"), ["get_weather"], model);
      assert.deepEqual(await called({ type: "function", function: { name: "get_time" } }), ["get_time"]);
      assert.deepEqual(await called("auto", "Use get_time"), ["get_time"]);
      assert.deepEqual(await called("none", "Use get_time"), [], `${model}: none means none`);
    }
});

test("parallel calls are forbidden where the model knows that, and else the request is refused", async () => {
  await using lab = await startLab();
  const request = {
    messages: ask("Use get_weather and get_time"),
    tools: TOOLS,
    parallel_tool_calls: false,
  };
  const { message } = await chat(lab, { model: "claude", ...request }, false);
  assert.equal(callsOf(message).length, 1);
  await assert.rejects(chat(lab, { model: "nova", ...request }, false), {
    status: 400,
    code: "unsupported_parameter",
    message: /parallel_tool_calls/,
  });
});

/** With blank contents, results out of order, and ids as engines write them that count from 0 in every reply. */
const HISTORY: OpenAI.ChatCompletionMessageParam[] = [
  ...ask("What is it?"),
  {
    role: "assistant",
    content: null,
    tool_calls: [
      { id: "call_0", type: "function", function: { name: "get_time", arguments: "" } },
      { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } },
    ],
  },
  { role: "tool", tool_call_id: "call_1", content: "" },
  { role: "tool", tool_call_id: "call_0", content: [{ type: "text", text: "noon" }] },
  { role: "assistant", content: "Noon." },
  ...ask("And now?"),
  {
    role: "assistant",
    content: "  ",
    tool_calls: [{ id: "call_0", type: "function", function: { name: "get_time", arguments: "{}" } }],
  },
  { role: "tool", tool_call_id: "call_0", content: "one" },
  { role: "user", content: "Thanks." },
];

test("a conversation with calls and no tools any more is still answered", async () => {
  await using lab = await startLab();
  for (const model of ["claude", "opus", "nova", "qwen"]) {
    const { finish } = await chat(lab, { model, messages: HISTORY }, false);
    assert.equal(finish, "stop", model);
  }
});

test("no call at all, where the conversation holds some, is kept: the model hears of them and is given no tools", async () => {
  await using lab = await startLab();
  const request = { messages: HISTORY, tools: TOOLS, tool_choice: "none" } as const;
  for (const model of ["claude", "nova"]) {
    const { finish, headers } = await chat(lab, { model, ...request }, false);
    assert.equal(finish, "stop");
    assert.equal(headers.get("x-switchyard-dropped-params"), null);
    assert.equal((lab.sent() as unknown as Sent).toolConfig, undefined);
  }
});

test("the SDK's own loop runs tools to their end, plain and streaming", async () => {
  await using lab = await startLab();
  for (const stream of [false, true]) {
    const seen: string[] = [];
    const request = {
      model: "claude",
      messages: ask("Use get_weather"),
      tools: [
        {
          type: "function" as const,
          function: {
            name: "get_weather",
            description: "Tells the weather.",
            parameters: { type: "object", properties: { city: { type: "string" } } },
            parse: JSON.parse as (text: string) => object,
            function: (given: object) => {
              seen.push(JSON.stringify(given));
              return "21 °C";
            },
          },
        },
      ],
    };
    const runner = stream
      ? lab.openai.chat.completions.runTools({ ...request, stream: true })
      : lab.openai.chat.completions.runTools(request);
    assert.notEqual((await runner.finalContent()) ?? "", "");
    assert.equal(seen.length, 1);
  }
});

test("a result for a call that nobody made is refused, whatever would serve the request", async () => {
  await using lab = await startLab();
  const messages: OpenAI.ChatCompletionMessageParam[] = [
    ...ask("Hello"),
    { role: "assistant", content: "Hi." },
    { role: "tool", tool_call_id: "nobody", content: "21" },
  ];
  await assert.rejects(chat(lab, { model: "claude", messages, tools: TOOLS }, false), { status: 400 });
});

test("Llama, which takes no tools in a stream, calls them in one all the same", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true]) {
    const request = { model: "llama", messages: ask("Use get_weather and get_time"), tools: TOOLS };
    const { message, finish, usage, record } = await chat(lab, request, streaming);
    assert.equal(finish, "tool_calls");
    assert.deepEqual(
      callsOf(message).map(({ function: { name } }) => name),
      ["get_weather", "get_time"],
    );
    assert.equal(record.stream, streaming);
    assert.equal(record.costNano, costOfUsage("llama", usage));
    assert.equal(lab.emulator.requests().at(-1)?.operation, "Converse");
  }
});

import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  ValidationException,
  type ConverseCommandInput,
  type Message,
  type ToolUseBlock,
} from "@aws-sdk/client-bedrock-runtime";
import { DONE, FINISH, plain, sse, USAGE, USAGE_FRAME } from "../../support/engine.ts";
import { assemble, ask, callsOf, cityTool, resultsOf } from "./converse.ts";
import { costOf, startLab, type TargetName } from "./setup.ts";

/** The AWS SDK against the gateway: tools. */

const TOOLS = { tools: [cityTool("get_weather"), cityTool("get_time")] };

function fits({ input }: ToolUseBlock): void {
  const { city, unit } = input as { city: unknown; unit: unknown };
  assert.notEqual(city, undefined);
  assert.ok(unit === "celsius" || unit === "fahrenheit");
}

/** Targets that call tools by themselves. */
const CALLERS = ["claude", "nova", "oss", "qwen", "sim"] as const satisfies readonly TargetName[];

test("parallel calls and their results go round, with every sort of target", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of CALLERS) {
    const messages = ask("Use get_weather and get_time");
    const reply = await aws.client.send(new ConverseCommand({ modelId, messages, toolConfig: TOOLS }));
    assert.equal(reply.stopReason, "tool_use", modelId);
    const calls = callsOf(reply.output?.message);
    assert.deepEqual(
      calls.map(({ name }) => name),
      ["get_weather", "get_time"],
      modelId,
    );
    assert.equal(new Set(calls.map(({ toolUseId }) => toolUseId)).size, 2);
    calls.forEach(fits);
    const next = await aws.client.send(
      new ConverseCommand({
        modelId,
        messages: [...messages, reply.output?.message as Message, resultsOf(calls)],
        toolConfig: TOOLS,
      }),
    );
    assert.equal(next.stopReason, "end_turn", modelId);
    assert.equal((await aws.record()).costNano, costOf(modelId, next.usage ?? {}));
  }
});

test("streamed calls come together from their pieces, each in a block of its own", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of CALLERS) {
    const messages = ask("Use get_weather and get_time");
    const first = await assemble(
      (await aws.client.send(new ConverseStreamCommand({ modelId, messages, toolConfig: TOOLS }))).stream,
    );
    assert.equal(first.stopReason, "tool_use", modelId);
    assert.deepEqual(
      first.calls.map(({ name }) => name),
      ["get_weather", "get_time"],
      modelId,
    );
    first.calls.forEach(fits);
    assert.deepEqual(
      first.indexes,
      first.indexes.map((_, index) => index),
      "blocks are counted from 0",
    );
    const next = await assemble(
      (
        await aws.client.send(
          new ConverseStreamCommand({
            modelId,
            messages: [...messages, { role: "assistant", content: first.content }, resultsOf(first.calls)],
            toolConfig: TOOLS,
          }),
        )
      ).stream,
    );
    assert.equal(next.stopReason, "end_turn", modelId);
    assert.equal((await aws.record()).costNano, costOf(modelId, next.usage ?? {}));
  }
});

test("a choice of any tool and of one tool is kept to", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of ["claude", "nova", "sim"]) {
    const call = async (toolChoice: NonNullable<ConverseCommandInput["toolConfig"]>["toolChoice"]) => {
      const reply = await aws.client.send(
        new ConverseCommand({ modelId, messages: ask("Hello"), toolConfig: { ...TOOLS, toolChoice } }),
      );
      return callsOf(reply.output?.message).map(({ name }) => name);
    };
    assert.deepEqual(await call({ any: {} }), ["get_weather"], modelId);
    assert.deepEqual(await call({ tool: { name: "get_time" } }), ["get_time"], modelId);
  }
});

test("an engine hears of tools, choice, calls and results in its own words", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  await client.send(
    new ConverseCommand({
      modelId: "engine",
      messages: [
        ...ask("Hello"),
        {
          role: "assistant",
          content: [
            { text: "I look." },
            { toolUse: { toolUseId: "a1", name: "get_weather", input: { city: "Rome", unit: "celsius" } } },
            { toolUse: { toolUseId: "a2", name: "get_time", input: {} } },
          ],
        },
        {
          role: "user",
          content: [
            { toolResult: { toolUseId: "a1", content: [{ json: { degrees: 21 } }] } },
            { toolResult: { toolUseId: "a2", content: [{ text: "no clock" }], status: "error" } },
            { text: "And now?" },
          ],
        },
      ],
      toolConfig: { ...TOOLS, toolChoice: { any: {} } },
    }),
  );
  const body = JSON.parse(lab.engine.lastBody) as {
    messages: { role: string; content: unknown; tool_call_id?: string; tool_calls?: unknown }[];
    tools: { function: { name: string } }[];
    tool_choice: unknown;
  };
  assert.equal(body.tool_choice, "required");
  assert.deepEqual(
    body.tools.map(({ function: { name } }) => name),
    ["get_weather", "get_time"],
  );
  const [, assistant, weather, time, user] = body.messages;
  assert.deepEqual(assistant, {
    role: "assistant",
    content: "I look.",
    tool_calls: [
      {
        id: "a1",
        type: "function",
        function: { name: "get_weather", arguments: '{"city":"Rome","unit":"celsius"}' },
      },
      { id: "a2", type: "function", function: { name: "get_time", arguments: "{}" } },
    ],
  });
  assert.deepEqual(weather, { role: "tool", tool_call_id: "a1", content: '{"degrees":21}' });
  assert.equal(time?.tool_call_id, "a2");
  assert.match(String(time.content), /no clock/);
  assert.match(String(time.content), /error|fail/i, "there is no mark for a failure, so the text says it");
  assert.deepEqual(user, { role: "user", content: "And now?" });
  assert.equal(body.messages.length, 5);
});

const CALL = (index: number, more: object): string =>
  `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { tool_calls: [{ index, ...more }] }, finish_reason: null }] })}\n\n`;
const TOOL_FINISH = FINISH.replace('"finish_reason":"stop"', '"finish_reason":"tool_calls"');

test("an engine's streamed calls are blocks with ids of their own, even where it counts from call_0 in each reply", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(
      CALL(0, { id: "call 0/é", type: "function", function: { name: "get_weather", arguments: "" } }),
    );
    response.write(CALL(0, { function: { arguments: '{"city":"Ro' } }));
    response.write(CALL(0, { function: { arguments: 'me","unit":"celsius"}' } }));
    response.write(
      CALL(1, { id: "call_1", type: "function", function: { name: "get_time", arguments: "" } }),
    );
    response.write(TOOL_FINISH);
    response.write(USAGE_FRAME);
    response.end(DONE);
  };
  const aws = lab.aws();
  const reply = await aws.client.send(
    new ConverseStreamCommand({ modelId: "engine", messages: ask("Go"), toolConfig: TOOLS }),
  );
  const { calls, stopReason, usage } = await assemble(reply.stream);
  assert.equal(stopReason, "tool_use");
  assert.deepEqual(
    calls.map(({ name, input }) => [name, input]),
    [
      ["get_weather", { city: "Rome", unit: "celsius" }],
      ["get_time", {}],
    ],
  );
  for (const { toolUseId } of calls) assert.match(toolUseId ?? "", /^[a-zA-Z0-9_.:-]{1,64}$/);
  assert.equal(usage?.totalTokens, USAGE.total_tokens);
  assert.equal((await aws.record()).costNano, 18_000n);
});

test("digits that JavaScript cannot hold reach an engine and come back from it", async () => {
  await using lab = await startLab();
  const big = "12345678901234567890";
  lab.engine.script = (_request, response) =>
    plain(
      response,
      200,
      `{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"get_time","arguments":"{\\"n\\":${big}}"}}]},"finish_reason":"tool_calls"}],"usage":${JSON.stringify(USAGE)}}`,
    );
  // The SDK parses numbers, so the bytes are looked at before it does.
  const reply = await fetch(`${lab.gateway.url}/model/engine/converse`, {
    method: "POST",
    headers: { authorization: `Bearer ${lab.gateway.key}`, "content-type": "application/json" },
    body: `{"messages":[{"role":"user","content":[{"text":"Go"}]},{"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"get_time","input":{"n":${big}}}}]},{"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"json":{"n":${big}}}]}}]}],"toolConfig":{"tools":[{"toolSpec":{"name":"get_time","inputSchema":{"json":{"type":"object"}}}}]}}`,
  });
  assert.match(await reply.text(), new RegExp(`"input":\\{"n":${big}\\}`));
  assert.equal(lab.engine.lastBody.split(big).length, 3, lab.engine.lastBody);
});

test("an image in a tool's result reaches Claude in its place, and an engine after the results", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const { PNG } = await import("./setup.ts");
  const messages: Message[] = [
    ...ask("Look"),
    { role: "assistant", content: [{ toolUse: { toolUseId: "a1", name: "get_weather", input: {} } }] },
    {
      role: "user",
      content: [
        {
          toolResult: {
            toolUseId: "a1",
            content: [{ text: "a map" }, { image: { format: "png", source: { bytes: PNG } } }],
          },
        },
      ],
    },
  ];
  for (const modelId of ["claude", "engine"])
    await client.send(new ConverseCommand({ modelId, messages, toolConfig: TOOLS }));
  const { messages: sent } = JSON.parse(lab.engine.lastBody) as {
    messages: { role: string; content: unknown }[];
  };
  assert.deepEqual(
    sent.map(({ role }) => role),
    ["user", "assistant", "tool", "user"],
  );
  assert.match(JSON.stringify(sent[3]?.content), /data:image\/png;base64,/);
});

test("a result that is missing is refused in the service's own words, whatever would serve the request", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const messages: Message[] = [
    ...ask("Hello"),
    {
      role: "assistant",
      content: [
        { toolUse: { toolUseId: "a1", name: "get_weather", input: {} } },
        { toolUse: { toolUseId: "a2", name: "get_time", input: {} } },
      ],
    },
    { role: "user", content: [{ toolResult: { toolUseId: "a1", content: [{ text: "21" }] } }] },
  ];
  for (const modelId of ["claude", "engine", "sim"])
    await assert.rejects(
      client.send(new ConverseCommand({ modelId, messages, toolConfig: TOOLS })),
      (error) => {
        assert.ok(error instanceof ValidationException, String(error));
        assert.match(
          error.message,
          /Expected toolResult blocks at messages\.2\.content for the following Ids: a2/,
        );
        return true;
      },
      modelId,
    );
});

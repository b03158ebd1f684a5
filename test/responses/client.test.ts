import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import * as z from "zod";
import { bodyOf, failureOf, startSetup, TARGETS } from "./setup.ts";

/** OpenAI's own SDK for Node asks for responses through the whole gateway, on every kind of target. */

type StreamEvent = OpenAI.Responses.ResponseStreamEvent;

/** Events come numbered without a gap; items and parts are opened, filled and closed in order, and the last one is the end. */
function assertLegal(events: readonly StreamEvent[]): void {
  assert.deepEqual(
    events.map((each) => each.sequence_number),
    events.map((_, index) => index),
  );
  assert.equal(events[0]?.type, "response.created");
  const open = new Set<string>();
  for (const [index, each] of events.entries()) {
    const isLast = index === events.length - 1;
    assert.equal(["response.completed", "response.incomplete"].includes(each.type), isLast, each.type);
    if (each.type === "response.output_item.added") open.add(`${each.output_index}`);
    if (each.type === "response.content_part.added") open.add(`${each.output_index}.${each.content_index}`);
    if (each.type === "response.output_text.delta")
      assert.ok(open.has(`${each.output_index}.${each.content_index}`), "a delta outside its part");
    if (each.type === "response.content_part.done")
      assert.ok(open.delete(`${each.output_index}.${each.content_index}`), "a part closed twice");
    if (each.type === "response.output_item.done")
      assert.ok(open.delete(`${each.output_index}`), "an item closed twice");
  }
  assert.deepEqual([...open], []);
}

for (const model of TARGETS) {
  test(`${model}: a response has its text, usage, cost and one record`, async () => {
    await using setup = await startSetup();
    const { data, response } = await setup.client.responses.create({ model, input: "hi" }).withResponse();
    assert.equal(data.status, "completed");
    assert.notEqual(data.output_text, "");
    const usage = data.usage ?? assert.fail("no usage");
    assert.ok(usage.input_tokens > 0);
    assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens);
    const record = await setup.record(1);
    assert.equal(record.dialect, "responses");
    assert.equal(record.operation, "chat");
    assert.equal(record.status, "answered");
    assert.equal(record.target, model);
    const { inputTokens, outputTokens } = record.usage ?? assert.fail("no usage");
    assert.deepEqual([inputTokens, outputTokens], [usage.input_tokens, usage.output_tokens]);
    assert.equal(record.costNano, BigInt(inputTokens * 1_000 + outputTokens * 2_000));
    assert.equal(Number(response.headers.get("x-switchyard-cost-usd")), Number(record.costNano) / 1e9);
    assert.equal(response.headers.get("x-switchyard-exchange"), record.id);
  });

  test(`${model}: a stream has its events in legal order and ends as the whole reply`, async () => {
    await using setup = await startSetup();
    const stream = setup.client.responses.stream({ model, input: "hi" });
    const events: StreamEvent[] = [];
    let text = "";
    for await (const each of stream) {
      events.push(each);
      if (each.type === "response.output_text.delta") text += each.delta;
    }
    assertLegal(events);
    const final = await stream.finalResponse();
    assert.equal(final.output_text, text);
    assert.notEqual(text, "");
    const record = await setup.record(1);
    assert.equal(record.stream, true);
    assert.equal(record.usage?.outputTokens, final.usage?.output_tokens);
    assert.equal(record.estimated, false);
  });
}

const TOOLS = ["get_weather", "get_time"].map((name): OpenAI.Responses.FunctionTool => ({
  type: "function",
  name,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
}));

function callsOf(response: OpenAI.Responses.Response): OpenAI.Responses.ResponseFunctionToolCall[] {
  return response.output.filter((item) => item.type === "function_call");
}

for (const model of ["sim", "claude"] as const) {
  for (const streams of [false, true]) {
    test(`${model}: a loop of tools goes on by previous_response_id alone${streams ? ", streamed" : ""}`, async () => {
      await using setup = await startSetup();
      const ask = async (
        more: Pick<OpenAI.Responses.ResponseCreateParams, "input" | "previous_response_id">,
      ): Promise<OpenAI.Responses.Response> => {
        const request = { model, tools: TOOLS, ...more };
        return streams
          ? setup.client.responses.stream(request).finalResponse()
          : setup.client.responses.create({ ...request, stream: false });
      };
      const first = await ask({ input: "call get_weather and get_time" });
      const calls = callsOf(first);
      assert.deepEqual(
        calls.map(({ name }) => name),
        ["get_weather", "get_time"],
      );
      assert.equal(new Set(calls.map(({ call_id }) => call_id)).size, 2);
      for (const call of calls) assert.doesNotThrow(() => JSON.parse(call.arguments));
      const second = await ask({
        previous_response_id: first.id,
        input: calls.map(({ call_id, name }) => ({
          type: "function_call_output",
          call_id,
          output: `${name}: sunny`,
        })),
      });
      assert.equal(second.previous_response_id, first.id);
      assert.notEqual(second.output_text, "");
      const third = await ask({ previous_response_id: second.id, input: "thank you" });
      assert.equal(third.status, "completed");
      const record = await setup.record(3);
      assert.ok((record.usage?.inputTokens ?? 0) > (setup.gateway.records[0]?.usage?.inputTokens ?? 0));
    });
  }
}

test("a tool that is forbidden to be called in parallel is called once", async () => {
  await using setup = await startSetup();
  const input = "call get_weather and get_time";
  const one = await setup.client.responses.create({
    model: "sim",
    tools: TOOLS,
    input,
    parallel_tool_calls: false,
  });
  assert.equal(callsOf(one).length, 1);
});

test("an engine of chat completions gets the whole conversation with its calls and results", async () => {
  await using setup = await startSetup();
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const replies = [
    {
      content: null,
      tool_calls: ["a", "b"].map((city, index) => ({
        id: `call_${index}`,
        type: "function",
        function: { name: "get_weather", arguments: `{"city":"${city}","n":12345678901234567890}` },
      })),
    },
    { content: "It is sunny." },
    { content: "Bye." },
  ];
  setup.chat.script = (_request, response) => {
    const message = { role: "assistant", ...replies[setup.chat.seen.length - 1] };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: "stop" }], usage }));
  };
  const ask = { model: "chat", tools: TOOLS.slice(0, 1), instructions: "be brief" };
  const first = await setup.client.responses.create({ ...ask, input: "how is a and b?" });
  const calls = callsOf(first);
  assert.equal(calls[0]?.arguments, '{"city":"a","n":12345678901234567890}');
  const second = await setup.client.responses.create({
    ...ask,
    previous_response_id: first.id,
    input: calls.map(({ call_id }) => ({ type: "function_call_output", call_id, output: "sunny" })),
  });
  await setup.client.responses.create({
    model: "chat",
    previous_response_id: second.id,
    input: [{ role: "user", content: "bye" }],
  });
  const messages = bodyOf(setup.chat.seen[2])["messages"] as {
    role: string;
    content?: unknown;
    tool_call_id?: string;
    tool_calls?: { id: string; function: { arguments: string } }[];
  }[];
  // Instructions hold for one request only.
  assert.deepEqual(
    messages.map(({ role }) => role),
    ["user", "assistant", "tool", "tool", "assistant", "user"],
  );
  const made = messages[1]?.tool_calls ?? [];
  assert.deepEqual(
    made.map((call) => call.id),
    messages.slice(2, 4).map((message) => message.tool_call_id),
  );
  assert.equal(made[0]?.function.arguments, '{"city":"a","n":12345678901234567890}');
  const roles = (bodyOf(setup.chat.seen[1])["messages"] as { role: string }[]).map(({ role }) => role);
  assert.deepEqual(roles, ["system", "user", "assistant", "tool", "tool"]);
});

const Weather = z.object({ city: z.string(), days: z.int() });

test("responses.parse gives an object of the schema, plain and streamed", async () => {
  await using setup = await startSetup();
  for (const model of ["sim", "claude"]) {
    const request = {
      model,
      input: "the weather?",
      text: { format: zodTextFormat(Weather, "weather") },
    };
    const parsed = await setup.client.responses.parse(request);
    assert.ok(Weather.safeParse(parsed.output_parsed).success, `${model}: ${parsed.output_text}`);
    const streamed = await setup.client.responses.stream(request).finalResponse();
    assert.ok(Weather.safeParse(streamed.output_parsed).success, `${model}: ${streamed.output_text}`);
  }
});

test("a limit of output makes a response incomplete, and the reply says so", async () => {
  await using setup = await startSetup();
  for (const model of ["sim", "claude"]) {
    for (const streams of [false, true]) {
      const request = { model, input: "hi", max_output_tokens: 2 };
      const response = streams
        ? await setup.client.responses.stream(request).finalResponse()
        : await setup.client.responses.create(request);
      assert.equal(response.status, "incomplete", model);
      assert.equal(response.incomplete_details?.reason, "max_output_tokens");
      assert.equal(response.output[0]?.type === "message" && response.output[0].status, "incomplete");
      assert.ok((response.usage?.output_tokens ?? 99) <= request.max_output_tokens);
      assert.ok(setup.kept.all.has(`acme ${response.id}`), "an incomplete response is kept, too");
    }
  }
});

test("an incomplete response can be gone on from", async () => {
  await using setup = await startSetup();
  const first = await setup.client.responses.create({ model: "sim", input: "hi", max_output_tokens: 2 });
  assert.equal(first.status, "incomplete");
  const second = await setup.client.responses.create({
    model: "sim",
    input: "go on",
    previous_response_id: first.id,
  });
  assert.equal(second.status, "completed");
});

test("Claude's thoughts come with a seal, and go back with it when nothing is kept", async () => {
  await using setup = await startSetup();
  for (const streams of [false, true]) {
    setup.bedrock.clearRequests();
    const request = {
      model: "claude",
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"],
      store: false,
      tools: TOOLS,
      input: [{ role: "user", content: "call get_weather" }],
    } satisfies OpenAI.Responses.ResponseCreateParams;
    const first: OpenAI.Responses.Response = streams
      ? await setup.client.responses.stream(request).finalResponse()
      : await setup.client.responses.create(request);
    const thought = first.output.find((item) => item.type === "reasoning") ?? assert.fail("no thought");
    assert.match(thought.encrypted_content ?? "", /^sy1\./);
    assert.notEqual(thought.summary.map(({ text }) => text).join(""), "");
    const outputs = callsOf(first).map(({ call_id }) => ({
      type: "function_call_output" as const,
      call_id,
      output: "sunny",
    }));
    // The emulator, as Claude, refuses a call whose thought is missing or was changed.
    const second = await setup.client.responses.create({
      ...request,
      input: [...request.input, ...(first.output as OpenAI.Responses.ResponseInput), ...outputs],
    });
    assert.equal(second.status, "completed");
    assert.equal(setup.kept.all.size, 0);
    const sent = JSON.stringify(setup.bedrock.requests().at(-1)?.body);
    assert.ok(/signature/.test(sent), sent);
    assert.ok(!sent.includes("sy1."), "the seal went upstream");
  }
});

test("Claude's thoughts are remembered by previous_response_id, too", async () => {
  await using setup = await startSetup();
  const ask = { model: "claude", reasoning: { effort: "low" as const }, tools: TOOLS };
  const first = await setup.client.responses.create({ ...ask, input: "call get_weather" });
  const second = await setup.client.responses.create({
    ...ask,
    previous_response_id: first.id,
    input: callsOf(first).map(({ call_id }) => ({ type: "function_call_output", call_id, output: "sun" })),
  });
  assert.equal(second.status, "completed");
  assert.ok(/signature/.test(JSON.stringify(setup.bedrock.requests().at(-1)?.body)));
});

/** The smallest PNG. */
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const MEDIA: OpenAI.Responses.ResponseInput = [
  {
    role: "user",
    content: [
      { type: "input_text", text: "what is this?" },
      { type: "input_image", image_url: `data:image/png;base64,${PNG}`, detail: "auto" },
      {
        type: "input_file",
        filename: "note.pdf",
        file_data: `data:application/pdf;base64,${Buffer.from("%PDF-1.4\n%%EOF").toString("base64")}`,
      },
    ],
  },
];

test("an image and a file reach every kind of target, also as part of a kept conversation", async () => {
  await using setup = await startSetup();
  for (const model of TARGETS) {
    const first = await setup.client.responses.create({ model, input: MEDIA });
    const second = await setup.client.responses.create({
      model,
      input: "and now?",
      previous_response_id: first.id,
    });
    assert.equal(second.status, "completed", model);
  }
  assert.ok(setup.chat.lastBody.includes(PNG), "chat");
  assert.ok(setup.native.lastBody.includes(PNG), "native");
  assert.ok(JSON.stringify(setup.bedrock.requests().at(-1)?.body).includes(PNG), "claude");
});

test("words of the context come by metadata and by header, go no further, and stand in the record", async () => {
  await using setup = await startSetup();
  for (const model of ["chat", "native"] as const) {
    const response = await setup.client.responses.create(
      {
        model,
        input: "hi",
        metadata: { switchyard_feature: "search", ticket: "T-1" },
      },
      { headers: { "x-switchyard-user": "u-7" } },
    );
    const record = await setup.record(setup.gateway.records.length);
    assert.equal(record.context?.feature, "search");
    assert.equal(record.context.user, "u-7");
    assert.deepEqual(record.tags, { ticket: "T-1" });
    assert.ok(!setup[model].lastBody.includes("switchyard"), setup[model].lastBody);
    if (model === "chat") assert.deepEqual(response.metadata, { ticket: "T-1" });
  }
});

test("what a target cannot express is refused with its name, or left out and told", async () => {
  await using setup = await startSetup();
  const request = { input: "hi", top_logprobs: 3, include: ["message.output_text.logprobs"] } as const;
  const refused = await failureOf(
    setup.client.responses.create({ model: "claude", ...request, include: [...request.include] }),
  );
  assert.equal(refused.code, "unsupported_parameter");
  assert.match(refused.message, /top_logprobs|include/);
  assert.equal(setup.bedrock.requests().length, 0);
  const { response } = await setup.client.responses
    .create({ model: "claude-drops", ...request, include: [...request.include] })
    .withResponse();
  assert.deepEqual(response.headers.get("x-switchyard-dropped-params")?.split(",").toSorted(), [
    "include",
    "top_logprobs",
  ]);
});

test("counting a conversation counts what was before it, too, on every kind of target", async () => {
  await using setup = await startSetup();
  const first = await setup.client.responses.create({ model: "sim", input: "word ".repeat(1_000) });
  const alone = await setup.client.responses.inputTokens.count({ model: "sim", input: "hi" });
  const all = await setup.client.responses.inputTokens.count({
    model: "sim",
    input: "hi",
    previous_response_id: first.id,
  });
  assert.ok(all.input_tokens > alone.input_tokens + 900, `${all.input_tokens} ${alone.input_tokens}`);
  assert.equal(setup.kept.all.size, 1, "a count is not kept");
});

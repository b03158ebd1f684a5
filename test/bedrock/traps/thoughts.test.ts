import assert from "node:assert/strict";
import test from "node:test";
import {
  API_KEY,
  callModel,
  CHAT,
  chunksOf,
  eventsOf,
  HAIKU,
  lastBody,
  onlyRecord,
  OPUS_PROFILE,
  SAY,
  startEmulated,
  type Any,
  type Emulated,
} from "./support.ts";

const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const TOOLS = [
  {
    type: "function",
    function: {
      name: "alpha",
      description: "Does alpha.",
      parameters: { type: "object", properties: { x: { type: "integer" } }, required: ["x"] },
    },
  },
];
const THINK = { tools: TOOLS, reasoning_effort: "low", max_tokens: 4_000 };
const PROMPTS = ["call alpha", "call alpha SIGNATURE_ONLY_THINKING", "call alpha REDACTED_THINKING"];

/** The assistant's message of a reply, put together from a stream as clients do. */
async function messageOf(reply: Response, stream: boolean): Promise<Any> {
  assert.equal(reply.status, 200);
  if (!stream) return ((await reply.json()) as Any).choices[0].message;
  const { chunks, isDone } = await chunksOf(reply);
  assert.ok(isDone);
  const message: Any = { role: "assistant", content: "", thinking_blocks: [], tool_calls: [] };
  for (const { choices } of chunks) {
    const delta: Any = choices[0]?.delta ?? {};
    message.content += delta.content ?? "";
    message.thinking_blocks.push(...(delta.thinking_blocks ?? []));
    for (const { index, ...call } of delta.tool_calls ?? []) {
      if (call.id !== undefined) message.tool_calls[index] = call;
      else message.tool_calls[index].function.arguments += call.function.arguments;
    }
  }
  return message;
}

/** What the model thought, as it stood on Bedrock's own wire. */
const thoughtsIn = (message: Any): Any[] =>
  message.content.flatMap(({ reasoningContent }: Any) => reasoningContent ?? []) as Any[];

async function firstTurn(pair: Emulated, prompt: string, stream: boolean, model = "fine"): Promise<Any[]> {
  const asked = { role: "user", content: prompt };
  const reply = await pair.gateway.chat({ model, stream, ...THINK, messages: [asked] });
  const message = await messageOf(reply, stream);
  assert.ok(message.thinking_blocks.length > 0, "the thoughts are there");
  const [call] = message.tool_calls as Any[];
  return [asked, message, { role: "tool", tool_call_id: call.id, content: "done" }];
}

for (const stream of [false, true]) {
  test(`trap 15: signed, unspoken and redacted thoughts go back as they came, after a ${stream ? "stream" : "plain reply"}`, async () => {
    await using pair = await startEmulated();
    for (const prompt of PROMPTS) {
      const messages = await firstTurn(pair, prompt, stream);
      // The emulator says the same to the same bytes: what it thought, on its own wire.
      const own = await fetch(`${pair.emulator.url}/model/${encodeURIComponent(HAIKU)}/converse`, {
        method: "POST",
        headers: { authorization: `Bearer ${API_KEY}` },
        body: pair.emulator.requests().at(-1)?.body ?? "",
      });
      const thought = thoughtsIn(((await own.json()) as Any).output.message);
      const reply = await pair.gateway.chat({ model: "fine", stream, ...THINK, messages });
      assert.equal(reply.status, 200, await reply.text());
      const returned = lastBody(pair.emulator).messages[1];
      assert.deepEqual(thoughtsIn(returned), thought, prompt);
      assert.ok("reasoningContent" in returned.content[0], "thoughts stand first");
    }
    assert.deepEqual(pair.gateway.bugs, []);
  });
}

test("trap 15: on the way to another model after a failure thoughts are left out, and the request is served", async () => {
  await using pair = await startEmulated({
    models: { one: HAIKU, two: SONNET },
    more: "tasks:\n  both: { targets: [one, two] }\n",
    target: ", unsupported: drop",
  });
  const { gateway, emulator } = pair;
  for (const prompt of PROMPTS) {
    emulator.setFaults([]);
    const messages = await firstTurn(pair, prompt, false, "both");
    emulator.setFaults([{ kind: "error", exception: "ThrottlingException", model: "*haiku*" }]);
    for (const more of [THINK, { tools: TOOLS }]) {
      gateway.records.length = 0;
      const reply = await gateway.chat({ model: "both", ...more, messages });
      assert.equal(reply.status, 200, await reply.text());
      assert.equal(reply.headers.get("x-switchyard-target"), "two");
      assert.deepEqual(thoughtsIn(lastBody(emulator).messages[1]), []);
      await onlyRecord(gateway);
    }
  }
});

test("trap 15: thoughts that the model refuses, changed or another model's, are left out once, and that is told", async () => {
  await using pair = await startEmulated({ models: { fine: HAIKU, other: SONNET } });
  const messages = await firstTurn(pair, "call alpha", false);
  const changed = structuredClone(messages);
  changed[1].thinking_blocks[0].thinking += "!";
  for (const [model, said] of [
    ["fine", changed],
    ["other", messages],
  ] as const) {
    const reply = await pair.gateway.chat({ model, ...THINK, messages: said });
    assert.equal(reply.status, 200, await reply.clone().text());
    assert.match(reply.headers.get("x-switchyard-dropped-params") ?? "", /^reasoning(,reasoning_effort)?$/);
    assert.equal(reply.headers.get("x-switchyard-attempts"), "2");
    assert.equal(pair.emulator.requests().at(-2)?.error, "ValidationException");
    assert.deepEqual(thoughtsIn(lastBody(pair.emulator).messages[1]), []);
  }
});

const MARK = { type: "ephemeral" };
const HOUR = { type: "ephemeral", ttl: "1h" };
const part = (text: string, cache?: object): object => ({
  type: "text",
  text,
  ...(cache !== undefined && { cache_control: cache }),
});
const calls = [{ id: "a", type: "function", function: { name: "alpha", arguments: '{"x":1}' } }];

/** Each is legal, or refused with a reason that names it. */
const CACHED: Readonly<Record<string, readonly object[]>> = {
  "on a part inside a tool's result": [
    { role: "user", content: "go" },
    { role: "assistant", content: null, tool_calls: calls },
    { role: "tool", tool_call_id: "a", content: [part("x", MARK)] },
  ],
  "on the first block of the first message": [{ role: "user", content: [part("x", MARK), part("y")] }],
  "on a blank first block": [{ role: "user", content: [part("", MARK), part("y")] }],
  "on a system message that is empty": [
    { role: "system", content: "", cache_control: MARK },
    { role: "user", content: "x" },
  ],
  "on a message, beside its content": [{ role: "user", content: "x", cache_control: MARK }],
  "of an hour after one of five minutes": [
    { role: "system", content: [part("x", MARK)] },
    { role: "user", content: [part("y", HOUR)] },
  ],
  "in six places": [
    { role: "system", content: [part("a", MARK), part("b", MARK)] },
    { role: "user", content: [part("c", MARK), part("d", MARK), part("e", MARK), part("f", MARK)] },
  ],
  "twice behind the same block": [{ role: "user", content: [part("a", MARK), part("", MARK), part("b")] }],
};

for (const drop of [true, false]) {
  test(`trap 16: a cache mark in any place is a legal request${drop ? "" : " or a clear refusal, where nothing may be dropped"}`, async () => {
    await using pair = await startEmulated({ target: drop ? ", unsupported: drop" : "" });
    for (const [where, messages] of Object.entries(CACHED)) {
      const before = pair.emulator.requests().length;
      const reply = await pair.gateway.chat({ model: "fine", tools: TOOLS, messages });
      const text = await reply.text();
      if (drop || reply.status === 200) assert.equal(reply.status, 200, `${where}: ${text}`);
      else {
        assert.equal(reply.status, 400, where);
        assert.match(text, /"code":"unsupported_parameter"/, where);
        assert.match(text, /cache_control/, where);
        assert.equal(pair.emulator.requests().length, before, "the service was not asked");
      }
      await onlyRecord(pair.gateway);
    }
  });
}

test("trap 16: a cache point is a block of its own, behind the thoughts and the calls, and never inside a result", async () => {
  await using pair = await startEmulated();
  const [asked, message, result] = await firstTurn(pair, "call alpha", false);
  const marked = { ...message, cache_control: MARK };
  const messages = [
    asked,
    marked,
    { ...result, content: [part("done", MARK)] },
    { role: "user", content: [part("next", HOUR)] },
  ];
  const tools = [{ ...TOOLS[0], cache_control: HOUR }];
  const reply = await pair.gateway.chat({ model: "fine", ...THINK, tools, messages: messages.slice(0, 3) });
  assert.equal(reply.status, 200, await reply.text());
  const body = lastBody(pair.emulator);
  for (const { content } of body.messages as Any[]) {
    for (const block of content as Any[]) {
      assert.equal(Object.keys(block as object).length, 1);
      for (const inner of block.toolResult?.content ?? []) assert.equal(inner.cachePoint, undefined);
    }
    assert.equal(content[0].cachePoint, undefined);
  }
  assert.deepEqual(body.toolConfig.tools.at(-1), { cachePoint: { type: "default", ttl: "1h" } });
});

test("trap 16: the emulator refuses a cache point first in a message, behind a thought, and in a result", async () => {
  await using pair = await startEmulated();
  const point = { cachePoint: { type: "default" } };
  const thought = { reasoningContent: { reasoningText: { text: "x", signature: "x" } } };
  for (const messages of [
    [{ role: "user", content: [point, { text: "x" }] }],
    [
      { role: "user", content: [{ text: "x" }] },
      { role: "assistant", content: [thought, point, { text: "x" }] },
      { role: "user", content: [{ text: "x" }] },
    ],
  ]) {
    const reply = await callModel(pair.gateway, "converse", { messages });
    assert.equal(reply.status, 400, await reply.text());
  }
});

test("trap 17: behind a profile's ARN the model is known: what it does not take is refused here or dropped, and never sent", async () => {
  for (const drop of [false, true]) {
    await using pair = await startEmulated({
      models: { fine: OPUS_PROFILE },
      target: drop ? ", unsupported: drop" : "",
    });
    const { gateway, emulator } = pair;
    for (const stream of [false, true]) {
      const reply = await gateway.chat({ ...CHAT, stream, temperature: 0.7, top_p: 0.9 });
      const text = await reply.text();
      assert.equal(reply.status, drop ? 200 : 400, text);
      if (drop) {
        assert.deepEqual(lastBody(emulator).inferenceConfig ?? {}, {});
        assert.equal(reply.headers.get("x-switchyard-dropped-params"), "temperature,top_p");
      } else assert.match(text, /temperature is deprecated for this model/);
      await onlyRecord(gateway);
    }
    const asked = emulator.requests().filter(({ operation }) => operation === "GetInferenceProfile");
    assert.equal(asked.length, 1, "the profile is asked for once");
  }
});

test("trap 17: the emulator says that temperature is deprecated, and Bedrock's own clients are told so", async () => {
  await using pair = await startEmulated({ models: { fine: OPUS_PROFILE } });
  const reply = await callModel(pair.gateway, "converse", {
    ...SAY("hi"),
    inferenceConfig: { temperature: 0.7 },
  });
  assert.equal(reply.status, 400);
  assert.match(await reply.text(), /temperature is deprecated for this model\./);
  const events = await eventsOf(await callModel(pair.gateway, "converse-stream", SAY("hi")));
  assert.equal(events.at(-1)?.type, "metadata");
});

import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  type ConverseCommandInput,
  type ConverseCommandOutput,
  type Message,
} from "@aws-sdk/client-bedrock-runtime";
import { Ajv } from "ajv";
import { asking, CLOCK, collect, NOVA, refusalOf, sdk, SONNET, start, WEATHER } from "./support.ts";

const THINKING = { thinking: { type: "enabled", budget_tokens: 1024 } };

function textOf({ output }: ConverseCommandOutput): string {
  return output?.message?.content?.find(({ text }) => text !== undefined)?.text ?? "";
}

test("maxTokens ends an answer at just so many tokens", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  for (const maxTokens of [1, 7, 20]) {
    const answer = await runtime.send(
      new ConverseCommand(asking("Hello", { inferenceConfig: { maxTokens } })),
    );
    assert.equal(answer.stopReason, "max_tokens");
    assert.equal(answer.usage?.outputTokens, maxTokens);
  }
  const long = await runtime.send(new ConverseCommand(asking("Write about 300 words on bridges.")));
  assert.ok((long.usage?.outputTokens ?? 0) > 300);
});

test("a tool is called when its name is spoken, when the text begins with call, and when it is forced", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const called = async (text: string, more: object = {}): Promise<(string | undefined)[]> => {
    const toolConfig = { tools: [WEATHER, CLOCK], ...more };
    const answer = await runtime.send(new ConverseCommand(asking(text, { toolConfig })));
    const calls = (answer.output?.message?.content ?? []).flatMap(({ toolUse }) => toolUse ?? []);
    assert.equal(answer.stopReason, calls.length > 0 ? "tool_use" : "end_turn");
    return calls.map(({ name }) => name);
  };
  assert.deepEqual(await called("Hello"), []);
  assert.deepEqual(await called("Use get_time now."), ["get_time"]);
  assert.deepEqual(await called("First get_time, then get_weather."), ["get_time", "get_weather"]);
  assert.deepEqual(await called("call something"), ["get_weather"]);
  assert.deepEqual(await called("Hello", { toolChoice: { any: {} } }), ["get_weather"]);
  assert.deepEqual(await called("Hello", { toolChoice: { tool: { name: "get_time" } } }), ["get_time"]);
});

test("arguments are an instance of the tool's schema, and results are answered in words", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const toolConfig = { tools: [WEATHER] };
  const first = await runtime.send(new ConverseCommand(asking("call get_weather", { toolConfig })));
  const call = first.output?.message?.content?.find(({ toolUse }) => toolUse)?.toolUse;
  assert.ok(new Ajv().validate(WEATHER.toolSpec.inputSchema.json, call?.input));
  assert.match(call?.toolUseId ?? "", /^tooluse_[\w-]{22}$/);
  const second = await runtime.send(
    new ConverseCommand(
      asking("", {
        toolConfig,
        messages: [
          { role: "user", content: [{ text: "call get_weather" }] },
          first.output?.message as Message,
          {
            role: "user",
            content: [{ toolResult: { toolUseId: call?.toolUseId, content: [{ text: "rain" }] } }],
          },
        ],
      }),
    ),
  );
  assert.equal(second.stopReason, "end_turn");
  assert.notEqual(textOf(second), "");
});

test("Kimi's call ids name the tool and start anew in every answer", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const answer = await runtime.send(
    new ConverseCommand(
      asking("call get_weather", { modelId: "moonshot.kimi-k2-thinking", toolConfig: { tools: [WEATHER] } }),
    ),
  );
  const call = answer.output?.message?.content?.find(({ toolUse }) => toolUse)?.toolUse;
  assert.equal(call?.toolUseId, "functions.get_weather:0");
});

const CITY = {
  type: "object",
  properties: {
    name: { type: "string" },
    population: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
    kind: { enum: ["city", "town"] },
    mayor: { $ref: "#/$defs/person" },
  },
  required: ["name", "population", "mayor"],
  additionalProperties: false,
  $defs: {
    person: {
      type: "object",
      properties: {
        name: { type: "string" },
        deputy: { anyOf: [{ $ref: "#/$defs/person" }, { type: "null" }] },
      },
      required: ["name", "deputy"],
      additionalProperties: false,
    },
  },
};

function structured(schema: object): Partial<ConverseCommandInput> {
  return {
    outputConfig: {
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: "city" } },
      },
    },
  };
}

test("a structured answer is an instance of its schema, one that holds itself too", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const answer = await runtime.send(new ConverseCommand(asking("A city?", structured(CITY))));
  assert.ok(new Ajv().validate(CITY, JSON.parse(textOf(answer))));
});

test("thinking comes with a signature that must come back with its text, byte for byte", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const first = await runtime.send(
    new ConverseCommand(asking("Think.", { additionalModelRequestFields: THINKING })),
  );
  const reasoning = first.output?.message?.content?.[0]?.reasoningContent?.reasoningText;
  assert.ok(reasoning?.text !== "" && reasoning?.signature !== undefined);
  const next = (text: string, signature: string | undefined, modelId = SONNET): Promise<unknown> =>
    runtime.send(
      new ConverseCommand(
        asking("", {
          modelId,
          messages: [
            { role: "user", content: [{ text: "Think." }] },
            {
              role: "assistant",
              content: [{ reasoningContent: { reasoningText: { text, signature } } }, { text: "So." }],
            },
            { role: "user", content: [{ text: "And?" }] },
          ],
        }),
      ),
    );
  await next(reasoning?.text ?? "", reasoning?.signature);
  const changes = [
    [`${reasoning?.text}.`, reasoning?.signature],
    [reasoning?.text ?? "", `${reasoning?.signature?.slice(0, -8)}AAAAAAA=`],
    [reasoning?.text ?? "", "not a signature"],
  ] as const;
  for (const [text, signature] of changes) {
    const { name, message } = await refusalOf(next(text, signature));
    assert.equal(name, "ValidationException");
    assert.match(message, /messages\.1\.content\.0: Invalid `signature` in `thinking` block$/);
  }
  assert.match((await refusalOf(next("text", undefined))).message, /thinking\.signature: Field required$/);
  const other = refusalOf(
    next(reasoning?.text ?? "", reasoning?.signature, "us.anthropic.claude-sonnet-4-6"),
  );
  assert.match((await other).message, /Invalid `signature`/);
});

test("reasoning that went with a tool call must come back as it was, and may not be left out", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const asked: Message = { role: "user", content: [{ text: "call get_weather" }] };
  const settings = { toolConfig: { tools: [WEATHER] }, additionalModelRequestFields: THINKING };
  const first = await runtime.send(new ConverseCommand(asking("", { ...settings, messages: [asked] })));
  const content = first.output?.message?.content ?? [];
  const toolUseId = content.find(({ toolUse }) => toolUse)?.toolUse?.toolUseId;
  const result: Message = {
    role: "user",
    content: [{ toolResult: { toolUseId, content: [{ text: "rain" }] } }],
  };
  const again = (blocks: Message["content"]): Promise<unknown> =>
    runtime.send(
      new ConverseCommand(
        asking("", { ...settings, messages: [asked, { role: "assistant", content: blocks }, result] }),
      ),
    );
  await again(content);
  assert.match(
    (await refusalOf(again(content.slice(1)))).message,
    /Expected `thinking` or `redacted_thinking`, but found/,
  );
  const [reasoning, ...rest] = content;
  assert.ok(reasoning);
  assert.match((await refusalOf(again([reasoning, reasoning, ...rest]))).message, /cannot be modified/);
});

test("redacted and signature-only reasoning are brought out by words and go round unchanged", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  for (const trigger of [
    "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9",
    "SIGNATURE_ONLY_THINKING",
  ]) {
    const asked: Message = { role: "user", content: [{ text: trigger }] };
    const settings = { additionalModelRequestFields: THINKING };
    const first = await runtime.send(new ConverseCommand(asking("", { ...settings, messages: [asked] })));
    const content = first.output?.message?.content ?? [];
    const { reasoningContent } = content[0] ?? {};
    if (trigger.startsWith("SIGNATURE")) assert.equal(reasoningContent?.reasoningText?.text, "");
    else assert.match(Buffer.from(reasoningContent?.redactedContent ?? []).toString(), /^E[\w+/]+=*$/);
    const messages = (blocks: Message["content"]): Message[] => [
      asked,
      { role: "assistant", content: blocks },
      { role: "user", content: [{ text: "And?" }] },
    ];
    await runtime.send(new ConverseCommand(asking("", { ...settings, messages: messages(content) })));
    if (reasoningContent?.redactedContent === undefined) continue;
    const redactedContent = new Uint8Array(reasoningContent.redactedContent);
    redactedContent[20] = 65 + ((redactedContent[20] ?? 0) % 20);
    const changed = messages([{ reasoningContent: { redactedContent } }, ...content.slice(1)]);
    const error = await refusalOf(
      runtime.send(new ConverseCommand(asking("", { ...settings, messages: changed }))),
    );
    assert.match(error.message, /Invalid `data` in `redacted_thinking` block/);
  }
});

test("models that are not Claude reason without a signature", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const ask = async (modelId: string, fields?: ConverseCommandInput["additionalModelRequestFields"]) => {
    const answer = await runtime.send(
      new ConverseCommand(asking("Hello", { modelId, additionalModelRequestFields: fields })),
    );
    return answer.output?.message?.content?.[0]?.reasoningContent?.reasoningText;
  };
  for (const [modelId, fields] of [
    ["qwen.qwen3-32b-v1:0", { reasoning_config: "high" }],
    ["minimax.minimax-m2", undefined],
    ["us.amazon.nova-2-lite-v1:0", { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } }],
  ] as const) {
    const reasoning = await ask(modelId, fields);
    assert.ok(reasoning?.text);
    assert.equal(reasoning.signature, undefined);
  }
  assert.equal(await ask("qwen.qwen3-32b-v1:0"), undefined);
});

test("tier and latency are repeated, response fields are given when asked for", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const input = asking("Hello", {
    modelId: "us.amazon.nova-pro-v1:0",
    serviceTier: { type: "flex" },
    performanceConfig: { latency: "optimized" },
    additionalModelResponseFieldPaths: ["/stop_sequence"],
  });
  const whole = await runtime.send(new ConverseCommand(input));
  assert.deepEqual(whole.serviceTier, { type: "flex" });
  assert.deepEqual(whole.performanceConfig, { latency: "optimized" });
  assert.deepEqual(whole.additionalModelResponseFields, { stop_sequence: null });
  const { stream } = await runtime.send(new ConverseStreamCommand(input));
  const metadata = (await collect(stream)).at(-1)?.metadata;
  assert.deepEqual(metadata?.serviceTier, { type: "flex" });
});

test("CountTokens counts for a bare id what an invocation is charged, and refuses a profile", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const { messages } = asking("How many tokens are these?");
  const counted = await runtime.send(
    new CountTokensCommand({
      modelId: "anthropic.claude-sonnet-4-20250514-v1:0",
      input: { converse: { messages } },
    }),
  );
  const answer = await runtime.send(
    new ConverseCommand({ modelId: "us.anthropic.claude-sonnet-4-20250514-v1:0", messages }),
  );
  assert.equal(counted.inputTokens, answer.usage?.inputTokens);
  for (const modelId of [SONNET, NOVA]) {
    const error = await refusalOf(
      runtime.send(new CountTokensCommand({ modelId, input: { converse: { messages } } })),
    );
    assert.equal(error.message, "The provided model doesn't support counting tokens.");
  }
});

test("a script can say what is answered", async () => {
  await using emulator = await start({
    script: { answers: [{ contains: "capital of France", text: "Paris." }] },
  });
  using runtime = sdk(emulator);
  assert.equal(textOf(await runtime.send(new ConverseCommand(asking("The capital of France?")))), "Paris.");
});

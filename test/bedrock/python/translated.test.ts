import assert from "node:assert/strict";
import test from "node:test";
import { bytes, NO_BOTO3 } from "./boto3.ts";
import { png, shape, TIME, WEATHER } from "./converse-replies.ts";
import { both, call, replying, startEngine, type Call, type OpenAiBody } from "./engine-setup.ts";
import { asking, replyOf, type ConverseUsage } from "./setup.ts";

/** boto3's converse and converse_stream on engines that speak OpenAI: what is asked of them, and what comes back. */

const skip = NO_BOTO3;
test("boto3's converse on an engine that speaks OpenAI", { skip }, async (suite) => {
  await using setup = await startEngine();
  const { engine, asked } = setup;

  await suite.test("a plain chat asks what chat completions ask", async () => {
    engine.script = replying({ content: "Grüße 😀" });
    const { reply, last } = await both(setup, {
      modelId: "eng",
      system: [{ text: "Be brief." }, { text: "Be kind." }],
      inferenceConfig: { maxTokens: 50, temperature: 0.25, topP: 0.5, stopSequences: ["END", "\n\n"] },
      ...asking("hi 你好"),
    });
    assert.deepEqual(reply.output.message, { role: "assistant", content: [{ text: "Grüße 😀" }] });
    assert.equal(reply.stopReason, "end_turn");
    assert.deepEqual(tokensOf(reply.usage), [12, 3, 15]);
    assert.ok(reply.metrics.latencyMs >= 0);
    assert.equal(shape(last.events), "messageStart contentBlockDelta contentBlockStop messageStop metadata");
    const body = asked();
    assert.equal(body["model"], "qwen3:8b-instruct");
    assert.equal(body["max_tokens"], 50);
    assert.equal(body["temperature"], 0.25);
    assert.equal(body["top_p"], 0.5);
    assert.deepEqual(body["stop"], ["END", "\n\n"]);
    const [system, user] = body.messages;
    assert.equal(system?.role, "system");
    assert.match(JSON.stringify(system.content), /Be brief\..*Be kind\./);
    assert.deepEqual(user, { role: "user", content: "hi 你好" });
    assert.equal(JSON.stringify(body).includes("modelId"), false);
    assert.equal(JSON.stringify(body).includes("inferenceConfig"), false);
  });

  await suite.test(
    "a target is meant by its alias with a slash and by its upstream id with a colon",
    async () => {
      engine.script = replying({ content: "hello" });
      for (const modelId of ["hub/qwen3-8b", "qwen3:8b-instruct", "eng"]) {
        const outcome = await setup.call("converse", { modelId, ...asking("hi") });
        replyOf(outcome);
        const record = await setup.record(outcome);
        assert.equal(record.target, "eng");
        assert.equal(record.model, "qwen3:8b-instruct");
      }
    },
  );

  await suite.test("a reply has a request id, as every reply of AWS's has", async () => {
    engine.script = replying({ content: "hello" });
    for (const name of ["converse", "converse_stream"]) {
      const outcome = await setup.call(name, { modelId: "eng", ...asking("hi") });
      replyOf(outcome);
      assert.notEqual(outcome.metadata?.RequestId ?? "", "", `${name}: ResponseMetadata has no RequestId`);
    }
  });

  await suite.test("why a reply ended is said in Bedrock's words", async () => {
    for (const [finish, reason] of [
      ["stop", "end_turn"],
      ["length", "max_tokens"],
      ["content_filter", "content_filtered"],
    ] as const) {
      engine.script = replying({ content: "cut" }, finish);
      const { reply } = await both(setup, { modelId: "eng", ...asking("hi") });
      assert.equal(reply.stopReason, reason);
    }
  });

  await suite.test("cached tokens stand beside the input, as Bedrock counts", async () => {
    engine.script = replying({ content: "x" }, "stop", {
      prompt_tokens: 100,
      completion_tokens: 7,
      total_tokens: 107,
      prompt_tokens_details: { cached_tokens: 64 },
    });
    const { reply } = await both(setup, { modelId: "eng", ...asking("hi") });
    assert.equal(reply.usage.inputTokens, 36);
    assert.equal(reply.usage.cacheReadInputTokens, 64);
    assert.equal(reply.usage.totalTokens, 107);
  });

  await suite.test("the target's cap holds where the client names none", async () => {
    engine.script = replying({ content: "x" });
    replyOf(await setup.call("converse", { modelId: "capped", ...asking("hi") }));
    assert.equal(asked()["max_tokens"], 77);
    replyOf(
      await setup.call("converse", { modelId: "capped", inferenceConfig: { maxTokens: 5 }, ...asking("hi") }),
    );
    assert.equal(asked()["max_tokens"], 5);
  });

  await suite.test(
    "two tools are called, whole and in pieces, and their results go back in order",
    async () => {
      engine.script = replying(
        {
          content: "Let me look.",
          tool_calls: [
            call("call_1", "get_weather", '{"city":"Köln","days":12345678901234567890}'),
            call("call_2", "get_time", "{}"),
          ],
        },
        "tool_calls",
      );
      const toolConfig = { tools: [WEATHER, TIME], toolChoice: { any: {} } };
      const messages = [{ role: "user", content: [{ text: "weather and time?" }] }];
      const { reply, stream } = await both(setup, { modelId: "eng", messages, toolConfig });
      assert.equal(reply.stopReason, "tool_use");
      const { content } = reply.output.message;
      assert.equal(content[0]?.text, "Let me look.");
      const uses = content.flatMap(({ toolUse }) => toolUse ?? []);
      // Python's numbers have no end: no digit may be lost on the way.
      assert.deepEqual(uses[0]?.input, { city: "Köln", days: { $int: "12345678901234567890" } });
      assert.deepEqual(uses[1]?.input, {});
      assert.deepEqual(
        stream.calls.map(({ name, input }) => [name, input]),
        [
          ["get_weather", '{"city":"Köln","days":12345678901234567890}'],
          ["get_time", "{}"],
        ],
      );
      const body = asked();
      assert.equal(body["tool_choice"], "required");
      assert.deepEqual((body["tools"] as unknown[])[0], {
        type: "function",
        function: {
          name: "get_weather",
          description: "Weather of a city",
          parameters: WEATHER.toolSpec.inputSchema.json,
        },
      });

      engine.script = replying({ content: "Fair." });
      const results = [
        {
          toolResult: {
            toolUseId: uses[0].toolUseId,
            content: [{ json: { degrees: { $int: "12345678901234567890" } } }, { text: "windy" }],
          },
        },
        { toolResult: { toolUseId: uses[1]?.toolUseId, content: [{ text: "no clock" }], status: "error" } },
        { text: "And now?" },
      ];
      const second = { modelId: "eng", toolConfig: { tools: [WEATHER, TIME] } };
      await both(setup, {
        ...second,
        messages: [...messages, reply.output.message, { role: "user", content: results }],
      });
      const after = asked().messages as readonly Readonly<Record<string, unknown>>[];
      assert.deepEqual(
        after.map(({ role }) => role),
        ["user", "assistant", "tool", "tool", "user"],
      );
      assert.deepEqual(
        (after[1]?.["tool_calls"] as readonly Call[] | undefined)?.map(({ id }) => id),
        after.slice(2, 4).map((message) => message["tool_call_id"]),
      );
      assert.match(
        engine.lastBody,
        /\{\\"city\\": ?\\"K(ö|\\\\u00f6)ln\\", ?\\"days\\": ?12345678901234567890\}/,
      );
      assert.match(String(after[2]?.["content"]), /^\{"degrees": ?12345678901234567890\}\nwindy$/);
      assert.equal(after[3]?.["content"], "Error: no clock");
      assert.equal(after[4]?.["content"], "And now?");
    },
  );

  await suite.test(
    "ids of calls that Bedrock's clients may not send back are made legal, each its own",
    async () => {
      const ids = ["", "call 1/ü", "x".repeat(80), "call_0", "call_0"];
      engine.script = replying({ tool_calls: ids.map((id) => call(id, "get_time", "{}")) }, "tool_calls");
      const messages = [{ role: "user", content: [{ text: "time?" }] }];
      const { reply, stream } = await both(setup, {
        modelId: "eng",
        messages,
        toolConfig: { tools: [TIME] },
      });
      const uses = reply.output.message.content.flatMap(({ toolUse }) => toolUse ?? []);
      for (const given of [
        uses.map(({ toolUseId }) => toolUseId),
        stream.calls.map(({ id }) => String(id)),
      ]) {
        assert.equal(new Set(given).size, ids.length);
        for (const id of given) assert.match(id, /^[a-zA-Z0-9_.:-]{1,64}$/);
      }
      engine.script = replying({ content: "noon" });
      const content = uses.map(({ toolUseId }) => ({
        toolResult: { toolUseId, content: [{ text: "noon" }] },
      }));
      replyOf(
        await setup.call("converse", {
          modelId: "eng",
          messages: [...messages, reply.output.message, { role: "user", content }],
          toolConfig: { tools: [TIME] },
        }),
      );
    },
  );

  await suite.test("a forced tool, and an engine that says it stopped", async () => {
    engine.script = replying({ tool_calls: [call("call_1", "get_time", "")] }, "stop");
    const { reply } = await both(setup, {
      modelId: "eng",
      ...asking("time?"),
      toolConfig: { tools: [TIME], toolChoice: { tool: { name: "get_time" } } },
    });
    assert.equal(reply.stopReason, "tool_use");
    assert.deepEqual(reply.output.message.content[0]?.toolUse?.input, {});
    assert.deepEqual(asked()["tool_choice"], { type: "function", function: { name: "get_time" } });
  });

  await suite.test("thoughts come before the answer, and may be sent back", async () => {
    engine.script = replying({ reasoning_content: "Two plus two…", content: "Four." });
    const messages = [{ role: "user", content: [{ text: "2+2?" }] }];
    const { reply, stream } = await both(setup, { modelId: "eng", messages });
    assert.deepEqual(reply.output.message.content, [
      { reasoningContent: { reasoningText: { text: "Two plus two…" } } },
      { text: "Four." },
    ]);
    assert.equal(stream.thought, "Two plus two…");
    assert.equal(stream.signature, "");
    const more = { role: "user", content: [{ text: "sure?" }] };
    replyOf(
      await setup.call("converse", { modelId: "eng", messages: [...messages, reply.output.message, more] }),
    );
    assert.deepEqual(asked().messages[1], { role: "assistant", content: "Four." });
  });

  await suite.test("how hard to think is told in the engine's word", async () => {
    engine.script = replying({ content: "x" });
    for (const [fields, effort] of [
      [{ additionalModelRequestFields: { reasoning_effort: "low" } }, "low"],
      [{ additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 8_000 } } }, "high"],
      [{ outputConfig: { effort: "medium" } }, "medium"],
    ] as const) {
      replyOf(await setup.call("converse", { modelId: "eng", ...asking("hi"), ...fields }));
      assert.equal(asked()["reasoning_effort"], effort);
    }
  });

  await suite.test("an image and documents go as data, and those in a result follow it", async () => {
    engine.script = replying({ content: "A dot." });
    const image = { image: { format: "png", source: { bytes: bytes(png()) } } };
    const pdf = { document: { name: "A report", format: "pdf", source: { bytes: bytes("%PDF-1.4 …") } } };
    const words = { document: { name: "notes", format: "md", source: { text: "# plain" } } };
    await both(setup, {
      modelId: "eng",
      messages: [{ role: "user", content: [{ text: "look" }, image, pdf, words] }],
    });
    const [text, picture, file, note] = contentOf(asked().messages[0]);
    assert.deepEqual(text, { type: "text", text: "look" });
    assert.deepEqual(picture, {
      type: "image_url",
      image_url: { url: `data:image/png;base64,${png().toString("base64")}` },
    });
    assert.deepEqual(file?.["file"], {
      filename: "A report",
      file_data: `data:application/pdf;base64,${Buffer.from("%PDF-1.4 …").toString("base64")}`,
    });
    assert.deepEqual(note, { type: "text", text: "notes:\n# plain" });
    const use = { toolUse: { toolUseId: "t1", name: "get_time", input: {} } };
    const result = { toolResult: { toolUseId: "t1", content: [{ text: "see" }, image] } };
    replyOf(
      await setup.call("converse", {
        modelId: "eng",
        messages: [
          { role: "user", content: [{ text: "look" }] },
          { role: "assistant", content: [use] },
          { role: "user", content: [result] },
        ],
        toolConfig: { tools: [TIME] },
      }),
    );
    assert.deepEqual(
      asked().messages.map(({ role }) => role),
      ["user", "assistant", "tool", "user"],
    );
    assert.match(JSON.stringify(asked().messages[3]), /data:image\/png;base64,/);
  });

  await suite.test("a JSON schema becomes response_format", async () => {
    engine.script = replying({ content: '{"city":"Rome"}' });
    const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const jsonSchema = { name: "place", description: "A place", schema: JSON.stringify(schema) };
    const { reply } = await both(setup, {
      modelId: "eng",
      ...asking("where?"),
      outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema } } },
    });
    assert.deepEqual(JSON.parse(reply.output.message.content[0]?.text ?? ""), { city: "Rome" });
    const format = asked()["response_format"] as { type: string; json_schema: Record<string, unknown> };
    assert.equal(format.type, "json_schema");
    assert.equal(format.json_schema["name"], "place");
    assert.deepEqual(format.json_schema["schema"], schema);
  });

  await suite.test(
    "the context and tags in requestMetadata are recorded, and nothing of them goes to the engine",
    async () => {
      engine.script = replying({ content: "x" });
      const requestMetadata = { switchyard_user: "ada", switchyard_feature: "search", team: "core" };
      for (const name of ["converse", "converse_stream"]) {
        const outcome = await setup.call(name, { modelId: "eng", ...asking("hi"), requestMetadata });
        replyOf(outcome);
        const record = await setup.record(outcome);
        assert.equal(record.context?.user, "ada");
        assert.equal(record.context.feature, "search");
        assert.deepEqual(record.tags, { team: "core" });
        assert.doesNotMatch(engine.lastBody, /ada|search|core|requestMetadata|switchyard/);
      }
    },
  );

  await suite.test(
    "what an engine cannot express is refused by name, or dropped where the target says so",
    async () => {
      engine.script = replying({ content: "x" });
      const before = engine.seen.length;
      const params = { ...asking("hi"), additionalModelRequestFields: { seed: 5 } };
      const refused = await setup.call("converse", { modelId: "eng", ...params });
      assert.equal(refused.error?.kind, "ValidationException");
      assert.match(refused.error.said ?? "", /additionalModelRequestFields\.seed/);
      assert.equal((await setup.record(refused)).code, "unsupported_parameter");
      assert.equal(engine.seen.length, before);
      const dropped = await setup.call("converse", { modelId: "dropping", ...params });
      replyOf(dropped);
      assert.match(dropped.metadata?.HTTPHeaders["x-switchyard-dropped-params"] ?? "", /seed/);
      const guarded = await setup.call("converse_stream", {
        modelId: "dropping",
        ...asking("hi"),
        guardrailConfig: { guardrailIdentifier: "gr1", guardrailVersion: "1" },
      });
      assert.equal(guarded.error?.kind, "ValidationException");
      assert.match(guarded.error.said ?? "", /guardrailConfig/);
    },
  );

  await suite.test("cache points mean nothing to the engine and are no fault", async () => {
    engine.script = replying({ content: "x" });
    await both(setup, {
      modelId: "eng",
      system: [{ text: "long" }, { cachePoint: { type: "default" } }],
      messages: [{ role: "user", content: [{ text: "hi" }, { cachePoint: { type: "default", ttl: "1h" } }] }],
      toolConfig: { tools: [TIME, { cachePoint: { type: "default" } }] },
    });
    assert.doesNotMatch(engine.lastBody, /cachePoint/);
  });

  await suite.test("a reply without a word has no blocks and may be sent back with one", async () => {
    engine.script = replying({ content: "" });
    const { reply, last } = await both(setup, { modelId: "eng", ...asking("hi") });
    assert.deepEqual(reply.output.message.content, []);
    assert.equal(shape(last.events), "messageStart messageStop metadata");
  });

  await suite.test("what the service would refuse is refused here in its words", async () => {
    const before = engine.seen.length;
    const user = (content: object[]): object => ({ messages: [{ role: "user", content }] });
    for (const [params, words] of [
      [
        user([{ text: "  \n" }]),
        /The text field in the ContentBlock object at messages\.0\.content\.0 is blank/,
      ],
      [user([]), /The content field in the Message object at messages\.0 is empty/],
      [
        user([{ toolResult: { toolUseId: "x", content: [] } }]),
        /The toolConfig field must be defined|exceeds the number of toolUse blocks/,
      ],
      [
        { messages: [{ role: "robot", content: [{ text: "hi" }] }] },
        /enum value set: \[user, assistant, system\]/,
      ],
      [{ ...asking("hi"), inferenceConfig: { temperature: 1.5 } }, /inferenceConfig\.temperature/],
    ] as const) {
      for (const name of ["converse", "converse_stream"]) {
        const relaxed = { ...setup.client, validation: false };
        const { error } = await setup.boto3.call(relaxed, name, { modelId: "eng", ...params });
        assert.equal(error?.kind, "ValidationException");
        assert.match(error.said ?? "", words);
      }
    }
    assert.equal(engine.seen.length, before);
  });
});

/** The parts of a message that is a list of them. */
function contentOf(message: OpenAiBody["messages"][number] | undefined): Readonly<Record<string, unknown>>[] {
  assert.ok(Array.isArray(message?.content));
  return message.content as Readonly<Record<string, unknown>>[];
}

function tokensOf({ inputTokens, outputTokens, totalTokens }: ConverseUsage): number[] {
  return [inputTokens, outputTokens, totalTokens];
}

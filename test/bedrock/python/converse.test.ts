import assert from "node:assert/strict";
import test from "node:test";
import { bytes, bytesOf, NO_BOTO3, type Outcome, type Params } from "./boto3.ts";
import { collected, converseOf, png, shape, TIME, WEATHER } from "./converse-replies.ts";
import {
  asking,
  assertCharged,
  clientFor,
  MODELS,
  replyOf,
  startSetup,
  type ConverseUsage,
  type Setup,
} from "./setup.ts";

/** boto3's converse and converse_stream on Bedrock targets: everything passes as it is, and is recorded. */

const skip = NO_BOTO3;

/** What reached the emulator last. */
function lastBody({ emulator }: Setup): Record<string, unknown> {
  return JSON.parse(emulator.requests().at(-1)?.body ?? "{}") as Record<string, unknown>;
}

async function charged(setup: Setup, outcome: Outcome, usage: ConverseUsage): Promise<void> {
  assertCharged(await setup.record(outcome), usage);
}

test("boto3's converse on Bedrock targets", { skip }, async (suite) => {
  await using setup = await startSetup({
    labels: false,
    script: {
      guardrails: [{ id: "gr1", deniedTexts: ["forbidden"], blockedInputMessage: "No." }],
    },
  });
  const { emulator } = setup;
  const upstream = (): Record<string, unknown> => lastBody(setup);

  await suite.test(
    "a plain reply has text, stop reason, usage and latency, and is charged as it says",
    async () => {
      for (const modelId of ["sonnet", "haiku", "nova"]) {
        const outcome = await setup.call("converse", {
          modelId,
          system: [{ text: "Be brief." }],
          inferenceConfig: { maxTokens: 200, temperature: 0.5, stopSequences: ["STOP"] },
          ...asking("Grüße, 你好 😀"),
        });
        const reply = converseOf(outcome);
        assert.equal(reply.output.message.role, "assistant");
        assert.notEqual(reply.output.message.content[0]?.text, "");
        assert.equal(reply.stopReason, "end_turn");
        assert.ok(reply.metrics.latencyMs >= 0);
        await charged(setup, outcome, reply.usage);
        const record = await setup.record(outcome);
        assert.equal(record.target, modelId);
        assert.equal(record.operation, "chat");
        assert.equal(record.stream, false);
        assert.equal(outcome.metadata?.HTTPHeaders["x-switchyard-target"], modelId);
      }
    },
  );

  await suite.test(
    "a stream has every event in its order and is charged as the same plain reply",
    async () => {
      for (const modelId of ["sonnet", "haiku", "nova"]) {
        const params = { modelId, ...asking("tell me 40 words") };
        const plain = await setup.call("converse", params);
        const outcome = await setup.call("converse_stream", params);
        replyOf(outcome);
        assert.equal(
          shape(outcome.events),
          "messageStart contentBlockDelta contentBlockStop messageStop metadata",
        );
        const { text, stopReason, usage } = collected(outcome.events);
        const whole = converseOf(plain);
        assert.equal(text, whole.output.message.content[0]?.text);
        assert.equal(stopReason, whole.stopReason);
        await charged(setup, outcome, usage);
        assert.equal((await setup.record(outcome)).costNano, (await setup.record(plain)).costNano);
        assert.equal((await setup.record(outcome)).stream, true);
      }
    },
  );

  await suite.test("a target is meant by its name, its upstream id or ARN, which boto3 encodes", async () => {
    for (const [name, modelId] of Object.entries(MODELS)) {
      if (name === "titan") continue;
      for (const call of ["converse", "converse_stream"]) {
        const outcome = await setup.call(call, { modelId, ...asking("hi") });
        replyOf(outcome);
        const record = await setup.record(outcome);
        assert.equal(record.target, name);
        assert.equal(record.model, modelId);
        assert.equal(emulator.requests().at(-1)?.model, modelId);
        assert.doesNotMatch(outcome.sent.url ?? "", /model\/[^/]*[:/][^/]*\/conv/);
      }
    }
  });

  await suite.test(
    "the output's limit, a stop sequence and fields of the model's own answer pass",
    async () => {
      const limited = converseOf(
        await setup.call("converse", {
          modelId: "sonnet",
          inferenceConfig: { maxTokens: 3 },
          ...asking("hi"),
        }),
      );
      assert.equal(limited.stopReason, "max_tokens");
      assert.equal(limited.usage.outputTokens, 3);
      const stopped = converseOf(
        await setup.call("converse", {
          modelId: "sonnet",
          inferenceConfig: { stopSequences: ["ENOUGH"] },
          additionalModelResponseFieldPaths: ["/stop_sequence"],
          ...asking("say ENOUGH some time"),
        }),
      );
      assert.equal(stopped.stopReason, "stop_sequence");
      assert.deepEqual(stopped.additionalModelResponseFields, { stop_sequence: "ENOUGH" });
    },
  );

  await suite.test(
    "two tools are called at once, and their results are answered in a second turn",
    async () => {
      const toolConfig = { tools: [WEATHER, TIME] };
      const messages = [{ role: "user", content: [{ text: "call get_weather and get_time" }] }];
      const outcome = await setup.call("converse", { modelId: "sonnet", messages, toolConfig });
      const first = converseOf(outcome);
      assert.equal(first.stopReason, "tool_use");
      const uses = first.output.message.content.flatMap(({ toolUse }) => toolUse ?? []);
      assert.deepEqual(
        uses.map(({ name }) => name),
        ["get_weather", "get_time"],
      );
      await charged(setup, outcome, first.usage);

      const streamed = await setup.call("converse_stream", { modelId: "sonnet", messages, toolConfig });
      replyOf(streamed);
      const { calls, stopReason, usage } = collected(streamed.events);
      assert.equal(stopReason, "tool_use");
      assert.deepEqual(
        calls.map(({ name, input }) => ({ name, input: JSON.parse(input || "{}") as unknown })),
        uses.map(({ name, input }) => ({ name, input })),
      );
      await charged(setup, streamed, usage);

      const results = uses.map(({ toolUseId }, index) => ({
        toolResult: {
          toolUseId,
          content: index === 0 ? [{ json: { degrees: -3.25, sky: "grey" } }] : [{ text: "noon" }],
          status: index === 0 ? "success" : "error",
        },
      }));
      for (const call of ["converse", "converse_stream"]) {
        const second = await setup.call(call, {
          modelId: "sonnet",
          messages: [...messages, first.output.message, { role: "user", content: results }],
          toolConfig,
        });
        replyOf(second);
        assert.deepEqual((upstream()["messages"] as unknown[])[2], { role: "user", content: results });
        assert.equal((await setup.record(second)).status, "answered");
      }
    },
  );

  await suite.test("a forced tool and a named one are called", async () => {
    for (const [toolChoice, name] of [
      [{ any: {} }, "get_weather"],
      [{ tool: { name: "get_time" } }, "get_time"],
    ] as const) {
      const params = {
        modelId: "sonnet",
        ...asking("hello"),
        toolConfig: { tools: [WEATHER, TIME], toolChoice },
      };
      const { output } = converseOf(await setup.call("converse", params));
      assert.deepEqual(
        output.message.content.flatMap(({ toolUse }) => toolUse?.name ?? []),
        [name],
      );
      const { calls } = collected((await setup.call("converse_stream", params)).events);
      assert.deepEqual(
        calls.map((call) => call.name),
        [name],
      );
    }
  });

  await suite.test("an image and a document reach the provider byte by byte", async () => {
    const image = png();
    const pdf = Buffer.from("%PDF-1.4\n\u0000\u00ff binary", "latin1");
    const content = [
      { text: "what is this?" },
      { image: { format: "png", source: { bytes: bytes(image) } } },
      { document: { name: "A document", format: "pdf", source: { bytes: bytes(pdf) } } },
      { document: { name: "words", format: "txt", source: { bytes: bytes("plain words") } } },
    ];
    for (const call of ["converse", "converse_stream"]) {
      const outcome = await setup.call(call, { modelId: "sonnet", messages: [{ role: "user", content }] });
      replyOf(outcome);
      const [message] = upstream()["messages"] as [
        { content: { image?: { source: { bytes: string } }; document?: { source: { bytes: string } } }[] },
      ];
      assert.ok(Buffer.from(message.content[1]?.image?.source.bytes ?? "", "base64").equals(image));
      assert.ok(Buffer.from(message.content[2]?.document?.source.bytes ?? "", "base64").equals(pdf));
      const record = await setup.record(outcome);
      assert.ok((record.usage?.inputTokens ?? 0) > 1_500);
      assert.equal(record.estimated, false);
    }
  });

  await suite.test(
    "thoughts come with their signature and go back with it beside a tool's result",
    async () => {
      for (const [modelId, thinking] of [
        ["sonnet", { type: "enabled", budget_tokens: 1_024 }],
        ["adaptive", { type: "adaptive" }],
      ] as const) {
        const params: Params = {
          modelId,
          inferenceConfig: { maxTokens: 4_000 },
          additionalModelRequestFields: { thinking },
          toolConfig: { tools: [WEATHER] },
        };
        const messages = [{ role: "user", content: [{ text: "call get_weather" }] }];
        const outcome = await setup.call("converse", { ...params, messages });
        const first = converseOf(outcome);
        const [thought, , use] = first.output.message.content;
        const said = thought?.reasoningContent?.reasoningText;
        assert.ok((said?.text ?? "") !== "" && (said?.signature ?? "") !== "");
        await charged(setup, outcome, first.usage);
        const streamed = await setup.call("converse_stream", { ...params, messages });
        const pieces = collected(streamed.events);
        assert.deepEqual({ text: pieces.thought, signature: pieces.signature }, said);
        await charged(setup, streamed, pieces.usage);
        const result = { toolResult: { toolUseId: use?.toolUse?.toolUseId, content: [{ text: "fair" }] } };
        replyOf(
          await setup.call("converse", {
            ...params,
            messages: [...messages, first.output.message, { role: "user", content: [result] }],
          }),
        );
      }
    },
  );

  await suite.test("redacted thoughts are bytes, and the provider knows them again", async () => {
    const params: Params = {
      modelId: "sonnet",
      inferenceConfig: { maxTokens: 4_000 },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
    };
    const messages = [{ role: "user", content: [{ text: "REDACTED_THINKING please" }] }];
    const first = converseOf(await setup.call("converse", { ...params, messages }));
    const [redacted] = first.output.message.content;
    assert.ok(bytesOf(redacted?.reasoningContent?.redactedContent).length > 0);
    const streamed = await setup.call("converse_stream", { ...params, messages });
    const delta = streamed.events.find(({ contentBlockDelta: piece }) => piece !== undefined)?.[
      "contentBlockDelta"
    ];
    assert.deepEqual(delta?.["delta"], redacted);
    const more = { role: "user", content: [{ text: "go on" }] };
    replyOf(await setup.call("converse", { ...params, messages: [...messages, first.output.message, more] }));
  });

  await suite.test("a JSON schema is kept", async () => {
    const schema = {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer" } },
      required: ["city", "days"],
      additionalProperties: false,
    };
    const params = {
      modelId: "sonnet",
      ...asking("where?"),
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { name: "place", schema: JSON.stringify(schema) } },
        },
      },
    };
    const { output } = converseOf(await setup.call("converse", params));
    const place = JSON.parse(output.message.content[0]?.text ?? "") as { city: unknown; days: unknown };
    assert.equal(typeof place.city, "string");
    assert.ok(Number.isInteger(place.days));
    const { text } = collected((await setup.call("converse_stream", params)).events);
    assert.deepEqual(JSON.parse(text), place);
  });

  await suite.test(
    "cache writes for five minutes and for an hour, and reads, have each their price",
    async () => {
      const long = (label: string): string => `${label} ${"caching needs a long beginning ".repeat(400)}`;
      const params = {
        modelId: "sonnet",
        system: [
          { text: long("an hour") },
          { cachePoint: { type: "default", ttl: "1h" } },
          { text: long("five minutes") },
          { cachePoint: { type: "default" } },
        ],
        ...asking("hi"),
      };
      const written = await setup.call("converse", params);
      const first = converseOf(written).usage;
      assert.equal(first.cacheReadInputTokens, 0);
      assert.deepEqual(
        first.cacheDetails?.map(({ ttl }) => ttl),
        ["1h", "5m"],
      );
      assert.ok((first.cacheWriteInputTokens ?? 0) > 2_000);
      await charged(setup, written, first);
      for (const call of ["converse", "converse_stream"]) {
        const read = await setup.call(call, params);
        const usage = call === "converse" ? converseOf(read).usage : collected(read.events).usage;
        assert.equal(usage.cacheReadInputTokens, first.cacheWriteInputTokens);
        assert.equal(usage.cacheWriteInputTokens, 0);
        await charged(setup, read, usage);
      }
    },
  );

  await suite.test("a guardrail intervenes, and its trace comes along", async () => {
    const params = {
      modelId: "nova",
      ...asking("something forbidden"),
      guardrailConfig: { guardrailIdentifier: "gr1", guardrailVersion: "1", trace: "enabled" },
    };
    const outcome = await setup.call("converse", params);
    const reply = converseOf(outcome);
    assert.equal(reply.stopReason, "guardrail_intervened");
    assert.equal(reply.trace?.guardrail?.actionReason, "Guardrail blocked.");
    await charged(setup, outcome, reply.usage);
    const streamed = await setup.call("converse_stream", params);
    assert.equal(collected(streamed.events).stopReason, "guardrail_intervened");
  });

  await suite.test("latency and service tier pass in both directions", async () => {
    const params = { modelId: MODELS.nova, ...asking("hi"), serviceTier: { type: "flex" } };
    const reply = converseOf(await setup.call("converse", params));
    assert.deepEqual(upstream()["serviceTier"], { type: "flex" });
    assert.deepEqual(reply.serviceTier, { type: "flex" });
  });

  await suite.test(
    "every request went upstream with the gateway's signature and never with the client's",
    () => {
      const own = emulator.requests();
      assert.ok(own.length > 30);
      for (const { signedBy } of own) assert.equal(signedBy?.accessKeyId, "AKIASWITCHYARDTEST00");
    },
  );
});

test("boto3's requestMetadata", { skip }, async (suite) => {
  await using setup = await startSetup();
  const upstream = (): Record<string, unknown> => lastBody(setup);

  await suite.test("request metadata tells the context; its words go no further, the rest does", async () => {
    const requestMetadata = {
      switchyard_user: "ada",
      switchyard_feature: "search box",
      switchyard_journey: "j-1",
      team: "core/payments: a+b",
    };
    for (const call of ["converse", "converse_stream"]) {
      const outcome = await setup.call(call, { modelId: "nova", ...asking("hi"), requestMetadata });
      replyOf(outcome);
      const record = await setup.record(outcome);
      assert.equal(record.context?.user, "ada");
      assert.equal(record.context.feature, "search box");
      assert.equal(record.context.journey, "j-1");
      assert.deepEqual(record.tags, { team: requestMetadata.team });
      assert.deepEqual(upstream()["requestMetadata"], {
        team: requestMetadata.team,
        switchyard_exchange: record.id,
        switchyard_tenant: "acme",
      });
    }
  });

  await suite.test(
    "a word that is none is a ValidationException, and a header wins over metadata",
    async () => {
      const misspelt = await setup.call("converse", {
        modelId: "nova",
        ...asking("hi"),
        requestMetadata: { switchyard_usr: "ada" },
      });
      assert.equal(misspelt.error?.kind, "ValidationException");
      assert.equal((await setup.record(misspelt)).code, "context_invalid");
      const headers = { "x-switchyard-user": "grace" };
      const outcome = await setup.boto3.call({ ...setup.client, headers }, "converse", {
        modelId: "nova",
        ...asking("hi"),
        requestMetadata: { switchyard_user: "ada" },
      });
      replyOf(outcome);
      assert.equal((await setup.record(outcome)).context?.user, "grace");
    },
  );

  await suite.test(
    "sixteen entries of one's own leave no room for labels, and words beside them count for none",
    async () => {
      const own = Object.fromEntries(
        Array.from({ length: 16 }, (_, index) => [`tag${index}`, `value ${index}`]),
      );
      const requestMetadata = { ...own, switchyard_user: "ada", switchyard_app: "mail" };
      const outcome = await setup.call("converse", { modelId: "nova", ...asking("hi"), requestMetadata });
      replyOf(outcome);
      assert.deepEqual(upstream()["requestMetadata"], own);
      const record = await setup.record(outcome);
      assert.deepEqual(record.tags, own);
      assert.equal(record.context?.app, "mail");
    },
  );

  await suite.test("bare words count with a key that takes them", async () => {
    const client = clientFor(setup.gateway, { rights: { metadataWords: true } });
    const outcome = await setup.boto3.call(client, "converse", {
      modelId: "nova",
      ...asking("hi"),
      requestMetadata: { user: "ada", team: "core" },
    });
    replyOf(outcome);
    const record = await setup.record(outcome);
    assert.equal(record.context?.user, "ada");
    assert.deepEqual(record.tags, { team: "core" });
    assert.equal((upstream()["requestMetadata"] as Record<string, string>)["user"], undefined);
  });
});

test("what a target without labels adds to a request, and a target with a cap", { skip }, async (suite) => {
  await using setup = await startSetup({
    labels: false,
    targets: `  capped: { provider: aws, model: us.amazon.nova-pro-v1:0, tier: premium, maxOutputTokens: 7, price: { input: 3.30, output: 16.50 } }
`,
  });
  const upstream = (): Record<string, unknown> => lastBody(setup);

  await suite.test("is nothing: metadata of nothing but words is taken out whole", async () => {
    const requestMetadata = { switchyard_user: "ada" };
    const outcome = await setup.call("converse", { modelId: "nova", ...asking("hi"), requestMetadata });
    replyOf(outcome);
    assert.deepEqual(upstream(), asking("hi"));
    const invoked = await setup.call("invoke_model", {
      modelId: "nova",
      body: JSON.stringify(asking("hi")),
      requestMetadata: JSON.stringify(requestMetadata),
    });
    replyOf(invoked);
    assert.deepEqual(upstream(), asking("hi"));
    assert.equal(
      setup.emulator.requests().at(-1)?.headers.includes("x-amzn-bedrock-request-metadata"),
      false,
    );
    assert.equal((await setup.record(invoked)).context?.user, "ada");
  });

  await suite.test("limits the output where the client does not", async () => {
    for (const inferenceConfig of [undefined, { temperature: 0.5 }, { maxTokens: 3 }]) {
      const more = inferenceConfig === undefined ? {} : { inferenceConfig };
      for (const name of ["converse", "converse_stream"]) {
        const outcome = await setup.call(name, { modelId: "capped", ...asking("tell me 60 words"), ...more });
        replyOf(outcome);
        const record = await setup.record(outcome);
        assert.equal(record.usage?.outputTokens, inferenceConfig?.maxTokens ?? 7);
        assert.deepEqual(upstream()["inferenceConfig"], { maxTokens: 7, ...inferenceConfig });
      }
      const body = JSON.stringify({ ...asking("tell me 60 words"), ...more });
      for (const name of ["invoke_model", "invoke_model_with_response_stream"]) {
        const outcome = await setup.call(name, { modelId: "capped", body });
        replyOf(outcome);
        assert.equal((await setup.record(outcome)).usage?.outputTokens, inferenceConfig?.maxTokens ?? 7);
      }
    }
  });
});

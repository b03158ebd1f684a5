import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  ValidationException,
  type ConverseCommandInput,
  type Message,
} from "@aws-sdk/client-bedrock-runtime";
import { assemble, ask } from "./converse.ts";
import { CITY, costOf, PDF, PNG, startLab } from "./setup.ts";

/** The AWS SDK against the gateway: what stands in a conversation, and what of it reaches each sort of upstream. */

interface EngineBody {
  readonly messages: readonly { role: string; content: unknown }[];
  readonly [name: string]: unknown;
}

const lookAt: Message[] = [
  {
    role: "user",
    content: [
      { text: "Look at these." },
      { image: { format: "png", source: { bytes: PNG } } },
      { document: { name: "report", format: "pdf", source: { bytes: PDF } } },
    ],
  },
];

test("system, limits and sampling reach Bedrock as they were written", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const request = {
    modelId: "claude",
    system: [{ text: "Be brief." }, { text: "Be kind." }],
    messages: ask("Hello"),
    inferenceConfig: { maxTokens: 77, temperature: 0.25, stopSequences: ["END"] },
  } satisfies ConverseCommandInput;
  const reply = await aws.client.send(new ConverseCommand(request));
  const sent = lab.sent();
  assert.deepEqual(sent["system"], request.system);
  assert.deepEqual(sent["messages"], request.messages);
  assert.deepEqual(sent["inferenceConfig"], request.inferenceConfig);
  assert.equal((await aws.record()).costNano, costOf("claude", reply.usage ?? {}));
});

test("system, limits and sampling reach an engine under its own names", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  await aws.client.send(
    new ConverseCommand({
      modelId: "engine",
      system: [{ text: "Be brief." }, { text: "Be kind." }],
      messages: ask("Hello"),
      inferenceConfig: { maxTokens: 77, temperature: 0.25, topP: 0.5, stopSequences: ["END", "."] },
    }),
  );
  const body = JSON.parse(lab.engine.lastBody) as EngineBody;
  assert.equal(body["model"], "engine-model");
  assert.equal(body["max_tokens"] ?? body["max_completion_tokens"], 77);
  assert.equal(body["temperature"], 0.25);
  assert.equal(body["top_p"], 0.5);
  assert.deepEqual(body["stop"], ["END", "."]);
  const [system, user] = body.messages;
  assert.equal(system?.role, "system");
  assert.match(JSON.stringify(system.content), /Be brief\..*Be kind\./);
  assert.deepEqual(user, { role: "user", content: "Hello" });
});

test("an image and a document reach Bedrock byte for byte", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of ["claude", "nova"]) {
    const reply = await aws.client.send(new ConverseCommand({ modelId, messages: lookAt }));
    assert.equal(reply.stopReason, "end_turn");
    const [message] = lab.sent()["messages"] as {
      content: { image?: { source: { bytes: string } }; document?: { source: { bytes: string } } }[];
    }[];
    assert.equal(message?.content[1]?.image?.source.bytes, PNG.toString("base64"));
    assert.equal(message.content[2]?.document?.source.bytes, PDF.toString("base64"));
  }
});

test("an image and a document reach an engine as the data of their own parts", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  await aws.client.send(new ConverseCommand({ modelId: "engine", messages: lookAt }));
  const { messages } = JSON.parse(lab.engine.lastBody) as EngineBody;
  const [text, image, file] = (messages[0]?.content ?? []) as {
    type: string;
    text?: string;
    image_url?: { url: string };
    file?: { filename: string; file_data: string };
  }[];
  assert.equal(text?.text, "Look at these.");
  assert.equal(image?.image_url?.url, `data:image/png;base64,${PNG.toString("base64")}`);
  assert.equal(file?.file?.file_data, `data:application/pdf;base64,${PDF.toString("base64")}`);
  assert.match(file.file.filename, /^report/);
});

test("an image in S3 is refused by an engine and named, and reaches a Bedrock model that knows S3", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const messages: Message[] = [
    {
      role: "user",
      content: [
        { text: "Look" },
        { image: { format: "png", source: { s3Location: { uri: "s3://bucket/picture.png" } } } },
      ],
    },
  ];
  await aws.client.send(new ConverseCommand({ modelId: "nova", messages }));
  await assert.rejects(aws.client.send(new ConverseCommand({ modelId: "engine", messages })), (error) => {
    assert.ok(error instanceof ValidationException, String(error));
    assert.match(error.message, /S3/);
    return true;
  });
  assert.equal(lab.engine.seen.length, 0);
});

test("a stop sequence ends the text, and the SDK hears which kind of end it was", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const request = {
    modelId: "claude",
    messages: ask("Say something with HALT in it"),
    inferenceConfig: { stopSequences: ["HALT"] },
  };
  const reply = await aws.client.send(new ConverseCommand(request));
  assert.equal(reply.stopReason, "stop_sequence");
  assert.doesNotMatch(reply.output?.message?.content?.[0]?.text ?? "HALT", /HALT/);
  const streamed = await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream);
  assert.equal(streamed.stopReason, "stop_sequence");
  assert.doesNotMatch(streamed.text, /HALT/);
});

test("a limit of output ends the text, with Bedrock, the simulator and their streams alike", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of ["claude", "sim"] as const) {
    const request = {
      modelId,
      messages: ask("Say something in 200 words"),
      inferenceConfig: { maxTokens: 5 },
    };
    const reply = await aws.client.send(new ConverseCommand(request));
    assert.equal(reply.stopReason, "max_tokens", modelId);
    assert.equal(reply.usage?.outputTokens, 5);
    const streamed = await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream);
    assert.equal(streamed.stopReason, "max_tokens", modelId);
    assert.equal(streamed.usage?.outputTokens, 5);
    assert.equal((await aws.record()).costNano, costOf(modelId, streamed.usage));
  }
});

test("the words of the context in requestMetadata go no further, and the rest goes with the exchange's labels", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const [count, modelId] of ["claude", "engine", "sim"].entries()) {
    await aws.client.send(
      new ConverseCommand({
        modelId,
        messages: ask("Hello"),
        requestMetadata: { switchyard_user: "u1", switchyard_feature: "inbox", "cost-center": "42" },
      }),
    );
    const record = await lab.last(count + 1);
    assert.equal(record.context?.user, "u1");
    assert.equal(record.context.feature, "inbox");
    assert.deepEqual(record.tags, { "cost-center": "42" });
    if (modelId === "claude")
      assert.deepEqual(lab.sent()["requestMetadata"], {
        "cost-center": "42",
        switchyard_exchange: record.id,
        switchyard_tenant: "acme",
      });
  }
  assert.doesNotMatch(lab.engine.lastBody, /switchyard_user|inbox/);
});

test("a word of the context that is none is a ValidationException, and nothing is asked", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  await assert.rejects(
    client.send(
      new ConverseCommand({
        modelId: "claude",
        messages: ask("Hello"),
        requestMetadata: { switchyard_usr: "u1" },
      }),
    ),
    (error) => {
      assert.ok(error instanceof ValidationException, String(error));
      assert.match(error.message, /switchyard_usr/);
      return true;
    },
  );
  assert.equal(lab.emulator.requests().length, 0);
});

test("an answer by a JSON schema fits it, with Bedrock and the simulator", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const modelId of ["claude", "sim"] as const) {
    const request = {
      modelId,
      messages: ask("Where?"),
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { name: "place", schema: JSON.stringify(CITY) } },
        },
      },
    } satisfies ConverseCommandInput;
    const reply = await aws.client.send(new ConverseCommand(request));
    const streamed = await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream);
    for (const text of [reply.output?.message?.content?.[0]?.text ?? "", streamed.text]) {
      const place = JSON.parse(text) as { city: unknown; unit: unknown };
      assert.equal(typeof place.city, "string", modelId);
      assert.ok(place.unit === "celsius" || place.unit === "fahrenheit");
    }
  }
});

test("an engine gets the JSON schema as an object", async () => {
  await using lab = await startLab();
  await lab.aws().client.send(
    new ConverseCommand({
      modelId: "engine",
      messages: ask("Where?"),
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { name: "place", schema: JSON.stringify(CITY) } },
        },
      },
    }),
  );
  const { response_format: format } = JSON.parse(lab.engine.lastBody) as EngineBody;
  assert.deepEqual(format, {
    type: "json_schema",
    json_schema: { name: "place", schema: CITY, strict: true },
  });
});

test("fields of one model's own are passed to Bedrock, and refused and named where an engine has no place for them", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  const request = {
    messages: ask("Hello"),
    additionalModelRequestFields: { top_k: 40, anthropic_beta: ["context-1m-2025-08-07"] },
    additionalModelResponseFieldPaths: ["/stop_sequence"],
  };
  const reply = await aws.client.send(new ConverseCommand({ modelId: "claude", ...request }));
  assert.deepEqual(reply.additionalModelResponseFields, { stop_sequence: null });
  await assert.rejects(aws.client.send(new ConverseCommand({ modelId: "engine", ...request })), (error) => {
    assert.ok(error instanceof ValidationException, String(error));
    assert.match(error.message, /anthropic_beta/);
    return true;
  });
});

test("with unsupported: drop hints are left out and named in a header", async () => {
  await using lab = await startLab({ more: { engine: ", unsupported: drop" } });
  const aws = lab.aws();
  await aws.client.send(
    new ConverseCommand({
      modelId: "engine",
      messages: ask("Hello"),
      additionalModelRequestFields: { seed: 40 },
      performanceConfig: { latency: "optimized" },
    }),
  );
  const dropped = (aws.headers()["x-switchyard-dropped-params"] ?? "").split(",");
  assert.deepEqual(dropped.toSorted(), ["additionalModelRequestFields.seed", "performanceConfig"]);
  assert.doesNotMatch(lab.engine.lastBody, /seed|latency/);
});

test("a document of four megabytes is signed and passed whole over both versions of HTTP", async () => {
  await using lab = await startLab();
  const bytes = Buffer.concat([PDF, Buffer.alloc(4_000_000, "x")]);
  const credentials = lab.pair();
  for (const http1 of [false, true])
    for (const modelId of ["claude", "engine"]) {
      const reply = await lab.aws({ credentials, http1 }).client.send(
        new ConverseCommand({
          modelId,
          messages: [
            {
              role: "user",
              content: [
                { text: "Read." },
                { document: { name: "report", format: "pdf", source: { bytes } } },
              ],
            },
          ],
        }),
      );
      assert.equal(reply.stopReason, "end_turn");
    }
  assert.equal(lab.emulator.requests().length, 2);
  assert.ok(lab.engine.lastBody.includes(bytes.toString("base64")));
});

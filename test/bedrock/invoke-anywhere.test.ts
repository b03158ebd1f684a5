import assert from "node:assert/strict";
import test from "node:test";
import {
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import { chunk, DONE, FINISH, plain, sse, USAGE_FRAME } from "../support/engine.ts";
import { startLab, type Lab, type TargetName } from "./clients/setup.ts";

/** Claude's bodies of InvokeModel, for targets that are no Claude. */
const BODY = {
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 100,
  system: "Be brief.",
  messages: [{ role: "user", content: "What is the weather?" }],
  tools: [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }],
};

interface Message {
  readonly type: string;
  readonly content: readonly { readonly type: string; readonly text?: string; readonly input?: unknown }[];
  readonly stop_reason: string;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

async function invoked(lab: Lab, modelId: TargetName, body: object = BODY): Promise<Message> {
  const { client } = lab.aws();
  const reply = await client.send(
    new InvokeModelCommand({ modelId, contentType: "application/json", body: JSON.stringify(body) }),
  );
  return JSON.parse(Buffer.from(reply.body).toString()) as Message;
}

test("a Claude body of InvokeModel is answered by an engine, in Claude's form", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) =>
    plain(
      response,
      200,
      JSON.stringify({
        choices: [
          {
            index: 0,
            message: {
              role: "assistant",
              content: null,
              tool_calls: [
                {
                  id: "call_0",
                  type: "function",
                  function: { name: "weather", arguments: '{"city":"Bern","id":12345678901234567890}' },
                },
              ],
            },
            finish_reason: "tool_calls",
          },
        ],
        usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
      }),
    );
  const aws = lab.aws();
  const reply = await aws.client.send(
    new InvokeModelCommand({ modelId: "engine", body: JSON.stringify(BODY) }),
  );
  const text = Buffer.from(reply.body).toString();
  assert.match(text, /"input":\{"city":"Bern","id":12345678901234567890\}/);
  const message = JSON.parse(text) as Message;
  assert.equal(message.stop_reason, "tool_use");
  assert.deepEqual([message.usage.input_tokens, message.usage.output_tokens], [12, 3]);
  const sent = JSON.parse(lab.engine.lastBody) as {
    messages: { role: string }[];
    max_tokens: number;
    tools: unknown[];
  };
  assert.deepEqual(
    sent.messages.map(({ role }) => role),
    ["system", "user"],
  );
  assert.equal(sent.max_tokens, 100);
  assert.equal(sent.tools.length, 1);
  const record = await aws.record();
  assert.deepEqual([record.status, record.dialect, record.operation], ["answered", "bedrock", "invoke"]);
  assert.equal(record.usage?.inputTokens, 12);
});

test("its stream comes as chunks of Messages events, and the last bears the metrics", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    for (const word of ["It ", "rains."]) response.write(chunk(word));
    response.end(FINISH + USAGE_FRAME + DONE);
  };
  const { client } = lab.aws();
  const reply = await client.send(
    new InvokeModelWithResponseStreamCommand({ modelId: "engine", body: JSON.stringify(BODY) }),
  );
  const events: { type: string; delta?: { text?: string }; "amazon-bedrock-invocationMetrics"?: object }[] =
    [];
  for await (const part of reply.body ?? [])
    if (part.chunk?.bytes !== undefined) events.push(JSON.parse(Buffer.from(part.chunk.bytes).toString()));
  assert.deepEqual(
    [...new Set(events.map(({ type }) => type))],
    [
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ],
  );
  assert.equal(events.map(({ delta }) => delta?.text ?? "").join(""), "It rains.");
  const metrics = events.at(-1)?.["amazon-bedrock-invocationMetrics"] as Record<string, number>;
  assert.deepEqual([metrics["inputTokenCount"], metrics["outputTokenCount"]], [12, 3]);
});

test("other models of Bedrock answer Claude's bodies by Converse, and Claude itself gets the bytes", async () => {
  await using lab = await startLab();
  const { tools: _tools, ...plainBody } = BODY;
  for (const modelId of ["nova", "llama", "sim"] as const) {
    const { type, content } = await invoked(lab, modelId, plainBody);
    assert.equal(type, "message", modelId);
    assert.equal(content[0]?.type, "text", modelId);
  }
  await invoked(lab, "claude", plainBody);
  assert.equal(lab.emulator.requests().at(-1)?.body.toString(), JSON.stringify(plainBody));
});

test("a stream that breaks off is an exception, and never an end", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("a part"), () => response.destroy());
  };
  const { client } = lab.aws();
  const reply = await client.send(
    new InvokeModelWithResponseStreamCommand({ modelId: "engine", body: JSON.stringify(BODY) }),
  );
  await assert.rejects(async () => {
    for await (const part of reply.body ?? [])
      assert.doesNotMatch(Buffer.from(part.chunk?.bytes ?? []).toString(), /message_stop/);
  });
});

test("bodies of other models, and what a target cannot express, are refused and nothing is sent", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  for (const body of [
    { prompt: "x" },
    { ...BODY, anthropic_beta: ["context-1m-2025-08-07"] },
    { ...BODY, container: "c" },
  ]) {
    const asked = client.send(new InvokeModelCommand({ modelId: "engine", body: JSON.stringify(body) }));
    await assert.rejects(
      asked,
      (error) => error instanceof ValidationException && /Bedrock|express/.test(error.message),
    );
  }
  assert.equal(lab.engine.seen.length, 0);
});

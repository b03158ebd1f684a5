import assert from "node:assert/strict";
import test from "node:test";
import { NO_BOTO3 } from "./boto3.ts";
import { TIME, WEATHER } from "./converse-replies.ts";
import { both, startEngine } from "./engine-setup.ts";
import { asking } from "./setup.ts";

/** boto3's converse and converse_stream on the simulator. */

const skip = NO_BOTO3;

test("boto3's converse on the simulator", { skip }, async (suite) => {
  await using setup = await startEngine();

  await suite.test("chats and streams with usage", async () => {
    const { reply } = await both(setup, { modelId: "sim", ...asking("hi there") });
    assert.match(reply.output.message.content[0]?.text ?? "", /^You said "hi there"/);
  });

  await suite.test("calls tools in two turns", async () => {
    const toolConfig = { tools: [WEATHER, TIME] };
    const messages = [{ role: "user", content: [{ text: "get_weather and get_time" }] }];
    const { reply, stream } = await both(setup, { modelId: "sim", messages, toolConfig });
    assert.equal(reply.stopReason, "tool_use");
    const uses = reply.output.message.content.flatMap(({ toolUse }) => toolUse ?? []);
    assert.deepEqual(
      stream.calls.map(({ name, input }) => ({ name, input: JSON.parse(input) as unknown })),
      uses.map(({ name, input }) => ({ name, input })),
    );
    const content = uses.map(({ toolUseId }) => ({ toolResult: { toolUseId, content: [{ text: "noon" }] } }));
    const second = await both(setup, {
      modelId: "sim",
      messages: [...messages, reply.output.message, { role: "user", content }],
      toolConfig,
    });
    assert.match(second.reply.output.message.content[0]?.text ?? "", /You said "noon"/);
  });

  await suite.test("keeps a limit and a schema", async () => {
    const limited = await both(setup, { modelId: "sim", inferenceConfig: { maxTokens: 3 }, ...asking("hi") });
    assert.equal(limited.reply.stopReason, "max_tokens");
    assert.equal(limited.reply.usage.outputTokens, 3);
    const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
    const { reply } = await both(setup, {
      modelId: "sim",
      ...asking("ok?"),
      outputConfig: {
        textFormat: { type: "json_schema", structure: { jsonSchema: { schema: JSON.stringify(schema) } } },
      },
    });
    assert.deepEqual(JSON.parse(reply.output.message.content[0]?.text ?? ""), { ok: true });
  });
});

import assert from "node:assert/strict";
import net from "node:net";
import test from "node:test";
import { ConverseCommand, ConverseStreamCommand, InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { asking, collect, NOVA, post, sdk, sdk1, SONNET, start } from "./support.ts";

const AIP = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123";

for (const [name, client] of [
  ["HTTP/2", sdk],
  ["HTTP/1.1", sdk1],
] as const)
  test(`the AWS SDK is served over ${name}, its signature verified for ids and for ARNs`, async () => {
    await using emulator = await start({ script: { profiles: [{ arn: AIP, models: [SONNET] }] } });
    using runtime = client(emulator);
    for (const modelId of [
      SONNET,
      NOVA,
      AIP,
      "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
      "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
    ]) {
      const whole = await runtime.send(new ConverseCommand(asking("Hello", { modelId })));
      assert.equal(whole.stopReason, "end_turn");
      assert.match(whole.output?.message?.content?.[0]?.text ?? "", /\w/);
      const { stream } = await runtime.send(new ConverseStreamCommand(asking("Hello", { modelId })));
      const events = await collect(stream);
      assert.ok(events.at(-1)?.metadata?.usage?.totalTokens);
    }
    const [first] = emulator.requests();
    assert.equal(first?.httpVersion, name === "HTTP/2" ? "2.0" : "1.1");
    assert.equal(first?.signedBy?.kind, "sigv4");
    assert.equal(first?.headers.includes(":authority"), name === "HTTP/2");
    assert.ok(first?.path.includes("%3A"));
    assert.ok(emulator.requests().every(({ status }) => status === 200));
  });

test("a model id may come with its colon as it is", async () => {
  await using emulator = await start({ open: true });
  const body = { messages: [{ role: "user", content: [{ text: "Hello" }] }] };
  const { status } = await post(emulator, `/model/${NOVA}/converse`, body);
  assert.equal(status, 200);
});

test("an ARN whose slash was not escaped is no operation, said with status 200", async () => {
  await using emulator = await start({ open: true });
  const { status, json } = await post(emulator, `/model/${AIP}/converse`, {});
  assert.equal(status, 200);
  assert.deepEqual(json, {
    Output: { __type: "com.amazon.coral.service#UnknownOperationException" },
    Version: "1.0",
  });
});

test("every reply names its request, and errors are the type's name with the service's ending", async () => {
  await using emulator = await start({ open: true });
  const response = await fetch(`${emulator.url}/model/nothing/converse`, { method: "POST", body: "{}" });
  assert.match(response.headers.get("x-amzn-requestid") ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(
    response.headers.get("x-amzn-errortype"),
    "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/",
  );
  assert.deepEqual(await response.json(), { message: "The provided model identifier is invalid." });
});

test("a body that is no JSON, or has a wrong type in it, is a SerializationException", async () => {
  await using emulator = await start({ open: true });
  for (const body of ["{", '{"messages":"Hello"}', '{"messages":[{"role":1,"content":[]}]}']) {
    const { status, type } = await post(emulator, `/model/${SONNET}/converse`, body);
    assert.deepEqual([status, type], [400, "SerializationException"]);
  }
});

test("an InvokeModel reply carries its tokens in headers", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const command = new InvokeModelCommand({
    modelId: SONNET,
    body: JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 20,
      messages: [{ role: "user", content: "Hello" }],
    }),
  });
  let headers: Record<string, string> = {};
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      ({ headers } = result.response as { headers: Record<string, string> });
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  await runtime.send(command);
  assert.match(headers["x-amzn-bedrock-input-token-count"] ?? "", /^\d+$/);
  assert.equal(headers["x-amzn-bedrock-output-token-count"], "20");
  assert.match(headers["x-amzn-bedrock-invocation-latency"] ?? "", /^\d+$/);
});

test("closing ends connections that have said nothing and those in the middle of a stream", async () => {
  const emulator = await start({ open: true, script: { faults: [{ kind: "hang", afterFrames: 1 }] } });
  const silent = net.connect(emulator.port, "127.0.0.1");
  await new Promise((resolve) => silent.once("connect", resolve));
  const closed = new Promise((resolve) => silent.once("close", resolve));
  using runtime = sdk(emulator);
  const { stream } = await runtime.send(new ConverseStreamCommand(asking("Hello")));
  const reading = collect(stream).catch(() => []);
  await emulator.close();
  await closed;
  assert.ok((await reading).length <= 1);
});

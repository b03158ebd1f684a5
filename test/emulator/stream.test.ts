import assert from "node:assert/strict";
import test from "node:test";
import { ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import { FrameReader } from "../../src/core/event-stream.ts";
import { readRecordings } from "../../src/emulator/replay/recordings.ts";
import {
  asking,
  CLOCK,
  collect,
  NOVA,
  post,
  RECORDINGS,
  sdk,
  SONNET,
  start,
  WEATHER,
  withoutRecordings,
} from "./support.ts";

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

/** One event, decoded by the SDK's own codec. */
interface Decoded {
  readonly type: string;
  readonly headers: readonly string[];
  readonly body: Record<string, unknown>;
}

function decode(bytes: Buffer): Decoded[] {
  return new FrameReader().push(bytes).map((frame) => {
    const { headers, body } = codec.decode(frame.bytes);
    return {
      type: String(headers[":event-type"]?.value),
      headers: Object.keys(headers),
      body: JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>,
    };
  });
}

async function stream(url: string, body: unknown, model = SONNET): Promise<Decoded[]> {
  const response = await fetch(`${url}/model/${encodeURIComponent(model)}/converse-stream`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  assert.equal(response.headers.get("content-type"), "application/vnd.amazon.eventstream");
  return decode(Buffer.from(await response.arrayBuffer()));
}

const HELLO = [{ role: "user", content: [{ text: "Hello" }] }];

test("the SDK's codec reads every frame, and headers stand in the service's order", async () => {
  await using emulator = await start({ open: true });
  const events = await stream(emulator.url, { messages: HELLO });
  for (const { headers } of events)
    assert.deepEqual(headers, [":event-type", ":content-type", ":message-type"]);
});

test("text has no contentBlockStart, metadata is last, every event is padded and its members are sorted", async () => {
  await using emulator = await start({ open: true });
  const events = await stream(emulator.url, { messages: HELLO });
  const types = events.map(({ type }) => type);
  assert.equal(types[0], "messageStart");
  assert.ok(!types.includes("contentBlockStart"));
  assert.deepEqual(types.slice(-3), ["contentBlockStop", "messageStop", "metadata"]);
  const lengths = new Set(events.map(({ body }) => String(body["p"]).length));
  assert.ok(lengths.size > 1, "the padding's length varies");
  for (const { body } of events) {
    assert.match(String(body["p"]), /^abc*/);
    assert.deepEqual(Object.keys(body), Object.keys(body).toSorted());
  }
});

test("the same request gets the same answer, whole and streamed", async () => {
  await using emulator = await start({ open: true });
  const textOf = async (): Promise<string> =>
    (await stream(emulator.url, { messages: HELLO }))
      .map(({ body }) => (body["delta"] as { text?: string } | undefined)?.text ?? "")
      .join("");
  const streamed = await textOf();
  assert.equal(await textOf(), streamed);
  const { json } = await post(emulator, `/model/${SONNET}/converse`, { messages: HELLO });
  const { output } = json as unknown as { output: { message: { content: { text: string }[] } } };
  assert.equal(output.message.content[0]?.text, streamed);
});

test("tool arguments come in fragments of their text, one block after the other", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const { stream: events } = await runtime.send(
    new ConverseStreamCommand(
      asking("Use get_weather, then get_time.", { toolConfig: { tools: [WEATHER, CLOCK] } }),
    ),
  );
  const all = await collect(events);
  const starts = all.flatMap(({ contentBlockStart }) => contentBlockStart ?? []);
  assert.deepEqual(
    starts.map(({ start: begun, contentBlockIndex }) => [begun?.toolUse?.name, contentBlockIndex]),
    [
      ["get_weather", 1],
      ["get_time", 2],
    ],
  );
  const fragments = all.flatMap(({ contentBlockDelta: delta }) =>
    delta?.contentBlockIndex === 1 ? (delta.delta?.toolUse?.input ?? []) : [],
  );
  assert.ok(fragments.length > 1);
  const input = JSON.parse(fragments.join("")) as { city: string; days: number };
  assert.equal(typeof input.city, "string");
  assert.ok(input.days >= 1 && input.days <= 5);
  assert.equal(all.find(({ messageStop }) => messageStop)?.messageStop?.stopReason, "tool_use");
});

test("gpt-oss begins with a block of one empty text, then reasons, then answers", async () => {
  await using emulator = await start({ open: true });
  const events = await stream(emulator.url, { messages: HELLO }, "openai.gpt-oss-120b-1:0");
  assert.deepEqual(
    events.slice(1, 3).map(({ type, body }) => [type, body["contentBlockIndex"], body["delta"]]),
    [
      ["contentBlockDelta", 0, { text: "" }],
      ["contentBlockStop", 0, undefined],
    ],
  );
  const kinds = events.flatMap(({ type, body }) =>
    type === "contentBlockDelta" ? Object.keys(body["delta"] as object) : [],
  );
  assert.deepEqual([...new Set(kinds)], ["text", "reasoningContent"]);
  assert.equal(events.findLast(({ type }) => type === "contentBlockStop")?.body["contentBlockIndex"], 2);
});

test("Nova's code interpreter is run by the service: its call and result stand in the answer", async () => {
  await using emulator = await start({ open: true });
  const events = await stream(
    emulator.url,
    {
      messages: [{ role: "user", content: [{ text: "What is 1234 * 5678?" }] }],
      toolConfig: { tools: [{ systemTool: { name: "nova_code_interpreter" } }] },
    },
    "us.amazon.nova-2-lite-v1:0",
  );
  const starts = events.flatMap(({ type, body }) => (type === "contentBlockStart" ? body["start"] : []));
  assert.deepEqual(
    starts.map((begun) =>
      Object.entries(begun as Record<string, { type: string }>).map(([k, v]) => [k, v.type]),
    ),
    [[["toolUse", "server_tool_use"]], [["toolResult", "nova_code_interpreter_result"]]],
  );
  assert.match(JSON.stringify(events), /"stdOut":"7006652"/);
  assert.equal(events.find(({ type }) => type === "messageStop")?.body["stopReason"], "end_turn");
});

test("InvokeModel streams Anthropic's events in chunks, the last one with the metrics", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const { body } = await runtime.send(
    new InvokeModelWithResponseStreamCommand({
      modelId: SONNET,
      body: JSON.stringify({
        anthropic_version: "bedrock-2023-05-31",
        max_tokens: 500,
        messages: [{ role: "user", content: "call get_weather" }],
        tools: [{ name: "get_weather", input_schema: WEATHER.toolSpec.inputSchema.json }],
      }),
    }),
  );
  const events = (await collect(body)).map(
    ({ chunk }) =>
      JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as { type: string } & Record<string, unknown>,
  );
  const order = events.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1]);
  assert.deepEqual(order, [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
  const metrics = events.at(-1)?.["amazon-bedrock-invocationMetrics"] as Record<string, number>;
  assert.ok((metrics["inputTokenCount"] ?? 0) > 300 && (metrics["outputTokenCount"] ?? 0) > 0);
});

test("a stream that is not offered is refused before it begins", async () => {
  await using emulator = await start({ open: true });
  const path = "/model/us.meta.llama4-scout-17b-instruct-v1:0/converse-stream";
  const { status, json } = await post(emulator, path, { messages: HELLO, toolConfig: { tools: [WEATHER] } });
  assert.deepEqual([status, json.message], [400, "This model doesn't support tool use in streaming mode."]);
});

test(
  "recorded streams have the frames and the order that are emulated",
  { skip: withoutRecordings },
  async () => {
    await using emulator = await start({ open: true });
    const recorded = readRecordings(RECORDINGS).filter(
      ({ path, status }) => path.endsWith("-stream") && status === 200,
    );
    assert.ok(recorded.length > 0);
    for (const { path, body, reply } of recorded) {
      const response = await fetch(emulator.url + path, { method: "POST", body: new Uint8Array(body) });
      const shape = (events: Decoded[]): string[] =>
        events
          .map(({ type, headers, body: event }) => `${type} ${headers.join()} ${kindOf(event)}`)
          .filter((line, at, all) => line !== all[at - 1]);
      const [mine, theirs] = [decode(Buffer.from(await response.arrayBuffer())), decode(reply)].map(shape);
      assert.deepEqual(mine, theirs);
    }
  },
);

/** Which block an event belongs to and what it holds. */
function kindOf(event: Record<string, unknown>): string {
  const inner = (event["delta"] ?? event["start"] ?? {}) as Record<string, object>;
  const parts = Object.entries(inner).map(([name, value]) =>
    typeof value === "string" || Array.isArray(value) ? name : `${name}.${Object.keys(value).join(".")}`,
  );
  return `${String(event["contentBlockIndex"])} ${parts.join()}`;
}

test("Nova keeps the stop sequence in its text and says end_turn, Claude leaves it out and names it", async () => {
  await using emulator = await start({ open: true });
  const ask = async (model: string): Promise<{ stopReason: string; text: string }> => {
    const { json } = await post(emulator, `/model/${model}/converse`, {
      messages: [{ role: "user", content: [{ text: "Say something with STOPHERE in it." }] }],
      inferenceConfig: { stopSequences: ["STOPHERE"] },
    });
    const { stopReason, output } = json as unknown as {
      stopReason: string;
      output: { message: { content: { text: string }[] } };
    };
    return { stopReason, text: output.message.content[0]?.text ?? "" };
  };
  const claude = await ask(SONNET);
  assert.equal(claude.stopReason, "stop_sequence");
  assert.ok(claude.text !== "" && !claude.text.includes("STOPHERE"));
  const nova = await ask(NOVA);
  assert.equal(nova.stopReason, "end_turn");
  assert.ok(nova.text.endsWith("STOPHERE"));
});

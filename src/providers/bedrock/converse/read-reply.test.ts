import assert from "node:assert/strict";
import test from "node:test";
import { readConverseReply } from "./read-reply.ts";
import { ReplyFault } from "../../reply-fault.ts";
import type { ReadBack } from "../../conversation/read-back.ts";

const PLAIN: ReadBack = { names: new Map(), schemaTool: undefined };

function reply(content: readonly unknown[], stopReason = "end_turn", more: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      output: { message: { role: "assistant", content } },
      stopReason,
      usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
      metrics: { latencyMs: 250 },
      ...more,
    }),
  );
}

function toolUse(name: string, input: unknown, more: object = {}): unknown {
  return { toolUse: { toolUseId: `id-${name}`, name, input, ...more } };
}

test("a reply has its parts in order, its reason, its usage and its circumstances", () => {
  const read = readConverseReply(
    reply(
      [
        { reasoningContent: { reasoningText: { text: "hm", signature: "s" } } },
        { reasoningContent: { redactedContent: Buffer.from("ZGF0YQ==").toString("base64") } },
        { text: "let me see" },
        toolUse("look", { at: "it" }, { type: "tool_use" }),
      ],
      "tool_use",
      { serviceTier: { type: "flex" } },
    ),
    PLAIN,
  );
  assert.deepEqual(read, {
    parts: [
      { type: "reasoning", text: "hm", signature: "s" },
      { type: "redacted-reasoning", data: "ZGF0YQ==" },
      { type: "text", text: "let me see" },
      { type: "tool-call", id: "id-look", name: "look", input: '{"at":"it"}' },
    ],
    stop: "tool-calls",
    usage: {
      inputTokens: 3,
      cachedInputTokens: 0,
      cacheWriteInputTokens: 0,
      outputTokens: 4,
      reasoningTokens: 0,
    },
    latencyMs: 250,
    serviceTier: "flex",
  });
});

test("a signature alone is a thought, and an empty text is nothing", () => {
  const { parts } = readConverseReply(
    reply([
      { text: "" },
      { reasoningContent: { reasoningText: { text: "", signature: "alone" } } },
      { reasoningContent: { reasoningText: { text: "" } } },
    ]),
    PLAIN,
  );
  assert.deepEqual(parts, [{ type: "reasoning", text: "", signature: "alone" }]);
});

test("names of tools are the client's again", () => {
  const how = { names: new Map([["a_b_0123456789ab", "a.b"]]), schemaTool: undefined };
  const { parts } = readConverseReply(reply([toolUse("a_b_0123456789ab", {})], "tool_use"), how);
  assert.deepEqual(parts, [{ type: "tool-call", id: "id-a_b_0123456789ab", name: "a.b", input: "{}" }]);
});

test("arguments keep every digit", () => {
  const body = reply([toolUse("look", "@")], "tool_use")
    .toString()
    .replace('"@"', '{"n":12345678901234567890,"m":1.0,"e":1E+2,"z":-0}');
  const { parts, usage } = readConverseReply(Buffer.from(body), PLAIN);
  assert.equal(
    parts[0]?.type === "tool-call" && parts[0].input,
    '{"n":12345678901234567890,"m":1.0,"e":1E+2,"z":-0}',
  );
  assert.equal(usage?.inputTokens, 3);
});

test("the service's own calls and their results are passed over", () => {
  const { parts, stop } = readConverseReply(
    reply(
      [
        toolUse("nova_code_interpreter", { snippet: "1+1" }, { type: "server_tool_use" }),
        {
          toolResult: {
            toolUseId: "x",
            content: [{ json: { stdOut: "2" } }],
            type: "nova_code_interpreter_result",
          },
        },
        { text: "2" },
      ],
      "tool_use",
    ),
    PLAIN,
  );
  assert.deepEqual(parts, [{ type: "text", text: "2" }]);
  assert.equal(stop, "end");
});

test("blocks that are not known are passed over, and cited text is text", () => {
  const { parts } = readConverseReply(
    reply([
      { somethingNew: {} },
      { image: { format: "png", source: {} } },
      { citationsContent: { content: [{ text: "cited " }, { text: "words" }], citations: [] } },
      null,
    ]),
    PLAIN,
  );
  assert.deepEqual(parts, [{ type: "text", text: "cited words" }]);
});

test("the tool that answers becomes the answer, alone, and its call an end", () => {
  const how = { names: new Map(), schemaTool: "json_answer" };
  const { parts, stop } = readConverseReply(
    reply(
      [
        { text: "Here it is:" },
        toolUse("json_answer", { city: "Paris" }),
        toolUse("json_answer", { city: "Rome" }),
      ],
      "tool_use",
    ),
    how,
  );
  assert.deepEqual(parts, [{ type: "text", text: '{"city":"Paris"}' }]);
  assert.equal(stop, "end");
  const other = readConverseReply(reply([{ text: "let me look" }, toolUse("look", {})], "tool_use"), how);
  assert.equal(other.parts.length, 2);
  assert.equal(other.stop, "tool-calls");
});

test("every stop reason has its meaning", () => {
  for (const [reason, stop] of [
    ["end_turn", "end"],
    ["stop_sequence", "stop-sequence"],
    ["max_tokens", "max-tokens"],
    ["model_context_window_exceeded", "context-full"],
    ["content_filtered", "content-filter"],
    ["guardrail_intervened", "guardrail"],
    ["a_reason_of_next_year", "end"],
  ])
    assert.equal(readConverseReply(reply([{ text: "x" }], reason), PLAIN).stop, stop);
});

test("output that could not be read is a fault", () => {
  for (const reason of ["malformed_model_output", "malformed_tool_use"])
    assert.throws(() => readConverseReply(reply([{ text: "x" }], reason), PLAIN), ReplyFault);
});

test("an unknown operation answered with 200 is a fault, and so is anything that is no reply of Converse", () => {
  assert.throws(
    () =>
      readConverseReply(
        Buffer.from(
          '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
        ),
        PLAIN,
      ),
    { name: "ReplyFault", message: "the service does not know the operation (UnknownOperationException)" },
  );
  for (const body of ["", "{", "[]", "null", "{}", '{"output":{}}', '{"output":{"message":{"content":{}}}}'])
    assert.throws(() => readConverseReply(Buffer.from(body), PLAIN), ReplyFault, body);
  assert.throws(
    () => readConverseReply(Buffer.from('{"output":{"message":{"content":[]}}}'), PLAIN),
    ReplyFault,
  );
  assert.throws(() => readConverseReply(reply([{ toolUse: { input: {} } }]), PLAIN), ReplyFault);
});

test("a usage that is no usage leaves the reply what it is", () => {
  assert.equal(
    readConverseReply(reply([{ text: "x" }], "end_turn", { usage: { inputTokens: -1 } }), PLAIN).usage,
    undefined,
  );
});

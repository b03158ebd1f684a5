import assert from "node:assert/strict";
import test from "node:test";
import { scanObject } from "../../core/json-scan.ts";
import { NO_USAGE } from "../../core/usage.ts";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, ReplySink, UpstreamCall } from "../provider.ts";
import { openAiCompatible } from "./adapter.ts";
import { CountReading, ResponsesReading } from "./responses-reply.ts";

interface Heard {
  readonly told: string[];
  failure: AttemptFailure | undefined;
  usage: unknown;
}

function hearing(): { heard: Heard; sink: ReplySink } {
  const heard: Heard = { told: [], failure: undefined, usage: undefined };
  const sink: ReplySink = {
    whole: ({ body }) => heard.told.push(`whole ${body.toString()}`),
    chunk: () => heard.told.push("chunk"),
    end: () => heard.told.push("end"),
    head() {},
    dropped: (names) => heard.told.push(`dropped ${names.join()}`),
    alive() {},
    usage: (usage) => (heard.usage = usage),
    fail(failure) {
      heard.told.push(`fail ${failure.kind}`);
      heard.failure = failure;
    },
  };
  return { heard, sink };
}

function answered(body: string): Heard {
  const { heard, sink } = hearing();
  new ResponsesReading(sink, false, new Secrets()).answer(200, {}, Buffer.from(body));
  return heard;
}

test("a plain response goes on to the byte", () => {
  const body =
    '{ "status":"completed","usage":{"input_tokens":3,"output_tokens":2}, "x":12345678901234567890 }';
  const { told, usage } = answered(body);
  assert.deepEqual(told, [`whole ${body}`]);
  assert.equal((usage as { inputTokens: number }).inputTokens, 3);
});

test("a response that failed is a failure, whatever its status line says, and was paid for", () => {
  const failed = answered(
    '{"status":"failed","error":{"code":"server_error","message":"no"},"usage":{"input_tokens":3,"output_tokens":0}}',
  );
  assert.deepEqual(failed.told, ["fail status"]);
  assert.equal(failed.failure?.said, "no");
  assert.notEqual(failed.usage, undefined);
});

test("what is no JSON object is no response", () => {
  assert.deepEqual(answered("<html>").told, ["fail protocol"]);
});

test("thoughts that the upstream cannot read are told as another's", () => {
  const refused = (code: string): AttemptFailure | undefined => {
    const { heard, sink } = hearing();
    const body = Buffer.from(JSON.stringify({ error: { message: "no", code } }));
    new ResponsesReading(sink, false, new Secrets()).refuse(400, {}, body);
    return heard.failure;
  };
  assert.equal(refused("invalid_encrypted_content")?.foreignThoughts, true);
  assert.equal(refused("invalid_value")?.foreignThoughts, undefined);
});

test("counting is free", () => {
  const { heard, sink } = hearing();
  new CountReading(sink, new Secrets()).answer(200, {}, Buffer.from('{"input_tokens":9}'));
  assert.deepEqual(heard.told, ['whole {"input_tokens":9}']);
  assert.deepEqual(heard.usage, NO_USAGE);
});

test("a cap that the upstream cannot be told is refused, and nothing is sent", async () => {
  const provider = openAiCompatible("p", {
    baseUrl: "http://127.0.0.1:1/v1",
    apiKey: undefined,
    vendor: "openai",
    apiVersion: undefined,
    connections: 1,
  });
  const bytes = Buffer.from('{"input":"Hi"}');
  const call: UpstreamCall = {
    request: {
      dialect: "responses",
      operation: "chat",
      bytes,
      members: scanObject(bytes),
      inside: 1,
      model: "m",
      stream: false,
      includeUsage: true,
      maxOutputTokens: undefined,
      choices: 1,
      store: true,
      wordEdits: new Map(),
      headers: {},
    },
    model: "m",
    outputCap: 9,
    connectTimeoutMs: 1_000,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
  const { heard, sink } = hearing();
  assert.equal(provider.send(call, sink).sent, false);
  assert.deepEqual(heard.told, ["fail unsupported"]);
  await provider.close();
});

import assert from "node:assert/strict";
import test from "node:test";
import { plain } from "../../support/engine.ts";
import { API_KEY, CHAT, sendJson, startEmulated, startScripted } from "../traps/support.ts";
import { recordOf, told } from "./support.ts";

/** Models that Bedrock serves at OpenAI's own path, where requests pass as they are. */
const MODELS = { fine: "openai.gpt-oss-20b-1:0" };

test("a request of OpenAI's passes to OpenAI's path at the emulator, plain and streamed", async () => {
  await using pair = await startEmulated({ models: MODELS });
  for (const stream of [false, true]) {
    const reply = await pair.gateway.chat({ ...CHAT, stream });
    assert.equal(reply.status, 200, await reply.text());
    assert.equal(pair.emulator.requests().at(-1)?.operation, "ChatCompletions");
    const record = await recordOf(pair.gateway);
    assert.equal(record.status, "answered");
    assert.equal(record.estimated, false);
  }
});

const UNKNOWN = '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}';

test("a 200 with UnknownOperationException at OpenAI's path is an error, too", async () => {
  await using pair = await startScripted((_request, response) => sendJson(response, UNKNOWN), {
    models: MODELS,
  });
  for (const stream of [false, true]) {
    const reply = await told(await pair.gateway.chat({ ...CHAT, stream }), "openai", true);
    assert.equal(reply.status, 502);
    assert.equal((await recordOf(pair.gateway)).status, "failed");
  }
});

test("what Bedrock itself refuses at OpenAI's path, in its own shape, reaches an OpenAI client in OpenAI's", async () => {
  let status = 400;
  let exception = "";
  await using pair = await startScripted(
    (_request, response) =>
      plain(response, status, JSON.stringify({ message: "Scripted." }), { "x-amzn-errortype": exception }),
    { models: MODELS },
  );
  for (const [type, sent, wanted] of [
    ["ValidationException", 400, 400],
    ["ResourceNotFoundException", 404, 404],
    ["ThrottlingException", 429, 429],
    ["ThrottlingException", 400, 429],
    ["AccessDeniedException", 403, 502],
    ["UnrecognizedClientException", 403, 502],
    ["ServiceUnavailableException", 503, 502],
    ["ModelTimeoutException", 408, 504],
    ["ServiceQuotaExceededException", 400, 429],
    ["ModelErrorException", 424, 502],
    ["ModelNotReadyException", 429, 503],
  ] as const) {
    [exception, status] = [type, sent];
    for (const stream of [false, true]) {
      const reply = await told(await pair.gateway.chat({ ...CHAT, stream }), "openai", true);
      assert.equal(reply.status, wanted, `${type} ${sent}: ${reply.message}`);
      assert.equal((await recordOf(pair.gateway, type)).status, "failed");
    }
  }
});

test("our key in a refusal at OpenAI's path reaches no client", async () => {
  let status = 400;
  await using pair = await startScripted(
    (_request, response) =>
      sendJson(response, JSON.stringify({ error: { message: `bad ${API_KEY}` } }), status),
    { models: MODELS },
  );
  for (status of [400, 401, 403, 404, 429, 500]) {
    const reply = await told(await pair.gateway.chat(CHAT), "openai");
    assert.ok(!JSON.stringify(reply.body).includes(API_KEY), String(status));
    const record = await recordOf(pair.gateway);
    assert.ok(!`${record.message} ${record.attempts[0]?.cause}`.includes(API_KEY));
  }
});

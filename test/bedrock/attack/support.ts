import assert from "node:assert/strict";
import { Engine, type Script } from "../../support/engine.ts";
import { startGateway, until, type TestGateway } from "../../support/gateway.ts";
import { startBedrockEmulator, type RunningEmulator } from "../../../src/emulator/index.ts";
import { API_KEY, callModel, HAIKU, PAIR, SAY, type Any } from "../traps/support.ts";

/** A gateway with the target `aws` on the emulator and `eng` on an engine that speaks OpenAI's chat. */
export interface World extends AsyncDisposable {
  readonly emulator: RunningEmulator;
  readonly engine: Engine;
  readonly gateway: TestGateway;
}

export const TARGETS = ["aws", "eng"] as const;

export async function startWorld(script?: Script, more = ""): Promise<World> {
  const emulator = await startBedrockEmulator({ credentials: PAIR, bearerToken: API_KEY });
  const engine = await Engine.start(script);
  const gateway = await startGateway(
    `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", apiKey: "env:BEDROCK_KEY" }
  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }
targets:
  aws: { provider: aws, model: "${HAIKU}", tier: premium, price: { input: 1, output: 5 } }
  eng: { provider: eng, model: up, tier: dedicated, price: { input: 1, output: 2 } }
${more}`,
    { env: { BEDROCK_KEY: API_KEY } },
  );
  return {
    emulator,
    engine,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
}

/** Requests that reached an upstream. */
export function askedOf({ emulator, engine }: World): number {
  return emulator.requests().length + engine.seen.length;
}

/** What a client of either dialect was told. */
export interface Told {
  readonly status: number;
  /** OpenAI's `error.code`, or the exception's class; undefined where it was served. */
  readonly code: string | undefined;
  readonly message: string;
  readonly body: Any;
  readonly headers: Headers;
}

/**
 * Reads a plain reply of either dialect and insists on that dialect's own shape.
 *
 * @param own  whether a refusal must be the gateway's own, which names the exchange
 */
export async function told(reply: Response, dialect: "openai" | "bedrock", own = false): Promise<Told> {
  const text = await reply.text();
  const { status, headers } = reply;
  assert.match(headers.get("content-type") ?? "", /^application\/json/, text.slice(0, 200));
  const body: Any = JSON.parse(text);
  const exchange = headers.get("x-switchyard-exchange") ?? "";
  assert.match(exchange, /^[0-9a-f-]{36}$/);
  if (status === 200) return { status, code: undefined, message: "", body, headers };
  assert.ok(text.length < 8_192, `an error of ${text.length} characters helps nobody`);
  if (dialect === "openai") {
    const { error } = body;
    assert.equal(typeof error.message, "string", text);
    assert.equal(typeof error.type, "string", text);
    assert.equal(error.exchange, exchange);
    return { status, code: error.code, message: error.message, body, headers };
  }
  const message = body.message ?? body.Message;
  assert.equal(typeof message, "string", text);
  const code = headers.get("x-amzn-errortype")?.split(":")[0];
  assert.match(code ?? "", /Exception$/, text);
  if (own) assert.ok(message.includes(exchange), text);
  return { status, code, message, body, headers };
}

/** The record of the last exchange; there must be one, and nothing may have broken inside. */
export async function recordOf(gateway: TestGateway, what = "") {
  const record = await until(() => gateway.records[0], `the record ${what}`);
  await until(() => gateway.gateway.inFlight === 0, `the end of every exchange ${what}`);
  assert.equal(gateway.records.length, 1, `one exchange leaves one record ${what}`);
  assert.deepEqual(gateway.bugs, [], what);
  gateway.records.length = 0;
  return record;
}

/** After whatever was done to it, both dialects are served on both targets. */
export async function assertServes({ gateway, emulator }: World): Promise<void> {
  emulator.setFaults([]);
  gateway.records.length = 0;
  for (const target of TARGETS) {
    const chat = await gateway.chat({ model: target, messages: [{ role: "user", content: "hi" }] });
    assert.equal(chat.status, 200, await chat.text());
    const reply = await callModel(gateway, "converse", SAY("hi"), { model: target });
    assert.equal(reply.status, 200, await reply.text());
  }
  assert.deepEqual(gateway.bugs, []);
  await until(() => gateway.gateway.inFlight === 0, "the end of every exchange");
}

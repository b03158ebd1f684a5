import assert from "node:assert/strict";
import OpenAI from "openai";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import type { Engine, Script } from "../support/engine.ts";
import { startGateway, until, type TestGateway } from "../support/gateway.ts";
import { API_KEY, REGION, startEndpoint, useCredentials } from "./endpoint.ts";

useCredentials();

/** A gateway whose target `chat` is a model on SageMaker. */
export interface Setup extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly endpoint: Engine;
  /** The SDK with a good key and no repeats of its own. */
  readonly client: OpenAI;
}

export interface SetupOptions {
  /** Of the provider. */
  readonly payload?: "openai" | "openai-path" | "tgi" | "djl";
  /** More of the provider, beginning with a comma. */
  readonly provider?: string;
  readonly model?: string;
  /** More of the target, beginning with a comma. */
  readonly target?: string;
  /** More of the configuration. */
  readonly more?: string;
}

export async function startSetup(script: Script, options: SetupOptions = {}): Promise<Setup> {
  await using started = new AsyncDisposableStack();
  const endpoint = started.use(await startEndpoint(script));
  const { payload = "openai", provider = "", model = "chat-ep", target = "", more = "" } = options;
  const isPrompt = payload === "tgi" || payload === "djl";
  const template = isPrompt && !provider.includes("chatTemplate") ? ", chatTemplate: plain" : "";
  const gateway = await startGateway(
    `providers:
  sage: { kind: sagemaker, region: ${REGION}, baseUrl: "${endpoint.base}", payload: ${payload}${template}${provider} }
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 50000 }
targets:
  chat: { provider: sage, model: "${model}", tier: dedicated, price: { input: 1, output: 2 }${target} }
  other: { provider: sim, model: sim, tier: small, price: { input: 1, output: 2 } }
tasks:
  answer: { targets: [chat, other] }
${more}`,
    { env: { SAGEMAKER_KEY: API_KEY } },
  );
  started.move();
  return {
    gateway,
    endpoint,
    client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 }),
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

export const HELLO = [{ role: "user", content: "hi" }] satisfies OpenAI.ChatCompletionMessageParam[];

/** The record of the only exchange since the last; nothing may have broken inside. */
export async function recordOf({ gateway }: Setup): Promise<ExchangeRecord> {
  const record = await until(() => gateway.records[0], "the record");
  assert.equal(gateway.records.length, 1);
  assert.deepEqual(gateway.bugs, []);
  gateway.records.length = 0;
  return record;
}

/** What a chat was refused with. */
export async function refusalOf(
  setup: Setup,
  body: Partial<OpenAI.ChatCompletionCreateParams> = {},
): Promise<{ status: number; code: unknown; message: string; headers: Headers; text: string }> {
  const reply = await setup.gateway.chat({ model: "chat", messages: HELLO, ...body });
  const text = await reply.text();
  const { error } = JSON.parse(text) as { error?: { code?: unknown; message: string } };
  return {
    status: reply.status,
    code: error?.code,
    message: error?.message ?? "",
    headers: reply.headers,
    text,
  };
}

/** All that a stream says. */
export async function readStream(
  client: OpenAI,
  body: Partial<OpenAI.ChatCompletionCreateParamsStreaming> = {},
): Promise<{ text: string; finish: string | undefined; usage: OpenAI.CompletionUsage | undefined }> {
  const stream = await client.chat.completions.create({
    model: "chat",
    messages: HELLO,
    ...body,
    stream: true,
  });
  let text = "";
  let finish: string | undefined;
  let usage: OpenAI.CompletionUsage | undefined;
  for await (const event of stream) {
    text += event.choices[0]?.delta.content ?? "";
    finish = event.choices[0]?.finish_reason ?? finish;
    usage = event.usage ?? usage;
  }
  return { text, finish, usage };
}

import assert from "node:assert/strict";
import http from "node:http";
import { Engine, type Script } from "../support/engine.ts";
import { startGateway, until, type TestGateway, type TestGatewayOptions } from "../support/gateway.ts";
import { REGION, useCredentials } from "../sagemaker/endpoint.ts";
import { baseUrl } from "../triton/server.ts";

useCredentials();

/** What opens our upstreams; no client may ever see it. */
export const KEYS = {
  ANT_KEY: "sk-ant-canary-0123456789",
  NAT_KEY: "sk-nat-canary-0123456789",
  AZU_KEY: "azure-canary-0123456789",
  AWS_KEY: "bedrock-canary-0123456789",
  TRI_KEY: "triton-canary-0123456789",
};

export const MODELS = ["claude", "native", "azure", "bedrock", "sage", "triton"] as const;
export type Model = (typeof MODELS)[number];

export const CLIENTS = ["chat", "responses", "messages"] as const;
export type Client = (typeof CLIENTS)[number];

/** One scripted upstream behind every kind of provider, and a gateway before it. */
export interface World extends AsyncDisposable {
  readonly engine: Engine;
  readonly gateway: TestGateway;
  readonly yaml: string;
}

const PRICE = "tier: dedicated, price: { input: 1, output: 2 }";

/** @param target  more of every target, beginning with a comma */
export async function startWorld(
  script: Script,
  {
    target = "",
    more = "",
    ...options
  }: Omit<TestGatewayOptions, "env"> & { target?: string; more?: string } = {},
): Promise<World> {
  const engine = await Engine.start(script);
  const base = baseUrl(engine);
  const yaml = `
providers:
  ant: { kind: anthropic, baseUrl: "${base}", apiKey: env:ANT_KEY }
  nat: { kind: openai-compatible, baseUrl: "${engine.url}", vendor: openai, responses: pass, apiKey: env:NAT_KEY }
  azu: { kind: openai-compatible, baseUrl: "${base}/openai", vendor: azure, apiVersion: v1, apiKey: env:AZU_KEY }
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${base}", apiKey: env:AWS_KEY }
  sage: { kind: sagemaker, region: ${REGION}, baseUrl: "${base}", payload: openai }
  tri: { kind: triton, baseUrl: "${base}", apiKey: env:TRI_KEY, chatTemplate: llama3 }
targets:
  claude: { provider: ant, model: claude-sonnet-4-5, ${PRICE}${target} }
  native: { provider: nat, model: gpt-5, ${PRICE}${target} }
  azure: { provider: azu, model: gpt-5, ${PRICE}${target} }
  bedrock: { provider: aws, model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ${PRICE}${target} }
  sage: { provider: sage, model: chat-ep, ${PRICE}${target} }
  triton: { provider: tri, model: llm, ${PRICE}${target} }
${more}`;
  const gateway = await startGateway(yaml, { ...options, env: KEYS });
  return {
    engine,
    gateway,
    yaml,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      assert.deepEqual(gateway.bugs, []);
    },
  };
}

const PATHS: Readonly<Record<Client, string>> = {
  chat: "/v1/chat/completions",
  responses: "/v1/responses",
  messages: "/v1/messages",
};

export function bodyOf(client: Client, model: string, stream: boolean, text = "hi"): object {
  if (client === "responses") return { model, stream, input: text };
  const messages = [{ role: "user", content: text }];
  return client === "chat" ? { model, stream, messages } : { model, stream, messages, max_tokens: 100 };
}

/** A request whose reply is read by hand, on a connection of its own. */
export function open(
  { gateway }: World,
  path: string,
  body: object | string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = http.request(gateway.url + path, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", "x-api-key": gateway.key, ...headers },
    });
    request.on("response", resolve);
    request.on("error", reject);
    request.end(typeof body === "string" ? body : JSON.stringify(body));
  });
}

export function openStream(world: World, client: Client, model: Model): Promise<http.IncomingMessage> {
  return open(world, PATHS[client], bodyOf(client, model, true));
}

/** Everything of a reply, as far as it comes. */
export async function textOf(response: http.IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  try {
    for await (const part of response) parts.push(part as Buffer);
  } catch {
    // It was cut: what came is there.
  }
  return Buffer.concat(parts).toString();
}

export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export async function post(
  world: World,
  path: string,
  body: object | string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Reply> {
  const response = await open(world, path, body, headers);
  return { status: response.statusCode ?? 0, headers: response.headers, text: await textOf(response) };
}

export function ask(world: World, client: Client, model: Model, stream: boolean): Promise<Reply> {
  return post(world, PATHS[client], bodyOf(client, model, stream));
}

/** Nothing is under way any more, and nothing of ours broke. */
export async function assertIdle({ gateway }: World): Promise<void> {
  await until(() => gateway.gateway.inFlight === 0, "the end of every exchange");
  assert.deepEqual(gateway.bugs, []);
}

/** Every client with every kind of provider. */
export const PAIRS = CLIENTS.flatMap((client) => MODELS.map((model) => [client, model] as const));

/** What a proper end looks like. */
export const ENDS: Readonly<Record<Client, RegExp>> = {
  chat: /data: \[DONE\]\n\n$/,
  responses: /event: response\.completed\ndata: .*\n\n$/,
  messages: /event: message_stop\ndata: .*\n\n$/,
};

/** What an error in mid-stream looks like. */
export const ERROR_ENDS: Readonly<Record<Client, RegExp>> = {
  chat: /data: \{"error":.*\}\n\n$/,
  responses: /event: error\ndata: \{"type":"error".*\}\n\n$/,
  messages: /event: error\ndata: \{"type":"error".*\}\n\n$/,
};

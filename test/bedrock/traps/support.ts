import assert from "node:assert/strict";
import type http from "node:http";
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import OpenAI from "openai";
import { FrameReader, writeEvent, type Frame } from "../../../src/core/event-stream.ts";
import { startBedrockEmulator, type RunningEmulator, type Script } from "../../../src/emulator/index.ts";
import { awsPair } from "../../../src/policy/aws-pair.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { Engine, type Script as EngineScript } from "../../support/engine.ts";
import { startGateway, until, type TestGateway, type TestGatewayOptions } from "../../support/gateway.ts";

/** The API key of the provider, with characters that JSON and addresses may spell in two ways. */
export const API_KEY = "ABSK-canary/4f9d+Zq=0123456789abcdef";
/** What the emulator verifies signatures with. */
export const PAIR = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY",
};
export const HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
export const NOVA = "us.amazon.nova-lite-v1:0";
export const OPUS_PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/opus47demo";

export interface Front extends AsyncDisposable {
  readonly gateway: TestGateway;
}

export interface FrontOptions extends TestGatewayOptions {
  /** Upstream model ids by the targets' names; "fine" on Claude Haiku 4.5 where absent. */
  readonly models?: Readonly<Record<string, string>>;
  /** More of every target, beginning with a comma. */
  readonly target?: string;
  /** More of the configuration. */
  readonly more?: string;
  /** More of the provider, beginning with a comma. */
  readonly provider?: string;
}

export function bedrockYaml(url: string, options: FrontOptions = {}): string {
  const { models = { fine: HAIKU }, target = "", more = "", provider = "" } = options;
  const lines = Object.entries(models).map(
    ([name, model]) =>
      `  ${name}: { provider: aws, model: "${model}", tier: premium, price: { input: 1, output: 5, cacheRead: 0.1, cacheWrite: 1.25, cacheWrite1h: 2 }${target} }`,
  );
  return `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${url}", apiKey: "env:BEDROCK_KEY"${provider} }
targets:
${lines.join("\n")}
${more}`;
}

export function startFront(url: string, options: FrontOptions = {}): Promise<TestGateway> {
  return startGateway(bedrockYaml(url, options), {
    ...options,
    env: { BEDROCK_KEY: API_KEY, ...options.env },
  });
}

/** The gateway in front of the emulator. */
export interface Emulated extends Front {
  readonly emulator: RunningEmulator;
}

export async function startEmulated(options: FrontOptions & { script?: Script } = {}): Promise<Emulated> {
  const emulator = await startBedrockEmulator({
    credentials: PAIR,
    bearerToken: API_KEY,
    ...(options.script !== undefined && { script: options.script }),
    ...(options.clock !== undefined && { clock: options.clock }),
  });
  const gateway = await startFront(emulator.url, options);
  return {
    emulator,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
}

/** The gateway in front of an upstream that does what a test says. */
export interface Scripted extends Front {
  readonly engine: Engine;
}

export async function startScripted(script: EngineScript, options: FrontOptions = {}): Promise<Scripted> {
  const engine = await Engine.start(script);
  const gateway = await startFront(`http://127.0.0.1:${engine.port}`, options);
  return {
    engine,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked at in all directions
export type Any = any;
export type Json = Readonly<Record<string, unknown>>;

/** The events of a stream that ends as it should, with other blocks where they are given. */
export function streamOf(
  blocks: readonly Buffer[] = textBlock(0, ["one ", "two ", "three"]),
  usage: unknown = USAGE,
): Buffer[] {
  return [event("messageStart", { role: "assistant" }), ...blocks, ...ending("end_turn", usage)];
}

export const USAGE = { inputTokens: 12, outputTokens: 3, totalTokens: 15 };

export function ending(stopReason: string, usage: unknown = USAGE): Buffer[] {
  return [event("messageStop", { stopReason }), event("metadata", { metrics: { latencyMs: 7 }, usage })];
}

export function textBlock(index: number, words: readonly string[]): Buffer[] {
  return [...words.map((text) => delta(index, { text })), stop(index)];
}

export function delta(index: number, value: Json): Buffer {
  return event("contentBlockDelta", { contentBlockIndex: index, delta: value });
}

export function stop(index: number): Buffer {
  return event("contentBlockStop", { contentBlockIndex: index });
}

export function toolStart(index: number, toolUseId: string, name: string, more: Json = {}): Buffer {
  return event("contentBlockStart", {
    contentBlockIndex: index,
    start: { toolUse: { toolUseId, name, ...more } },
  });
}

export function event(type: string, payload: Json): Buffer {
  return writeEvent(type, JSON.stringify({ ...payload, p: "abcdefghij" }));
}

/** A plain Converse reply. */
export function converseReply(content: readonly Json[], more: Json = {}): string {
  return JSON.stringify({
    metrics: { latencyMs: 7 },
    output: { message: { role: "assistant", content } },
    stopReason: "end_turn",
    usage: USAGE,
    ...more,
  });
}

export function sendStream(response: http.ServerResponse, pieces: readonly Buffer[]): void {
  openStream(response);
  response.end(Buffer.concat(pieces));
}

export function openStream(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
}

export function sendJson(
  response: http.ServerResponse,
  body: string,
  status = 200,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}

/** An AWS SDK that calls the gateway, or the emulator, with a key. */
export function sdk(endpoint: string, token: string): BedrockRuntimeClient {
  return new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint,
    maxAttempts: 1,
    token: { token },
    authSchemePreference: ["httpBearerAuth"],
  });
}

/** The same, with a pair that it signs with. */
export function signingSdk(endpoint: string, credentials: typeof PAIR): BedrockRuntimeClient {
  return new BedrockRuntimeClient({ region: "us-east-1", endpoint, maxAttempts: 1, credentials });
}

export function openai({ url, key }: TestGateway): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
}

/** Issues an access-key pair. */
export function issuePair(gateway: TestGateway): typeof PAIR {
  const { record } = gateway.issue({ rights: { aws: true } });
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(0));
  return { accessKeyId, secretAccessKey: gateway.ring.signer(accessKeyId, Date.now()).secret };
}

/** Calls an operation of Bedrock's at the gateway. */
export function callModel(
  gateway: TestGateway,
  operation: string,
  body: object | string | Buffer,
  options: { model?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const { model = "fine", headers = {}, signal } = options;
  return fetch(`${gateway.url}/model/${encodeURIComponent(model)}/${operation}`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
    body:
      typeof body === "string" ? body : Buffer.isBuffer(body) ? new Uint8Array(body) : JSON.stringify(body),
    ...(signal !== undefined && { signal }),
  });
}

export const SAY = (text: string): Json => ({ messages: [{ role: "user", content: [{ text }] }] });
export const CHAT = { model: "fine", messages: [{ role: "user", content: "hi" }] };

export interface ReadEvent {
  readonly kind: Frame["kind"];
  readonly type: string;
  readonly json: Any;
}

/** The events of a whole stream. */
export async function eventsOf(response: Response): Promise<ReadEvent[]> {
  return readEvents(Buffer.from(await response.arrayBuffer()));
}

export function readEvents(bytes: Buffer): ReadEvent[] {
  const reader = new FrameReader();
  const frames = reader.push(bytes);
  assert.equal(reader.pending, 0, "the client received half a message");
  return frames.map((frame) => ({
    kind: frame.kind,
    type: frame.type,
    json: JSON.parse(frame.payload.toString()) as unknown,
  }));
}

/** The chunks of an OpenAI stream, and whether it came to its `[DONE]`. */
export async function chunksOf(response: Response): Promise<{ chunks: Any[]; isDone: boolean }> {
  const text = await response.text();
  const data = text.split("\n\n").flatMap((part) => (part.startsWith("data: ") ? [part.slice(6)] : []));
  const isDone = data.at(-1) === "[DONE]";
  return {
    chunks: (isDone ? data.slice(0, -1) : data).map((part) => JSON.parse(part) as unknown),
    isDone,
  };
}

/** The body that the emulator, or an engine, received last. */
export function lastBody(upstream: RunningEmulator | Engine): Any {
  const text = upstream instanceof Engine ? upstream.lastBody : (upstream.requests().at(-1)?.body ?? "");
  return JSON.parse(text);
}

/** The only record there is, once there is one; and nothing broke inside. */
export async function onlyRecord(gateway: TestGateway): Promise<ExchangeRecord> {
  const record = await until(() => gateway.records[0], "the record");
  await until(() => gateway.gateway.inFlight === 0, "the end of every exchange");
  assert.equal(gateway.records.length, 1, "one exchange leaves one record");
  assert.deepEqual(gateway.bugs, []);
  gateway.records.length = 0;
  return record;
}

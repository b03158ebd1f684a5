import assert from "node:assert/strict";
import { startBedrockEmulator, type RunningEmulator } from "../../src/emulator/index.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { Engine } from "../support/engine.ts";
import { startGateway, until, type TestGateway } from "../support/gateway.ts";
import { ask, type Answer, type Dialect, type Question } from "./clients.ts";
import { assertLegalChat } from "./legal-chat.ts";
import { messagesFault, strictMessages } from "./messages-server.ts";

export const TARGETS = ["eng", "aws", "ant"] as const;
export type Target = (typeof TARGETS)[number];
/** Which targets speak a client's own dialect, so that its bytes pass. Bedrock takes Messages by InvokeModel. */
const OWN: Readonly<Record<Dialect, readonly Target[]>> = {
  openai: ["eng"],
  responses: [],
  anthropic: ["ant", "aws"],
  bedrock: ["aws"],
};

export function passes(dialect: Dialect, target: Target): boolean {
  return OWN[dialect].includes(target);
}

/** A gateway in front of an engine, the emulator of Bedrock and a strict server of Messages. */
export interface World extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly engine: Engine;
  readonly messages: Engine;
  readonly emulator: RunningEmulator;
}

export async function startWorld(unsupported: "refuse" | "drop" = "refuse"): Promise<World> {
  const emulator = await startBedrockEmulator({ bearerToken: "bedrock-key" });
  const engine = await Engine.start();
  const messages = await Engine.start(strictMessages);
  const price = `tier: premium, unsupported: ${unsupported}, price: { input: 1, output: 2 }`;
  const gateway = await startGateway(
    `server: { bodyLimit: 64MiB }
providers:
  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", apiKey: "env:KEY" }
  ant: { kind: anthropic, baseUrl: "${messages.url.replace(/\/v1$/, "")}", apiKey: "env:KEY" }
targets:
  eng: { provider: eng, model: up, ${price} }
  aws: { provider: aws, model: us.anthropic.claude-haiku-4-5-20251001-v1:0, ${price} }
  ant: { provider: ant, model: claude-haiku-4-5-20251001, ${price} }
`,
    { env: { KEY: "bedrock-key" } },
  );
  return {
    gateway,
    engine,
    messages,
    emulator,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await messages[Symbol.asyncDispose]();
      await emulator.close();
    },
  };
}

/** What became of one request. */
export interface Outcome extends Answer {
  readonly record: ExchangeRecord;
  /** What the upstream got; undefined where it got nothing. */
  readonly sent: string | undefined;
}

export interface How {
  readonly stream?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Asks, and insists on what holds for whatever is asked: an answer that the SDK understands, one record of it, nothing
 * broken inside, and nothing sent that its receiver must refuse, unless the bytes are the client's own.
 */
export async function tell(
  world: World,
  dialect: Dialect,
  target: Target,
  body: string | Buffer | object,
  how: How = {},
): Promise<Outcome> {
  const { gateway } = world;
  const before = seen(world, target).length;
  gateway.records.length = 0;
  const { stream = false, headers = {} } = how;
  const question: Question = {
    dialect,
    model: target,
    body: bytesOf(body, dialect, target, stream),
    stream,
    headers,
  };
  const answer = await ask(gateway, question);
  const record = await until(() => gateway.records[0], "the record");
  const what = `${dialect} to ${target}`;
  assert.equal(gateway.records.length, 1, `${what}: one request leaves one record`);
  assert.deepEqual(gateway.bugs, [], what);
  const sent = seen(world, target).slice(before);
  if (answer.status !== 200) assertTold(answer, dialect, passes(dialect, target) ? Infinity : 4_096, what);
  for (const raw of sent)
    if (dialect === "openai" && target === "eng")
      assert.equal(raw.toString(), question.body.toString().replace('"model":"eng"', '"model":"up"'), what);
    // What an upstream refuses of a translated request, the test must have expected.
    else if (!passes(dialect, target) && answer.status === 200) assertLegal(raw, target, what);
  return { ...answer, record, sent: sent.at(-1)?.toString() };
}

function bytesOf(body: string | Buffer | object, dialect: Dialect, target: Target, stream: boolean): Buffer {
  if (Buffer.isBuffer(body)) return body;
  const named = dialect === "bedrock" ? {} : { model: target, ...(stream && { stream }) };
  if (typeof body === "string") return Buffer.from(body.replace('"$model"', () => JSON.stringify(target)));
  return Buffer.from(JSON.stringify({ ...named, ...body }));
}

function seen({ engine, messages, emulator }: World, target: Target): Buffer[] {
  if (target === "aws") return emulator.requests().map(({ body }) => Buffer.from(body ?? ""));
  return (target === "eng" ? engine : messages).seen.map(({ raw }) => raw);
}

/** An error of the dialect's own, of a length that somebody reads. */
function assertTold({ status, code, message }: Answer, dialect: Dialect, most: number, what: string): void {
  assert.ok(status >= 400 && status < 600, `${what}: ${status}`);
  assert.match(code ?? "", dialect === "bedrock" ? /Exception$/ : /^[a-z_]+$/, `${what}: ${message}`);
  assert.ok(
    message.length > 0 && message.length < most,
    `${what}: a message of ${message.length} characters`,
  );
}

function assertLegal(raw: Buffer, target: Target, what: string): void {
  if (target === "eng") assertLegalChat(raw, what);
  else if (target === "ant") assert.equal(messagesFault(raw), undefined, what);
}

import { BedrockRuntimeClient, type BedrockRuntimeClientConfig } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { HttpResponse } from "@smithy/protocol-http";
import OpenAI from "openai";
import {
  startBedrockEmulator,
  type Fault,
  type RunningEmulator,
  type Script,
} from "../../../src/emulator/index.ts";
import { awsPair, type AwsPair } from "../../../src/policy/aws-pair.ts";
import type { KeyRecord } from "../../../src/policy/key.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { Engine } from "../../support/engine.ts";
import { startGateway, until, type TestGateway } from "../../support/gateway.ts";

/** What the emulator takes signatures of, and what the gateway signs with. */
const UPSTREAM = { accessKeyId: "AKIAUPSTREAMTEST", secretAccessKey: "upstream-secret-of-the-tests" };
process.env["AWS_ACCESS_KEY_ID"] = UPSTREAM.accessKeyId;
process.env["AWS_SECRET_ACCESS_KEY"] = UPSTREAM.secretAccessKey;
delete process.env["AWS_SESSION_TOKEN"];
delete process.env["AWS_BEARER_TOKEN_BEDROCK"];
delete process.env["AWS_PROFILE"];

/** Nano-dollars of a token of each kind: a dollar for a million is 1,000 for one. */
export interface Price {
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead?: bigint;
  readonly cacheWrite?: bigint;
  readonly cacheWrite1h?: bigint;
}

/** Targets, with what the configuration says and what one token of it costs. */
const TARGETS = {
  claude: { provider: "aws", model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0" },
  "claude-two": { provider: "aws", model: "us.anthropic.claude-haiku-4-5-20251001-v1:0" },
  adaptive: { provider: "aws", model: "us.anthropic.claude-sonnet-4-6" },
  opus: { provider: "aws", model: "us.anthropic.claude-opus-4-7" },
  older: { provider: "aws", model: "us.anthropic.claude-3-7-sonnet-20250219-v1:0" },
  profile: {
    provider: "aws",
    model: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/sonnet45demo",
  },
  nova: { provider: "aws", model: "us.amazon.nova-lite-v1:0" },
  llama: { provider: "aws", model: "us.meta.llama3-3-70b-instruct-v1:0" },
  oss: { provider: "aws", model: "openai.gpt-oss-120b-1:0" },
  qwen: { provider: "aws", model: "qwen.qwen3-32b-v1:0" },
  titan: { provider: "aws", model: "amazon.titan-embed-text-v2:0" },
  cohere3: { provider: "aws", model: "cohere.embed-multilingual-v3" },
  cohere4: { provider: "aws", model: "us.cohere.embed-v4:0" },
  "nova-embed": { provider: "aws", model: "amazon.nova-2-multimodal-embeddings-v1:0" },
  keyed: { provider: "aws-keyed", model: "us.amazon.nova-micro-v1:0" },
  stranger: { provider: "aws-stranger", model: "us.amazon.nova-micro-v1:0" },
  engine: { provider: "eng", model: "engine-model" },
  sim: { provider: "sim", model: "sim-small" },
} as const;
export type TargetName = keyof typeof TARGETS;

const CLAUDE: Price = {
  input: 3_300n,
  output: 16_500n,
  cacheRead: 330n,
  cacheWrite: 4_125n,
  cacheWrite1h: 6_600n,
};
const PLAIN: Price = { input: 1_000n, output: 2_000n };

export function priceOf(target: TargetName): Price {
  return TARGETS[target].model.includes("claude") || target === "profile" ? CLAUDE : PLAIN;
}

export function modelOf(target: TargetName): string {
  return TARGETS[target].model;
}

export interface LabOptions {
  readonly script?: Script;
  /** Added to targets' lines: `claude: ", unsupported: drop"`. */
  readonly more?: { readonly [target in TargetName]?: string };
  /** Added at the top level. */
  readonly yaml?: string;
}

/** An emulator of Bedrock, a scripted engine and a simulator behind one gateway, each over real sockets. */
export interface Lab extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly emulator: RunningEmulator;
  readonly engine: Engine;
  /** The SDK of AWS with a bearer key and no repeats of its own, over HTTP/2. */
  aws(config?: AwsOptions): Aws;
  readonly openai: OpenAI;
  /** What goes wrong from now on. */
  faults(...faults: readonly Fault[]): void;
  /** The body of the emulator's last request. */
  sent(): Record<string, unknown>;
  /** The newest record, once there are so many. */
  last(count?: number): Promise<ExchangeRecord>;
  /** A key with an access-key pair. */
  pair(record?: Partial<KeyRecord>): AwsPair;
}

export interface AwsOptions extends BedrockRuntimeClientConfig {
  /** HTTP/1.1 instead of HTTP/2. */
  readonly http1?: boolean;
  readonly key?: string;
}

/** A client of AWS's SDK and the headers of its last reply. */
export interface Aws extends Disposable {
  readonly client: BedrockRuntimeClient;
  readonly headers: () => Readonly<Record<string, string>>;
  /** The record of the last reply's exchange. */
  record(): Promise<ExchangeRecord>;
}

export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const emulator = await startBedrockEmulator({
    credentials: UPSTREAM,
    bearerToken: "upstream-api-key",
    region: "us-east-1",
    ...(options.script !== undefined && { script: options.script }),
  });
  const engine = await Engine.start();
  const gateway = await startGateway(configuration(emulator.url, engine.url, options), {
    env: { UPSTREAM_KEY: "upstream-api-key", WRONG_KEY: "no-such-key" },
  });
  const clients: Aws[] = [];
  return {
    gateway,
    emulator,
    engine,
    aws(config = {}) {
      const client = awsClient(gateway, config);
      clients.push(client);
      return client;
    },
    openai: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 }),
    faults: (...faults) => emulator.setFaults(faults),
    sent: () => JSON.parse(emulator.requests().at(-1)?.body ?? "{}") as Record<string, unknown>,
    last: (count = 1) => until(() => gateway.records.length >= count && gateway.records.at(-1), "the record"),
    pair: (record = {}) => pairOf(gateway, record),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      // The upstreams first: an exchange that hangs on one would hold the gateway up.
      await emulator.close();
      await engine[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

function configuration(emulatorUrl: string, engineUrl: string, { more = {}, yaml = "" }: LabOptions): string {
  const targets = Object.entries(TARGETS).map(([name, { provider, model }]) => {
    const price = Object.entries(priceOf(name as TargetName)).map(
      ([kind, nano]) => `${kind}: ${Number(nano) / 1_000}`,
    );
    const extra = more[name as TargetName] ?? "";
    return `  ${name}: { provider: ${provider}, model: "${model}", tier: premium, price: { ${price.join(", ")} }${extra} }`;
  });
  const tasks = yaml.includes("tasks:") ? "" : "tasks: { support.answer: { targets: [claude] } }\n";
  return `
providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulatorUrl}" }
  aws-keyed: { kind: bedrock, region: us-east-1, baseUrl: "${emulatorUrl}", apiKey: env:UPSTREAM_KEY }
  aws-stranger: { kind: bedrock, region: us-east-1, baseUrl: "${emulatorUrl}", apiKey: env:WRONG_KEY }
  eng: { kind: openai-compatible, baseUrl: "${engineUrl}" }
  sim: { kind: simulator, firstToken: 2ms, tokensPerSecond: 50000 }
targets:
${targets.join("\n")}
${tasks}${yaml}
`;
}

function pairOf(gateway: TestGateway, wanted: Partial<KeyRecord>): AwsPair {
  // A revoked or expired key tells its secret no more, so it is issued good and then made what it shall be.
  const { record } = gateway.issue({ rights: { aws: true, ...wanted.rights } });
  // The id does not depend on the pepper, which the ring alone knows.
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(0));
  const { secret } = gateway.ring.signer(accessKeyId, Date.now());
  if (Object.keys(wanted).length > 0)
    gateway.ring.put([{ ...record, ...wanted, rights: { ...record.rights, ...wanted.rights } }]);
  return { accessKeyId, secretAccessKey: secret };
}

function awsClient(gateway: TestGateway, { http1, key, ...config }: AwsOptions): Aws {
  const client = new BedrockRuntimeClient({
    region: "eu-central-1",
    endpoint: gateway.url,
    maxAttempts: 1,
    ...(http1 === true && { requestHandler: new NodeHttpHandler() }),
    ...(config.credentials === undefined && {
      token: { token: key ?? gateway.key },
      authSchemePreference: ["httpBearerAuth"],
    }),
    ...config,
  });
  let last: Readonly<Record<string, string>> = {};
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      last = (result.response as HttpResponse).headers;
      return result;
    },
    { step: "deserialize", priority: "low" },
  );
  return {
    client,
    headers: () => last,
    record: () => gateway.record(last["x-switchyard-exchange"] ?? ""),
    [Symbol.dispose]: () => client.destroy(),
  };
}

/** What Converse tells of tokens; in the units in which AWS counts, where cached ones are no input. */
export interface Tokens {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadInputTokens?: number | undefined;
  readonly cacheWriteInputTokens?: number | undefined;
  /** Of those written, how many for an hour. */
  readonly hour?: number;
}

/** What tokens cost, in nano-dollars: each kind times its price, and nothing else. */
export function costOf(target: TargetName, tokens: Tokens): bigint {
  const price = priceOf(target);
  const count = (value: number | undefined): bigint => BigInt(value ?? 0);
  const hour = count(tokens.hour);
  return (
    count(tokens.inputTokens) * price.input +
    count(tokens.outputTokens) * price.output +
    count(tokens.cacheReadInputTokens) * (price.cacheRead ?? price.input) +
    (count(tokens.cacheWriteInputTokens) - hour) * (price.cacheWrite ?? price.input) +
    hour * (price.cacheWrite1h ?? price.cacheWrite ?? price.input)
  );
}

/** A picture of one pixel. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
export const PDF = Buffer.from("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n");

/** A tool's schema. */
export const CITY = {
  type: "object",
  properties: { city: { type: "string" }, unit: { type: "string", enum: ["celsius", "fahrenheit"] } },
  required: ["city", "unit"],
  additionalProperties: false,
};

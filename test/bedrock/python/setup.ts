import assert from "node:assert/strict";
import { startBedrockEmulator, type RunningEmulator, type Script } from "../../../src/emulator/index.ts";
import { awsPair } from "../../../src/policy/aws-pair.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { startGateway, type TestGateway } from "../../support/gateway.ts";
import { Boto3, type CallOptions, type ClientOptions, type Outcome, type Params } from "./boto3.ts";

/** A gateway before the strict emulator, which it signs for, and boto3 with an access-key pair before the gateway. */
export interface Setup extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly emulator: RunningEmulator;
  readonly boto3: Boto3;
  /** A client of the tenant "acme" that tries once. */
  readonly client: ClientOptions;
  call(call: string, params: Params, options?: CallOptions): Promise<Outcome>;
  /** The record of the call's exchange. */
  record(outcome: Outcome): Promise<ExchangeRecord>;
}

/** Ids and ARNs as they are at AWS; a target each. */
export const MODELS = {
  sonnet: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  haiku: "anthropic.claude-3-haiku-20240307-v1:0",
  adaptive: "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-6",
  nova: "us.amazon.nova-lite-v1:0",
  profile: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/novalitedemo",
  titan: "amazon.titan-embed-text-v2:0",
} as const;

/** Nano-dollars a token, all whole numbers, so that sums need no rounding. */
export const NANO = { input: 3_300, output: 16_500, cacheRead: 330, cacheWrite: 4_125, cacheWrite1h: 6_600 };
const PRICE = "{ input: 3.30, output: 16.50, cacheRead: 0.33, cacheWrite: 4.125, cacheWrite1h: 6.60 }";

const PAIR = {
  accessKeyId: "AKIASWITCHYARDTEST00",
  secretAccessKey: "the-emulators-own-secret-access-key-0000",
};

export interface SetupOptions {
  readonly script?: Script;
  /** Whether requests bear the exchange's labels, on which the emulator's words depend; they do where absent. */
  readonly labels?: boolean;
  /** Lines of the configuration below `targets`. */
  readonly targets?: string;
  /** The rest of the configuration: other providers cannot be there, tasks, rules and tenants can. */
  readonly config?: string;
  readonly providers?: string;
}

export async function startSetup(options: SetupOptions = {}): Promise<Setup> {
  const emulator = await startBedrockEmulator({ credentials: PAIR, script: options.script ?? {} });
  process.env["AWS_ACCESS_KEY_ID"] = PAIR.accessKeyId;
  process.env["AWS_SECRET_ACCESS_KEY"] = PAIR.secretAccessKey;
  const targets = Object.entries(MODELS).map(
    ([name, model]) => `  ${name}: { provider: aws, model: "${model}", tier: premium, price: ${PRICE} }\n`,
  );
  const config = `
providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", requestMetadata: ${options.labels ?? true} }
${options.providers ?? ""}
targets:
${targets.join("")}${options.targets ?? ""}
${options.config ?? ""}
`;
  const gateway = await startGateway(config).catch(async (error: unknown) => {
    await emulator.close();
    throw error;
  });
  const boto3 = new Boto3();
  const client = clientFor(gateway);
  return {
    gateway,
    emulator,
    boto3,
    client,
    call: (call, params, how) => boto3.call(client, call, params, how),
    record: (outcome) => gateway.record(exchangeOf(outcome)),
    async [Symbol.asyncDispose]() {
      await boto3[Symbol.asyncDispose]();
      await emulator.close();
      await gateway[Symbol.asyncDispose]();
      assert.deepEqual(gateway.bugs, []);
    },
  };
}

/** A client that signs with the pair of a new key. */
export function clientFor(
  gateway: TestGateway,
  wish: Parameters<TestGateway["issue"]>[0] = {},
): ClientOptions & {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly keyId: string;
} {
  const { record } = gateway.issue({ ...wish, rights: { ...wish.rights, aws: true } });
  // The id of a pair is the key's own, whatever the pepper; the secret only the ring knows.
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(32));
  const { secret } = gateway.ring.signer(accessKeyId, 0);
  return { endpoint: gateway.url, accessKeyId, secretAccessKey: secret, keyId: record.id };
}

export function exchangeOf({ metadata, error }: Outcome): string {
  const headers = (metadata ?? error?.metadata)?.HTTPHeaders ?? {};
  const id = headers["x-switchyard-exchange"] ?? headers["x-amzn-requestid"] ?? "";
  assert.notEqual(id, "", `the reply names no exchange: ${JSON.stringify(headers)}`);
  return id;
}

/** The reply of a call that must succeed. */
export function replyOf(outcome: Outcome): unknown {
  assert.equal(outcome.error, undefined, JSON.stringify(outcome.error));
  return outcome.reply;
}

export interface ConverseUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly cacheReadInputTokens?: number;
  readonly cacheWriteInputTokens?: number;
  readonly cacheDetails?: readonly { readonly ttl: "5m" | "1h"; readonly inputTokens: number }[];
}

/** That a record has the usage that the client saw, and costs what that costs. */
export function assertCharged(record: ExchangeRecord, usage: ConverseUsage, nano = NANO): void {
  const {
    inputTokens,
    outputTokens,
    cacheReadInputTokens: read = 0,
    cacheWriteInputTokens: written = 0,
  } = usage;
  const long = usage.cacheDetails?.find(({ ttl }) => ttl === "1h")?.inputTokens ?? 0;
  assert.equal(usage.totalTokens, inputTokens + read + written + outputTokens);
  assert.equal(record.usage?.inputTokens, inputTokens + read + written);
  assert.equal(record.usage.cachedInputTokens, read);
  assert.equal(record.usage.cacheWriteInputTokens, written);
  assert.equal(record.usage.outputTokens, outputTokens);
  const cost =
    inputTokens * nano.input +
    outputTokens * nano.output +
    read * nano.cacheRead +
    (written - long) * nano.cacheWrite +
    long * nano.cacheWrite1h;
  assert.equal(record.costNano, BigInt(cost));
  assert.equal(record.estimated, false);
  assert.equal(record.status, "answered");
  assert.ok(record.ceilingNano === undefined || record.ceilingNano >= record.costNano, "above its ceiling");
}

export function asking(text: string): Params {
  return { messages: [{ role: "user", content: [{ text }] }] };
}

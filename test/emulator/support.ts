import { existsSync } from "node:fs";
import { BedrockRuntimeClient, type ConverseCommandInput } from "@aws-sdk/client-bedrock-runtime";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import {
  startBedrockEmulator,
  type EmulatorOptions,
  type RunningEmulator,
} from "../../src/emulator/index.ts";

export const PAIR = { accessKeyId: "AKIAEXAMPLEEXAMPLE00", secretAccessKey: "example/secret+key" };
export const SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
export const NOVA = "us.amazon.nova-lite-v1:0";

/** Real exchanges; not part of the repository. */
export const RECORDINGS = new URL("../../../shared/data/wire/bedrock/", import.meta.url).pathname;
export const withoutRecordings = existsSync(RECORDINGS)
  ? false
  : "the recorded exchanges are not on this machine";

export function start(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  return startBedrockEmulator({ credentials: PAIR, bearerToken: "a-long-term-key", ...options });
}

type ClientOptions = NonNullable<ConstructorParameters<typeof BedrockRuntimeClient>[0]>;

/** The SDK as it comes: HTTP/2. */
export function sdk(
  { url }: { readonly url: string },
  options: Partial<ClientOptions> = {},
): BedrockRuntimeClient & Disposable {
  const client = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: url,
    credentials: PAIR,
    maxAttempts: 1,
    ...options,
  });
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}

/** The SDK over HTTP/1.1, as every other AWS SDK speaks. */
export function sdk1(
  emulator: { readonly url: string },
  options: Partial<ClientOptions> = {},
): BedrockRuntimeClient & Disposable {
  return sdk(emulator, { requestHandler: new NodeHttpHandler(), ...options });
}

/** A request of one text. */
export function asking(text: string, more: Partial<ConverseCommandInput> = {}): ConverseCommandInput {
  return { modelId: SONNET, messages: [{ role: "user", content: [{ text }] }], ...more };
}

/** A raw request, for what no SDK would send. */
export async function post(
  { url }: { readonly url: string },
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly type: string | undefined; readonly json: Answered }> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const type = response.headers.get("x-amzn-errortype")?.split(":")[0];
  return { status: response.status, type, json: (await response.json()) as Answered };
}

/** Any JSON, looked into without ceremony by tests. */
export type Answered = { readonly message: string } & Record<string, unknown>;

/** What a call was refused with. */
export async function refusalOf(
  call: Promise<unknown>,
): Promise<
  Error & { readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number } }
> {
  try {
    await call;
  } catch (error) {
    return error as Error;
  }
  throw new Error("it was not refused");
}

/** All events of a stream, until it ends or fails. */
export async function collect<T>(stream: AsyncIterable<T> | undefined): Promise<T[]> {
  return stream === undefined ? [] : Array.fromAsync(stream);
}

export const WEATHER = {
  toolSpec: {
    name: "get_weather",
    description: "Tells the weather.",
    inputSchema: {
      json: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer", minimum: 1, maximum: 5 } },
        required: ["city"],
      },
    },
  },
};
export const CLOCK = {
  toolSpec: {
    name: "get_time",
    inputSchema: { json: { type: "object", properties: { zone: { type: "string", enum: ["UTC", "CET"] } } } },
  },
};

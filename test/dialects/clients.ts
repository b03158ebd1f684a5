import {
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { TestGateway } from "../support/gateway.ts";

// The makers' own SDKs, made to send bytes that they would never write: what they make of the answers is what counts.

export const DIALECTS = ["openai", "responses", "anthropic", "bedrock"] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface Question {
  readonly dialect: Dialect;
  readonly model: string;
  readonly body: Buffer;
  readonly stream: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** What an SDK made of the answer. */
export interface Answer {
  readonly status: number;
  /** Of the dialect: OpenAI's `code`, Anthropic's `type`, the class of AWS's exception; undefined where it was served. */
  readonly code: string | undefined;
  readonly message: string;
  /** Names of what was left out. */
  readonly dropped: string;
  /** The reply, or the events of its stream. */
  readonly reply: unknown;
}

export async function ask(gateway: TestGateway, question: Question): Promise<Answer> {
  if (question.dialect === "bedrock") return askBedrock(gateway, question);
  let dropped = "";
  const send = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(question.headers))
      if (value === "") headers.delete(name);
      else headers.set(name, value);
    const response = await fetch(url, { ...init, headers, body: new Uint8Array(question.body) });
    dropped = response.headers.get("x-switchyard-dropped-params") ?? "";
    return response;
  };
  try {
    const reply = await CALLS[question.dialect](gateway, question.stream, send);
    return { status: 200, code: undefined, message: "", dropped, reply };
  } catch (error) {
    if (error instanceof OpenAI.APIError)
      return { ...failed(error.status, error.code ?? undefined, error.message), dropped };
    if (error instanceof Anthropic.APIError) {
      const body = error.error as { readonly error?: { readonly type?: string; readonly message?: string } };
      return { ...failed(error.status, body.error?.type, body.error?.message ?? ""), dropped };
    }
    throw error;
  }
}

function failed(status: unknown, code: string | undefined, message: string): Omit<Answer, "dropped"> {
  return { status: Number(status), code, message, reply: undefined };
}

type Send = (url: string | URL | Request, init?: RequestInit) => Promise<Response>;
type Call = (gateway: TestGateway, stream: boolean, send: Send) => Promise<unknown>;

const MESSAGES = [{ role: "user" as const, content: "x" }];

const CALLS: Readonly<Record<Exclude<Dialect, "bedrock">, Call>> = {
  async openai({ url, key }, stream, send) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: send });
    const asked = { model: "m", messages: MESSAGES };
    return stream
      ? Array.fromAsync(await client.chat.completions.create({ ...asked, stream: true }))
      : client.chat.completions.create(asked);
  },
  async responses({ url, key }, stream, send) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: send });
    const asked = { model: "m", input: "x" };
    return stream
      ? Array.fromAsync(await client.responses.create({ ...asked, stream: true }))
      : client.responses.create(asked);
  },
  async anthropic({ url, key }, stream, send) {
    const client = new Anthropic({ baseURL: `${url}/anthropic`, apiKey: key, maxRetries: 0, fetch: send });
    const asked = { model: "m", max_tokens: 1, messages: MESSAGES };
    return stream
      ? Array.fromAsync(await client.messages.create({ ...asked, stream: true }))
      : client.messages.create(asked);
  },
};

/** One for each gateway: making one takes longer than asking. */
const AWS = new WeakMap<TestGateway, BedrockRuntimeClient>();

function awsClient(gateway: TestGateway): BedrockRuntimeClient {
  const known = AWS.get(gateway);
  if (known !== undefined) return known;
  const client = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: gateway.url,
    maxAttempts: 1,
    token: { token: gateway.key },
    authSchemePreference: ["httpBearerAuth"],
  });
  AWS.set(gateway, client);
  return client;
}

async function askBedrock(gateway: TestGateway, question: Question): Promise<Answer> {
  const client = awsClient(gateway);
  const asked = { modelId: question.model, messages: [] };
  const plain = new ConverseCommand(asked);
  const streamed = new ConverseStreamCommand(asked);
  let dropped = "";
  for (const { middlewareStack } of [plain, streamed])
    middlewareStack.add(
      (next) => async (args) => {
        const request = args.request as { body: unknown; headers: Record<string, string> };
        request.body = question.body;
        request.headers["content-length"] = String(question.body.length);
        Object.assign(request.headers, question.headers);
        const result = await next(args);
        const { headers } = result.response as { headers: Record<string, string> };
        dropped = headers["x-switchyard-dropped-params"] ?? "";
        return result;
      },
      { step: "build", priority: "low", name: "otherBytes" },
    );
  try {
    const reply = question.stream
      ? await Array.fromAsync((await client.send(streamed)).stream ?? [])
      : await client.send(plain);
    return { status: 200, code: undefined, message: "", dropped, reply };
  } catch (error) {
    if (!(error instanceof BedrockRuntimeServiceException)) throw error;
    return { ...failed(error.$metadata.httpStatusCode, error.name, error.message), dropped };
  }
}

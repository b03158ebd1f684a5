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

/** An AWS client, the question that it asks next, and what came back beside the answer. */
interface AwsDoor {
  readonly client: BedrockRuntimeClient;
  question: Question;
  dropped: string;
}

/** One for each gateway: making one takes longer than asking. */
const DOORS = new WeakMap<TestGateway, AwsDoor>();

function awsDoor(gateway: TestGateway, question: Question): AwsDoor {
  const known = DOORS.get(gateway);
  if (known !== undefined) return Object.assign(known, { question, dropped: "" });
  const client = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: gateway.url,
    maxAttempts: 1,
    token: { token: gateway.key },
    authSchemePreference: ["httpBearerAuth"],
  });
  const door: AwsDoor = { client, question, dropped: "" };
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { body: unknown; headers: Record<string, string> };
      request.body = door.question.body;
      request.headers["content-length"] = String(door.question.body.length);
      Object.assign(request.headers, door.question.headers);
      const result = await next(args);
      const { headers } = result.response as { headers: Record<string, string> };
      door.dropped = headers["x-switchyard-dropped-params"] ?? "";
      return result;
    },
    { step: "build", priority: "low", name: "otherBytes" },
  );
  DOORS.set(gateway, door);
  return door;
}

async function askBedrock(gateway: TestGateway, question: Question): Promise<Answer> {
  const door = awsDoor(gateway, question);
  const asked = { modelId: question.model, messages: [] };
  try {
    const reply = question.stream
      ? await Array.fromAsync((await door.client.send(new ConverseStreamCommand(asked))).stream ?? [])
      : await door.client.send(new ConverseCommand(asked));
    return { status: 200, code: undefined, message: "", dropped: door.dropped, reply };
  } catch (error) {
    if (!(error instanceof BedrockRuntimeServiceException)) throw error;
    return {
      ...failed(error.$metadata.httpStatusCode, error.name, error.message),
      dropped: door.dropped,
    };
  }
}

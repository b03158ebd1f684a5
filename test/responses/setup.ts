import assert from "node:assert/strict";
import http from "node:http";
import OpenAI, { type APIError } from "openai";
import { startBedrockEmulator, type RunningEmulator } from "../../src/emulator/index.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { answer, Engine, plain, sse, type Script, type Seen } from "../support/engine.ts";
import { startGateway, type TestGateway, type TestGatewayOptions } from "../support/gateway.ts";
import { MemoryResponses } from "../support/memory-responses.ts";

/** What clients of Responses are tried against: a gateway before all kinds of targets. */
export interface Setup extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** Speaks chat completions: target `chat`. */
  readonly chat: Engine;
  /** Speaks Responses: target `native`. */
  readonly native: Engine;
  /** Claude: target `claude`. */
  readonly bedrock: RunningEmulator;
  readonly kept: MemoryResponses;
  readonly client: OpenAI;
  /** A client with another key. */
  as(...wish: Parameters<TestGateway["issue"]>): OpenAI;
  /** The last record, when as many exchanges are over. */
  record(count: number): Promise<ExchangeRecord>;
}

const BEDROCK_KEY = "bedrock-key-of-the-test";
const PRICE = "tier: dedicated, price: { input: 1, output: 2 }";

/** The targets that answer, whichever way: simulated, translated, as bytes, and translated to Converse or Messages. */
export const TARGETS = ["sim", "chat", "native", "claude"] as const;

export interface SetupOptions extends Omit<TestGatewayOptions, "env"> {
  /** Further top-level sections. */
  readonly yaml?: string;
}

export async function startSetup({ yaml = "", ...options }: SetupOptions = {}): Promise<Setup> {
  const cleanup = new AsyncDisposableStack();
  const chat = cleanup.use(await Engine.start(answer(["Hel", "lo"])));
  const native = cleanup.use(await Engine.start(nativeAnswer()));
  const bedrock = cleanup.use(await startBedrockEmulator({ bearerToken: BEDROCK_KEY }));
  const kept = new MemoryResponses();
  const gateway = await startGateway(configuration(chat.url, native.url, bedrock.url) + yaml, {
    ...options,
    env: { BEDROCK_KEY },
    responses: options.responses ?? kept,
  }).catch(async (error: unknown) => {
    await cleanup.disposeAsync();
    throw error;
  });
  const clientOf = (apiKey: string): OpenAI =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0, timeout: 60_000 });
  return {
    gateway,
    chat,
    native,
    bedrock,
    kept,
    client: clientOf(gateway.key),
    as: (wish) => clientOf(gateway.issue(wish).key),
    async record(count) {
      for (let tries = 0; gateway.records.length < count && tries < 500; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      assert.equal(gateway.records.length, count, "records");
      return gateway.records.at(-1) ?? assert.fail();
    },
    async [Symbol.asyncDispose]() {
      // The engines first: an exchange that hangs on one would hold the gateway up.
      await cleanup.disposeAsync();
      await gateway[Symbol.asyncDispose]();
      assert.deepEqual(gateway.bugs, []);
    },
  };
}

function configuration(chat: string, native: string, bedrock: string): string {
  return `
providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 100000 }
  eng: { kind: openai-compatible, baseUrl: "${chat}" }
  nat: { kind: openai-compatible, baseUrl: "${native}", vendor: openai, responses: pass }
  aws: { kind: bedrock, region: us-east-1, baseUrl: "${bedrock}", apiKey: env:BEDROCK_KEY }
targets:
  sim: { provider: sim, model: sim-small, ${PRICE}, dataClasses: [public, internal, confidential, restricted] }
  chat: { provider: eng, model: chat-up, ${PRICE} }
  native: { provider: nat, model: gpt-5, ${PRICE} }
  claude: { provider: aws, model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ${PRICE} }
  claude-drops: { provider: aws, model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", ${PRICE}, unsupported: drop }
  cut-chat: { provider: eng, model: cut, ${PRICE} }
  cut-native: { provider: nat, model: cut, ${PRICE} }
  claude-4: { provider: aws, model: "us.anthropic.claude-sonnet-4-20250514-v1:0", ${PRICE} }
tasks:
  chat-first: { targets: [chat, sim] }
  claude-first: { targets: [claude, claude-4, sim] }
  native-first: { targets: [native, sim] }
tenants:
  acme: { tasks: ["*"] }
  globex: { tasks: ["*"] }
`;
}

export const NATIVE_USAGE = {
  input_tokens: 12,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: 3,
  output_tokens_details: { reasoning_tokens: 1 },
  total_tokens: 15,
};

/** The body of a request to an engine. */
export function bodyOf(seen: Seen | undefined): Readonly<Record<string, unknown>> {
  return JSON.parse(seen?.raw.toString() ?? "null") as Record<string, unknown>;
}

/** An output with one message. */
export function saying(text: string): object[] {
  const content = [{ type: "output_text", text, annotations: [], logprobs: [] }];
  return [{ id: "msg_native", type: "message", status: "completed", role: "assistant", content }];
}

let serial = 0;

/** A response object as OpenAI's own, with an id of its own. */
export function nativeResponse(output: readonly object[], status = "completed"): object {
  return {
    id: `resp_native_${(++serial).toString().padStart(6, "0")}`,
    object: "response",
    created_at: 1_700_000_000,
    status,
    error: null,
    incomplete_details: null,
    instructions: null,
    model: "gpt-5",
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    metadata: {},
    usage: status === "completed" ? NATIVE_USAGE : null,
  };
}

export function event(type: string, number: number, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: number, ...rest })}\n\n`;
}

/** Answers as an engine does that speaks Responses, with the text "Hello" or another output. */
export function nativeAnswer(output: readonly object[] = saying("Hello")): Script {
  return (request, response) => {
    const body = bodyOf(request);
    if (request.path.endsWith("/input_tokens"))
      return plain(response, 200, '{"object":"response.input_tokens","input_tokens":7}');
    const whole = nativeResponse(output);
    if (body["stream"] !== true) return plain(response, 200, JSON.stringify(whole));
    sse(response);
    for (const piece of nativeEvents(whole, output)) response.write(piece);
    response.end();
  };
}

/** The events of a stream, from `response.created` to `response.completed`; texts come in one delta. */
export function nativeEvents(whole: object, output: readonly object[]): string[] {
  let number = 0;
  const pieces = [
    event("response.created", number++, {
      response: { ...whole, status: "in_progress", output: [], usage: null },
    }),
  ];
  for (const [index, item] of (output as readonly Item[]).entries()) {
    const isMessage = item.type === "message";
    const at = { item_id: item.id, output_index: index, content_index: 0 };
    const added = isMessage ? { ...item, status: "in_progress", content: [] } : item;
    pieces.push(event("response.output_item.added", number++, { output_index: index, item: added }));
    if (isMessage) {
      const part = item.content?.[0] ?? assert.fail();
      pieces.push(
        event("response.content_part.added", number++, { ...at, part: { ...part, text: "" } }),
        event("response.output_text.delta", number++, { ...at, delta: part.text, logprobs: [] }),
        event("response.output_text.done", number++, { ...at, text: part.text, logprobs: [] }),
        event("response.content_part.done", number++, { ...at, part }),
      );
    }
    pieces.push(event("response.output_item.done", number++, { output_index: index, item }));
  }
  return [...pieces, event("response.completed", number, { response: whole })];
}

interface Item {
  readonly id: string;
  readonly type: string;
  readonly content?: readonly { readonly text: string }[];
}

/** Posts bytes as they are, for what no SDK would send. */
export async function post(
  { gateway }: Setup,
  body: string | Buffer,
  path = "/v1/responses",
  headers: Readonly<Record<string, string>> = {},
): Promise<{
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly text: string;
}> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      gateway.url + path,
      {
        method: "POST",
        headers: {
          authorization: `Bearer ${gateway.key}`,
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          const { error } = (text.startsWith("{") ? JSON.parse(text) : {}) as { error?: ErrorBody };
          resolve({
            status: response.statusCode ?? 0,
            code: error?.code ?? "",
            message: error?.message ?? "",
            text,
          });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

/** The SDK's error that a call must end with. */
export async function failureOf(call: Promise<unknown>): Promise<APIError> {
  const outcome = await call.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof OpenAI.APIError, String(outcome));
  return outcome;
}

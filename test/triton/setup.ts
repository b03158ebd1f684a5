import assert from "node:assert/strict";
import OpenAI from "openai";
import { Engine, type Script } from "../support/engine.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { baseUrl } from "./server.ts";

/** A gateway before a scripted Triton, and OpenAI's client before both. */
export interface Setup extends AsyncDisposable {
  readonly engine: Engine;
  readonly gateway: TestGateway;
  readonly client: OpenAI;
}

export const TRITON_KEY = "triton-secret-1";

/**
 * @param options  more of the provider's configuration, as YAML in flow style
 * @param target   more of the target's
 */
export async function startTriton(
  script: Script,
  options = "chatTemplate: llama3",
  target = "",
): Promise<Setup> {
  const engine = await Engine.start(script);
  const yaml = `
providers:
  tri: { kind: triton, baseUrl: "${baseUrl(engine)}", apiKey: env:TRITON_KEY, ${options} }
targets:
  llm: { provider: tri, model: llm/3, tier: dedicated, price: { input: 1, output: 2 }${target} }
`;
  const gateway = await startGateway(yaml, { env: { TRITON_KEY } });
  return {
    engine,
    gateway,
    client: new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 }),
    async [Symbol.asyncDispose]() {
      // The engine first: an exchange that hangs on it would hold the gateway up.
      await engine[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      assert.deepEqual(gateway.bugs, []);
    },
  };
}

export const HELLO: OpenAI.ChatCompletionMessageParam[] = [{ role: "user", content: "Hello" }];

/** What a client makes of a stream. */
export interface Streamed {
  text: string;
  finish: string | undefined;
  usage: OpenAI.CompletionUsage | undefined;
  error: unknown;
}

export async function stream(
  { client }: Setup,
  body: Partial<OpenAI.ChatCompletionCreateParamsStreaming> = {},
): Promise<Streamed> {
  const streamed: Streamed = { text: "", finish: undefined, usage: undefined, error: undefined };
  try {
    const chunks = await client.chat.completions.create({
      model: "llm",
      messages: HELLO,
      stream_options: { include_usage: true },
      ...body,
      stream: true,
    });
    for await (const { choices, usage } of chunks) {
      streamed.text += choices[0]?.delta.content ?? "";
      streamed.finish ??= choices[0]?.finish_reason ?? undefined;
      streamed.usage = usage ?? streamed.usage;
    }
  } catch (error) {
    streamed.error = error;
  }
  return streamed;
}

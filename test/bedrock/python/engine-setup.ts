import assert from "node:assert/strict";
import type http from "node:http";
import { DONE, Engine, plain, sse, type Script, type Seen } from "../../support/engine.ts";
import type { Outcome, Params } from "./boto3.ts";
import { collected, converseOf, type ConverseReply } from "./converse-replies.ts";
import { assertCharged, replyOf, startSetup, type Setup } from "./setup.ts";

/** A gateway before an engine that speaks OpenAI and a simulator, and what that engine answers. */

const NANO = { input: 1_000, output: 2_000, cacheRead: 100, cacheWrite: 1_000, cacheWrite1h: 1_000 };
const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };

export interface EngineTestbed extends Setup {
  readonly engine: Engine;
  /** What the engine was asked last. */
  readonly asked: () => OpenAiBody;
}

export interface OpenAiBody extends Readonly<Record<string, unknown>> {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
}

export async function startEngine(script?: Script): Promise<EngineTestbed> {
  const engine = await Engine.start(script);
  const price = "price: { input: 1, output: 2, cacheRead: 0.1 }";
  const setup = await startSetup({
    providers: `  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 100000 }`,
    targets: `  eng: { provider: eng, model: "qwen3:8b-instruct", tier: dedicated, ${price}, aliases: ["hub/qwen3-8b"] }
  dropping: { provider: eng, model: lax, tier: dedicated, ${price}, unsupported: drop }
  capped: { provider: eng, model: capped, tier: dedicated, ${price}, maxOutputTokens: 77 }
  sim: { provider: sim, model: sim-1, tier: small, ${price} }
`,
  });
  return {
    ...setup,
    engine,
    asked: () => JSON.parse(engine.lastBody) as OpenAiBody,
    async [Symbol.asyncDispose]() {
      await engine[Symbol.asyncDispose]();
      await setup[Symbol.asyncDispose]();
    },
  };
}

/** A plain or streamed reply with one choice. */
export function replying(message: Message, finish = "stop", usage: object = USAGE): Script {
  return (request, response) => {
    const choice = {
      index: 0,
      message: { role: "assistant", content: null, ...message },
      finish_reason: finish,
    };
    if (!isStream(request)) plain(response, 200, JSON.stringify({ id: "c", choices: [choice], usage }));
    else streamed(response, deltasOf(message), finish, usage);
  };
}

export interface Call {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

interface Message {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly Call[];
}

function isStream(request: Seen): boolean {
  return (JSON.parse(request.raw.toString()) as { stream?: boolean }).stream === true;
}

/** A message in pieces of a few characters. */
function deltasOf({
  content = "",
  reasoning_content: thought = "",
  tool_calls: calls = [],
}: Message): object[] {
  return [
    { role: "assistant", content: "" },
    ...pieces(thought).map((text) => ({ reasoning_content: text })),
    ...pieces(content).map((text) => ({ content: text })),
    ...calls.flatMap(({ id, function: { name, arguments: args } }, index) => [
      { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] },
      ...pieces(args).map((text) => ({ tool_calls: [{ index, function: { arguments: text } }] })),
    ]),
  ];
}

function pieces(text: string): string[] {
  return text.match(/.{1,5}/gsu) ?? [];
}

function streamed(
  response: http.ServerResponse,
  deltas: readonly object[],
  finish: string,
  usage: object,
): void {
  sse(response);
  for (const delta of deltas) response.write(frame({ choices: [{ index: 0, delta, finish_reason: null }] }));
  response.write(frame({ choices: [{ index: 0, delta: {}, finish_reason: finish }] }));
  response.write(frame({ choices: [], usage }));
  response.end(DONE);
}

function frame(value: object): string {
  return `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", ...value })}\n\n`;
}

/** The same by converse and by converse_stream: content, stop reason and usage. */
export async function both(
  setup: Setup,
  params: Params,
): Promise<{
  readonly reply: ConverseReply;
  readonly stream: ReturnType<typeof collected>;
  readonly last: Outcome;
}> {
  const whole = await setup.call("converse", params);
  const reply = converseOf(whole);
  const last = await setup.call("converse_stream", params);
  replyOf(last);
  const stream = collected(last.events);
  assert.equal(stream.stopReason, reply.stopReason);
  assert.equal(stream.text, reply.output.message.content.map(({ text }) => text ?? "").join(""));
  assert.deepEqual(stream.usage, reply.usage);
  for (const outcome of [whole, last]) assertCharged(await setup.record(outcome), reply.usage, NANO);
  return { reply, stream, last };
}

export function call(id: string, name: string, args: string): Call {
  return { id, type: "function", function: { name, arguments: args } };
}

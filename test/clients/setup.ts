import OpenAI from "openai";
import { answer, chunk, Engine, failing, sse, type Script, type Seen } from "../support/engine.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";

/** What the official clients are tried against: a gateway before a simulated model and a scripted engine. */
export interface Setup extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly engine: Engine;
  /** For the SDKs: the one thing that an application changes. */
  readonly baseURL: string;
  /** The SDK with a good key and no repeats of its own. */
  readonly client: OpenAI;
  /** What the engine saw of a target's requests. */
  seenBy(target: EngineTarget): Seen[];
}

/** An alias with a slash, as model hubs write them. */
export const SLASHED = "vendor/sim-small";

/** A megabyte of a message's text, as these tests count. */
export const MEGABYTE = 1_000_000;

/** The targets on the scripted engine, and what it does with their requests. */
function scripts(): Record<EngineTarget, Script> {
  let throttled = false;
  return {
    plain: answer(),
    // Says something and then falls silent, so that only the client can end it.
    slow: (_request, response) => {
      sse(response);
      response.write(chunk("one "));
    },
    silent: () => {},
    cut: (_request, response) => {
      sse(response);
      response.write(chunk("one "), () => response.destroy());
    },
    broken: failing(500),
    rejecting: failing(422, '{"error":{"message":"temperature: too hot","type":"invalid","code":"hot"}}'),
    throttling: failing(429, '{"error":{"message":"slow down"}}', { "retry-after": "7" }),
    "throttling-once": (request, response) => {
      const script = throttled ? answer() : failing(429, "{}", { "retry-after": "1" });
      throttled = true;
      return script(request, response);
    },
  };
}

const ENGINE_TARGETS = [
  "plain",
  "slow",
  "silent",
  "cut",
  "broken",
  "rejecting",
  "throttling",
  "throttling-once",
] as const;
export type EngineTarget = (typeof ENGINE_TARGETS)[number];

export async function startSetup(): Promise<Setup> {
  const byModel = scripts();
  const engine = await Engine.start((request, response) => byModel[modelOf(request)](request, response));
  const gateway = await startGateway(configuration(engine.url));
  const baseURL = `${gateway.url}/v1`;
  return {
    gateway,
    engine,
    baseURL,
    client: new OpenAI({ baseURL, apiKey: gateway.key, maxRetries: 0 }),
    seenBy: (target) => engine.seen.filter((request) => modelOf(request) === target),
    async [Symbol.asyncDispose]() {
      // The engine first: an exchange that hangs on it would hold the gateway up.
      await engine[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

function configuration(engineUrl: string): string {
  const lines = ENGINE_TARGETS.map(
    (name) =>
      `  ${name}: { provider: eng, model: ${name}, tier: dedicated, price: { input: 1, output: 2 } }\n`,
  );
  return `
providers:
  eng: { kind: openai-compatible, baseUrl: "${engineUrl}" }
  sim: { kind: simulator, firstToken: 2ms, tokensPerSecond: 50000 }
targets:
  sim: { provider: sim, model: sim-small, tier: small, price: { input: 1, output: 2 }, aliases: ["${SLASHED}"] }
${lines.join("")}
tasks:
  support.answer: { targets: [sim] }
`;
}

function modelOf(request: Seen): EngineTarget {
  return (JSON.parse(request.raw.toString()) as { model: EngineTarget }).model;
}

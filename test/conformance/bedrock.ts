import { startBedrockEmulator, type Fault } from "../../src/emulator/index.ts";
import { createProvider } from "../../src/providers/registry.ts";
import { answer, chunk, Engine, failing, sse, type Script } from "../support/engine.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const SECRET = "bedrock-api-secret-1234567890";

function provider(baseUrl: string): Opened["provider"] {
  return createProvider("subject", {
    kind: "bedrock",
    region: "us-east-1",
    baseUrl,
    apiKey: SECRET,
    profile: undefined,
    assumeRole: undefined,
    requestMetadata: true,
    connections: 4,
    media: { fetch: true, allow: [], maxBytes: 1_000_000, timeoutMs: 1_000 },
  });
}

const FAULTS: Readonly<Partial<Record<Scenario, Fault>>> = {
  throttle: { kind: "error", exception: "ThrottlingException", retryAfterSeconds: 7 },
  fail: { kind: "error", exception: "InternalServerException" },
  reject: { kind: "error", exception: "ValidationException", message: "temperature is too hot" },
  deny: { kind: "error", exception: "AccessDeniedException", message: `not with ${SECRET}` },
  cut: { kind: "cut", at: "before-message-stop" },
  hang: { kind: "hang" },
};

/** By Converse, in front of the emulator: a client of OpenAI is served by translation. */
export const bedrockSubject: Subject = {
  kind: "bedrock",
  name: "bedrock, by Converse",
  async open(scenario): Promise<Opened> {
    const emulator = await startBedrockEmulator({ bearerToken: SECRET });
    const fault = FAULTS[scenario];
    emulator.setFaults(fault === undefined ? [] : [fault]);
    const { url } = emulator;
    if (scenario === "away") await emulator.close();
    const adapter = provider(url);
    return {
      provider: adapter,
      model: "us.amazon.nova-micro-v1:0",
      secret: SECRET,
      noticedCancel: undefined,
      async [Symbol.asyncDispose]() {
        await adapter.close();
        if (scenario !== "away") await emulator.close();
      },
    };
  },
};

const SCRIPTS: Readonly<Record<Exclude<Scenario, "away">, Script>> = {
  answer: answer(["one ", "two ", "three ", "four ", "five"]),
  throttle: failing(429, '{"error":{"message":"slow down"}}', { "retry-after": "7" }),
  fail: failing(500),
  reject: failing(400, '{"error":{"message":"max_tokens is too large","type":"invalid_request_error"}}'),
  deny: failing(403, `{"error":{"message":"bad key ${SECRET}"}}`),
  cut: (_request, response) => {
    sse(response);
    response.write(chunk("a part"));
    setTimeout(() => response.destroy(), 30);
  },
  hang: () => {},
};

/** By the path that speaks OpenAI, which passes. */
export const bedrockOpenAiSubject: Subject = {
  kind: "bedrock",
  name: "bedrock, by /openai/v1",
  async open(scenario): Promise<Opened> {
    const engine = await Engine.start(SCRIPTS[scenario === "away" ? "hang" : scenario]);
    const url = engine.url.replace(/\/v1$/, "");
    if (scenario === "away") await engine[Symbol.asyncDispose]();
    const adapter = provider(url);
    return {
      provider: adapter,
      model: "openai.gpt-oss-120b-1:0",
      secret: SECRET,
      noticedCancel: () => engine.seen.some((seen) => seen.closedEarly),
      async [Symbol.asyncDispose]() {
        if (scenario !== "away") await engine[Symbol.asyncDispose]();
        await adapter.close();
      },
    };
  },
};

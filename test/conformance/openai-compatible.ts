import { createProvider } from "../../src/providers/registry.ts";
import { answer, chunk, Engine, failing, sse, type Script } from "../support/engine.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const SECRET = "sk-upstream-secret-1234567890";

const SCRIPTS: Readonly<Record<Exclude<Scenario, "away">, Script>> = {
  answer: answer(["one ", "two ", "three ", "four ", "five"]),
  throttle: failing(429, '{"error":{"message":"slow down"}}', { "retry-after": "7" }),
  fail: failing(500),
  reject: failing(400, '{"error":{"message":"max_tokens is too large","type":"invalid_request_error"}}'),
  deny: failing(401, `{"error":{"message":"bad key ${SECRET}"}}`, { "x-api-key": SECRET }),
  cut: (_request, response) => {
    sse(response);
    response.write(chunk("a part"));
    setTimeout(() => response.destroy(), 30);
  },
  hang: () => {},
};

export const openAiCompatibleSubject: Subject = {
  kind: "openai-compatible",
  async open(scenario): Promise<Opened> {
    const engine = await Engine.start(SCRIPTS[scenario === "away" ? "hang" : scenario]);
    const { url } = engine;
    if (scenario === "away") await engine[Symbol.asyncDispose]();
    const provider = createProvider("subject", {
      kind: "openai-compatible",
      baseUrl: url,
      apiKey: SECRET,
      vendor: undefined,
      apiVersion: undefined,
      connections: 4,
    });
    return {
      provider,
      model: "m",
      secret: SECRET,
      noticedCancel: () => engine.seen.some((seen) => seen.closedEarly),
      async [Symbol.asyncDispose]() {
        if (scenario !== "away") await engine[Symbol.asyncDispose]();
        await provider.close();
      },
    };
  },
};
